"""Mean and population standard deviation per channel over all pixels of the given images, by Pillow and numpy.

Arguments: image files. Prints {"mean": [r, g, b], "std": [r, g, b]}.
"""
import json
import sys

import numpy as np
from PIL import Image

pixels = np.concatenate([np.asarray(Image.open(name).convert("RGB")).reshape(-1, 3) for name in sys.argv[1:]])
pixels = pixels.astype(np.float64) / 255
json.dump({"mean": pixels.mean(axis=0).tolist(), "std": pixels.std(axis=0).tolist()}, sys.stdout)

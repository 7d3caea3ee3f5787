#!/usr/bin/env python3
"""The preprocessing, as torchvision does it: a judge for src/image/preprocess.

    preprocess_images.py FOLDER IMAGE...      FOLDER/expected.npy, [N, 3, 224, 224] float32 in the order given;
                                             prints the version of torch
"""
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")
import numpy as np
import torch
from PIL import Image
from torchvision.transforms import functional as F

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def preprocess(path):
    image = Image.open(path).convert("RGB")
    side = max(image.size)
    padding = [int((side - extent) / 2) for extent in image.size]
    image = F.pad(image, padding, padding_mode="reflect")
    return F.normalize(F.resize(F.to_tensor(image), [224, 224], antialias=False), MEAN, STD).numpy()


def main():
    tensors = np.stack([preprocess(path) for path in sys.argv[2:]])
    np.save(pathlib.Path(sys.argv[1]) / "expected.npy", tensors.astype("<f4"))
    print(torch.__version__)


if __name__ == "__main__":
    main()

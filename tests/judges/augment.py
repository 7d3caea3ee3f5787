"""Carries out single augmentations with torchvision on PIL images, as the judge of src/train/loading/augment.

usage: augment.py FOLDER     where FOLDER/jobs.json is a list of
    {"pixels": FILE, "width": px, "height": px, "operation": "brightness" | "hue" | "translate",
     "value": number or [right px, down px], "result": FILE}
FILEs hold raw RGB8 rows and lie in FOLDER.
"""

import json
import pathlib
import sys

from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional


def carry_out(job, image):
    if job["operation"] == "brightness":
        return functional.adjust_brightness(image, job["value"])
    if job["operation"] == "hue":
        return functional.adjust_hue(image, job["value"])
    return functional.affine(image, angle=0.0, translate=job["value"], scale=1.0, shear=[0.0, 0.0],
                             interpolation=InterpolationMode.NEAREST, fill=0)


folder = pathlib.Path(sys.argv[1])
for job in json.loads((folder / "jobs.json").read_text()):
    image = Image.frombytes("RGB", (job["width"], job["height"]), (folder / job["pixels"]).read_bytes())
    (folder / job["result"]).write_bytes(carry_out(job, image).tobytes())

#!/usr/bin/env python3
"""Decodes files with Pillow: the RGB of each, one PPM after the other.

    decode_files.py LIST OUT      LIST: one path a line
"""
import sys

from PIL import Image


def main():
    with open(sys.argv[1], encoding="utf-8") as names, open(sys.argv[2], "wb") as out:
        for name in names.read().splitlines():
            with Image.open(name) as image:
                rgb = image.convert("RGB")
            out.write(b"P6 %d %d 255\n" % rgb.size + rgb.tobytes())


if __name__ == "__main__":
    main()

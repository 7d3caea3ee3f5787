#!/usr/bin/env python3
"""Draws samples/*.png: form controls as screens and scanners show them, for the quickstart and the tests.

Everything is drawn here, nothing is copied from anywhere. A file's name begins with its state. Run from anywhere:
python3 tools/make_samples.py [FOLDER]. Needs Pillow and the DejaVu fonts (Debian: python3-pil fonts-dejavu-core).
"""
import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SCALE = 4  # drawn this much larger, then reduced: smooth edges
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
BOLD = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"

BLUE, GREEN, INK, GREY, LIGHT = (37, 99, 235), (52, 168, 83), (38, 42, 51), (140, 146, 156), (214, 218, 224)


class Canvas:
    """A drawing whose coordinates are pixels of the finished image."""

    def __init__(self, width, height, background=(255, 255, 255)):
        self.size = (width, height)
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), background)
        self.draw = ImageDraw.Draw(self.image)

    def box(self, left, top, right, bottom, fill=None, line=None, width=2, radius=0.0):
        self.draw.rounded_rectangle(
            [left * SCALE, top * SCALE, right * SCALE, bottom * SCALE], radius * SCALE, fill, line, round(width * SCALE))

    def disc(self, x, y, radius, fill=None, line=None, width=2):
        bounds = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self.draw.ellipse(bounds, fill, line, round(width * SCALE))

    def line(self, points, colour, width):
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, colour, round(width * SCALE), joint="curve")
        for x, y in (scaled[0], scaled[-1]):
            r = width * SCALE / 2
            self.draw.ellipse([x - r, y - r, x + r, y + r], colour)

    def text(self, left, middle, text, colour=INK, size=22, font=FONT):
        self.draw.text((left * SCALE, middle * SCALE), text, colour, ImageFont.truetype(font, size * SCALE), "lm")

    def finish(self):
        return self.image.resize(self.size, Image.LANCZOS)


def tick(canvas, left, top, side, colour, width):
    canvas.line([(left + 0.22 * side, top + 0.52 * side), (left + 0.42 * side, top + 0.72 * side),
                 (left + 0.78 * side, top + 0.30 * side)], colour, width)


def checkbox(label, checked, background=(255, 255, 255), ink=INK):
    canvas = Canvas(250, 60, background)
    if checked:
        canvas.box(16, 16, 44, 44, fill=BLUE, radius=5)
        tick(canvas, 16, 16, 28, (255, 255, 255), 3.5)
    else:
        canvas.box(16, 16, 44, 44, line=GREY, width=2.5, radius=5)
    canvas.text(60, 30, label, ink)
    return canvas.finish()


def radio(label, checked):
    canvas = Canvas(190, 56)
    canvas.disc(28, 28, 13, line=BLUE if checked else GREY, width=3)
    if checked:
        canvas.disc(28, 28, 7, fill=BLUE)
    canvas.text(54, 28, label)
    return canvas.finish()


def switch(label, on, dark=False):
    background, ink = ((13, 23, 38), (235, 238, 244)) if dark else ((255, 255, 255), INK)
    canvas = Canvas(236, 64, background)
    canvas.box(16, 18, 68, 46, fill=GREEN if on else (190, 195, 203), radius=14)
    canvas.disc(54 if on else 30, 32, 11.5, fill=(255, 255, 255))
    canvas.text(84, 32, label, ink)
    return canvas.finish()


def framed_tick():
    canvas = Canvas(64, 64)
    canvas.box(14, 14, 50, 50, line=INK, width=3)
    tick(canvas, 14, 14, 36, INK, 4.5)
    return canvas.finish()


def scan(mark, seed):
    """A crop of a printed form on grey paper, marked by hand, then scanned: blurred, speckled, slightly turned."""
    chance = random.Random(seed)
    canvas = Canvas(72, 68, (232, 231, 227))
    canvas.box(18, 17, 52, 51, line=(70, 70, 72), width=1.8)
    pen, wobble = (48, 50, 66), lambda: chance.uniform(-1.2, 1.2)
    if mark == "tick":
        canvas.line([(22 + wobble(), 33 + wobble()), (27 + wobble(), 40), (32, 47 + wobble()), (42, 30 + wobble()),
                     (60 + wobble(), 9 + wobble())], pen, 2.6)
    if mark == "cross":
        canvas.line([(15 + wobble(), 14), (34 + wobble(), 35 + wobble()), (56, 54 + wobble())], pen, 2.4)
        canvas.line([(55 + wobble(), 13), (36 + wobble(), 34 + wobble()), (16, 55 + wobble())], pen, 2.4)
    image = canvas.finish().rotate(chance.uniform(-1.5, 1.5), Image.BILINEAR, fillcolor=(232, 231, 227))
    image = image.convert("L").filter(ImageFilter.GaussianBlur(0.6))
    image.putdata([max(0, min(255, round(v + chance.gauss(0, 3)))) for v in image.getdata()])
    return image.convert("RGB")


def button():
    canvas = Canvas(176, 64)
    canvas.box(10, 10, 166, 54, fill=BLUE, radius=8)
    canvas.text(34, 32, "Continue", (255, 255, 255), 22, BOLD)
    return canvas.finish()


def magnifier():
    canvas = Canvas(68, 68)
    canvas.disc(29, 29, 15, line=INK, width=4)
    canvas.line([(40, 40), (54, 54)], INK, 5)
    return canvas.finish()


def gear():
    canvas = Canvas(72, 72, (245, 246, 248))
    points = []
    for i in range(32):
        radius = 24 if i % 4 < 2 else 18
        angle = 2 * math.pi * (i + 0.5) / 32
        points.append(((36 + radius * math.cos(angle)) * SCALE, (36 + radius * math.sin(angle)) * SCALE))
    canvas.draw.polygon(points, fill=GREY)
    canvas.disc(36, 36, 8, fill=(245, 246, 248))
    return canvas.finish()


def heading():
    canvas = Canvas(260, 54)
    canvas.text(12, 27, "Billing address", INK, 26, BOLD)
    return canvas.finish()


SAMPLES = {
    "checked_checkbox": lambda: checkbox("Remember me", True),
    "checked_checkbox_framed": framed_tick,
    "checked_radio": lambda: radio("Monthly", True),
    "checked_switch": lambda: switch("Wi-Fi", True),
    "checked_scan_tick": lambda: scan("tick", 1),
    "checked_scan_cross": lambda: scan("cross", 2),
    "unchecked_checkbox": lambda: checkbox("Send a copy", False),
    "unchecked_radio": lambda: radio("Yearly", False),
    "unchecked_switch": lambda: switch("Bluetooth", False, dark=True),
    "unchecked_scan": lambda: scan("", 3),
    "other_button": button,
    "other_search": magnifier,
    "other_settings": gear,
    "other_heading": heading,
}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SAMPLES.items():
        make().save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()

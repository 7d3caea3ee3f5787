#!/usr/bin/python3
"""Draws docs/samples.png for the README: the images of samples/ with what `checkbox predict` says of each; a wrong
answer (the name of a sample opens with its state) is red.

tools/draw_readme_picture.py build/runtime-only/bin/checkbox
"""
import json
import pathlib
import subprocess
import sys

from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS, CELL_WIDTH, CELL_HEIGHT, IMAGE_HEIGHT, MARGIN = 4, 280, 118, 68, 12
RIGHT, WRONG = "#1f2328", "#cf222e"
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def main(program):
    output = subprocess.run([program, "predict", "--format", "jsonl", "--quiet", "samples"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in output.splitlines()]
    font = ImageFont.truetype(FONT, 15)
    lines = (len(rows) + COLUMNS - 1) // COLUMNS
    sheet = Image.new("RGB", (COLUMNS * CELL_WIDTH, lines * CELL_HEIGHT), "white")
    draw = ImageDraw.Draw(sheet)
    for index, row in enumerate(rows):
        left, top = index % COLUMNS * CELL_WIDTH, index // COLUMNS * CELL_HEIGHT
        image = Image.open(ROOT / row["file"]).convert("RGB")
        corner = (left + (CELL_WIDTH - image.width) // 2, top + MARGIN + (IMAGE_HEIGHT - image.height) // 2)
        sheet.paste(image, corner)
        draw.rectangle([corner[0] - 1, corner[1] - 1, corner[0] + image.width, corner[1] + image.height], outline="#d0d7de")
        text = f"{row['label']}  {row['confidence']:.3f}"
        colour = RIGHT if pathlib.Path(row["file"]).name.startswith(row["label"] + "_") else WRONG
        width = draw.textlength(text, font=font)
        draw.text((left + (CELL_WIDTH - width) / 2, top + MARGIN + IMAGE_HEIGHT + 8), text, font=font, fill=colour)
    sheet.save(ROOT / "docs" / "samples.png", optimize=True)


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).resolve()))

#!/usr/bin/env python3
"""Draws the seeds of fuzz_image: of each kind of file that tests/judges/make_images.py knows, one small file.

    make_image_seeds.py      (re)writes fuzz/corpus/image/seed_*; findings beside them are left alone
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MAX_BYTES = 2200  # of a seed: the fuzzer mutates small files faster


def main():
    corpus = HERE / "corpus" / "image"
    corpus.mkdir(parents=True, exist_ok=True)
    for old in corpus.glob("seed_*"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE.parent / "tests" / "judges" / "make_images.py", folder], check=True)
        kinds = {}
        for path in sorted(pathlib.Path(folder).iterdir()):
            size = path.stat().st_size
            if path.suffix == ".ppm" or size > MAX_BYTES:
                continue
            # One byte order, size, and version of a series is enough for each.
            kind = re.sub(r"_\d+x\d+|_[bl]e\b|_[bl]e_|_\d+_rows|_header_\d+|_orientation_\d|_masks_\d", "_", path.stem)
            kind = re.sub(r"(bmp_|grey|palette)[124]_", r"\1", kind)
            if kind not in kinds or size > kinds[kind].stat().st_size:
                kinds[kind] = path
        for path in kinds.values():
            shutil.copyfile(path, corpus / f"seed_{path.name}")


if __name__ == "__main__":
    main()

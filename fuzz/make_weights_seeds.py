#!/usr/bin/env python3
"""Makes the seeds of fuzz_weights: what PyTorch writes in each format, and the pickles of its zip files by themselves.

    make_weights_seeds.py      (re)writes fuzz/corpus/weights/seed_*; findings beside them are left alone
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
MAX_BYTES = 8000  # of a seed: the fuzzer mutates small files faster


def main():
    corpus = HERE / "corpus" / "weights"
    corpus.mkdir(parents=True, exist_ok=True)
    for old in corpus.glob("seed_*"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE.parent / "tests" / "judges" / "make_weights.py", folder], check=True)
        for path in sorted(pathlib.Path(folder).iterdir()):
            if path.suffix == ".json" or path.stat().st_size > MAX_BYTES:
                continue
            shutil.copyfile(path, corpus / f"seed_{path.name}")
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    record = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
                    (corpus / f"seed_{path.stem}.pkl").write_bytes(archive.read(record))


if __name__ == "__main__":
    main()

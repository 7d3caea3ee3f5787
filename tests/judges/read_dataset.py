#!/usr/bin/env python3
"""Reads a dataset folder as a Python program would (csv, json, Pillow, numpy) and prints what is in it as JSON.

    read_dataset.py FOLDER

counts[label][split], mean and std over all listed images, stats as ds_stats.json has them, digest of all rows.
"""
import collections
import csv
import hashlib
import json
import pathlib
import sys

import numpy as np
from PIL import Image

folder = pathlib.Path(sys.argv[1])
labels = {int(key): name for key, name in json.loads((folder / "label_mapping.json").read_text()).items()}
with open(folder / "splits.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
assert list(rows[0]) == ["", "filepath", "label", "split"]
assert [int(row[""]) for row in rows] == list(range(len(rows)))
assert all(row["filepath"].startswith(labels[int(row["label"])] + "/") for row in rows)

counts = collections.defaultdict(collections.Counter)
for row in rows:
    counts[labels[int(row["label"])]][row["split"]] += 1
pixels = np.concatenate([np.asarray(Image.open(folder / row["filepath"]).convert("RGB")).reshape(-1, 3) for row in rows])
pixels = pixels.astype(np.float64) / 255
json.dump({"labels": [labels[i] for i in sorted(labels)], "counts": counts, "mean": pixels.mean(axis=0).tolist(),
           "std": pixels.std(axis=0).tolist(), "stats": json.loads((folder / "ds_stats.json").read_text()),
           "digest": hashlib.sha256(repr(rows).encode()).hexdigest()}, sys.stdout)

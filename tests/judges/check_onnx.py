"""Runs onnx.checker with shape inference over the given files; prints nothing and exits 0 where all are sound."""
import sys

import onnx

for name in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(name), full_check=True)

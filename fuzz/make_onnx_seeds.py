"""Small artifacts as other writers make them, seeds of fuzz_onnx: python3 fuzz/make_onnx_seeds.py fuzz/corpus/onnx

Needs python3-onnx and python3-numpy. Deterministic.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)
SIDE = 6


def weights(name, *shape):
    return numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)


def save(name, nodes, initializers, classes, opset=13, ir_version=7, typed=False, listed=False, batch="batch"):
    if typed:
        initializers = [helper.make_tensor(t.name, TensorProto.FLOAT, t.dims, numpy_helper.to_array(t).flatten())
                        for t in initializers]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])]
    if listed:
        inputs += [helper.make_tensor_value_info(t.name, TensorProto.FLOAT, list(t.dims)) for t in initializers]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, classes])
    model = helper.make_model(helper.make_graph(nodes, "g", inputs, [output], initializers), producer_name="seed",
                              opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    properties = {
        "checkbox.version": "0.1.0", "checkbox.architecture": "baseline",
        "checkbox.labels": json.dumps([f"l{i}" for i in range(classes)]),
        "checkbox.preprocess": json.dumps({"color": "RGB", "padding": "reflect", "size": [SIDE, SIDE],
                                           "resize": "bilinear", "antialias": False, "mean": [0.5, 0.5, 0.5],
                                           "std": [0.5, 0.5, 0.5]}),
        "checkbox.training": "{}", "checkbox.temperature": "1.5"}
    for key, value in properties.items():
        model.metadata_props.append(onnx.StringStringEntryProto(key=key, value=value))
    onnx.checker.check_model(model)
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


node = helper.make_node
head = [node("GlobalMaxPool", ["x"], ["a"]), node("GlobalAveragePool", ["x"], ["b"]),
        node("Concat", ["a", "b"], ["c"], axis=1), node("Flatten", ["c"], ["f"]),
        node("Gemm", ["f", "gw", "gb"], ["logits"], transB=1)]
tensors = [weights("w", 4, 3, 3, 3), weights("wb", 4), weights("gw", 3, 8), weights("gb", 3)]
conv = node("Conv", ["input", "w", "wb"], ["y"], kernel_shape=[3, 3], strides=[2, 2], name="conv")
relu = node("Relu", ["y"], ["x"], name="relu")

save("network", [conv, relu] + head, tensors, 3)
save("typed", [conv, relu] + head, tensors, 3, typed=True)
save("listed", [conv, relu] + head, tensors, 3, ir_version=3, opset=14, listed=True)
save("fixed_batch", [conv, relu] + head, tensors, 3, batch=1)
save("flatten_only", [node("Flatten", ["input"], ["logits"])], [], 3 * SIDE * SIDE)
save("groups", [node("Conv", ["input", "w"], ["y"], group=3, dilations=[2, 1], pads=[1, 0, 2, 1]),
                node("Flatten", ["y"], ["logits"], axis=-3)], [weights("w", 6, 1, 2, 2)], 6 * 7 * 6)
save("same", [node("Conv", ["input", "w"], ["y"], auto_pad="SAME_LOWER", strides=[3, 2]),
              node("Flatten", ["y"], ["logits"])], [weights("w", 2, 3, 3, 2)], 2 * 2 * 3)
save("residual", [node("Relu", ["input"], ["r"]), node("Add", ["input", "r"], ["s"]),
                  node("Clip", ["s", "low", "high"], ["t"]), node("MaxPool", ["t"], ["u"], kernel_shape=[3, 2]),
                  node("Flatten", ["u"], ["logits"])],
     [numpy_helper.from_array(np.float32(-0.5), "low"), numpy_helper.from_array(np.float32(6), "high")], 3 * 4 * 5)
save("gemm", [node("Flatten", ["input"], ["f"]), node("Gemm", ["f", "g", "c"], ["logits"], alpha=0.5, beta=2.0)],
     [weights("g", 3 * SIDE * SIDE, 2), weights("c", 1, 2)], 2)

#!/usr/bin/env python3
"""Writes one set of tensors in every weight format, and what a reader must find in each.

usage: make_weights.py FOLDER

FOLDER gets the weight files and expected.json: {file: {tensor name: {"dtype", "shape", "hex"}}}, the bytes
C-contiguous and little endian. PyTorch writes its own formats; safetensors is written here from its description.
"""
import argparse
import collections
import json
import pathlib
import struct
import sys
import types

import numpy
import torch

NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}


def raw_bytes(tensor):
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.int16)
    return tensor.numpy().tobytes()


def describe(tensors):
    return {name: {"dtype": NAMES[t.dtype], "shape": list(t.shape), "hex": raw_bytes(t).hex()}
            for name, t in tensors.items()}


def safetensors(tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        content = raw_bytes(tensor)
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def make_tensors():
    torch.manual_seed(5)
    tensors = collections.OrderedDict()
    tensors["encoder.0.weight"] = torch.randn(4, 3, 2, 2)
    for dtype in NAMES:
        values = torch.tensor([0, 1, 2.5, 100, -3, 0.1]) if dtype.is_floating_point else torch.tensor([0, 1, 2, 100])
        tensors[f"typed.{NAMES[dtype]}"] = values.to(dtype)
    tensors["half.special"] = torch.tensor([6e-8, 65504, -1e-5, float("inf"), -0.0], dtype=torch.float16)
    tensors["scalar"] = torch.tensor(7)
    tensors["empty"] = torch.zeros(0, 5)
    return tensors


def make_windows():
    """Views: transposed, sliced, expanded, and several on one storage."""
    base = torch.arange(24, dtype=torch.float32)
    return {
        "transposed": base.view(4, 6).t(),
        "sliced": base.view(4, 6)[1:3, ::2],
        "channels_last": base.view(1, 2, 3, 4).to(memory_format=torch.channels_last),
        "expanded": torch.tensor([[1.5], [2.5]]).expand(2, 3),
        "shared": base[5:9],
        "whole": base,
    }


class Custom:
    """A class that the reader does not know."""

    def __init__(self):
        self.answer = 42
        self.nested = {"device": torch.device("cpu"), "dtype": torch.float16}


def lightning(tensors):
    """What pytorch_lightning 1.x puts into a checkpoint."""
    lightning_module = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    lightning_module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": lightning_module.__name__})
    parsing = types.ModuleType("pytorch_lightning.utilities.parsing")
    parsing.AttributeDict = type("AttributeDict", (dict,), {"__module__": parsing.__name__})
    for module in ("pytorch_lightning", "pytorch_lightning.callbacks", "pytorch_lightning.utilities"):
        sys.modules[module] = types.ModuleType(module)
    sys.modules[lightning_module.__name__] = lightning_module
    sys.modules[parsing.__name__] = parsing
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([parameter], lr=1e-3)
    parameter.sum().backward()
    optimizer.step()
    attributes = parsing.AttributeDict(lr=0.1)
    return {
        "epoch": 7,
        "global_step": 273,
        "pytorch-lightning_version": "1.6.3",
        "state_dict": tensors,
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": collections.defaultdict(int, {"total": 3})}},
        "callbacks": {
            "EarlyStopping{'monitor': 'val_loss'}": {"best_score": torch.tensor(0.25), "wait_count": 0},
            lightning_module.ModelCheckpoint: {"best_model_score": numpy.float64(0.5), "dirpath": pathlib.Path("/logs")},
        },
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [{"milestones": collections.Counter([3, 3, 5])}],
        "hparams_name": "kwargs",
        "hyper_parameters": {
            "lr": 0.00093, "shuffle": True, "size": torch.Size([3, 224, 224]), "custom": Custom(),
            "arguments": argparse.Namespace(batch=8), "array": numpy.arange(3), "names": {"a", "b"},
            "bytes": b"\x00\xff", "attributes": attributes, "huge": 1 << 100, "nothing": None, "z": 1 + 2j,
        },
    }


def main():
    folder = pathlib.Path(sys.argv[1])
    expected = {}

    def save(name, content, tensors, **options):
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            torch.save(content, folder / name, **options)
        expected[name] = describe(tensors)

    tensors = make_tensors()
    legacy = {"_use_new_zipfile_serialization": False}
    save("zip.pth", tensors, tensors)
    save("zip_protocol4.pth", tensors, tensors, pickle_protocol=4)
    save("legacy.pth", tensors, tensors, **legacy)
    save("plain.safetensors", safetensors(tensors, {"format": "pt"}), tensors)
    windows = make_windows()
    save("windows.pth", windows, windows)
    save("windows_legacy.pth", windows, windows, **legacy)
    save("module_prefix.pth", {f"module.{k}": v for k, v in tensors.items()}, tensors)
    save("module_prefix.safetensors", safetensors({f"module.{k}": v for k, v in tensors.items()}), tensors)
    parameters = {name: torch.nn.Parameter(t) for name, t in tensors.items() if t.dtype == torch.float32}
    save("parameters.pth", parameters, parameters)
    save("lightning.ckpt", lightning(tensors), tensors)
    save("lightning_legacy.ckpt", lightning(tensors), tensors, **legacy)
    module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3))
    save("module_state.pth", module.state_dict(), module.state_dict())
    assert hasattr(module.state_dict(), "_metadata")

    (folder / "expected.json").write_text(json.dumps(expected))
    torch.save(module, folder / "whole_module.pth")
    torch.save(module, folder / "whole_module_legacy.pth", **legacy)
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(folder / "script.pt"))


if __name__ == "__main__":
    main()

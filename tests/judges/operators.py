"""Cases for the plain kernels, with the values PyTorch gives (in double). Prints a JSON array of
{"op", "attributes", "inputs": [{"shape", "values"} or null], "output": {"shape", "values"}}; attributes are as in ONNX.
"""
import json
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(7)
cases = []


def tensor(value):
    return None if value is None else {"shape": list(value.shape), "values": value.flatten().tolist()}


def add(op, attributes, inputs, output):
    cases.append({"op": op, "attributes": attributes, "inputs": [tensor(x) for x in inputs], "output": tensor(output)})


def rand(*shape):
    # Values that are exact in single precision, so that only the kernel's own rounding is judged.
    return torch.randn(*shape).double()


def conv(size, channels, out, kernel, stride=(1, 1), pads=(0, 0, 0, 0), dilation=(1, 1), groups=1, bias=True, **more):
    x, w = rand(size[0], channels, *size[1:]), rand(out, channels // groups, *kernel)
    b = rand(out) if bias else None
    top, left, bottom, right = pads
    y = F.conv2d(F.pad(x, (left, right, top, bottom)), w, b, stride=stride, dilation=dilation, groups=groups)
    attributes = {"kernel_shape": list(kernel), "strides": list(stride), "dilations": list(dilation), "group": groups}
    attributes.update(more if "auto_pad" in more else {"pads": list(pads)})
    add("Conv", attributes, [x, w, b], y)


conv((1, 7, 7), 3, 5, (3, 3), stride=(2, 2))
conv((2, 9, 6), 4, 6, (3, 3), pads=(1, 1, 1, 1), groups=2)
conv((3, 8, 11), 6, 6, (3, 3), pads=(1, 1, 1, 1), groups=6, bias=False)
conv((1, 10, 13), 2, 3, (5, 3), stride=(3, 2), pads=(0, 2, 1, 3), dilation=(2, 1))
conv((2, 1, 1), 7, 4, (1, 1))
conv((1, 4, 4), 3, 2, (4, 4), bias=False)
conv((1, 5, 8), 2, 2, (3, 3), pads=(1, 1, 1, 1), auto_pad="SAME_UPPER")
conv((1, 6, 6), 2, 2, (3, 3), stride=(2, 2), pads=(0, 0, 1, 1), auto_pad="SAME_UPPER")
conv((1, 6, 6), 2, 2, (3, 3), stride=(2, 2), pads=(1, 1, 0, 0), auto_pad="SAME_LOWER")
conv((1, 6, 5), 2, 2, (3, 2), auto_pad="VALID")

for shape in [(1, 3, 4, 5), (3, 17, 1, 1), (2, 5, 7, 3)]:
    x = rand(*shape)
    add("GlobalMaxPool", {}, [x], F.adaptive_max_pool2d(x, 1))
    add("GlobalAveragePool", {}, [x], F.adaptive_avg_pool2d(x, 1))
    add("Relu", {}, [x], F.relu(x))
    for axis in range(-4, 5):
        front = axis if axis >= 0 else axis + 4
        rows = int(torch.tensor(shape[:front]).prod()) if front else 1
        add("Flatten", {"axis": axis}, [x], x.reshape(rows, -1))

for kernel, stride, padding, dilation in [((3, 3), (2, 2), (1, 1), (1, 1)), ((2, 3), (1, 2), (0, 1), (2, 1))]:
    x = rand(2, 3, 8, 9)
    add("MaxPool", {"kernel_shape": kernel, "strides": stride, "pads": padding * 2, "dilations": dilation}, [x],
        F.max_pool2d(x, kernel, stride, padding, dilation))

x, y, low, high = rand(2, 3, 4), rand(2, 3, 4), torch.tensor(-0.5).double(), torch.tensor(0.75).double()
add("Add", {}, [x, y], x + y)
add("Clip", {}, [x, low, high], x.clamp(-0.5, 0.75))
add("Clip", {}, [x, None, high], x.clamp(max=0.75))
add("Clip", {}, [x, low], x.clamp(min=-0.5))
add("Clip", {}, [x], x)

for axis in [0, 1, 2, 3, -1, -3]:
    parts = []
    for extent in [2, 5, 1]:
        shape = [2, 3, 4, 2]
        shape[axis] = extent
        parts.append(rand(*shape))
    add("Concat", {"axis": axis}, parts, torch.cat(parts, axis))
x = rand(3, 4)
add("Concat", {"axis": 1}, [x], x)

for rows, inner, columns in [(1, 1, 1), (1, 20, 3), (5, 7, 11)]:
    a, b, c = rand(rows, inner), rand(inner, columns), rand(columns)
    add("Gemm", {}, [a, b, c], a @ b + c)
    add("Gemm", {"transB": 1}, [a, b.t().contiguous(), c], a @ b + c)
    add("Gemm", {"transB": 0, "alpha": 0.5, "beta": 2.0}, [a, b, c.reshape(1, -1)], 0.5 * (a @ b) + 2 * c)
    add("Gemm", {"transB": 1, "alpha": -1.5}, [a, b.t().contiguous()], -1.5 * (a @ b))
    add("Gemm", {"beta": 0.25}, [a, b, c[:1]], a @ b + 0.25 * c[:1])

json.dump(cases, sys.stdout)

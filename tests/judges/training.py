"""PyTorch's own results, as the judge of src/nn and src/train. The networks are those of bench/reference_train.py.

usage: training.py init MODEL SEED RESULT.pt
           the initial state dict after torch.manual_seed(SEED)
       training.py step MODEL STATE.safetensors IMAGES LABELS LR WEIGHT_DECAY STEPS RESULT.pt
           the state dict after STEPS steps of Adam on one batch in training mode, dropout off
       training.py logits MODEL STATE.safetensors IMAGES COUNT RESULT.pt
           {"logits": [COUNT, 3]} in evaluation mode
IMAGES: raw float32 [N, 3, 224, 224]. LABELS: "0,2,1".
"""

import json
import pathlib
import sys

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
from reference_train import MODELS  # noqa: E402

TYPES = {"F32": numpy.float32, "I64": numpy.int64}


def read_safetensors(path):
    content = pathlib.Path(path).read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    state = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        values = numpy.frombuffer(content[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
        state[name] = torch.from_numpy(values.copy())
    return state


def initial_state(name, seed):
    torch.manual_seed(int(seed))
    return MODELS[name]().state_dict()


def state_after_steps(name, state, images, labels, lr, weight_decay, steps):
    model = MODELS[name]()
    model.load_state_dict(read_safetensors(state))
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    labels = torch.tensor([int(label) for label in labels.split(",")])
    batch = torch.from_numpy(numpy.fromfile(images, numpy.float32).reshape(len(labels), 3, 224, 224))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=float(lr), weight_decay=float(weight_decay))
    for _ in range(int(steps)):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(batch), labels).backward()
        optimizer.step()
    return model.state_dict()


def evaluation_logits(name, state, images, count):
    model = MODELS[name]()
    model.load_state_dict(read_safetensors(state))
    model.eval()
    batch = torch.from_numpy(numpy.fromfile(images, numpy.float32).reshape(int(count), 3, 224, 224))
    with torch.no_grad():
        return {"logits": model(batch)}


command, *arguments, result = sys.argv[1:]
COMMANDS = {"init": initial_state, "step": state_after_steps, "logits": evaluation_logits}
torch.save(COMMANDS[command](*arguments), result)

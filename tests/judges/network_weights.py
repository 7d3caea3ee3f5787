"""Random weights of one network in the files that PyTorch makes of them, and the logits they give.

usage: network_weights.py FOLDER baseline|mobilenet|resnet50

Writes into FOLDER, all of the same weights: zip.ckpt (a Lightning checkpoint), legacy.pth, module.pth (names with
"module."), torchvision.pth (the encoder under torchvision's own names, with its classifier; not for the baseline),
input.npy [2, 3, 224, 224] and logits.npy [2, 3]. The networks are those of bench/reference_train.py.
"""
import pathlib
import sys

import numpy
import torch
import torchvision

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
from reference_train import MODELS  # noqa: E402

TORCHVISION = {"mobilenet": torchvision.models.mobilenet_v2, "resnet50": torchvision.models.resnet50}


def shake(model):
    """BatchNorm that does something, unlike that of a fresh network."""
    for module in model.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            for tensor, low, high in ((module.weight, 0.6, 1.2), (module.bias, -0.2, 0.2),
                                      (module.running_mean, -0.2, 0.2), (module.running_var, 0.6, 1.6)):
                torch.nn.init.uniform_(tensor, low, high)
            module.num_batches_tracked.fill_(273)


def main():
    folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    torch.manual_seed(7)
    model = MODELS[name]()
    if name in TORCHVISION:
        original = TORCHVISION[name](weights=None)
        shake(original)
        torch.save(original.state_dict(), folder / "torchvision.pth")
        model.encoder.load_state_dict(original.state_dict(), strict=False)
        shake(model.head)
    else:
        shake(model)
    model.eval()
    state = model.state_dict()
    torch.save({"epoch": 7, "global_step": 273, "pytorch-lightning_version": "1.6.3", "state_dict": state,
                "hparams_name": "kwargs", "hyper_parameters": {"lr": 0.00093}}, folder / "zip.ckpt")
    torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({f"module.{key}": value for key, value in state.items()}, folder / "module.pth")
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        logits = model(images)
    numpy.save(folder / "input.npy", images.numpy())
    numpy.save(folder / "logits.npy", logits.numpy())


main()

#!/usr/bin/python3
"""Seconds per training epoch of the reference implementation, as a plain PyTorch program.

Written from the published description of the reference (models, preprocessing, augmentation, optimiser), for Debian's
python3-torch and python3-torchvision: the yardstick that bench/epoch.sh holds `checkbox-train train` against. Weights
are random; which ones train, and that frozen BatchNorm stays in training mode, is as in the reference.

Prints one JSON object a line: first what is measured, then every epoch (epoch 0 is a warm-up, not to be counted).
"""
import argparse
import csv
import json
import pathlib
import time

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision import transforms

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE = 224


class Head(nn.Module):
    """concat(global max pool, global average pool) -> Linear -> BatchNorm -> ReLU -> Dropout -> Linear."""

    class ConcatPool(nn.Module):
        def forward(self, features):
            largest = nn.functional.adaptive_max_pool2d(features, 1)
            average = nn.functional.adaptive_avg_pool2d(features, 1)
            return torch.cat([largest, average], dim=1)

    def __init__(self, channels, classes=3, hidden=100):
        super().__init__()
        self.model = nn.Sequential(
            Head.ConcatPool(), nn.Flatten(), nn.Linear(channels * 2, hidden), nn.BatchNorm1d(hidden), nn.ReLU(),
            nn.Dropout(0.5), nn.Linear(hidden, classes))

    def forward(self, features):
        return self.model(features)


class ResNetEncoder(torchvision.models.ResNet):
    """ResNet-50 without pooling and fc, under torchvision's parameter names."""

    def __init__(self):
        super().__init__(torchvision.models.resnet.Bottleneck, [3, 4, 6, 3])
        del self.avgpool, self.fc

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class Classifier(nn.Module):
    def __init__(self, encoder, channels):
        super().__init__()
        self.encoder, self.head = encoder, Head(channels)

    def forward(self, x):
        return self.head(self.encoder(x))


def freeze_except(encoder, prefixes):
    for name, parameter in encoder.named_parameters():
        parameter.requires_grad = name.startswith(prefixes)


def make_baseline():
    layers = []
    for inputs, outputs in ((3, 20), (20, 100), (100, 200)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride=2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return Classifier(nn.Sequential(*layers), 200)


def make_mobilenet():
    encoder = torchvision.models.mobilenet_v2(weights=None)
    del encoder.classifier
    encoder.forward = encoder.features.forward
    freeze_except(encoder, ("features.17.", "features.18."))
    return Classifier(encoder, 1280)


def make_resnet50():
    encoder = ResNetEncoder()
    freeze_except(encoder, ("layer4.2.conv2", "layer4.2.bn2", "layer4.2.conv3", "layer4.2.bn3"))
    return Classifier(encoder, 2048)


MODELS = {"baseline": make_baseline, "mobilenet": make_mobilenet, "resnet50": make_resnet50}


def pad_reflect_square(image):
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    left, top = (max(height, width) - width) // 2, (max(height, width) - height) // 2
    return Image.fromarray(np.pad(pixels, ((top, top), (left, left), (0, 0)), mode="reflect"))


class TrainingImages(torch.utils.data.Dataset):
    def __init__(self, folder, mean, std):
        with open(folder / "splits.csv", newline="") as table:
            self.rows = [(folder / row["filepath"], int(row["label"])) for row in csv.DictReader(table)
                         if row["split"] == "train"]
        self.transform = transforms.Compose([
            transforms.ColorJitter(brightness=0.2, hue=0.1),
            transforms.RandomAffine(degrees=0, translate=(0.1, 0.2)),
            transforms.Lambda(pad_reflect_square),
            transforms.ToTensor(),
            transforms.Resize((SIDE, SIDE), antialias=False),
            transforms.Normalize(mean, std),
        ])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        path, label = self.rows[index]
        return self.transform(Image.open(path).convert("RGB")), label


def train_epoch(model, loader, optimizer):
    """Returns (seconds, mean loss, accuracy)."""
    model.train()  # frozen BatchNorm too, as the reference does
    start = time.perf_counter()
    loss_sum = correct = count = 0
    for images, labels in loader:
        optimizer.zero_grad()
        logits = model(images)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        correct += (logits.argmax(1) == labels).sum().item()
        count += len(labels)
    return time.perf_counter() - start, loss_sum / count, correct / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=pathlib.Path, help="dataset folder with splits.csv and ds_stats.json")
    parser.add_argument("--model", choices=MODELS, default="baseline")
    parser.add_argument("--epochs", type=int, default=3, help="measured epochs, after one warm-up epoch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--num-workers", type=int, default=0, help="loader processes; 0 loads in the main one")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--lr", type=float, default=0.00093)
    parser.add_argument("--weight-decay", type=float, default=0.000001514)
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    if options.model == "baseline":
        statistics = json.loads((options.dataset / "ds_stats.json").read_text())
        mean, std = statistics["mean"], statistics["std"]

    images = TrainingImages(options.dataset, mean, std)
    loader = torch.utils.data.DataLoader(images, batch_size=options.batch_size, shuffle=True,
                                         num_workers=options.num_workers, persistent_workers=options.num_workers > 0)
    model = MODELS[options.model]()
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=options.lr, weight_decay=options.weight_decay)
    print(json.dumps({
        "model": options.model, "images": len(images), "batch_size": options.batch_size,
        "threads": torch.get_num_threads(), "num_workers": options.num_workers, "torch": torch.__version__,
        "torchvision": torchvision.__version__, "parameters": sum(p.numel() for p in model.parameters()),
        "trainable": sum(p.numel() for p in trainable)}), flush=True)
    for epoch in range(options.epochs + 1):
        seconds, loss, accuracy = train_epoch(model, loader, optimizer)
        print(json.dumps({"epoch": epoch, "warmup": epoch == 0, "seconds": round(seconds, 4), "loss": round(loss, 4),
                          "accuracy": round(accuracy, 4)}), flush=True)


if __name__ == "__main__":
    main()

"""Makes best_model_acc.pth: a checkpoint as a training script leaves it behind.

Usage: python examples/make_best_model_acc.py [OUT]

Nothing in it is unusual, and the default torch.load refuses it: the best accuracy is a number of
NumPy, and the arguments are an argparse.Namespace. Written with torch 2.13.
"""

import argparse
import pathlib
import sys
from collections import OrderedDict

import numpy
import torch
from torch import nn


def make_model():
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, 8, kernel_size=3, bias=False),
            bn=nn.BatchNorm2d(8),
            relu=nn.ReLU(),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            fc=nn.Linear(8, 10),
        )
    )


def train_one_step(model, optimizer):
    images, labels = torch.randn(4, 3, 16, 16), torch.tensor([3, 1, 4, 1])
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()


def main():
    beside_me = pathlib.Path(__file__).with_name("best_model_acc.pth")
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else beside_me
    args = argparse.Namespace(
        arch="tiny_cnn", lr=1e-3, batch_size=4, epochs=20, data="data/cifar10", resume=None
    )
    torch.manual_seed(0)
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    train_one_step(model, optimizer)
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 12,
        "best_acc": numpy.float64(0.9137),
        "args": args,
    }
    torch.save(checkpoint, out)
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()

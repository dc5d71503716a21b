"""Makes the checkpoints that README.md and docs/ show: whole_model.pt and hooked.pt, beside best_model_acc.pth.

Usage: python examples/make_samples.py FOLDER

whole_model.pt is a whole model, saved with torch.save(model), of a project that is not there when it is opened.
hooked.pt would run `echo hello` in whatever unpickles it.
"""

import os
import pathlib
import shutil
import sys
import types

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, kernel_size=3)
        self.fc = nn.Linear(8, 2)


class Hook:
    def __reduce__(self):
        return os.system, ("echo hello",)


def save_as_of_a_project(model, path):
    """Saves it as if its class were that of the module my_project.model."""
    module = types.ModuleType("my_project.model")
    module.Net = Net
    Net.__module__ = module.__name__
    sys.modules.update({"my_project": types.ModuleType("my_project"), module.__name__: module})
    torch.save(model, path)


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    shutil.copy(pathlib.Path(__file__).parent / "best_model_acc.pth", folder)
    save_as_of_a_project(Net(), folder / "whole_model.pt")
    torch.save({"model": nn.Linear(2, 2).state_dict(), "callbacks": [Hook()]}, folder / "hooked.pt")


if __name__ == "__main__":
    main()

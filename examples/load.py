"""Loads a checkpoint and prints what is in it. With torch the tensors are torch tensors, else numpy arrays."""

import sys

from safe_load import safe_load

checkpoint = safe_load(sys.argv[1])

print("epoch   ", checkpoint["epoch"])
print("best_acc", checkpoint["best_acc"], type(checkpoint["best_acc"]))
print("args    ", checkpoint["args"])
for name, tensor in checkpoint["model"].items():
    print(f"{name:24} {type(tensor).__module__}.{type(tensor).__name__} {tensor.dtype} {tuple(tensor.shape)}")

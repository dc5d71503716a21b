"""Every kind of value that torch.save takes, by name: the table that test_kinds.py and tools/kinds_table.py use."""

from __future__ import annotations

from kind import Kind
from kinds_more import MORE
from kinds_numpy import NUMPY
from kinds_plain import COLLECTIONS, PYTHON
from kinds_stdlib import STDLIB
from kinds_tensor import TENSOR
from kinds_torch import NN, OPTIM, TORCH
from kinds_user import USER

# The prefix of the names in a group, and its title.
GROUPS = {
    "py": ("Python", PYTHON),
    "collections": ("collections", COLLECTIONS),
    "stdlib": ("Standard library", STDLIB),
    "user": ("A user's own classes", USER),
    "numpy": ("NumPy", NUMPY),
    "tensor": ("Tensors", TENSOR),
    "torch": ("torch", TORCH),
    "nn": ("torch.nn", NN),
    "optim": ("torch.optim", OPTIM),
    "more": ("More", MORE),
}

KINDS: dict[str, Kind] = {
    f"{prefix}.{name}": entry if isinstance(entry, Kind) else Kind(entry)
    for prefix, (_, table) in GROUPS.items()
    for name, entry in table.items()
}

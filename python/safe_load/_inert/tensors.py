"""What counts as a tensor or an array in a value that was loaded. It imports neither torch nor NumPy."""

from __future__ import annotations

import sys
from typing import Any

from .._core import TensorView
from .stand_ins import TensorRecord


def tensor_types() -> tuple[type[Any], ...]:
    torch = sys.modules.get("torch")
    return (TensorView, TensorRecord) if torch is None else (TensorView, TensorRecord, torch.Tensor)


def array_types() -> tuple[type[Any], ...]:
    numpy = sys.modules.get("numpy")
    return tensor_types() if numpy is None else (*tensor_types(), numpy.ndarray)


__all__ = ["array_types", "tensor_types"]

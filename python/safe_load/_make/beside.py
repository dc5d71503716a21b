"""Attributes of tensors that have no place for them: they are kept beside."""

from __future__ import annotations

import weakref
from typing import Any

_kept: dict[int, tuple[weakref.ref[Any], dict[str, Any]]] = {}


def keep(tensor: Any, attributes: dict[str, Any]) -> None:
    """`attributes` are those of `tensor` as long as it lives."""
    key = id(tensor)
    _kept[key] = (weakref.ref(tensor, lambda _: _kept.pop(key, None)), attributes)


def tensor_attributes(tensor: Any) -> dict[str, Any]:
    """The attributes that a loaded tensor had beside its elements (`weight.note = 5`), by name.

    A torch.Tensor has them itself, too. For arrays of NumPy and views of ours, which have no place for them,
    this is where they are, as long as that very object lives; what is computed from it has none. Thread-safe.
    """
    known = _kept.get(id(tensor))
    if known is not None and known[0]() is tensor:
        return known[1]
    is_tensor = hasattr(type(tensor), "requires_grad")
    return dict(vars(tensor)) if is_tensor and hasattr(tensor, "__dict__") else {}


__all__ = ["keep", "tensor_attributes"]

"""A few words for a value, as they stand in one line. All text from a file is escaped."""

from __future__ import annotations

from typing import Any

from .._errors import class_text, printable
from .names import GlobalRef
from .record import Record

_LONGEST_TEXT = 30  # characters of a text
_LARGEST_INT = 128  # bits


def short(value: Any) -> str:
    """A few words for a value; of what lies inside it nothing but the count."""
    if isinstance(value, str):
        return f'"{cut(value)}"'
    if isinstance(value, bytes):
        return repr(value) if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]!r}..."
    if isinstance(value, int) and value.bit_length() > _LARGEST_INT:
        return f"int of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, int, float, complex)):
        return repr(value)
    if isinstance(value, (dict, list, tuple, set, frozenset)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, Record):
        return f"Opaque {class_text(value.cls)}"
    if isinstance(value, GlobalRef):
        return printable(f"{value.module}.{value.name}")
    return _other(value)


def _other(value: Any) -> str:
    """The class, and of tensors and arrays their type and shape."""
    kind = type(value)
    if not (hasattr(kind, "dtype") and hasattr(kind, "shape")):
        return kind.__name__
    dtype = printable(str(value.dtype).removeprefix("torch."))
    return f"{kind.__name__} {dtype} {list(value.shape)}"


def cut(text: str) -> str:
    return printable(text[:_LONGEST_TEXT]) + ("..." if len(text) > _LONGEST_TEXT else "")


__all__ = ["cut", "short"]

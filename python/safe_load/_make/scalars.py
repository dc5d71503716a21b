"""Scalars of NumPy where NumPy is missing."""

from __future__ import annotations

import struct
from typing import Any

_STRUCT = {"b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I"}
_STRUCT |= {"u8": "Q", "f2": "e", "f4": "f", "f8": "d"}


def plain_scalar(text: str, data: bytearray) -> Any:
    """The Python value of a scalar, given its type text ("<f8"); its bytes where there is none."""
    order = ">" if text[0] == ">" else "<"
    if text[1:] in _STRUCT:
        return struct.unpack(order + _STRUCT[text[1:]], data)[0]
    if text[1:] in ("c8", "c16"):
        return complex(*struct.unpack(order + ("ff" if text[1:] == "c8" else "dd"), data))
    if text[1] == "U":
        codec = "utf-32-be" if order == ">" else "utf-32-le"
        return data.decode(codec, "surrogatepass").rstrip("\0")
    return bytes(data).rstrip(b"\0") if text[1] == "S" else bytes(data)


__all__ = ["plain_scalar"]

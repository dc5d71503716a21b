"""Arrays and scalars of NumPy from checked descriptions.

Only numpy.dtype(text or dict), numpy.ndarray(shape, dtype, buffer) and indexing are used: no bytes of a
file ever reach NumPy's own unpickling functions, which trust them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_NAMES = (
    "bool_ int8 int16 int32 int64 longlong uint8 uint16 uint32 uint64 ulonglong float16 float32 float64 "
    "longdouble complex64 complex128 clongdouble str_ bytes_ void record object_ datetime64 timedelta64"
).split()

scalar_types: dict[tuple[str, str], Any] = {
    ("numpy", name): getattr(np, name) for name in _NAMES if hasattr(np, name)
}
scalar_types |= {
    ("numpy", "bool"): np.bool_,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "memmap"): np.memmap,
    ("numpy", "dtype"): np.dtype,
}
_dtypes: dict[str, np.dtype[Any]] = {}


def dtype(description: Any) -> np.dtype[Any]:
    """The dtype of a type text, or of ("struct", ...) or ("subarray", ...)."""
    if isinstance(description, str):
        if description not in _dtypes:
            _dtypes[description] = np.dtype(description)
        return _dtypes[description]
    if description[0] == "subarray":
        _, base, shape = description
        return np.dtype((dtype(base), shape))
    _, fields, itemsize, is_aligned, is_record = description
    parts: dict[str, Any] = {
        "names": [name for name, _, _, _ in fields],
        "formats": [dtype(part) for _, _, _, part in fields],
        "offsets": [offset for _, _, offset, _ in fields],
        "itemsize": itemsize,
    }
    if any(title is not None for _, title, _, _ in fields):
        parts["titles"] = [title for _, title, _, _ in fields]
    structure = np.dtype(parts, align=is_aligned)
    return np.dtype((np.record, structure)) if is_record else structure


def array(description: Any, shape: tuple[int, ...], strides: tuple[int, ...], data: bytearray) -> Any:
    """A writable array over `data`."""
    kind = dtype(description)
    if 0 in shape or kind.itemsize == 0:
        return np.zeros(shape, kind)
    return np.ndarray(shape, kind, buffer=data, strides=strides)


def scalar(description: Any, data: bytearray) -> Any:
    """The scalar that `data` holds."""
    kind = dtype(description)
    if kind.itemsize == 0:
        return kind.type()
    return np.ndarray((), kind, buffer=data)[()]


def empty(description: Any, shape: tuple[int, ...]) -> Any:
    """An array of a type with objects, to be filled later."""
    return np.empty(shape, dtype(description))


def fill(target: Any, elements: list[Any]) -> None:
    """Puts the elements into an array, in row-major order."""
    flat = target.reshape(-1)
    for index, element in enumerate(elements):
        flat[index] = element

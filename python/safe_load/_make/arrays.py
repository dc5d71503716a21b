"""Tensors as NumPy arrays, for framework="numpy"."""

from __future__ import annotations

from typing import Any

import numpy as np

from .makers import Makers

# Element types that NumPy has under another name than torch, and those of the package ml_dtypes.
_ML_DTYPES = {
    "bfloat16": "bfloat16",
    "float8_e4m3fn": "float8_e4m3fn",
    "float8_e4m3fnuz": "float8_e4m3fnuz",
    "float8_e5m2": "float8_e5m2",
    "float8_e5m2fnuz": "float8_e5m2fnuz",
    "float8_e8m0fnu": "float8_e8m0fnu",
}
_NATIVE = set("bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split())
_NATIVE |= {"complex64", "complex128"}


def element_type(name: str) -> Any:
    """The NumPy dtype of a torch element type, or None if neither NumPy nor ml_dtypes has one."""
    if name in _NATIVE:
        return np.dtype(name)
    if name not in _ML_DTYPES:
        return None
    try:
        import ml_dtypes
    except ImportError:
        return None
    return np.dtype(getattr(ml_dtypes, _ML_DTYPES[name]))


class ArrayMakers(Makers):
    """Makes arrays that share one block of memory per storage. Types that NumPy lacks become TensorView."""

    makes_arrays = True

    def tensor(
        self,
        storage: Any,
        dtype: str,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        is_conjugated: bool,
        is_negated: bool,
    ) -> Any:
        kind = element_type(dtype)
        if 0 in shape:
            return np.zeros(shape, kind)
        size = kind.itemsize
        steps = tuple(step * size if length != 1 else 0 for step, length in zip(strides, shape))
        array = np.ndarray(shape, kind, buffer=storage, offset=offset * size, strides=steps)
        if is_conjugated:
            array = np.conj(array)
        return np.negative(array) if is_negated else array

    def makes(self, dtype: str) -> bool:
        return element_type(dtype) is not None

    def finish(self, array: Any, is_parameter: bool, requires_grad: bool) -> Any:
        return array  # NumPy has no gradients


__all__ = ["ArrayMakers", "element_type"]

"""Kinds of value: NumPy."""

from __future__ import annotations

import math
import tempfile
from typing import Any

import numpy as np
import torch
from kind import Kind, inert, opaque, partly

NUMBERS = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 longlong ulonglong float16 float32 float64 longdouble "
    "complex64 complex128 clongdouble"
).split()
BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
ROW = np.dtype([("count", "i4"), ("loss", "f8")])
MIXED = np.dtype([("count", "i4"), ("what", "O")])


def table(dtype: Any) -> Any:
    return np.array([(1, 0.5), (2, -0.0)], dtype)


def mixed() -> Any:
    return np.array([(1, ["text"]), (2, None)], MIXED)


def memory_map() -> Any:
    with tempfile.TemporaryFile() as file:
        made = np.memmap(file, np.float32, "w+", shape=(2, 3))
    made[:] = np.arange(6).reshape(2, 3)
    return made


def advanced(generator: Any) -> Any:
    """A generator that has drawn and spawned: it keeps half a number and a count of children."""
    generator.integers(0, 9, dtype=np.uint32)
    if hasattr(generator, "spawn"):
        generator.spawn(2)
    return generator


def after_normal() -> Any:
    state = np.random.RandomState(5)
    state.normal()
    return state


def number(make: Any, name: str) -> Any:
    """C's long long has the size of int64, and NumPy writes it as that."""
    if name not in ("longlong", "ulonglong"):
        return make
    plain = np.dtype(name.replace("longlong", "int64"))
    return partly(make, lambda value, protocol: value.astype(plain), "NumPy writes C's long long as int64")


def writable(make: Any) -> Kind:
    return partly(make, lambda value, protocol: np.array(value), "NumPy does not write that an array is read-only")


NUMPY = {
    **{f"scalar {name}": number(lambda name=name: np.dtype(name).type(1), name) for name in NUMBERS},
    **{f"array {name}": number(lambda name=name: np.array([[0, 1, 1]], name), name) for name in NUMBERS},
    "scalar str": lambda: np.str_("täxt"),
    "scalar str empty": lambda: np.str_(""),
    "scalar bytes": lambda: np.bytes_(b"\xffab"),
    "scalar void": lambda: np.void(b"\x00ab"),
    "scalar record": lambda: table(ROW)[1],
    "scalar datetime64": lambda: np.datetime64("2024-02-29T12", "h"),
    "scalar datetime64 NaT": lambda: np.datetime64("NaT", "s"),
    "scalar timedelta64": lambda: np.timedelta64(-5, "ms"),
    "scalar object field": lambda: mixed()[0],
    "array str": lambda: np.array(["a", "läng"]),
    "array bytes": lambda: np.array([b"a", b"long"]),
    "array StringDType": lambda: np.array(["a", "läng" * 9], np.dtypes.StringDType()),
    "array void": lambda: np.array([b"ab", b"\x00c"], "V2"),
    "array datetime64": lambda: np.array(["2024-02-29", "NaT"], "M8[D]"),
    "array datetime64 25s": lambda: np.arange(3).astype("M8[25s]"),
    "array timedelta64": lambda: np.array([1, -1], "m8[us]"),
    "array object": lambda: np.array([[1, "a"], [None, {"k": [2.5]}]], object),
    "array object of tensors": lambda: np.array([torch.arange(2.0), None], object),
    "array object empty": lambda: np.empty((0, 2), object),
    "array zero dim": lambda: np.array(1.5),
    "array empty": lambda: np.zeros((0, 3), np.float32),
    "array fortran": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "array strided": lambda: np.arange(12).reshape(3, 4)[:, ::2],
    "array negative stride": lambda: np.arange(5)[::-1],
    "array broadcast": writable(lambda: np.broadcast_to(np.float32(2), (2, 3))),
    "array read only": writable(lambda: np.frombuffer(b"abcd", np.uint8)),
    "array big endian": lambda: np.array([1.5, -2.0], ">f8"),
    "array structured": lambda: table(ROW),
    "array structured aligned": lambda: table(np.dtype(ROW.descr, align=True)),
    "array structured nested": lambda: np.ones(2, [("outer", [("inner", ">i2"), ("text", "U2")])]),
    "array structured subarray": lambda: np.ones(2, [("grid", "f4", (2, 3)), ("n", "i1")]),
    "array structured title": lambda: np.ones(2, [(("a title", "name"), "i4"), ("other", "f4")]),
    "array structured object": mixed,
    "array matrix": lambda: np.asmatrix([[1, 2], [3, 4]]),
    "array recarray": lambda: np.rec.array([(1, 0.5), (2, 1.5)], names="count,loss"),
    "array memmap": inert(memory_map, "numpy.ndarray"),
    "array masked": lambda: np.ma.array([[1.0, 2.0, 3.0]], mask=[[0, 1, 0]], fill_value=-9.0),
    "array masked no mask": lambda: np.ma.array([1, 2]),
    "array masked constant": lambda: np.ma.masked,
    "array chararray": lambda: np.char.array(["a", "bcd"]),
    "type float32": lambda: np.float32,
    "type DTypeClass": lambda: np.dtypes.Float64DType,
    "dtype float64": lambda: np.dtype("f8"),
    "dtype big endian": lambda: np.dtype(">i4"),
    "dtype str": lambda: np.dtype("U3"),
    "dtype object": lambda: np.dtype(object),
    "dtype structured": lambda: ROW,
    "dtype datetime": lambda: np.dtype("M8[25s]"),
    "dtype metadata": lambda: np.dtype("f8", metadata={"unit": ["m", "s"]}),
    "dtype StringDType": lambda: np.dtypes.StringDType(),
    "ufunc": inert(lambda: np.add, "GlobalRef numpy.add"),
    "function": inert(lambda: np.zeros, "GlobalRef numpy.zeros"),
    "poly1d": opaque(lambda: np.poly1d([1, 0, -2]), "numpy.poly1d"),
    "finfo": opaque(lambda: np.finfo(np.float32), "numpy.finfo"),
    "RandomState": lambda: np.random.RandomState(5),
    "RandomState after normal": after_normal,
    "get_state": lambda: after_normal().get_state(),
    "get_state dict": lambda: after_normal().get_state(legacy=False),
    "SeedSequence": lambda: np.random.SeedSequence([3, 1 << 40], spawn_key=(2,), n_children_spawned=4),
    "vectorize": inert(lambda: np.vectorize(math.sin), "Opaque numpy.vectorize", "GlobalRef math.sin"),
    **{f"Generator {name}": lambda name=name: advanced(np.random.Generator(_bits(name))) for name in BIT_GENERATORS},
    **{f"BitGenerator {name}": lambda name=name: advanced_bits(name) for name in BIT_GENERATORS},
    **{f"state of {name}": lambda name=name: advanced_bits(name).state for name in BIT_GENERATORS},
}


def _bits(name: str) -> Any:
    return getattr(np.random, name)(17)


def advanced_bits(name: str) -> Any:
    bits = _bits(name)
    bits.random_raw(3)
    bits.spawn(1)
    return bits

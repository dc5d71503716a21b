"""Arrays, scalars, dtypes and random states of NumPy from parts that the engine has checked.

Only numpy.dtype(text or dict), numpy.ndarray(shape, dtype, buffer) and indexing make arrays: no bytes of a
file ever reach NumPy's own unpickling functions for them, which trust them.
"""

from __future__ import annotations

from typing import Any, Callable, Literal

import numpy as np

_SCALARS = (
    "bool_ int8 int16 int32 int64 longlong uint8 uint16 uint32 uint64 ulonglong float16 float32 float64 "
    "longdouble complex64 complex128 clongdouble str_ bytes_ void record object_ datetime64 timedelta64"
).split()
_DTYPE_CLASSES = (
    "BoolDType Int8DType Int16DType Int32DType Int64DType LongLongDType UInt8DType UInt16DType UInt32DType "
    "UInt64DType ULongLongDType Float16DType Float32DType Float64DType LongDoubleDType Complex64DType "
    "Complex128DType CLongDoubleDType ObjectDType BytesDType StrDType VoidDType DateTime64DType TimeDelta64DType "
    "StringDType"
).split()
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
SYMBOLS: dict[tuple[str, str], Any] = {
    **{("numpy", name): getattr(np, name) for name in _SCALARS if hasattr(np, name)},
    **{
        ("numpy.dtypes", name): getattr(np.dtypes, name)
        for name in _DTYPE_CLASSES
        if hasattr(getattr(np, "dtypes", None), name)
    },
    ("numpy", "bool"): np.bool_,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "memmap"): np.memmap,
    ("numpy", "dtype"): np.dtype,
    ("numpy", "matrix"): np.matrix,
    ("numpy", "recarray"): np.recarray,
    ("numpy.rec", "recarray"): np.recarray,
}
# Of a part of NumPy that takes long to import and that few files need.
MASKED_ARRAYS = (("numpy.ma", "MaskedArray"), ("numpy.ma.core", "MaskedArray"))
_plain: dict[str, np.dtype[Any]] = {}


def has_symbol(module: str, name: str) -> bool:
    return (module, name) in SYMBOLS or (module, name) in MASKED_ARRAYS


def symbol(module: str, name: str) -> Any:
    """What stands for itself: REQUIRES has_symbol()."""
    return np.ma.MaskedArray if (module, name) in MASKED_ARRAYS else SYMBOLS[module, name]


# ---- dtypes


def plain_dtype(text: str, metadata: dict[str, Any] | None) -> np.dtype[Any]:
    """The dtype of a type text such as "<f8" or "<M8[s]"."""
    if metadata is not None:
        return np.dtype(text, metadata=metadata)
    if text not in _plain:
        _plain[text] = np.dtype(text)
    return _plain[text]


def subarray_dtype(base: np.dtype[Any], shape: tuple[int, ...]) -> np.dtype[Any]:
    return np.dtype((base, shape))


def struct_dtype(
    fields: list[tuple[str, str | None, int, np.dtype[Any]]],
    size: int,
    is_aligned: bool,
    is_record: bool,
    metadata: dict[str, Any] | None,
) -> np.dtype[Any]:
    """A structure from its fields: (name, title, offset in bytes, dtype) each."""
    parts: Any = {
        "names": [name for name, _, _, _ in fields],
        "formats": [dtype for _, _, _, dtype in fields],
        "offsets": [offset for _, _, offset, _ in fields],
        "itemsize": size,
    }
    if any(title is not None for _, title, _, _ in fields):
        parts["titles"] = [title for _, title, _, _ in fields]
    options: dict[str, Any] = {} if metadata is None else {"metadata": metadata}
    structure = np.dtype(parts, align=is_aligned, **options)
    return np.dtype((np.record, structure)) if is_record else structure


def string_dtype(is_coerced: bool, missing: tuple[Any, ...]) -> Any:
    """A StringDType; `missing` holds the value for missing texts, or nothing."""
    options = {"na_object": missing[0]} if missing else {}
    return np.dtypes.StringDType(coerce=is_coerced, **options)


# ---- arrays and scalars


def array(
    dtype: np.dtype[Any], shape: tuple[int, ...], strides: tuple[int, ...], data: bytearray, class_name: str
) -> Any:
    """A writable array over `data`; strides in bytes."""
    if 0 in shape or dtype.itemsize == 0:
        plain = np.zeros(shape, dtype)
    else:
        plain = np.ndarray(shape, dtype, buffer=data, strides=strides)
    return _as_class(plain, class_name)


def _as_class(plain: Any, class_name: str) -> Any:
    if class_name == "matrix":
        return plain.view(np.matrix)
    if class_name == "recarray":
        return plain.view(np.recarray)
    return plain.view(np.char.chararray) if class_name == "chararray" else plain


def masked_constant() -> Any:
    return np.ma.masked


def masked(data: Any, mask: bytearray, fill_value: Any) -> Any:
    """A masked array; `mask` has a byte per item or, of a structure, per field, in the order in which items lie."""
    order: Literal["C", "F"] = "F" if data.flags.f_contiguous and not data.flags.c_contiguous else "C"
    kind = np.ma.make_mask_descr(data.dtype)
    flags = np.ndarray(data.shape, kind, buffer=mask, order=order) if mask else np.zeros(data.shape, kind)
    return np.ma.MaskedArray(data, mask=flags, fill_value=fill_value)


def scalar(dtype: np.dtype[Any], data: bytearray) -> Any:
    """The scalar that `data` holds."""
    if dtype.itemsize == 0:
        return dtype.type()
    return np.ndarray((), dtype, buffer=data)[()]


def object_array(dtype: Any, shape: tuple[int, ...], class_name: str, is_fortran: bool) -> Any:
    """An array of a type with objects or texts, to be filled later."""
    return _as_class(np.empty(shape, dtype, "F" if is_fortran else "C"), class_name)


def fill(target: Any, elements: list[Any]) -> None:
    """Puts the elements into an array, in row-major order, however it lies."""
    flat = np.empty(len(elements), target.dtype)
    for index, element in enumerate(elements):
        flat[index] = element
    target.view(np.ndarray)[...] = flat.reshape(target.shape)


# ---- random states, whose numbers the engine has checked: NumPy itself does not check them all


def _bit_generator_named(name: Any) -> Any:
    name = getattr(name, "name", name)  # a class comes as a GlobalRef
    if name not in _BIT_GENERATORS:
        raise ValueError(f"an unknown bit generator {str(name)[:40]!r}")
    return getattr(np.random, name)


def _bit_generator(args: tuple[Any, ...], state: Any) -> Any:
    made_from = args[0] if args else "MT19937"
    if isinstance(made_from, np.random.BitGenerator):
        return made_from
    if isinstance(state, tuple):  # (state, seed sequence) since NumPy 1.25
        values, seed = state
        generator = _bit_generator_named(made_from)(0 if seed is None else seed)
        if seed is None and hasattr(generator, "spawn"):
            generator.__setstate__((generator.state, None))  # RandomState(5) has no sequence to spawn from
    else:
        values = state
        generator = _bit_generator_named(made_from)(0)
    if values is not None:
        generator.state = values
    return generator


def _generator(args: tuple[Any, ...], state: Any) -> Any:
    return np.random.Generator(_bit_generator(args, state))


def _random_state(args: tuple[Any, ...], state: Any) -> Any:
    holds_generator = args and isinstance(args[0], np.random.BitGenerator)
    generator = np.random.RandomState(args[0] if holds_generator else None)
    generator.set_state(state)
    return generator


def _seed_sequence(args: tuple[Any, ...], state: tuple[Any, ...]) -> Any:
    entropy, children, pool, pool_size, spawn_key = state
    seed = np.random.SeedSequence(
        entropy, spawn_key=tuple(spawn_key), pool_size=pool_size, n_children_spawned=children
    )
    if not np.array_equal(seed.pool, pool):
        raise ValueError("a seed sequence whose pool does not follow from its entropy")
    return seed


STATEFUL: dict[str, Callable[[tuple[Any, ...], Any], Any]] = {
    "numpy.random.BitGenerator": _bit_generator,
    "numpy.random.Generator": _generator,
    "numpy.random.RandomState": _random_state,
    "numpy.random.SeedSequence": _seed_sequence,
}

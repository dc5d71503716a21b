"""Views of NumPy's values: types with all that they carry, arrays, scalars, random generators."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from views import BASES, EXACT, Parts, View, mutable


def _dtype(value: np.dtype) -> View:
    own = {
        "type": (value.str, value.char, value.type, value.itemsize),
        "alignment": (value.alignment, value.isalignedstruct),
        "names": value.names,
        "shape": value.shape,
    }
    parts: Parts = [(".metadata", None if value.metadata is None else dict(value.metadata))]
    if value.subdtype:
        parts.append((".base", value.base))
    for name in value.names or ():
        field, *place = value.fields[name]  # (dtype, offset[, title])
        parts += [(f".{name}", field), (f".{name}.place", tuple(place))]
    if value.char == "T":
        own["coerce"] = value.coerce
        parts.append((".na_object", getattr(value, "na_object", "none")))
    return View(own, parts)


def _order(value: np.ndarray) -> str:
    """Rows first or columns first; pickles keep nothing else of an array's layout."""
    return "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"


def _plain_array(value: np.ndarray) -> View:
    own: dict[str, Any] = {"shape": value.shape, "order": _order(value), "writeable": value.flags.writeable}
    parts: Parts = [(".dtype", value.dtype)]
    if value.dtype.hasobject or value.dtype.char == "T":
        elements = np.ndarray.reshape(value.view(np.ndarray), -1).tolist()
        parts += [(f"[{i}]", element) for i, element in enumerate(elements)]
    else:
        own["bytes"] = value.tobytes()
    return mutable(value, own, parts)


def _array(value: np.ndarray) -> View:
    seen = _plain_array(value)
    if isinstance(value, np.ma.MaskedArray):
        seen = _plain_array(value.data)
        seen.identity, seen.value = id(value), value
        seen.parts += [(".mask", np.ma.getmaskarray(value)), (".fill_value", value.fill_value)]
    return seen


def _scalar(value: np.generic) -> View:
    parts: Parts = [(".dtype", value.dtype)]
    if value.dtype.hasobject:
        return View({}, parts + [(f"[{i}]", part) for i, part in enumerate(value.item())])
    return View({"bytes": value.tobytes(), "text": repr(value)}, parts)


# ---- random generators: a copy draws, so that the original does not move


def _numbers(generator: np.random.Generator) -> list[Any]:
    small = generator.integers(0, 9, 3, dtype=np.uint32)
    return [generator.random(3), generator.normal(size=2), small, generator.permutation(9)]


def _seed_sequence(value: np.random.SeedSequence) -> View:
    parts: Parts = [(".entropy", value.entropy), (".spawn_key", value.spawn_key), (".pool", value.pool)]
    own = {"pool_size": value.pool_size, "children": value.n_children_spawned}
    child = copy.deepcopy(value).spawn(1)[0]
    return mutable(value, own, [*parts, (".words", value.generate_state(4)), (".child", child.generate_state(4))])


def _bit_generator(value: np.random.BitGenerator) -> View:
    raw = copy.deepcopy(value).random_raw(4)
    parts: Parts = [(".state", value.state), (".seed_seq", value.seed_seq), (".next", raw)]
    if hasattr(value, "spawn") and value.seed_seq is not None:
        parts.append((".child", copy.deepcopy(value).spawn(1)[0].random_raw(2)))
    return mutable(value, {}, parts)


def _generator(value: np.random.Generator) -> View:
    parts: Parts = [(".bit_generator", value.bit_generator), (".next", _numbers(copy.deepcopy(value)))]
    if hasattr(value, "spawn"):
        parts.append((".children", [_numbers(child) for child in copy.deepcopy(value).spawn(2)]))
    return mutable(value, {}, parts)


def _random_state(value: np.random.RandomState) -> View:
    drawn = copy.deepcopy(value)
    numbers = [drawn.normal(size=3), drawn.random_sample(2), drawn.randint(0, 1000, 3)]
    parts: Parts = [(".state", value.get_state(legacy=False)), (".next", numbers)]
    return mutable(value, {}, [*parts, (".bit_generator", value._bit_generator)])


EXACT.update({type(np.ma.masked): lambda value: View({"value": id(value)})})
BASES[:0] = [
    (np.dtype, _dtype),
    (np.ndarray, _array),
    (np.generic, _scalar),
    (np.random.SeedSequence, _seed_sequence),
    (np.random.BitGenerator, _bit_generator),
    (np.random.Generator, _generator),
    (np.random.RandomState, _random_state),
]

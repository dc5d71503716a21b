"""View: what of a value must be equal; and the views of Python's own types and the standard library."""

from __future__ import annotations

import argparse
import array
import collections
import copy
import dataclasses
import datetime
import decimal
import fractions
import io
import ipaddress
import pathlib
import random
import re
import struct
import time
import types
import typing
import uuid
import zoneinfo
from typing import Any, Callable

Parts = list[tuple[str, Any]]
_SHORT = (str, int, bytes)  # keys that can stand in a path


@dataclasses.dataclass
class View:
    """A value taken apart.

    own: facts by name, compared with ==. parts: a step of a path and a value each, compared one by one.
    identity: None for a value whose identity nobody asks for. is_mutable: two of them must stay two.
    value: the value itself, which keeps its id valid.
    """

    own: dict[str, Any]
    parts: Parts = dataclasses.field(default_factory=list)
    identity: Any = None
    is_mutable: bool = False
    value: Any = None


def view(value: Any, protocol: int) -> View:
    """How a value is seen: by its exact type, else by the first base that says how, else as pickle sees it."""
    kind = type(value)
    if kind in EXACT:
        return EXACT[kind](value)
    for base, make in BASES:
        if isinstance(value, base):
            return make(value)
    import reductions

    return reductions.view(value, protocol)


def mutable(value: Any, own: dict[str, Any], parts: Parts) -> View:
    return View(own, parts, id(value), True, value)


# ---- values without parts


def _by_repr(value: Any) -> View:
    return View({"value": repr(value)})


def _by_equality(value: Any) -> View:
    return View({"value": value, "text": repr(value)})


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def _by_state(value: Any) -> View:
    return View({}, [(".state", value.__reduce__()[1])])


# ---- containers


def _sequence(value: Any) -> View:
    own = {"length": len(value), "maxlen": getattr(value, "maxlen", None)}
    return mutable(value, own, [(f"[{i}]", part) for i, part in enumerate(value)])


def _tuple(value: tuple) -> View:
    parts = [(f"[{i}]", part) for i, part in enumerate(value)]
    return View({"length": len(value)}, parts, id(value) if value else None, False, value)


def _set(value: Any) -> View:
    """Members in an order of their own: by type and text."""
    members = sorted(value, key=lambda member: (type(member).__name__, repr(member)))
    parts: Parts = [(f".member[{i}]", member) for i, member in enumerate(members)]
    return View({"length": len(value)}, parts, id(value), isinstance(value, set), value)


def items(value: Any) -> Parts:
    parts: Parts = []
    for i, (key, item) in enumerate(value.items()):
        step = f"[{key!r}]" if type(key) in _SHORT else f".item[{i}]"
        parts += [(f".key[{i}]", key), (step, item)]
    return parts


def _dict(value: dict) -> View:
    return mutable(value, {"length": len(value)}, items(value))


def _dict_with_attributes(value: Any) -> View:
    parts: Parts = [("." + name, part) for name, part in vars(value).items()]
    if hasattr(value, "default_factory"):
        parts.append((".default_factory", value.default_factory))
    return mutable(value, {"length": len(value)}, items(value) + parts)


def _attributes(value: Any) -> View:
    return mutable(value, {}, [("." + name, part) for name, part in vars(value).items()])


# ---- things that hold a state


def _bytearray(value: bytearray) -> View:
    return mutable(value, {"value": bytes(value)}, [])


def _array(value: array.array) -> View:
    return mutable(value, {"typecode": value.typecode, "bytes": value.tobytes()}, [])


def _stream(value: Any) -> View:
    own = {"closed": value.closed, "content": value.getvalue(), "position": value.tell()}
    return mutable(value, own, [(".state", value.__getstate__())])


def _random(value: random.Random) -> View:
    drawn = copy.copy(value)  # a copy has a state of its own
    numbers = [drawn.gauss(0, 1), drawn.random(), drawn.getrandbits(100), drawn.choice(range(1000))]
    return mutable(value, {}, [(".state", value.getstate()), (".next", numbers)])


EXACT: dict[type, Callable[[Any], View]] = {
    **dict.fromkeys([bool, int, str, bytes, type(None), type(...), type(NotImplemented)], _by_equality),
    float: lambda value: View({"bits": bits(value), "value": repr(value)}),
    complex: lambda value: View({"bits": bits(value.real) + bits(value.imag), "value": repr(value)}),
    **dict.fromkeys([range, decimal.Decimal, fractions.Fraction, datetime.date, datetime.timedelta], _by_repr),
    **dict.fromkeys([pathlib.PurePosixPath, pathlib.PureWindowsPath], _by_repr),
    datetime.datetime: lambda value: View({"value": repr(value)}, [(".tzinfo", value.tzinfo)]),
    datetime.time: lambda value: View({"value": repr(value)}, [(".tzinfo", value.tzinfo)]),
    datetime.timezone: _by_repr,
    zoneinfo.ZoneInfo: lambda value: View({"value": repr(value)}, [(".made", value.__reduce__()[1])]),
    time.struct_time: lambda value: View({}, [(".parts", value.__reduce__()[1])]),
    uuid.UUID: lambda value: View({"value": repr(value), "is_safe": value.is_safe}),
    slice: lambda value: View({}, [(".start", value.start), (".stop", value.stop), (".step", value.step)]),
    list: _sequence,
    collections.deque: _sequence,
    tuple: _tuple,
    set: _set,
    frozenset: _set,
    dict: _dict,
    collections.OrderedDict: _dict_with_attributes,
    collections.Counter: _dict_with_attributes,
    collections.defaultdict: lambda value: mutable(
        value, {"length": len(value)}, [*items(value), (".default_factory", value.default_factory)]
    ),
    **dict.fromkeys([collections.ChainMap, collections.UserDict, collections.UserList], _attributes),
    **dict.fromkeys([collections.UserString, argparse.Namespace, types.SimpleNamespace], _attributes),
    bytearray: _bytearray,
    array.array: _array,
    io.BytesIO: _stream,
    io.StringIO: _stream,
    random.Random: _random,
    re.Pattern: lambda value: View({"pattern": value.pattern, "flags": value.flags}),
    **dict.fromkeys([types.FunctionType, types.GenericAlias, type(int | None), typing.TypeVar], _by_equality),
    **dict.fromkeys([type(typing.List[int]), type(typing.Optional[int]), type(typing.List)], _by_equality),
    type(typing.Callable[[int], int]): _by_equality,
}

# Classes and what inherits from these. views_numpy and views_torch add to both.
BASES: list[tuple[type, Callable[[Any], View]]] = [
    (type, _by_equality),
    (ipaddress._IPAddressBase, _by_repr),
]

for _module in ("views_numpy", "views_torch"):
    try:
        __import__(_module)
    except ImportError as _missing:
        if _missing.name not in ("numpy", "torch"):
            raise

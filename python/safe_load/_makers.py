"""What makes each sort of value. A fixed set: no name from a file ever chooses what is called here."""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import fractions
import pathlib
import types
import uuid
from typing import Any, Callable

from ._core import NdArray
from ._errors import Error
from ._inert import AttrRef, GlobalRef, Opaque, Partial, _States

# Bare symbols that stand for themselves. The key is the exact pair of names.
_SYMBOLS: dict[tuple[str, str], Any] = {
    ("builtins", "None"): None,
    ("builtins", "True"): True,
    ("builtins", "False"): False,
    ("builtins", "Ellipsis"): Ellipsis,
    ("builtins", "NotImplemented"): NotImplemented,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("collections", "Counter"): collections.Counter,
    ("collections", "deque"): collections.deque,
    **{
        ("builtins", kind.__name__): kind
        for kind in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object)
        + (range, set, slice, str, tuple, type)
    },
    **{
        ("datetime", kind.__name__): kind
        for kind in (datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone)
    },
}

# The factories that an honest defaultdict has, and the only ones that become factories again.
_FACTORIES = (bool, bytes, collections.OrderedDict, dict, float, frozenset, int, list, set, str, tuple)


def _fraction(*args: Any) -> fractions.Fraction:
    return fractions.Fraction(*args)


def _device(*args: Any) -> str:
    return ":".join(str(part) for part in args)


_RECORDS: dict[str, Callable[[tuple[int, ...], tuple[Any, ...]], Any]] = {
    "range": lambda fields, args: range(*args),
    "slice": lambda fields, args: slice(*args),
    "datetime.datetime": lambda f, args: datetime.datetime(*f[:7], tzinfo=(*args[1:], None)[0], fold=f[7]),
    "datetime.date": lambda fields, args: datetime.date(*fields),
    "datetime.time": lambda f, args: datetime.time(*f[:4], tzinfo=(*args[1:], None)[0], fold=f[4]),
    "datetime.timedelta": lambda fields, args: datetime.timedelta(*fields),
    "datetime.timezone": lambda fields, args: datetime.timezone(*args),
    "pathlib.PurePosixPath": lambda fields, args: pathlib.PurePosixPath(*args),
    "pathlib.PureWindowsPath": lambda fields, args: pathlib.PureWindowsPath(*args),
    "decimal.Decimal": lambda fields, args: decimal.Decimal(*args),
    "fractions.Fraction": lambda fields, args: _fraction(*args),
    "type": lambda fields, args: type(args[0]),
    "torch.Size": lambda fields, args: tuple(fields),
    "torch.device": lambda fields, args: _device(*args),
    "torch.layout": lambda fields, args: args[0],
    "torch.torch_version.TorchVersion": lambda fields, args: args[0],
}


class Makers:
    """What the engine calls while it builds. Subclasses add tensors of torch or of numpy."""

    has_torch = False
    makes_arrays = False
    has_numpy = False

    def __init__(
        self,
        numpy: Any = None,
        constructors: dict[str, Callable[..., Any]] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> None:
        self.constructors = constructors or {}
        self.progress = progress
        self._numpy = numpy
        self.has_numpy = numpy is not None

    ordered_dict = staticmethod(collections.OrderedDict)
    counter = staticmethod(collections.Counter)
    namespace = staticmethod(argparse.Namespace)
    simple_namespace = staticmethod(types.SimpleNamespace)
    opaque = staticmethod(Opaque)
    attribute_of = staticmethod(AttrRef)
    partial = staticmethod(Partial)

    def deque(self, maxlen: int | None) -> collections.deque[Any]:
        return collections.deque(maxlen=maxlen)

    def default_dict(self, factory: Any) -> dict[Any, Any]:
        known = factory is None or any(factory is candidate for candidate in _FACTORIES)
        return collections.defaultdict(factory) if known else {}

    def uuid(self, number: int) -> uuid.UUID:
        return uuid.UUID(int=number)

    def record(self, kind: str, fields: tuple[int, ...], args: tuple[Any, ...]) -> Any:
        return _RECORDS[kind](fields, args)

    def symbol(self, module: str, name: str) -> Any:
        if (module, name) in _SYMBOLS:
            return _SYMBOLS[module, name]
        if self.has_numpy and (module, name) in self._numpy.scalar_types:
            return self._numpy.scalar_types[module, name]
        return GlobalRef(module, name)

    def damaged(self, path: str) -> Any:
        raise Error(f"safe_load: {path} is damaged and cannot be built", code="corrupt")

    # ---- mutable objects, once their parts are there

    def set_attributes(self, target: Any, state: Any) -> None:
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            for name, value in (part or {}).items():
                if not (name.startswith("__") and name.endswith("__")):
                    setattr(target, name, value)

    def fill_opaque(
        self,
        target: Opaque,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        list_items: list[Any],
        dict_items: list[Any],
        set_items: list[Any],
        states: tuple[Any, ...],
    ) -> None:
        target.args = args
        target.kwargs = kwargs
        target.list_items = list_items
        target.dict_items = dict(zip(dict_items[::2], dict_items[1::2]))
        target.set_items = set_items
        if states:
            target.state = states[0] if len(states) == 1 else _States(states)

    def fill_partial(self, target: Partial, states: tuple[Any, ...]) -> None:
        if states and len(states[0]) == 4:
            target.function, target.args, keywords, attributes = states[0]
            target.keywords, target.attributes = keywords or {}, attributes or {}

    # ---- classes that the caller asked for

    def construct(self, cls: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self.constructors[cls](*args, **kwargs)

    def apply(
        self,
        target: Any,
        list_items: list[Any],
        dict_items: list[Any],
        set_items: list[Any],
        states: tuple[Any, ...],
    ) -> None:
        """Adds items and state as pickle would, on an object that the caller's function made."""
        if list_items:
            target.extend(list_items)
        for key, value in zip(dict_items[::2], dict_items[1::2]):
            target[key] = value
        for member in set_items:
            target.add(member)
        for state in states:
            if hasattr(target, "__setstate__"):
                target.__setstate__(state)
            elif isinstance(state, tuple) and len(state) == 2:
                target.__dict__.update(state[0] or {})
                for name, value in (state[1] or {}).items():
                    setattr(target, name, value)
            elif state:
                target.__dict__.update(state)

    # ---- arrays of numpy

    def array_dtype(self, description: Any) -> Any:
        if self.has_numpy:
            return self._numpy.dtype(description)
        return description if isinstance(description, str) else description[0]

    def array(self, description: Any, shape: Any, strides: Any, data: bytearray) -> Any:
        return self._numpy.array(description, shape, strides, data)

    def scalar(self, description: Any, data: bytearray) -> Any:
        if self.has_numpy:
            return self._numpy.scalar(description, data)
        return _plain_scalar(description, data)

    def object_array(self, description: Any, shape: tuple[int, ...]) -> Any:
        return self._numpy.empty(description, shape) if self.has_numpy else []

    def fill_array(self, target: Any, elements: list[Any]) -> None:
        if self.has_numpy:
            self._numpy.fill(target, elements)
        else:
            target.extend(elements)

    # ---- tensors: without torch and numpy the engine makes its own views

    def is_direct(self, location: str) -> bool:
        return False

    def storage(self, storage: Any, unit: int) -> Any:
        return storage.memory(unit)

    def storage_value(self, storage: Any, dtype: str, is_untyped: bool) -> Any:
        return storage


_STRUCT = {"b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I"}
_STRUCT |= {"u8": "Q", "f2": "e", "f4": "f", "f8": "d"}


def _plain_scalar(description: Any, data: bytearray) -> Any:
    """The Python value of a NumPy scalar where NumPy is missing; its bytes where there is none."""
    import struct

    text = description if isinstance(description, str) else "|V"
    order = ">" if text[0] == ">" else "<"
    if text[1:] in _STRUCT:
        return struct.unpack(order + _STRUCT[text[1:]], data)[0]
    if text[1:] in ("c8", "c16"):
        return complex(*struct.unpack(order + ("ff" if text[1:] == "c8" else "dd"), data))
    if text[1] == "U":
        codec = "utf-32-be" if order == ">" else "utf-32-le"
        return data.decode(codec, "surrogatepass").rstrip("\0")
    return bytes(data).rstrip(b"\0") if text[1] == "S" else bytes(data)


__all__ = ["Makers", "NdArray"]

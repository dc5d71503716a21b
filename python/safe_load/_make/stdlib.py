"""Values of the standard library. Fixed tables: no name from a file ever chooses what is called here."""

from __future__ import annotations

import argparse
import array
import collections
import collections.abc
import datetime
import decimal
import fractions
import functools
import io
import ipaddress
import operator
import pathlib
import random
import time
import types
import typing
import uuid
import zoneinfo
from typing import Any, Callable

from .._inert import GlobalRef, Pattern, StateRecord, TypeExpr

_BUILTINS = (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, range, set, slice, str)
_CLASSES = (
    collections.OrderedDict,
    collections.defaultdict,
    collections.Counter,
    collections.deque,
    collections.ChainMap,
    collections.UserDict,
    collections.UserList,
    collections.UserString,
    datetime.date,
    datetime.datetime,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    argparse.Namespace,
    types.SimpleNamespace,
    zoneinfo.ZoneInfo,
)
_PATHS = ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
_TYPING = (
    "Any AnyStr Callable ClassVar DefaultDict Deque Dict Final FrozenSet Generator Iterable Iterator List Literal "
    "Mapping MutableMapping NoReturn Optional OrderedDict Sequence Set Tuple Type Union"
).split()
_ABSTRACT = (
    "Callable Collection Container Generator Hashable Iterable Iterator Mapping MutableMapping MutableSequence "
    "MutableSet Sequence Set Sized"
).split()

# Bare symbols that stand for themselves. The key is the exact pair of names.
SYMBOLS: dict[tuple[str, str], Any] = {
    ("builtins", "None"): None,
    ("builtins", "True"): True,
    ("builtins", "False"): False,
    ("builtins", "Ellipsis"): Ellipsis,
    ("builtins", "NotImplemented"): NotImplemented,
    ("builtins", "tuple"): tuple,
    ("builtins", "type"): type,
    **{("builtins", kind.__name__): kind for kind in _BUILTINS},
    **{(kind.__module__, kind.__name__): kind for kind in _CLASSES},
    **{(module, name): getattr(pathlib, name) for name in _PATHS for module in ("pathlib", "pathlib._local")},
    **{("typing", name): getattr(typing, name) for name in _TYPING},
    **{("collections.abc", name): getattr(collections.abc, name) for name in _ABSTRACT},
}

# The factories that an honest defaultdict has, and the only ones that become factories again.
FACTORIES: tuple[type, ...] = (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple)
FACTORIES += (collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque)
FACTORIES += (argparse.Namespace, types.SimpleNamespace, decimal.Decimal, fractions.Fraction)


def _type_expression(origin: Any, parts: Any) -> Any:
    """Optional[int] and the like, where every part is a type of this process; else its text."""
    is_union = isinstance(origin, GlobalRef) and origin.name == "or_"
    if isinstance(origin, GlobalRef) and not is_union or not _are_types(parts, origin is typing.Literal):
        return TypeExpr(origin, parts)
    if is_union:  # functools.reduce(operator.or_, parts)
        return functools.reduce(operator.or_, parts)
    if isinstance(origin, type):
        return types.GenericAlias(origin, parts)
    return origin[parts]


def _are_types(value: Any, may_be_literal: bool) -> bool:
    """typing compiles text where it expects a type; so text is no type here."""
    if isinstance(value, (tuple, list)):
        return all(_are_types(part, may_be_literal) for part in value)
    if isinstance(value, (str, bytes, int)):
        return may_be_literal
    return not isinstance(value, (GlobalRef, TypeExpr))


def _numbers(*args: Any) -> Any:
    if len(args) == 2:  # (type code, numbers)
        return array.array(args[0], "".join(args[1]) if args[0] == "u" else args[1])
    _, code, form, data = args
    return array._array_reconstructor(array.array, code, form, data)  # type: ignore[attr-defined]


# ---- made from whole numbers (the fields) and arguments

_Make = Callable[[tuple[int, ...], tuple[Any, ...]], Any]


def _date_and_time(
    year: int, month: int, day: int, hour: int, minute: int, second: int, microsecond: int, fold: int, zone: Any = None
) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, minute, second, microsecond, zone, fold=fold)


def _time(hour: int, minute: int, second: int, microsecond: int, fold: int, zone: Any = None) -> datetime.time:
    return datetime.time(hour, minute, second, microsecond, zone, fold=fold)


def _record_of(kind: str) -> _Make:
    return lambda fields, args: StateRecord(kind, args, None)


def _made_by(kind: Callable[..., Any]) -> _Make:
    return lambda fields, args: kind(*args)


RECORDS: dict[str, _Make] = {
    "range": lambda fields, args: range(*args),
    "slice": lambda fields, args: slice(*args),
    "datetime.datetime": lambda fields, args: _date_and_time(*fields, *args[1:2]),
    "datetime.date": lambda fields, args: datetime.date(*fields),
    "datetime.time": lambda fields, args: _time(*fields, *args[1:2]),
    "datetime.timedelta": lambda fields, args: datetime.timedelta(*fields),
    "datetime.timezone": lambda fields, args: datetime.timezone(*args),
    "zoneinfo.ZoneInfo": lambda f, args: (zoneinfo.ZoneInfo if args[1] else zoneinfo.ZoneInfo.no_cache)(args[0]),
    "time.struct_time": lambda fields, args: time.struct_time(*args),
    "pathlib.PurePosixPath": lambda fields, args: pathlib.PurePosixPath(*args),
    "pathlib.PureWindowsPath": lambda fields, args: pathlib.PureWindowsPath(*args),
    "decimal.Decimal": lambda fields, args: decimal.Decimal(*args),
    "fractions.Fraction": lambda fields, args: fractions.Fraction(*args),
    "uuid.UUID": lambda fields, args: uuid.UUID(int=args[0], is_safe=uuid.SafeUUID((*args[1:], None)[0])),
    "argparse.Namespace": lambda fields, args: argparse.Namespace(),
    "types.SimpleNamespace": lambda fields, args: types.SimpleNamespace(),
    "array.array": lambda fields, args: _numbers(*args),
    "re.Pattern": lambda fields, args: Pattern(*args),
    "type expression": lambda fields, args: _type_expression(*args),
    "type": lambda fields, args: type(args[0]),
    "torch.Size": lambda fields, args: tuple(fields),
    "torch.device": lambda fields, args: ":".join(str(part) for part in args),
    "torch.layout": lambda fields, args: args[0],
    "torch.memory_format": lambda fields, args: f"torch.{args[1]}",
    "torch.torch_version.TorchVersion": lambda fields, args: args[0],
    **{
        kind: _record_of(kind)
        for kind in ("torch.nn.parameter.UninitializedParameter", "torch.nn.parameter.UninitializedBuffer")
    },
    **{
        f"ipaddress.{kind.__name__}": _made_by(kind)
        for kind in (ipaddress.IPv4Address, ipaddress.IPv4Interface, ipaddress.IPv4Network)
        + (ipaddress.IPv6Address, ipaddress.IPv6Interface, ipaddress.IPv6Network)
    },
}


# ---- made when their state is there


def _stream(stream: Any, state: tuple[Any, ...]) -> Any:
    *content, attributes = state
    stream.__setstate__((*content, None))
    if attributes:
        vars(stream).update(attributes)
    return stream


def _python_random(state: tuple[Any, ...]) -> random.Random:
    generator = random.Random()
    generator.setstate(state)
    return generator


STATEFUL: dict[str, Callable[[tuple[Any, ...], Any], Any]] = {
    "io.BytesIO": lambda args, state: _stream(io.BytesIO(), state),
    "io.StringIO": lambda args, state: _stream(io.StringIO(), state),
    "random.Random": lambda args, state: _python_random(state),
}

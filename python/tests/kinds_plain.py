"""Kinds of value: Python's own types and those of collections."""

from __future__ import annotations

import collections
import collections.abc
import typing

from kind import inert, opaque
from kinds_user import plus_one

Pair = collections.namedtuple("Pair", "a b")


class Tally(typing.NamedTuple):
    count: int = 7


class Options(typing.TypedDict):
    depth: int


def list_in_itself() -> list:
    loop: list = []
    loop.append(loop)
    return loop


def chained_error() -> ValueError:
    error = ValueError("outer")
    error.__cause__ = KeyError("inner")
    error.note = "kept"
    return error


def error_group() -> BaseException:
    return ExceptionGroup("several", [ValueError("one"), KeyError("two")])  # Python 3.11


PYTHON = {
    "none": lambda: None,
    "true": lambda: True,
    "int small": lambda: 5,
    "int 31 bits": lambda: (1 << 31) - 1,
    "int negative": lambda: -7,
    "int 64 bits": lambda: 1 << 45,
    "int 100 bits": lambda: -(1 << 99) - 1,
    "int 3000 bits": lambda: (1 << 2999) + 3,
    "float": lambda: 0.1,
    "float nan": lambda: float("nan"),
    "float inf": lambda: float("-inf"),
    "complex": lambda: complex(-0.0, 2.5),
    "str": lambda: "plain",
    "str empty": lambda: "",
    "str unicode": lambda: "naïve \N{SNOWMAN} \N{GRINNING FACE}",
    "str surrogate": lambda: "a\udc80b",
    "bytes": lambda: b"\x00\x80\xff",
    "bytes empty": lambda: b"",
    "bytes 300": lambda: bytes(range(256)) + b"z" * 44,
    "bytearray": lambda: bytearray(b"\xff\x00"),
    "bytearray empty": lambda: bytearray(),
    "Ellipsis": lambda: Ellipsis,
    "NotImplemented": lambda: NotImplemented,
    "list": lambda: [1, True, 1.0, "one", [None]],
    "list empty": lambda: [],
    "list recursive": list_in_itself,
    "tuple": lambda: (1, (2, (3, ())), "four", 5),
    "tuple empty": lambda: (),
    "dict": lambda: {"z": 1, "a": {"nested": [2]}},
    "dict int keys": lambda: {1: "one", 0: "zero", -1: "minus"},
    "dict tuple keys": lambda: {("layer", 0): 0.5, ("layer", 1): None},
    "dict empty": lambda: {},
    "set": lambda: {1, "two", (3,)},
    "set empty": lambda: set(),
    "frozenset": lambda: frozenset({1, "two", frozenset({3})}),
    "slice": lambda: slice(None, 10, 2),
    "range": lambda: range(10, 0, -3),
    "object": opaque(object, "builtins.object", refused=()),
    "type int": lambda: int,
    "type NoneType": lambda: type(None),
    "type Ellipsis": lambda: type(Ellipsis),
    "function builtin": inert(lambda: len, "GlobalRef builtins.len"),
    "method builtin": inert(lambda: [1].append, "AttrRef .append"),
    "iterator list": opaque(lambda: iter([1, 2]), "builtins.iter"),
    "iterator zip": opaque(lambda: zip([1], "a"), "builtins.zip", "builtins.iter"),
    "exception": opaque(lambda: ValueError("wrong", 3), "builtins.ValueError"),
    "exception oserror": opaque(lambda: OSError(5, "broken", "file.txt"), "builtins.OSError"),
    "exception attributes": opaque(chained_error, "builtins.ValueError"),
    "exception group": opaque(error_group, "builtins.ExceptionGroup", "builtins.ValueError", "builtins.KeyError"),
    "reversed": opaque(lambda: reversed([1, 2]), "builtins.reversed"),
    "enumerate": opaque(lambda: enumerate(["a"], 3), "builtins.enumerate", "builtins.iter"),
}

COLLECTIONS = {
    "OrderedDict": lambda: collections.OrderedDict(z=1, a=[2]),
    "OrderedDict empty": lambda: collections.OrderedDict(),
    "defaultdict none": lambda: collections.defaultdict(None, {"a": 1}),
    "defaultdict list": lambda: collections.defaultdict(list, {"a": [1]}),
    "defaultdict list empty": lambda: collections.defaultdict(list),
    "defaultdict int": lambda: collections.defaultdict(int, {"a": 1}),
    "defaultdict function": inert(
        lambda: collections.defaultdict(plus_one, {"a": 1}), "dict", refused=("kinds_user.plus_one",)
    ),
    "Counter": lambda: collections.Counter("abracadabra"),
    "Counter empty": lambda: collections.Counter(),
    "deque": lambda: collections.deque([1, [2]]),
    "deque empty": lambda: collections.deque(),
    "deque maxlen": lambda: collections.deque("abc", maxlen=3),
    "namedtuple": opaque(lambda: Pair(1, b=[2]), "kinds_plain.Pair"),
    "NamedTuple": opaque(lambda: Tally(8), "kinds_plain.Tally"),
    "TypedDict": lambda: Options(depth=3),
    "ChainMap": lambda: collections.ChainMap({"a": 1}, {"a": 2, "b": 3}),
    "UserDict": lambda: collections.UserDict(a=[1]),
    "UserList": lambda: collections.UserList([1, "b"]),
    "UserString": lambda: collections.UserString("text"),
    "abc Mapping": lambda: collections.abc.Mapping,
}

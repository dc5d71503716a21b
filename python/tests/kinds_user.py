"""Kinds of value: functions, classes and objects of a user's own module, this one."""

from __future__ import annotations

import collections
import dataclasses
import enum
from typing import Any

from kind import inert, opaque


class Color(enum.Enum):
    RED = 1
    NAMED = "blue"


class Level(enum.IntEnum):
    LOW = 10


class Mode(str, enum.Enum):
    TRAIN = "train"


if hasattr(enum, "StrEnum"):  # Python 3.11

    class Phase(enum.StrEnum):
        WARMUP = "warmup"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Bits(enum.IntFlag):
    LOW = 1
    HIGH = 2


def plus_one(value: int = 0) -> int:
    return value + 1


class Plain:
    def __init__(self, value: Any = 3) -> None:
        self.value = value

    def double(self) -> Any:
        return self.value * 2


class Slots:
    __slots__ = ("left", "right")

    def __init__(self) -> None:
        self.left = [1]


class Reduced:
    def __init__(self, *args: Any) -> None:
        self.args = args

    def __reduce__(self) -> Any:
        return Reduced, ("made", 2)


class Stated:
    def __init__(self) -> None:
        self.step = 4

    def __getstate__(self) -> Any:
        return [self.step, "state"]

    def __setstate__(self, state: Any) -> None:
        self.step = state[0]


class KeywordOnly:
    def __new__(cls, *, width: int = 0) -> KeywordOnly:
        made = super().__new__(cls)
        made.width = width
        return made

    def __getnewargs_ex__(self) -> Any:
        return (), {"width": self.width}


class Outer:
    class Inner:
        def __init__(self) -> None:
            self.depth = 2

        def method(self) -> None: ...


@dataclasses.dataclass
class Config:
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)


@dataclasses.dataclass(frozen=True)
class FrozenConfig:
    name: str = "base"


@dataclasses.dataclass(slots=True)
class SlotConfig:
    lr: float = 0.1


class DictChild(dict):
    pass


class ListChild(list):
    pass


class StrChild(str):
    pass


class IntChild(int):
    pass


class FloatChild(float):
    pass


class TupleChild(tuple):
    pass


class SetChild(set):
    pass


class OrderedChild(collections.OrderedDict):
    pass


class OwnError(Exception):
    pass


def own(make: Any, name: str) -> Any:
    return opaque(make, f"kinds_user.{name}")


USER = {
    "function": inert(lambda: plus_one, "GlobalRef kinds_user.plus_one"),
    "class": inert(lambda: Plain, "GlobalRef kinds_user.Plain"),
    "instance": own(lambda: Plain([1, "x"]), "Plain"),
    "instance slots": own(Slots, "Slots"),
    "instance reduce": own(Reduced, "Reduced"),
    "instance setstate": own(Stated, "Stated"),
    "instance keyword new": own(lambda: KeywordOnly(width=3), "KeywordOnly"),
    "nested class": opaque(
        Outer.Inner,
        "kinds_user.Outer.Inner",
        old_refused=("kinds_user.Outer",),
    ),
    "bound method": inert(lambda: Plain(5).double, "AttrRef .double", "Opaque kinds_user.Plain"),
    "class method": inert(
        lambda: Outer.Inner.method,
        "GlobalRef kinds_user.Outer.Inner.method",
        old_forms=("AttrRef .method", "AttrRef .Inner", "GlobalRef kinds_user.Outer"),
    ),
    "dataclass": own(Config, "Config"),
    "dataclass frozen": own(FrozenConfig, "FrozenConfig"),
    "dataclass slots": own(SlotConfig, "SlotConfig"),
    "dict child": own(lambda: DictChild(a=1), "DictChild"),
    "list child": own(lambda: ListChild([1, 2]), "ListChild"),
    "str child": own(lambda: StrChild("text"), "StrChild"),
    "int child": own(lambda: IntChild(9), "IntChild"),
    "float child": own(lambda: FloatChild(0.5), "FloatChild"),
    "tuple child": own(lambda: TupleChild((1, "b")), "TupleChild"),
    "set child": own(lambda: SetChild([1]), "SetChild"),
    "OrderedDict child": own(lambda: OrderedChild(z=1, a=2), "OrderedChild"),
    "exception": own(lambda: OwnError("own", 1), "OwnError"),
}

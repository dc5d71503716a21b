"""Objects of classes that the caller passed, built as unpickling builds them, except that no constructor runs.

How the file makes an object decides:

    NEWOBJ, NEWOBJ_EX          cls.__new__(cls, *args), which is what pickle does
    REDUCE, a call             without __init__, where nothing is lost by that: what the class has of a type of PLAIN
                               makes it; any other call is NotBuilt
    copyreg._reconstructor     the NEWOBJ of protocols 0 and 1, with a type of PLAIN
    a member of an Enum        is looked up in the class

Of the class itself only `__new__`, `__setstate__`, and of a container what adds items is ever run, and these get what
the file has, as in pickle. Attributes are put into `__dict__` and slots, past `__setattr__` and properties.
"""

from __future__ import annotations

import collections
import enum
import types
from typing import Any

from .._errors import printable
from .passed import full_name

# Types whose __new__ and __init__ do no more than put values into a new object.
PLAIN: tuple[type, ...] = (object, dict, list, set, frozenset, tuple, str, bytes, bytearray, int, float, complex)
PLAIN += (collections.OrderedDict, collections.defaultdict, collections.deque, collections.Counter)


class NotBuilt(Exception):
    """An object that cannot be built without a constructor. hint: the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def new_object(cls: type, name: str, how: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An object that has neither state nor items yet. name: of the class in the file."""
    if issubclass(cls, enum.Enum):
        return member_of_value(cls, args)
    if how.startswith("newobj"):
        return cls.__new__(cls, *args, **kwargs)
    if how in ("inst", "obj") and not args and not hasattr(cls, "__getinitargs__"):
        return cls.__new__(cls)
    if args and args[0] is cls:  # a helper of copyreg
        return _reconstructed(cls, *args[1:]) if _is_reconstructed(args) else cls.__new__(cls, *args[1:])
    return _called(cls, name, args)


def _called(cls: type, name: str, args: tuple[Any, ...]) -> Any:
    """What a call of the class gives, without an __init__ of its own."""
    filler = _filler(cls)
    if filler is None or not _is_plain(_owner(cls, "__new__")):
        raise NotBuilt(
            "the file makes it by a call, and classes= runs no constructor",
            f'pass constructors={{"{printable(name)}": {full_name(cls).removeprefix("__main__.")}}}, which runs yours',
        )
    if filler is collections.defaultdict and args and not callable(args[0]):
        args = (None, *args[1:])  # a factory that is inert
    made = cls.__new__(cls, *args)
    filler.__init__(made, *args)
    return made


def _filler(cls: type) -> Any:
    """The type of PLAIN whose __init__ serves, or None.

    A type that says how its objects are pickled made the call itself: what a subclass adds to them is in the state.
    """
    if _is_plain(_owner(cls, "__init__")):
        return _owner(cls, "__init__")
    pickler = _owner(cls, "__reduce__")
    is_own = pickler is object or _owner(cls, "__reduce_ex__") is not object
    return pickler if _is_plain(pickler) and not is_own else None


def _is_reconstructed(args: tuple[Any, ...]) -> bool:
    return len(args) == 3 and any(args[1] is base for base in PLAIN)


def _reconstructed(cls: type, base: Any, value: Any) -> Any:
    # CPython Lib/copyreg.py: _reconstructor
    if base is object:
        return object.__new__(cls)
    made = base.__new__(cls, value)
    if base.__init__ is not object.__init__:
        base.__init__(made, value)
    return made


def _owner(cls: type, name: str) -> Any:
    """The class that an attribute of `cls` comes from."""
    return next((base for base in cls.__mro__ if name in vars(base)), None)


def _is_plain(kind: Any) -> bool:
    return kind in PLAIN or (issubclass(kind, BaseException) and kind.__module__ == "builtins")


# ---- enumerations


def member_of_value(cls: type[enum.Enum], args: tuple[Any, ...]) -> Any:
    """A member by its value; of a Flag also several in one."""
    if len(args) == 1 and issubclass(cls, enum.Flag) and isinstance(args[0], int):
        return cls(args[0])
    for member in cls.__members__.values():
        if len(args) == 1 and member._value_ == args[0]:
            return member
    raise ValueError(f"{cls.__qualname__} has no member of this value")


def joined_members(args: tuple[Any, ...]) -> Any:
    """Of two members of one Flag both in one, as early versions of Python 3.11 spell that; else None."""
    first, *rest = args
    if len(rest) != 1 or not isinstance(first, enum.Flag) or type(rest[0]) is not type(first):
        return None
    return first | rest[0]


# ---- items and state, as pickle sets them


def add_items(target: Any, list_items: list[Any], dict_items: list[Any], set_items: list[Any]) -> None:
    if list_items and hasattr(target, "extend"):
        target.extend(list_items)
    else:
        for item in list_items:
            target.append(item)
    for key, value in zip(dict_items[::2], dict_items[1::2]):
        target[key] = value
    for member in set_items:
        target.add(member)


def set_state(target: Any, state: Any) -> None:
    if hasattr(type(target), "__setstate__"):
        target.__setstate__(state)
        return
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if attributes:
        target.__dict__.update(attributes)
    for name, value in (slots or {}).items():
        slot = next((vars(base)[name] for base in type(target).__mro__ if name in vars(base)), None)
        if isinstance(slot, types.MemberDescriptorType):
            slot.__set__(target, value)
        else:
            target.__dict__[name] = value


__all__ = ["NotBuilt", "add_items", "joined_members", "member_of_value", "new_object", "set_state"]

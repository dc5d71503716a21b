"""What a value gives to pickle: the name of a global, or what makes it and what is added."""

from __future__ import annotations

import _compat_pickle
import copyreg
import dataclasses
import functools
import pickle
import sys
import types
from typing import Any

from views import View, mutable

# Types that have no name to be imported by; pickle writes type(...) of these.
_NAMELESS = {type(None): None, type(...): ..., type(NotImplemented): NotImplemented}


@dataclasses.dataclass
class Reduction:
    """How pickle makes a value. `function` is a class for "newobj" and "newobj_ex"."""

    how: str
    function: Any
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = dataclasses.field(default_factory=dict)
    state: Any = None
    list_items: list[Any] = dataclasses.field(default_factory=list)
    dict_items: dict[Any, Any] = dataclasses.field(default_factory=dict)


def global_name(value: Any, protocol: int) -> tuple[str, str] | None:
    """(module, name) of what pickle saves by name; None for everything else."""
    name = value.__qualname__ if _is_named(value) else _reduced(value, protocol)
    if not isinstance(name, str) or isinstance(value, type) and value in _NAMELESS:
        return None
    if "." in name and protocol < 4:
        return None
    module = pickle.whichmodule(value, name)
    return _through_python_2(module, name) if protocol < 3 else (module, name)


def _is_named(value: Any) -> bool:
    return isinstance(value, (type, types.FunctionType))


def _through_python_2(module: str, name: str) -> tuple[str, str]:
    """Protocol 2 writes the names of Python 2, some of which stand for several of Python 3."""
    old = _compat_pickle.REVERSE_NAME_MAPPING.get((module, name))
    old = old or (_compat_pickle.REVERSE_IMPORT_MAPPING.get(module, module), name)
    new = _compat_pickle.NAME_MAPPING.get(old)
    return new or (_compat_pickle.IMPORT_MAPPING.get(old[0], old[0]), old[1])


def _reduced(value: Any, protocol: int) -> Any:
    by_type = copyreg.dispatch_table.get(type(value))
    return by_type(value) if by_type else value.__reduce_ex__(protocol)


def reduction(value: Any, protocol: int) -> Reduction:
    """What pickle makes of a value that is not saved by name."""
    if isinstance(value, type) and value in _NAMELESS:
        return Reduction("reduce", type, (_NAMELESS[value],))
    if _is_named(value):  # inside a class, which protocols 2 and 3 cannot name
        *outer, name = value.__qualname__.split(".")
        holder = functools.reduce(getattr, outer, sys.modules[value.__module__])
        return Reduction("reduce", getattr, (holder, name))
    function, args, state, list_items, dict_items, *_ = (*_reduced(value, protocol), None, None, None)
    how, kwargs = "reduce", {}
    if getattr(function, "__name__", "") == "__newobj__":
        how, function, args = "newobj", args[0], args[1:]
    elif getattr(function, "__name__", "") == "__newobj_ex__":
        how, (function, args, kwargs) = "newobj_ex", args
    return Reduction(how, function, args, kwargs, state, list(list_items or ()), dict(dict_items or ()))


def view(value: Any, protocol: int) -> View:
    """A value of a class that has no view of its own."""
    name = global_name(value, protocol)
    if name:
        return View({"name": name})
    made = reduction(value, protocol)
    return mutable(value, {"how": made.how}, [(".function", made.function), *made_parts(made)])


def made_parts(made: Any) -> list[tuple[str, Any]]:
    """The parts of a Reduction, or of an Opaque, which has the same."""
    names = ("args", "kwargs", "state", "list_items", "dict_items")
    return [(f".{name}", getattr(made, name)) for name in names]

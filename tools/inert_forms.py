"""The inert forms in which safe_load gives values that it does not make, held against the values themselves.

    form(ours, theirs)              the name of the form, None if ours is not an inert record
    views(ours, theirs, protocol)   what must be equal: all that the value itself gives to pickle
"""

from __future__ import annotations

import collections
import functools
import operator
import pathlib
import re
import types
from typing import Any

import reductions
from reductions import Reduction
from views import View, items, mutable, view

from safe_load import AttrRef, GlobalRef, Opaque, Partial
from safe_load._inert import Pattern, TypeExpr

try:
    import numpy as np
    import torch
except ImportError:
    np = torch = None


def form(ours: Any, theirs: Any) -> str | None:
    kind = type(ours)
    if kind is Opaque:
        return f"Opaque {ours.cls}"
    if kind is GlobalRef:
        return f"GlobalRef {ours.module}.{ours.name}"
    if kind is AttrRef:
        return f"AttrRef .{ours.name}"
    if kind in (Partial, Pattern, TypeExpr):
        return kind.__name__
    if isinstance(theirs, pathlib.Path) and kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath):
        return kind.__name__
    if type(theirs) is collections.defaultdict and kind is dict:
        return "dict"
    if np is not None and type(theirs) is np.memmap and kind is np.ndarray:
        return "numpy.ndarray"
    return None


def views(ours: Any, theirs: Any, protocol: int) -> tuple[View, View]:
    """REQUIRES: form(ours, theirs) is a name."""
    kind = type(ours)
    if kind is GlobalRef:
        return View({"name": (ours.module, ours.name)}), View({"name": reductions.global_name(theirs, protocol)})
    if kind is Pattern:
        return _patterns(ours, theirs)
    if isinstance(ours, pathlib.PurePath):
        return View({"parts": ours.parts}), View({"parts": theirs.parts})
    if kind is dict:
        return mutable(ours, {}, items(ours)), mutable(theirs, {}, items(theirs))
    if np is not None and kind is np.ndarray:
        array = view(theirs.view(np.ndarray), protocol)
        return view(ours, protocol), mutable(theirs, array.own, array.parts)
    made = _reduction(theirs, protocol)
    if made is None:
        return View({"reduced": True}), View({"reduced": False})
    parts = {AttrRef: _attributes, Partial: _partials, TypeExpr: _types, Opaque: _opaques}[kind]
    mine, other = parts(ours, made, protocol)
    return mutable(ours, *mine), mutable(theirs, *other)


def _reduction(value: Any, protocol: int) -> Reduction | None:
    return None if reductions.global_name(value, protocol) else reductions.reduction(value, protocol)


def _patterns(ours: Any, theirs: Any) -> tuple[View, View]:
    other = (theirs.pattern, theirs.flags) if isinstance(theirs, re.Pattern) else None
    return View({"pattern": (ours.pattern, ours.flags)}), View({"pattern": other})


# ---- each gives (own facts, parts) of ours and of the value's reduction


def _attributes(ours: AttrRef, made: Reduction, protocol: int) -> Any:
    target, name = made.args
    mine = {"function": getattr, "name": ours.name}, [(".target", ours.target)]
    return mine, ({"function": made.function, "name": name}, [(".target", target)])


def _partials(ours: Partial, made: Reduction, protocol: int) -> Any:
    parts = [ours.function, ours.args, ours.keywords, ours.attributes]
    function, args, keywords, attributes = made.state
    mine = {"function": functools.partial}, list(zip(".function .args .keywords .attributes".split(), parts))
    theirs = [function, args, keywords or {}, attributes or {}]
    return mine, ({"function": made.function}, list(zip(".function .args .keywords .attributes".split(), theirs)))


def _types(ours: TypeExpr, made: Reduction, protocol: int) -> Any:
    makers = (operator.getitem, types.GenericAlias, functools.reduce)
    mine = {"is a type": True}, [(".origin", ours.origin), (".parts", ours.parts)]
    return mine, ({"is a type": made.function in makers}, list(zip((".origin", ".parts"), made.args)))


def _opaques(ours: Opaque, made: Reduction, protocol: int) -> Any:
    made = _tensor_class(made)
    mine = {"class": ours.cls, "how": ours.how, "set_items": ours.set_items}
    theirs = {"class": _class_name(made.function, protocol), "how": made.how, "set_items": []}
    return (mine, reductions.made_parts(ours)), (theirs, reductions.made_parts(made))


def _class_name(function: Any, protocol: int) -> str:
    name = reductions.global_name(function, protocol)
    return ".".join(name or (function.__module__, function.__qualname__))


def _tensor_class(made: Reduction) -> Reduction:
    """A tensor of an unknown class is a record of that class, made from the tensor inside it.

    torch writes _rebuild_from_type_v2(function, class, args, state). Where function makes a whole tensor, the
    record has that tensor as its only argument; else the arguments are those of the function.
    """
    if torch is None or made.function is not torch._tensor._rebuild_from_type_v2:
        return made
    function, cls, args, state = made.args
    if function is not torch._utils._rebuild_wrapper_subclass:
        args = (function(*args),)
    return Reduction("reduce", cls, args, state=state)

"""Containers of the collections module, to be filled later. A fixed table, as stdlib.py has it for all else."""

from __future__ import annotations

import collections
from typing import Any, Callable

from .._inert import AttrRef, GlobalRef, Opaque, Partial
from .._inert.names import type_text


def _default_dict(factory: Any = None) -> dict[Any, Any]:
    """A factory that is not known here, or that stays inert, is never called: then it is a plain dict."""
    if isinstance(factory, (AttrRef, GlobalRef, Opaque, Partial)):
        return {}
    if factory is not None and not _is_factory(factory):
        raise ValueError(f"a defaultdict of {type_text(factory)}, which makes no empty value")
    return collections.defaultdict(factory)


def _is_factory(value: Any) -> bool:
    from .stdlib import FACTORIES

    return any(value is candidate for candidate in FACTORIES)


RECORDS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "collections.deque": lambda args: collections.deque(maxlen=args[0]),
    "collections.OrderedDict": lambda args: collections.OrderedDict(),
    "collections.Counter": lambda args: collections.Counter(),
    "collections.defaultdict": lambda args: _default_dict(*args),
    "collections.ChainMap": lambda args: collections.ChainMap(),
    "collections.UserDict": lambda args: collections.UserDict(),
    "collections.UserList": lambda args: collections.UserList(),
    "collections.UserString": lambda args: collections.UserString(""),
}

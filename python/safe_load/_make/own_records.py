"""Inert records that a program got from one file and saved into another: they come back as what they were.

Their pickles name classes of this package. None of these is ever called by a name from a file: the table below has
them, and which parts of which type each may have.
"""

from __future__ import annotations

from typing import Any

from .._inert import AttrRef, GlobalRef, Opaque, Partial, Pattern, StateRecord, TensorRecord, TypeExpr, _States

_PARTS: dict[type, dict[str, type | tuple[type, ...]]] = {
    Opaque: {
        "cls": str,
        "how": str,
        "args": tuple,
        "kwargs": dict,
        "state": object,
        "list_items": list,
        "dict_items": dict,
        "set_items": list,
    },
    GlobalRef: {"module": str, "name": str},
    AttrRef: {"target": object, "name": str},
    Partial: {"function": object, "args": tuple, "keywords": dict, "attributes": dict},
    Pattern: {"pattern": (str, bytes), "flags": int},
    TypeExpr: {"origin": object, "parts": object},
    TensorRecord: {"kind": str, "parts": dict},
    StateRecord: {"kind": str, "args": tuple, "state": object},
    _States: {},
}
CLASSES: dict[str, Any] = {f"{kind.__module__}.{kind.__name__}": kind for kind in _PARTS}


def empty(name: str) -> Any:
    return CLASSES[name].__new__(CLASSES[name])


def fill(record: Any, items: list[Any], states: tuple[Any, ...]) -> None:
    """Raises ValueError if these are not the parts of such a record."""
    if isinstance(record, _States):
        record.extend(items)
        return
    wanted = _PARTS[type(record)]
    state = states[0] if states else {}
    parts = state[1] if isinstance(state, tuple) else state
    if parts.keys() != wanted.keys() or not all(isinstance(parts[name], wanted[name]) for name in wanted):
        raise ValueError("parts that such a record does not have")
    for name, part in parts.items():
        object.__setattr__(record, name, part)


__all__ = ["CLASSES", "empty", "fill"]

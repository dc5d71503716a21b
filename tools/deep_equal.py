"""Compares two values with all their parts: types, keys and their order, values, bits, sharing, cycles.

    difference(ours, theirs)                   None, or the first difference as "path: what"
    difference(ours, theirs, forms=set())      inert records may stand for values; the set takes their forms

Each type has a function that gives a View of a value: the facts that must be equal, and the parts that are
compared in turn (views.py, views_numpy.py, views_torch.py; inert_forms.py for what is inert). A type without one is
seen by what its own reduce method gives to pickle. The walk is iterative, so depth and cycles do not matter.
"""

from __future__ import annotations

from typing import Any

import inert_forms
from views import View, view

_PLAIN = (bool, int, str, bytes, type(None))  # equal if they are of one type and ==
_SHOWN = 80


def difference(ours: Any, theirs: Any, *, protocol: int = 2, forms: set[str] | None = None) -> str | None:
    """The first difference, None if there is none.

    protocol: what a value gives to pickle depends on it. forms: takes the form of each inert record of ours that
    holds exactly what theirs gives to pickle; without it, inert records are differences.
    """
    same = _Identities()
    stack = [("$", ours, theirs)]
    while stack:
        path, a, b = stack.pop()
        if type(a) is type(b) and type(b) in _PLAIN:
            if a != b:
                return f"{path}: {shown(a)} instead of {shown(b)}"
            continue
        form = inert_forms.form(a, b)
        if form is None and type(a) is not type(b):
            return f"{path}: {_name(type(a))} instead of {_name(type(b))}"
        if form is None:
            mine, other = view(a, protocol), view(b, protocol)
        elif forms is None:
            return f"{path}: an inert record, {form}"
        else:
            forms.add(form)
            mine, other = inert_forms.views(a, b, protocol)
        if same.was_compared(mine, other):  # a storage is compared once, however many tensors share it
            continue
        found = _own_difference(mine, other) or same.contradict(mine, other)
        if found:
            return f"{path}: {found}"
        parts = [(path + step, x, y) for (step, x), (_, y) in zip(mine.parts, other.parts)]
        stack += reversed(parts)
    return None


def _own_difference(a: View, b: View) -> str | None:
    for name in b.own.keys() | a.own.keys():
        if name not in a.own or name not in b.own or a.own[name] != b.own[name]:
            return f"{name} {shown(a.own.get(name))} instead of {shown(b.own.get(name))}"
    if len(a.parts) != len(b.parts):
        return f"{len(a.parts)} parts instead of {len(b.parts)}"
    for (mine, _), (other, _) in zip(a.parts, b.parts):
        if mine != other:
            return f"part {mine} instead of {other}"
    return None


class _Identities:
    """Which object of ours stands for which of theirs: one for one, and the pairs that are done."""

    def __init__(self) -> None:
        self._ours: dict[Any, Any] = {}
        self._theirs: dict[Any, Any] = {}
        self._done: set[Any] = set()
        self._alive: list[Any] = []  # an id is only taken once while its object lives

    def contradict(self, a: View, b: View) -> str | None:
        if a.identity is None or b.identity is None:
            return None
        if self._ours.setdefault(b.identity, a.identity) != a.identity:
            return "two objects where there was one"
        if a.is_mutable and b.is_mutable and self._theirs.setdefault(a.identity, b.identity) != b.identity:
            return "one object where there were two"
        return None

    def was_compared(self, a: View, b: View) -> bool:
        """Whether the pair has been seen before; now it has."""
        if a.identity is None or b.identity is None:
            return False
        pair = (a.identity, b.identity)
        if pair in self._done:
            return True
        self._done.add(pair)
        self._alive += [a, b]
        return False


def _name(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def shown(value: Any) -> str:
    try:
        return repr(value)[:_SHOWN]
    except Exception as error:  # some tensors cannot be printed
        return f"<{type(value).__name__}: {error}>"[:_SHOWN]

"""Which of some values have a tensor anywhere in them: as src/records/tensor_holders.cc has it."""

from __future__ import annotations

import argparse
import collections
import types
from typing import Any, Callable, Iterable

from .record import Record
from .stand_ins import Partial, StateRecord

_SEQUENCES = (tuple, list, set, frozenset, collections.deque)


WeightTest = Callable[[Any], "bool | None"]
BesideTest = Callable[[Any, Any], bool]


def holders(values: Iterable[Any], is_weight: WeightTest, is_beside: BesideTest) -> set[int]:
    """The id() of each value with a weight in it, and of some of what lies in them.

    is_weight: None for what is no weight, else whether it is one that is asked for. is_beside: of a key and a value
    of a dict, whether to pass it by.

    Down from the values to all that lies in them, and back up from the weights that were met: what is shared is
    walked once.
    """
    met: dict[int, Any] = {}  # holds on to what is made on the way, so that no id is used twice
    parents: dict[int, list[int]] = {}
    reached: list[int] = []
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if id(value) in met:
            continue
        met[id(value)] = value
        test = is_weight(value)
        if test is not None:
            reached += [id(value)] * test
            continue
        for part in _parts(value, is_beside):
            parents.setdefault(id(part), []).append(id(value))
            waiting.append(part)
    found: set[int] = set()
    while reached:
        number = reached.pop()
        if number not in found:
            found.add(number)
            reached += parents.get(number, ())
    return found


def _parts(value: Any, is_beside: BesideTest) -> list[Any]:
    if isinstance(value, dict):
        return [part for key, part in value.items() if not is_beside(key, part)]
    if isinstance(value, _SEQUENCES):
        return list(value)
    if isinstance(value, Record):
        added = (value.list_items, value.dict_items, value.set_items)
        return [*value.args, value.kwargs, value.state, *added]
    if isinstance(value, StateRecord):
        return [*value.args, value.state]
    if isinstance(value, Partial):
        return [*value.args, value.keywords, value.attributes]
    if isinstance(value, (argparse.Namespace, types.SimpleNamespace, collections.UserDict, collections.UserList)):
        return [vars(value)]
    return []


__all__ = ["BesideTest", "WeightTest", "holders"]

"""What stands below the root of a checkpoint: as src/records/root_parts.cc has it, and what a key leads to."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import re
import types
from typing import Any, Iterable

from ._core import MOST_PART_COST
from ._errors import Error
from ._inert import Opaque
from ._inert.content import content_of, value_of
from ._inert.record import Record, attribute_dicts
from ._inert.weights import name_of, pairs_of, text_of_key

MISSING: Any = object()
SEQUENCES = (list, tuple, collections.deque)
_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|\.([^.\[]+)', re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


@dataclasses.dataclass
class Part:
    key: Any
    value: Any


def parts_of(root: Any) -> list[Part]:
    """Items or elements, then attributes under names that no item has."""
    held = content_of(root) if isinstance(root, Opaque) else root
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(held, dict):
        pairs = held.items()
    elif isinstance(held, SEQUENCES):
        pairs = enumerate(held)
    parts = [Part(key, value) for key, value in pairs]
    names = {name_of(part.key) for part in parts}
    attributes = {key: value for key, value in _attributes_of(root).items() if name_of(key) not in names}
    return parts + [Part(key, value) for key, value in attributes.items()]


def _attributes_of(value: Any) -> dict[Any, Any]:
    if isinstance(value, Opaque):
        return value.attributes()
    return vars(value) if isinstance(value, (argparse.Namespace, types.SimpleNamespace)) else {}


def check_cost(parts: list[Part]) -> None:
    """Ends a look at parts that share what lies in them, so that it is there once and looked at for each."""
    cost = 0
    for part in parts:
        given = part.value.args if isinstance(part.value, Record) else ()
        cost += _places_in(part.value)
        if cost <= MOST_PART_COST:
            cost += sum(map(_places_in, given))
        if cost <= MOST_PART_COST and given:
            cost += _places_in(pairs_of(given[0]).get("state"))
        if cost > MOST_PART_COST:
            text = f"too much to look through for weights: {text_of_key(part.key)}; pass a key"
            raise Error(f"safe_load: {text}", code="limit", hint="pass key=")


def _places_in(value: Any) -> int:
    """The places that a look at a value passes by."""
    if not isinstance(value, Record):
        return 1 + (len(value) if isinstance(value, (dict, *SEQUENCES)) else 0)
    held = (value.args, value.list_items, value.dict_items, value.set_items, *attribute_dicts(value))
    return 1 + sum(map(len, held))


def at_key(root: Any, key: str) -> Any:
    """What an object path leads to, or keys joined by dots, which may have dots of their own; else MISSING."""
    if key.startswith("$"):
        return _at_path(root, key)
    value = root
    while value is not MISSING:
        found = _at_step(value, key)
        head, dot, rest = key.partition(".")
        if found is not MISSING or not dot:
            return found
        value, key = _at_step(value, head), rest
    return MISSING


def _at_path(root: Any, path: str) -> Any:
    """An object path, as errors and listings print them."""
    value, at = value_of(root), 1
    while at < len(path) and value is not MISSING:
        step = _STEP.match(path, at)
        if step is None:
            return MISSING
        at = step.end()
        quoted, number, name = step.groups()
        if number is not None:
            value = _at_number(value, int(number))
        elif quoted is not None:
            value = _at_name(value, re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), quoted, flags=re.DOTALL))
        else:
            value = _at_name(value, name)
    return value


def _at_step(value: Any, name: str) -> Any:
    found = _at_name(value, name)
    if found is MISSING and re.fullmatch(r"-?[0-9]{1,19}", name):
        return _at_number(value, int(name))
    return found


def _at_name(value: Any, name: str) -> Any:
    """An item, whose key may be bytes, as those of Python 2 are, or else an attribute."""
    pairs = pairs_of(value)
    spelled = [key for key in (name, name.encode("utf-8", "surrogatepass")) if key in pairs]
    if spelled:
        return value_of(pairs[spelled[0]])
    return value_of(_attributes_of(value).get(name, MISSING))


def _at_number(value: Any, number: int) -> Any:
    held = content_of(value) if isinstance(value, Opaque) else value
    if isinstance(held, SEQUENCES):
        return value_of(held[number]) if 0 <= number < len(held) else MISSING
    pairs = held if isinstance(held, dict) else {}
    return value_of(next((pairs[key] for key in pairs if type(key) is int and key == number), MISSING))


__all__ = ["MISSING", "SEQUENCES", "Part", "at_key", "check_cost", "parts_of"]

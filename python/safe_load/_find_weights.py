"""Where the weights of a checkpoint are: as src/records/find_weights.cc has it, and tests/golden holds the two together."""

from __future__ import annotations

import collections
import dataclasses
import enum
import re
from typing import Any, Iterable

from ._core import SURE_KEYS, USUAL_KEYS
from ._errors import WeightsError, class_text, printable
from ._inert import Opaque
from ._inert.content import content_of, value_of
from ._inert.modules import is_module
from ._inert.tensors import array_types, tensor_types
from ._inert.weights import Kinds, holders_of, is_beside_weights, is_number, is_weight, name_of, pairs_of, text_of_key
from ._root_parts import MISSING, SEQUENCES, Part, at_key, check_cost, parts_of

_LISTED = 12  # keys in a message
_SUGGESTED = 4  # keys of what lies deeper
_MOST_VISITED = 200  # values on the way to it


@dataclasses.dataclass
class FoundWeights:
    """A module, or a dict with tensors of these kinds."""

    holder: Any
    kinds: Kinds


def find_weights(root: Any) -> FoundWeights:
    """Those that can be meant, whatever they are called."""
    if is_module(root):
        return FoundWeights(root, tensor_types())
    for kinds in (tensor_types(), array_types()):
        chosen = _choose(root, kinds)
        if chosen is not MISSING:
            return FoundWeights(chosen, kinds)
    raise _nothing_found(root)


def weights_at(root: Any, keys: Iterable[str]) -> FoundWeights:
    """Those to which the first of the keys that is there leads."""
    keys = list(keys)
    for key in keys:
        value = at_key(root, key)
        if value is MISSING or value is None:
            continue
        if is_module(value):
            return FoundWeights(value, tensor_types())
        for kinds in (tensor_types(), array_types()):
            if _holding_of(value, kinds) is not _Holding.NOTHING:
                return FoundWeights(value, kinds)
        raise WeightsError(f"safe_load: no weights at this key: {printable(key)}", code="mismatch")
    text = ", ".join(f'"{printable(key)}"' for key in keys)
    raise WeightsError(f"safe_load: nothing at this key: {text}; {_keys_of(root)}", code="mismatch")


# ---- what can be meant


class _Holding(enum.IntEnum):
    NOTHING = 0
    NUMBERS = 1
    WEIGHTS = 2


def _holding_of(holder: Any, kinds: Kinds) -> _Holding:
    """What a value is as a dict of tensors."""
    return _holding(pairs_of(holder).values(), kinds)


def _holding(values: Iterable[Any], kinds: Kinds) -> _Holding:
    found = _Holding.NOTHING
    for value in values:
        if is_weight(value, kinds):
            if not is_number(value):
                return _Holding.WEIGHTS
            found = _Holding.NUMBERS
    return found


def _own_holding(root: Any, kinds: Kinds) -> _Holding:
    """What the root's own tensors are; those that are state of the training do not count."""
    pairs = pairs_of(root)
    real = _holding((value for key, value in pairs.items() if not is_beside_weights(key, value)), kinds)
    return real if real is _Holding.WEIGHTS else min(_holding(pairs.values(), kinds), _Holding.NUMBERS)


@dataclasses.dataclass
class _Parts:
    """The parts of the root by what they can be."""

    weights: list[Part]  # dicts of tensors, and modules with some
    numbers: list[Part]  # dicts with nothing but single numbers
    nests: list[Part]  # dicts with tensors further down
    has_more: bool = False  # other values with tensors further down


def _sorted_parts(root: Any, kinds: Kinds) -> _Parts:
    parts = parts_of(root)
    check_cost(parts)
    parts = [Part(part.key, value_of(part.value)) for part in parts if not is_beside_weights(part.key, part.value)]
    check_cost(parts)
    parts = [part for part in parts if not is_weight(part.value, kinds)]
    modules = {id(part.value): part.value for part in parts if is_module(part.value)}
    whole = holders_of(modules.values(), kinds)
    below = holders_of((part.value for part in parts if id(part.value) not in modules), kinds, more_than_numbers=True)
    found = _Parts([], [], [])
    for part in parts:
        number, holding = id(part.value), _holding_of(part.value, kinds)
        if number in whole if number in modules else holding is _Holding.WEIGHTS:
            found.weights.append(part)
        elif number in below and pairs_of(part.value):
            found.nests.append(part)
        elif holding is _Holding.NUMBERS:
            found.numbers.append(part)
        elif number in below and not _is_row(part.value, kinds):
            found.has_more = True
    return found


def _is_row(value: Any, kinds: Kinds) -> bool:
    """A list of tensors or the like, which is kept beside the tensors of the root."""
    items = content_of(value) if isinstance(value, Opaque) else value
    return isinstance(items, (*SEQUENCES, set, frozenset)) and any(is_weight(item, kinds) for item in items)


def _choose(root: Any, kinds: Kinds) -> Any:
    """MISSING if there is no tensor at all."""
    parts, own = _sorted_parts(root, kinds), _own_holding(root, kinds)
    are_numbers = not parts.weights and own is not _Holding.WEIGHTS
    candidates = parts.numbers if are_numbers else parts.weights
    usual = _preferred(candidates, parts.nests)
    if usual is not None:
        return usual.value
    if are_numbers and (parts.has_more or parts.nests):
        raise _nothing_found(root)
    candidates += parts.nests
    if own is _Holding.WEIGHTS or (own is _Holding.NUMBERS and are_numbers):
        candidates.append(Part("$", root))
    if len(candidates) > 1:
        raise _ambiguous(candidates)
    return candidates[0].value if candidates else MISSING


def _preferred(candidates: list[Part], nests: list[Part]) -> Part | None:
    """The candidate that a usual key tells to be meant; None if two have that key (as text and as bytes)."""
    keys = [name_of(part.key) for part in candidates]
    are_usual = {*keys, *(name_of(part.key) for part in nests)} <= set(USUAL_KEYS)
    usual = USUAL_KEYS if are_usual else USUAL_KEYS[:SURE_KEYS]
    first = next((key for key in usual if key in keys), None)
    return candidates[keys.index(first)] if first is not None and keys.count(first) == 1 else None


# ---- messages


def _ambiguous(candidates: list[Part]) -> WeightsError:
    keys = _listed(part.key for part in candidates)
    first = text_of_key(candidates[0].key)
    return WeightsError(
        f'safe_load: more than one could be the weights: {keys}; say which with key=, such as key="{first}"'
        + (' ("$" is all of it, with the others as they are)' if candidates[-1].key == "$" else ""),
        code="ambiguous",
        hint="pass key=",
    )


def _nothing_found(root: Any) -> WeightsError:
    if not parts_of(root):
        kind = class_text(root.cls) if isinstance(root, Opaque) else type(root).__name__
        text = f"no weights: this is a {kind}, neither a dict with items nor a module"
        return WeightsError(f"safe_load: {text}", code="mismatch")
    deeper = ", ".join(f'"{path}"' for path in _deeper(root))
    where = f"dicts of tensors lie deeper; pass the key of one: {deeper}" if deeper else "key= takes the path of another place"
    text = f"no weights at the root or one level below it; {_keys_of(root)}; {where}"
    return WeightsError(f"safe_load: {text}", code="mismatch", hint="pass key=")


def _deeper(root: Any) -> list[str]:
    """Keys that lead to a few of the dicts of tensors and modules further down."""
    found: list[str] = []
    waiting: collections.deque[tuple[Any, str]] = collections.deque([(root, "")])
    for _ in range(_MOST_VISITED):
        if not waiting or len(found) == _SUGGESTED:
            break
        value, path = waiting.popleft()
        if path and (is_module(value) or _holding_of(value, tensor_types()) is _Holding.WEIGHTS):
            found.append(path)
            continue
        for part in parts_of(value)[:_MOST_VISITED]:
            name = name_of(part.key)
            if name is not None and not is_beside_weights(part.key, part.value) and re.fullmatch(r"[\w-]{1,40}", name):
                waiting.append((value_of(part.value), f"{path}.{name}" if path else name))
    return found


def _keys_of(root: Any) -> str:
    return f"the keys are {_listed(part.key for part in parts_of(root)) or 'none'}"


def _listed(keys: Iterable[Any]) -> str:
    names = [f'"{text_of_key(key)}"' for key in keys]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


__all__ = ["FoundWeights", "find_weights", "weights_at"]

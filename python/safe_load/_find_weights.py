"""Where the weights of a checkpoint are: as src/records/find_weights.cc has it, and tests/golden holds the two together."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import enum
import re
import types
from typing import Any, Iterable

from ._core import SURE_KEYS, USUAL_KEYS
from ._errors import WeightsError, class_text, printable
from ._inert import Opaque
from ._inert.content import content_of, value_of
from ._inert.holders import holders
from ._inert.modules import read_module
from ._inert.tensors import array_types, tensor_types
from ._inert.weights import Kinds, is_beside_weights, is_number, is_weight, name_of, pairs_of, text_of_key

_LISTED = 12  # keys in a message
_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|\.([^.\[]+)', re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_MISSING: Any = object()
_SEQUENCES = (list, tuple, collections.deque)


@dataclasses.dataclass
class FoundWeights:
    """A module, or a dict with tensors of these kinds."""

    holder: Any
    kinds: Kinds


def find_weights(root: Any) -> FoundWeights:
    """Those that can be meant, whatever they are called."""
    if read_module(root) is not None:
        return FoundWeights(root, tensor_types())
    for kinds in (tensor_types(), array_types()):
        chosen = _choose(root, kinds)
        if chosen is not _MISSING:
            return FoundWeights(chosen, kinds)
    raise _nothing_found(root)


def weights_at(root: Any, keys: Iterable[str]) -> FoundWeights:
    """Those to which the first of the keys that is there leads."""
    keys = list(keys)
    for key in keys:
        value = _at_path(root, key) if key.startswith("$") else _at_key(root, key)
        if value is _MISSING or value is None:
            continue
        if read_module(value) is not None:
            return FoundWeights(value, tensor_types())
        for kinds in (tensor_types(), array_types()):
            if _holding_of(value, kinds) is not _Holding.NOTHING:
                return FoundWeights(value, kinds)
        raise WeightsError(f"safe_load: no weights at this key: {printable(key)}", code="mismatch")
    text = ", ".join(f'"{printable(key)}"' for key in keys)
    raise WeightsError(f"safe_load: nothing at this key: {text}; {_keys_of(root)}", code="mismatch")


# ---- what can be meant


@dataclasses.dataclass
class _Part:
    """What stands in a value one level down."""

    key: Any
    value: Any


def _parts_of(root: Any) -> list[_Part]:
    held = content_of(root) if isinstance(root, Opaque) else root
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(held, dict):
        pairs = held.items()
    elif isinstance(held, _SEQUENCES):
        pairs = enumerate(held)
    parts = [_Part(key, value_of(value)) for key, value in pairs]
    names = {name_of(part.key) for part in parts}
    attributes = {key: value for key, value in _attributes_of(root).items() if name_of(key) not in names}
    return parts + [_Part(key, value_of(value)) for key, value in attributes.items()]


def _attributes_of(value: Any) -> dict[Any, Any]:
    if isinstance(value, Opaque):
        return value.attributes()
    return vars(value) if isinstance(value, (argparse.Namespace, types.SimpleNamespace)) else {}


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
    real = _holding((value for key, value in pairs.items() if not is_beside_weights(key)), kinds)
    return real if real is _Holding.WEIGHTS else min(_holding(pairs.values(), kinds), _Holding.NUMBERS)


@dataclasses.dataclass
class _Parts:
    """The parts of the root by what they can be."""

    weights: list[_Part]  # dicts of tensors, and modules with some
    numbers: list[_Part]  # dicts with nothing but single numbers
    nests: list[Any]  # containers that may have tensors further down


def _sorted_parts(root: Any, kinds: Kinds) -> _Parts:
    parts = [part for part in _parts_of(root) if not is_beside_weights(part.key) and not is_weight(part.value, kinds)]
    modules = {id(part.value): part.value for part in parts if read_module(part.value) is not None}
    whole = _with_weights(modules.values(), kinds)
    found = _Parts([], [], [])
    for part in parts:
        holding = _holding_of(part.value, kinds)
        if holding is _Holding.WEIGHTS or (id(part.value) in modules and id(part.value) in whole):
            found.weights.append(part)
        elif holding is _Holding.NUMBERS:
            found.numbers.append(part)
        elif _is_nest(part.value, kinds):
            found.nests.append(part.value)
    return found


def _is_nest(value: Any, kinds: Kinds) -> bool:
    """Not a record, and not a row of tensors: those are kept beside the tensors of the root."""
    if pairs_of(value):
        return True
    return isinstance(value, _SEQUENCES) and not any(is_weight(item, kinds) for item in value)


def _with_weights(values: Iterable[Any], kinds: Kinds) -> set[int]:
    return holders(values, lambda value: is_weight(value, kinds))


def _choose(root: Any, kinds: Kinds) -> Any:
    """_MISSING if there is no tensor at all."""
    parts, own = _sorted_parts(root, kinds), _own_holding(root, kinds)
    are_numbers = not parts.weights and own is not _Holding.WEIGHTS
    candidates = parts.numbers if are_numbers else parts.weights
    usual = _preferred(candidates)
    if usual is not None:
        return usual.value
    if not candidates and own is not _Holding.WEIGHTS:
        below = _with_weights(parts.nests, kinds)
        if any(id(value) in below for value in parts.nests):
            raise _nothing_found(root)
    if own is _Holding.WEIGHTS or (own is _Holding.NUMBERS and are_numbers):
        candidates.append(_Part("$", root))
    if len(candidates) > 1:
        raise _ambiguous(candidates)
    return candidates[0].value if candidates else _MISSING


def _preferred(candidates: list[_Part]) -> _Part | None:
    """The candidate that a usual key tells to be meant; None if two have that key (as text and as bytes)."""
    keys = [name_of(part.key) for part in candidates]
    usual = USUAL_KEYS if set(keys) <= set(USUAL_KEYS) else USUAL_KEYS[:SURE_KEYS]
    first = next((key for key in usual if key in keys), None)
    return candidates[keys.index(first)] if first is not None and keys.count(first) == 1 else None


# ---- keys that somebody gives


def _at_key(root: Any, key: str) -> Any:
    """Keys joined by dots; a key may have dots of its own."""
    value = root
    while value is not _MISSING:
        found = _at_step(value, key)
        head, dot, rest = key.partition(".")
        if found is not _MISSING or not dot:
            return found
        value, key = _at_step(value, head), rest
    return _MISSING


def _at_path(root: Any, path: str) -> Any:
    """An object path, as errors and listings print them."""
    value, at = value_of(root), 1
    while at < len(path) and value is not _MISSING:
        step = _STEP.match(path, at)
        if step is None:
            return _MISSING
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
    if found is _MISSING and re.fullmatch(r"-?[0-9]{1,19}", name):
        return _at_number(value, int(name))
    return found


def _at_name(value: Any, name: str) -> Any:
    """An item, whose key may be bytes, as those of Python 2 are, or else an attribute."""
    pairs = pairs_of(value)
    spelled = [key for key in (name, name.encode("utf-8", "surrogatepass")) if key in pairs]
    if spelled:
        return value_of(pairs[spelled[0]])
    return value_of(_attributes_of(value).get(name, _MISSING))


def _at_number(value: Any, number: int) -> Any:
    held = content_of(value) if isinstance(value, Opaque) else value
    if isinstance(held, _SEQUENCES):
        return value_of(held[number]) if 0 <= number < len(held) else _MISSING
    pairs = held if isinstance(held, dict) else {}
    return value_of(next((pairs[key] for key in pairs if type(key) is int and key == number), _MISSING))


# ---- messages


def _ambiguous(candidates: list[_Part]) -> WeightsError:
    keys = _listed(part.key for part in candidates)
    first = text_of_key(candidates[0].key)
    return WeightsError(
        f'safe_load: more than one could be the weights: {keys}; say which with key=, such as key="{first}"'
        + (' ("$" is all of it, with the others as they are)' if candidates[-1].key == "$" else ""),
        code="ambiguous",
        hint="pass key=",
    )


def _nothing_found(root: Any) -> WeightsError:
    if not _parts_of(root):
        kind = class_text(root.cls) if isinstance(root, Opaque) else type(root).__name__
        return WeightsError(f"safe_load: no weights: this is a {kind}, neither a dict with items nor a module", code="mismatch")
    return WeightsError(
        f"safe_load: no weights at the root or one level below it; {_keys_of(root)}; key= takes the path of another place",
        code="mismatch",
        hint="pass key=",
    )


def _keys_of(root: Any) -> str:
    return f"the keys are {_listed(part.key for part in _parts_of(root)) or 'none'}"


def _listed(keys: Iterable[Any]) -> str:
    names = [f'"{text_of_key(key)}"' for key in keys]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


__all__ = ["FoundWeights", "find_weights", "weights_at"]

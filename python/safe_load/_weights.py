"""Chores around weights: finding them in a checkpoint, and taking prefixes off their names."""

from __future__ import annotations

import argparse
import collections
import itertools
import types
from typing import Any, Iterable, Mapping

from ._core import USUAL_KEYS
from ._errors import Error, class_text, printable
from ._inert import Opaque
from ._inert.content import content_of, value_of
from ._inert.modules import module_state, read_module
from ._inert.tensors import array_types, tensor_types
from ._inert.weights import WeightNames, is_weight, name_of

_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel, and of torch.compile
_EXTRA_STATE = "_extra_state"
_LISTED = 12  # keys in a message

StateDict = collections.OrderedDict[str, Any]


def state_dict(obj: Any) -> StateDict:
    """The weights in what safe_load() gave, as a new OrderedDict; the tensors are those of the file.

    obj: a dict with tensors, a record of a whole module (as its own state_dict() gives it), or a dict or object
        that holds one of the two under `state_dict`, `model_state_dict`, `model`, `net`, `module`, `params_ema` or
        `ema`. These keys come first, in this order, then the object itself; a whole module comes before its keys.
        NumPy arrays count as tensors if there are no others.

    What is not a tensor is left out of a dict with tensors, except what torch calls `_extra_state`; no weight is.
    Records of DTensors and of tensors of somebody's class stay records. Raises ValueError if no weights are
    found, and says which keys there are, and Error if two weights have one name, if one has none, or as
    Opaque.state_dict() does. Thread-safe.
    """
    candidates = [*_under_usual_keys(obj), obj]
    if read_module(obj) is not None:
        candidates.insert(0, obj)
    for kinds in (tensor_types(), array_types()):
        for candidate in candidates:
            if read_module(candidate) is not None:
                return module_state(candidate)
            pairs = _pairs_of(candidate)
            if any(is_weight(value, kinds) for value in pairs.values()):
                return _tensors(candidate, pairs, kinds)
    raise ValueError(_nothing_found(obj))


def strip_prefix(state_dict: Mapping[str, Any] | Opaque, prefix: str | Iterable[str] = _PREFIXES) -> StateDict:
    """A new OrderedDict with a prefix taken off the names that begin with it, in the same order.

    state_dict: names to tensors.
    prefix: a prefix with its dot, or several; each is taken off once, in whatever order they stand. Without it
        `module.` of DataParallel and `_orig_mod.` of torch.compile.

    Names without the prefix stay. Raises ValueError if two names become one, and TypeError if state_dict is no
    mapping. Thread-safe.
    """
    prefixes = (prefix,) if isinstance(prefix, str) else tuple(prefix)
    if not isinstance(state_dict, (Mapping, Opaque)):
        raise TypeError(f"state_dict must be a mapping, not {type(state_dict).__name__}")
    found: StateDict = collections.OrderedDict()
    for name, value in state_dict.items():
        stripped = _stripped(name, prefixes)
        if stripped in found:
            raise ValueError(f'without the prefix two names are "{printable(str(stripped))}"')
        found[stripped] = value
    metadata = getattr(state_dict, "_metadata", None)
    if isinstance(metadata, dict):
        # Names of modules, without the dot: of "module" nothing is left, and it comes after the wrapper's "".
        _set_metadata(found, {_stripped(f"{name}.", prefixes)[:-1]: value for name, value in metadata.items()})
    return found


def _under_usual_keys(obj: Any) -> list[Any]:
    """What the usual keys lead to: items, or else attributes."""
    places = [_pairs_of(obj)]
    if isinstance(obj, Opaque):
        places.append(obj.attributes())
    elif isinstance(obj, (argparse.Namespace, types.SimpleNamespace)):
        places.append(vars(obj))
    spellings = [(key, key.encode()) for key in USUAL_KEYS]  # those of Python 2 may be bytes
    held = [[place[name] for place in places for name in names if name in place] for names in spellings]
    return [value_of(values[0]) for values in held if values]


def _pairs_of(value: Any) -> dict[Any, Any]:
    """The items of a dict, or of a record of a subclass of dict."""
    pairs = content_of(value) if isinstance(value, Opaque) else value
    return pairs if isinstance(pairs, dict) else {}


def _tensors(holder: Any, pairs: dict[Any, Any], kinds: tuple[type, ...]) -> StateDict:
    names = WeightNames()
    for key, value in pairs.items():
        name = name_of(key)
        if not is_weight(value, kinds):
            if name is None or not name.endswith(_EXTRA_STATE):
                continue
        elif name is None:
            raise Error("safe_load: a weight whose key is neither text nor a number", code="unsupported")
        names.add(name, value)
    found = names.found
    metadata = getattr(holder, "_metadata", None)
    if isinstance(metadata, dict):
        _set_metadata(found, metadata)
    return found


def _set_metadata(found: StateDict, metadata: dict[Any, Any]) -> None:
    """What load_state_dict() reads the versions of modules from."""
    vars(found)["_metadata"] = collections.OrderedDict(metadata)


def _stripped(name: Any, prefixes: tuple[str, ...]) -> Any:
    """The name without each of the prefixes that it begins with."""
    left = list(prefixes)
    while isinstance(name, str) and (found := next((p for p in left if name.startswith(p)), None)) is not None:
        left.remove(found)
        name = name[len(found) :]
    return name


def _nothing_found(obj: Any) -> str:
    pairs = _pairs_of(obj)
    usual = ", ".join(USUAL_KEYS)
    if not pairs:
        kind = class_text(obj.cls) if isinstance(obj, Opaque) else type(obj).__name__
        return f"no weights: this is a {kind}, neither a dict with items nor a module"
    keys = ", ".join(f'"{printable(str(key))}"' for key in itertools.islice(pairs, _LISTED))
    more = f" and {len(pairs) - _LISTED} more" if len(pairs) > _LISTED else ""
    return f"no weights at the root or under {usual}; the keys are {keys}{more}"


__all__ = ["state_dict", "strip_prefix"]

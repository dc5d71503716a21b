"""Chores around weights: finding them in a checkpoint, and taking prefixes off their names."""

from __future__ import annotations

import collections
import os
from typing import Any, Iterable, Mapping

from ._core import PREFIXES
from ._errors import printable
from ._inert import Opaque
from ._load import safe_load

_ANYWHERE = frozenset(text for text, is_anywhere in PREFIXES if is_anywhere)
_PREFIXES = tuple(text for text, _ in PREFIXES)

StateDict = collections.OrderedDict[str, Any]


def state_dict(obj: Any, *, key: str | Iterable[str] | None = None) -> StateDict:
    """The weights in what safe_load() gave, as a new OrderedDict; the tensors are those of the file.

    obj: what safe_load() gave, or a path (str or PathLike), which is loaded with unknown="opaque".
    key: where the weights are, if obj has more than one dict of tensors: a path, as `$["nets"]["g"]` or as keys
        joined by dots (`nets.g`), and `$` for obj itself; or several, of which the first counts that is there and
        is not None.

    Without a key the weights are a whole module (as its own state_dict() gives it), the one dict of tensors or
    module among the items, attributes or elements of obj, whatever its key, or the tensors of obj itself. Of several
    the one under a usual key counts (`state_dict`, `model`, `params_ema`, `generator`, ...); a dict with nothing but
    single numbers does not beside others, and neither does what belongs to an optimizer or a scheduler. NumPy
    arrays count as tensors if there are no others.

    What holds no tensors is left out of a dict with tensors, except what torch calls `_extra_state`; no weight is.
    Records of tensors of somebody's class, distributed and quantized ones among them, stay records, and containers
    of tensors stay what they are.

    Raises an Error that is a ValueError too if no weights are found, and says which keys there are; if more than one
    could be meant (code "ambiguous"); if two weights have one name, or one has a key that is not a name. Raises Error
    as Opaque.state_dict() and, of a path, as safe_load() does. Thread-safe.
    """
    from ._find_weights import find_weights, weights_at
    from ._inert.modules import is_module, module_state
    from ._inert.weights import WeightNames, add_weights, pairs_of

    if isinstance(obj, (str, os.PathLike)):
        obj = safe_load(obj, unknown="opaque")
    if key is None:
        found = find_weights(obj)
    else:
        found = weights_at(obj, (key,) if isinstance(key, str) else key)
    if is_module(found.holder):
        return module_state(found.holder)
    names = WeightNames()
    add_weights(pairs_of(found.holder), found.kinds, names)
    metadata = getattr(found.holder, "_metadata", None)
    if isinstance(metadata, dict):
        _set_metadata(names.found, metadata)
    return names.found


def strip_prefix(state_dict: Mapping[str, Any] | Opaque, prefix: str | Iterable[str] = _PREFIXES) -> StateDict:
    """A new OrderedDict with a prefix taken off the names that begin with it, in the same order.

    state_dict: names to tensors.
    prefix: a prefix with its dot, or several; each is taken off once, in whatever order they stand. Without it
        `module.` of DataParallel, `_orig_mod.` of torch.compile, `_fsdp_wrapped_module.` of FSDP and
        `_checkpoint_wrapped_module.`. The last three are taken off wherever they stand in a name, for what is wrapped
        may be any part of a module.

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


def _set_metadata(found: StateDict, metadata: dict[Any, Any]) -> None:
    """What load_state_dict() reads the versions of modules from."""
    vars(found)["_metadata"] = collections.OrderedDict(metadata)


def _stripped(name: Any, prefixes: tuple[str, ...]) -> Any:
    """The name without each of the prefixes that it begins with, and without those that may stand anywhere."""
    if not isinstance(name, str):
        return name
    for prefix in _ANYWHERE.intersection(prefixes):
        name = _without_part(name, prefix.removesuffix("."))
    left = list(prefixes)
    while (found := next((p for p in left if p and name.startswith(p)), None)) is not None:
        left.remove(found)
        name = name[len(found) :]
    return name


def _without_part(name: str, part: str) -> str:
    """The last part of a name is never a wrapper's."""
    *wrappers, last = name.split(".")
    return ".".join([*(text for text in wrappers if text != part), last])


__all__ = ["state_dict", "strip_prefix"]

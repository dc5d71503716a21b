"""state_dict() of whole modules and optimizers, from what they were pickled with.

Of modules it is what src/records/modules.cc makes of them, and tests/golden holds the two together.
The order is that of torch.nn.Module.state_dict(): parameters, buffers that persist, then the children.
"""

from __future__ import annotations

import collections
import dataclasses
import sys
from typing import Any, Iterator

from .._errors import Error, WeightsError, class_text, printable
from .record import Record
from .tensors import array_types
from .weights import WeightNames, is_weight, name_of, pairs_of

_SCRIPT = "__torch__."
_CONSTANTS = "CONSTANTS"  # as src/formats/zip_checkpoint.cc adds them
_PARTS = ("_parameters", "_buffers", "_modules")

Part = tuple[Any, Any]  # key, value


@dataclasses.dataclass(frozen=True)
class Module:
    """What is None is in neither."""

    weights: list[Part]
    children: list[Part]


def state_dict(record: Record) -> dict[str, Any]:
    """What Opaque.state_dict() gives."""
    if is_module(record):
        return module_state(record)
    if is_optimizer(record):
        return _optimizer_state(record.attributes())
    raise TypeError(f"{class_text(record.cls)} is neither a module nor an optimizer")


def load_into(record: Record, target: Any, options: dict[str, Any]) -> Any:
    """What Opaque.load_into() gives."""
    load = getattr(target, "load_state_dict", None)
    if not callable(load):
        raise TypeError(f"load_into takes a module or an optimizer, not {type(target).__name__}")
    state = state_dict(record)
    return load(state, **options) if is_module(record) else load(state)


def is_module(value: object) -> bool:
    """A module is told by its parts, not by its name: a dict with the dicts `_parameters`, `_buffers` and `_modules`,
    which are its attributes or, of torch.fx, an argument, or the "state" in the first one (torch_utils.persistence of
    StyleGAN). Of a TorchScript module (`__torch__.*`), whose file does not tell parameters from buffers, each tensor
    among the attributes counts.
    """
    return isinstance(value, Record) and (value.cls.startswith(_SCRIPT) or _attributes_of(value) is not None)


def read_module(value: object) -> Module | None:
    """None for a value that is not a module."""
    if not isinstance(value, Record):
        return None
    if value.cls.startswith(_SCRIPT):
        return _read_script_module(value)
    attributes = _attributes_of(value)
    return None if attributes is None else _read_parts(attributes)


def _attributes_of(value: Record) -> dict[str, Any] | None:
    """The attributes that make it a module."""
    places: list[Any] = [value.attributes(), *map(pairs_of, value.args)]
    if value.args:
        places.insert(2, pairs_of(value.args[0]).get("state"))
    return next((place for place in places if isinstance(place, dict) and _has_parts(place)), None)


def _has_parts(attributes: dict[str, Any]) -> bool:
    return all(isinstance(attributes.get(name), dict) for name in _PARTS)


def _read_script_module(value: Record) -> Module:
    kinds = array_types()
    parts = list(_parts(value.attributes()))
    children = [part for part in parts if isinstance(part[1], Record) and part[1].cls.startswith(_SCRIPT)]
    return Module([part for part in parts if is_weight(part[1], kinds)], children)


def _read_parts(attributes: dict[str, Any]) -> Module:
    parameters, buffers, children = (attributes[name] for name in _PARTS)
    passing = attributes.get("_non_persistent_buffers_set")  # not there before torch 1.5
    passing = passing if isinstance(passing, (set, frozenset, list, tuple)) else ()
    persistent = [part for part in _parts(buffers) if part[0] not in passing]
    return Module([*_parts(parameters), *persistent], list(_parts(children)))


def _parts(values: dict[Any, Any]) -> Iterator[Part]:
    return ((key, value) for key, value in values.items() if value is not None)


def module_state(module: Record) -> collections.OrderedDict[str, Any]:
    """The weights of a module, then those of its children; then the constants of a TorchScript program, if it was
    frozen or has no other weights. REQUIRES: is_module(module)."""
    names = WeightNames()
    _add_tree(module, names)
    if _has_weights_in_constants(module, names):
        kinds = array_types()
        for key, value in pairs_of(module.attributes().get(_CONSTANTS)).items():
            name = name_of(key)
            if name is not None and is_weight(value, kinds):
                names.add(f"{_CONSTANTS}.{name}", _detached(value))
    return names.found


def _has_weights_in_constants(module: Record, names: WeightNames) -> bool:
    """Freezing takes `training` away, which all other modules have, and makes weights constants."""
    return module.cls.startswith(_SCRIPT) and (not names.found or "training" not in module.attributes())


def _add_tree(module: Record, names: WeightNames) -> None:
    modules: dict[int, Module] = {}  # each is read once
    entered: set[int] = set()  # the modules around the one that is read
    waiting: list[tuple[Any, str | None]] = [(module, "")]  # before a module, or without a prefix behind it
    while waiting:
        current, prefix = waiting.pop()
        if prefix is None:
            entered.remove(id(current))
            continue
        if id(current) not in modules:
            modules[id(current)] = _module_at(current, prefix)
        if id(current) in entered:
            raise Error(f"safe_load: a module inside itself: {printable(prefix[:-1])}", code="corrupt")
        entered.add(id(current))
        waiting.append((current, None))
        read = modules[id(current)]
        for name, weight in _named(read.weights, prefix, names):
            names.add(name, _detached(weight))
        waiting += [(child, f"{name}.") for name, child in _named(read.children, prefix, names)][::-1]


def _module_at(child: object, prefix: str) -> Module:
    module = read_module(child)
    if module is None:
        raise Error(
            f"safe_load: a child of a module that is not a module: {printable(prefix[:-1])}",
            code="unsupported",
            hint="attributes() gives the parts of the module",
        )
    return module


def _named(parts: list[Part], prefix: str, names: WeightNames) -> list[Part]:
    named: list[Part] = []
    for key, value in parts:
        name = name_of(key)
        if name is None:
            at = f": {printable(prefix[:-1])}" if prefix else ""
            raise WeightsError(f"safe_load: a part of a module whose key is not a name{at}", code="unsupported")
        names.pay(f"{prefix}{name}")
        named.append((f"{prefix}{name}", value))
    return named


def _detached(tensor: Any) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(tensor, torch.Tensor) or torch.nn.parameter.is_lazy(tensor):
        return tensor
    return tensor.detach()


def is_optimizer(record: Record) -> bool:
    """An optimizer is told by its parts, too."""
    attributes = record.attributes()
    groups = attributes.get("param_groups")
    return (
        isinstance(attributes.get("state"), dict)
        and isinstance(groups, list)
        and all(isinstance(group, dict) and isinstance(group.get("params"), list) for group in groups)
    )


def _optimizer_state(attributes: dict[str, Any]) -> dict[str, Any]:
    numbers: dict[int, int] = {}  # of parameters, by identity
    groups: list[dict[str, Any]] = []
    count = 0
    for group in attributes["param_groups"]:
        for number, parameter in enumerate(group["params"], count):
            numbers.setdefault(id(parameter), number)
        count += len(group["params"])
        plain = {name: value for name, value in group.items() if name != "params"}
        groups.append({**plain, "params": [numbers[id(parameter)] for parameter in group["params"]]})
    state = {_key(key, numbers): value for key, value in attributes["state"].items()}
    return {"state": state, "param_groups": groups}


def _key(key: Any, numbers: dict[int, int]) -> Any:
    if id(key) in numbers:
        return numbers[id(key)]
    if isinstance(key, (str, int)):
        return key
    raise Error("safe_load: an optimizer has state for a parameter that is in none of its groups", code="corrupt")


__all__ = ["Module", "is_module", "is_optimizer", "load_into", "module_state", "read_module", "state_dict"]

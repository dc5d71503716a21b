"""state_dict() of whole modules and optimizers, from what they were pickled with.

A module is told by its parts, not by its name: attributes with the dicts `_parameters`, `_buffers` and `_modules`.
Of a TorchScript module (`__torch__.*`) every tensor among its attributes counts, for only its code tells more.
The order is that of torch.nn.Module.state_dict(): parameters, buffers that persist, then the children.
"""

from __future__ import annotations

import collections
import sys
from typing import Any, Iterator

from .._errors import Error, printable
from .record import Record
from .tensors import array_types

_SCRIPT = "__torch__."
_PARTS = ("_parameters", "_buffers", "_modules")

# Stops a few modules that contain each other twice and twice again, which have more names than memory has bytes.
_LONGEST_NAMES = 1 << 26


def state_dict(record: Record) -> dict[str, Any]:
    """What Opaque.state_dict() gives."""
    if module_attributes(record) is not None:
        return module_state(record)
    if _is_optimizer(record.attributes()):
        return _optimizer_state(record.attributes())
    raise TypeError(f"{printable(record.cls)} is neither a module nor an optimizer")


def module_attributes(value: object) -> dict[str, Any] | None:
    """The attributes of a module, None for any other value. torch.fx hands them to a function as an argument."""
    if not isinstance(value, Record):
        return None
    if value.cls.startswith(_SCRIPT):
        return _script_attributes(value)
    for part in (value.attributes(), *value.args):
        if isinstance(part, dict) and all(isinstance(part.get(name), dict) for name in _PARTS):
            return part
    return None


def _script_attributes(module: Record) -> dict[str, Any]:
    """Of a TorchScript module, whose file does not tell parameters from buffers."""
    attributes = module.attributes()
    children = {
        name: value
        for name, value in attributes.items()
        if isinstance(value, Record) and value.cls.startswith(_SCRIPT)
    }
    tensors = {name: value for name, value in attributes.items() if isinstance(value, array_types())}
    return {"_parameters": tensors, "_buffers": {}, "_modules": children}


def module_state(module: Record) -> collections.OrderedDict[str, Any]:
    """REQUIRES: module_attributes(module) is not None."""
    names = _Names()
    entered: set[int] = set()  # the modules around the one that is read
    waiting: list[tuple[Any, str | None]] = [(module, "")]
    while waiting:
        current, prefix = waiting.pop()
        if prefix is None:
            entered.remove(id(current))
        elif id(current) not in entered:
            entered.add(id(current))
            waiting.append((current, None))
            attributes = _attributes_of(current, prefix)
            for name, tensor in _own_tensors(attributes):
                names.add(f"{prefix}{name}", tensor)
            children = [(child, f"{prefix}{name}.") for name, child in attributes["_modules"].items()]
            waiting += [(child, names.counted(path)) for child, path in reversed(children) if child is not None]
    return names.found


class _Names:
    """The tensors by their names, each name once, and all of them no longer than memory can bear."""

    def __init__(self) -> None:
        self.found: collections.OrderedDict[str, Any] = collections.OrderedDict()
        self._length = 0

    def add(self, name: str, tensor: Any) -> None:
        if name in self.found:
            raise Error(f"safe_load: two tensors of a module are named {printable(name)!r}", code="ambiguous")
        self.found[self.counted(name)] = _detached(tensor)

    def counted(self, name: str) -> str:
        self._length += len(name)
        if self._length > _LONGEST_NAMES:
            raise Error("safe_load: the names of a module are too long or too many for a state_dict", code="limit")
        return name


def _attributes_of(child: object, prefix: str) -> dict[str, Any]:
    attributes = module_attributes(child)
    if attributes is None:
        kind = child.cls if isinstance(child, Record) else type(child).__name__
        raise Error(
            f"safe_load: {printable(prefix[:-1])!r} is no module but {printable(kind)}, which has no names for tensors",
            code="unsupported",
            hint="attributes() gives the parts of the module",
        )
    return attributes


def _own_tensors(attributes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((name, value) for name, value in attributes["_parameters"].items() if value is not None)
    passing = attributes.get("_non_persistent_buffers_set")  # not there before torch 1.5
    for name, value in attributes["_buffers"].items():
        if value is not None and not (isinstance(passing, set) and name in passing):
            yield name, value


def _detached(tensor: Any) -> Any:
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(tensor, torch.Tensor) or torch.nn.parameter.is_lazy(tensor):
        return tensor
    return tensor.detach()


def _is_optimizer(attributes: dict[str, Any]) -> bool:
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


__all__ = ["module_attributes", "module_state", "state_dict"]

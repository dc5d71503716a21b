"""Which values are weights, and what their names are: as src/records/weights.cc has it, and tests/golden holds both."""

from __future__ import annotations

import collections
from typing import Any

from .._core import MOST_NAME_COST, NAME_COST
from .._errors import Error, printable
from .dtensor import is_distributed
from .record import Record
from .stand_ins import StateRecord

_LAZY = ("torch.nn.parameter.UninitializedParameter", "torch.nn.parameter.UninitializedBuffer")


def is_weight(value: Any, kinds: tuple[type[Any], ...]) -> bool:
    """Also the record of a tensor of a class of its own, of a distributed one, and of one without data."""
    if isinstance(value, Record):
        return is_distributed(value) or (len(value.args) == 1 and isinstance(value.args[0], kinds))
    return isinstance(value, kinds) or (isinstance(value, StateRecord) and value.kind in _LAZY)


def name_of(key: Any) -> str | None:
    """Of a key: text as it is, also as bytes, and a whole number of 64 bits as its digits; None for any other."""
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        try:
            return key.decode()
        except UnicodeDecodeError:
            return None
    return str(key) if type(key) is int and -1 << 63 <= key < 1 << 63 else None


class WeightNames:
    """The weights by their names, each name once."""

    def __init__(self) -> None:
        self.found: collections.OrderedDict[str, Any] = collections.OrderedDict()
        self._cost = 0

    def add(self, name: str, weight: Any) -> None:
        if name in self.found:
            raise Error(f"safe_load: two weights of one name: {printable(name)}", code="ambiguous")
        self.found[name] = weight

    def pay(self, name: str) -> None:
        """For a name of a whole module, so that those of modules that share modules end."""
        self._cost += len(name) + NAME_COST
        if self._cost > MOST_NAME_COST:
            raise Error("safe_load: the names of a module are too long or too many", code="limit")


__all__ = ["WeightNames", "is_weight", "name_of"]

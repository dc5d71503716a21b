"""Which values are weights, and what their names are: as src/records/weights.cc has it, and tests/golden holds both."""

from __future__ import annotations

import collections
import math
import sys
from typing import Any, Iterable

from .. import _core
from .._errors import Error, WeightsError, printable
from .content import content_of
from .holders import holders
from .names import GlobalRef
from .record import Record
from .stand_ins import StateRecord, TensorRecord
from .words import short

_LAZY = ("torch.nn.parameter.UninitializedParameter", "torch.nn.parameter.UninitializedBuffer")
_REBUILT = ("torch._utils._rebuild_", "torch._tensor._rebuild_")  # calls by which torch makes a tensor
_PARTS = (".ShardedTensor", ".DTensor")  # what one process has
_EXTRA_STATE = ("_extra_state", "_packed_params.dtype")  # what torch.nn and torch.ao put beside the weights
_MOST_OF_OPTIMIZER = 16  # keys of its state, which torch gives two
_SHOWN = 8  # parts of a tuple

Kinds = tuple[type[Any], ...]


def is_weight(value: Any, kinds: Kinds) -> bool:
    """Also the record of a tensor of a class of its own, of a distributed one, and of one without data."""
    if isinstance(value, Record):
        return _is_tensor_record(value, kinds)
    return isinstance(value, kinds) or (isinstance(value, StateRecord) and value.kind in _LAZY)


def _is_tensor_record(record: Record, kinds: Kinds) -> bool:
    """It is made from tensors or, if its class wraps some, by torch, which is then given that class, a dtype, sizes
    and strides."""
    if record.cls.startswith(_REBUILT) or (record.cls.startswith("torch.distributed.") and record.cls.endswith(_PARTS)):
        return True
    is_wrapper = len(record.args) >= 4 and isinstance(record.args[2], tuple) and isinstance(record.args[3], tuple)
    return (is_wrapper and _is_class_of(record.args[0], record)) or any(isinstance(part, kinds) for part in record.args)


def _is_class_of(value: Any, record: Record) -> bool:
    return isinstance(value, GlobalRef) and _core.printable(_bytes(f"{value.module}.{value.name}")) == record.cls


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def is_number(weight: Any) -> bool:
    """A tensor of one element, or of none."""
    if isinstance(weight, (Record, TensorRecord, StateRecord)):
        return False
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(weight, torch.Tensor):
        if torch.nn.parameter.is_lazy(weight) or weight.layout != torch.strided or weight.is_nested:
            return False
    count: int = math.prod(weight.shape)
    return count <= 1


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


def text_of_key(key: Any) -> str:
    """A key for a message; also one that is no name."""
    name = name_of(key)
    if name is not None:
        return printable(name)
    return f"({', '.join(map(short, key[:_SHOWN]))})" if isinstance(key, tuple) else short(key)


def is_beside_weights(key: Any, value: Any) -> bool:
    """Whether the key leads to state of the training, or to what torch calls the extra state of a module; or the value
    is the state of an optimizer."""
    if isinstance(value, dict) and len(value) <= _MOST_OF_OPTIMIZER and "param_groups" in value and isinstance(value.get("state"), dict):
        return True
    name = name_of(key) or ""
    return is_extra_state(name) or any(word in name for word in _core.TRAINING_WORDS)


def is_extra_state(name: str) -> bool:
    return name.endswith(_EXTRA_STATE)


def pairs_of(value: Any) -> dict[Any, Any]:
    """The items of a dict, or of a record that stands for one; of others none."""
    pairs = content_of(value) if isinstance(value, Record) else value
    return pairs if isinstance(pairs, dict) else {}


def holders_of(values: Iterable[Any], kinds: Kinds, more_than_numbers: bool = False) -> set[int]:
    """The id() of each value with a weight in it that is no state of the training."""

    def test(value: Any) -> bool | None:
        if not is_weight(value, kinds):
            return None
        return not (more_than_numbers and is_number(value))

    return holders(values, test, is_beside_weights)


class WeightNames:
    """The weights by their names, each name once."""

    def __init__(self) -> None:
        self.found: collections.OrderedDict[str, Any] = collections.OrderedDict()
        self._cost = 0

    def add(self, name: str, weight: Any) -> None:
        if name in self.found:
            raise WeightsError(f"safe_load: two weights of one name: {printable(name)}", code="ambiguous")
        self.found[name] = weight

    def pay(self, name: str) -> None:
        """For a name of a whole module, so that those of modules that share modules end."""
        self._cost += len(name) + _core.NAME_COST
        if self._cost > _core.MOST_NAME_COST:
            raise Error("safe_load: the names of a module are too long or too many", code="limit")


def add_weights(pairs: dict[Any, Any], kinds: Kinds, names: WeightNames) -> None:
    """The weights of a dict, what else holds tensors there, and the extra state of modules."""
    others = {
        key: value for key, value in pairs.items() if not is_weight(value, kinds) and not is_beside_weights(key, value)
    }
    with_tensors = holders_of(others.values(), kinds)
    for key, value in pairs.items():
        name = name_of(key)
        is_left_out = id(value) not in with_tensors if key in others else not is_weight(value, kinds)
        if is_left_out and not (name is not None and is_extra_state(name)):
            continue
        if name is None:
            raise WeightsError(
                f"safe_load: a weight whose key is neither text nor a number: {text_of_key(key)}", code="unsupported"
            )
        names.add(name, value)


__all__ = [
    "Kinds",
    "WeightNames",
    "add_weights",
    "holders_of",
    "is_beside_weights",
    "is_number",
    "is_weight",
    "name_of",
    "pairs_of",
    "text_of_key",
]

"""What fix() makes of a value, said by the value itself: by isoformat(), str(), tolist() and their like."""

from __future__ import annotations

import argparse
import array
import collections
import datetime
import decimal
import fractions
import io
import ipaddress
import pathlib
import random
import re
import types
import uuid
import zoneinfo
from typing import Any

import numpy as np
import torch

import safe_load
from safe_load._inert.modules import is_module

_DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
_TEXTS = (decimal.Decimal, fractions.Fraction, uuid.UUID, zoneinfo.ZoneInfo)
_TEXTS += tuple(vars(ipaddress)[f"IPv{n}{kind}"] for n in (4, 6) for kind in ("Address", "Network", "Interface"))


class NoForm(Exception):
    """No rule here says what becomes of it."""


def plain(value: Any, memo: dict[int, Any] | None = None, in_key: bool = False) -> Any:
    """Recursively; what was one object is one object again."""
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)][1]
    made = _container(value, memo, in_key)
    if made is None:
        made = _small(value, memo)
        memo[id(value)] = (value, made)
    return made


def _container(value: Any, memo: dict[int, Any], in_key: bool) -> Any:
    def begin(empty: Any) -> Any:
        memo[id(value)] = (value, empty)
        return empty

    kind = type(value)
    if kind in (list, collections.deque):
        if kind is collections.deque and value.maxlen is not None:
            raise NoForm("maxlen")
        made = begin([])
        made.extend(plain(item, memo) for item in value)
    elif kind in (dict, collections.defaultdict, argparse.Namespace, types.SimpleNamespace):
        made = begin({})
        items = value if isinstance(value, dict) else vars(value)
        made.update({plain(k, memo, True): plain(v, memo) for k, v in items.items()})
    elif kind is collections.OrderedDict:
        made = begin(collections.OrderedDict())
        made.update((plain(k, memo, True), plain(v, memo)) for k, v in value.items())
        vars(made).update(plain(vars(value), memo))
    elif kind is tuple or (kind is frozenset and in_key):
        made = tuple(plain(item, memo, in_key) for item in value)
    elif kind in (set, frozenset):
        made = {plain(item, memo, True) for item in value}
    else:
        return None
    return made


def _small(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if kind is int and not -(2**2039) <= value < 2**2039:
        return hex(value)
    if value is None or kind in (bool, int, float, complex, str, bytes, bytearray, torch.Size, torch.device, torch.dtype):
        return value
    if kind in (torch.layout, torch.qscheme, collections.Counter, torch.storage.TypedStorage):
        return value
    if kind is torch.UntypedStorage:  # so torch.load() gives it back
        return torch.storage.TypedStorage(wrap_storage=value, dtype=torch.uint8, _internal=True)
    if kind in (torch.Tensor, torch.nn.Parameter) and value.layout is not torch.jagged:
        return value
    if isinstance(value, pathlib.PurePath) or kind in (*_TEXTS, type(torch.__version__)):
        return str(value)
    if kind in (datetime.date, datetime.time, datetime.datetime):
        if type(getattr(value, "tzinfo", None)) is zoneinfo.ZoneInfo and not value.fold:
            return {"iso": value.replace(tzinfo=None).isoformat(), "zone": str(value.tzinfo)}
        if getattr(value, "fold", 0) or (getattr(value, "tzinfo", None) and type(value.tzinfo) is not datetime.timezone):
            raise NoForm("zone")
        return value.isoformat()
    if kind is datetime.timedelta:
        return int(value.total_seconds()) if not value.microseconds else value.total_seconds()
    if kind is datetime.timezone:
        text = value.tzname(None)
        return "+00:00" if value is datetime.timezone.utc else text.removeprefix("UTC")
    if kind in (range, slice):
        return (value.start, value.stop, value.step)
    if kind is collections.ChainMap:
        if len(vars(value)) > 1:
            raise NoForm("attributes")
        return plain(value.maps, memo)
    if kind in (collections.UserDict, collections.UserList, collections.UserString):
        if len(vars(value)) > 1:
            raise NoForm("attributes")
        return plain(value.data, memo)
    if kind is array.array and value.typecode != "u":
        size = {"b": torch.int8, "B": torch.uint8, "h": torch.int16, "H": torch.uint16, "i": torch.int32, "f": torch.float32}
        size |= {"l": torch.int64, "q": torch.int64, "L": torch.uint64, "d": torch.float64}
        return torch.tensor(value.tolist(), dtype=size[value.typecode])
    if kind is re.Pattern:
        usual = re.compile("" if isinstance(value.pattern, str) else b"").flags
        return value.pattern if value.flags == usual else {"pattern": value.pattern, "flags": value.flags}
    if kind in (io.BytesIO, io.StringIO):
        if vars(value):
            raise NoForm("attributes")
        return value.getvalue()
    if kind is random.Random:
        return value.getstate()
    if kind is torch.Generator:
        return value.get_state()
    if kind is torch.memory_format:
        return str(value)
    if isinstance(value, torch.nn.Module) or (isinstance(value, safe_load.Opaque) and is_module(value)):
        made = value.state_dict()
        vars(made).clear()
        return made
    return _of_numpy(value, memo)


def _of_numpy(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if value is np.ma.masked:
        return None
    if kind is np.random.Generator:
        return plain(value.bit_generator, memo)
    if isinstance(value, np.random.BitGenerator):
        return plain(value.state, memo)
    if kind is np.random.RandomState:
        return plain(value.get_state(legacy=False), memo)
    if kind is np.random.SeedSequence:
        names = "entropy spawn_key pool_size n_children_spawned pool".split()
        return {name: plain(getattr(value, name), memo) for name in names}
    if isinstance(value, np.dtype) and value.names is None and value.subdtype is None and value.kind != "T":
        return value.str
    if isinstance(value, np.generic) and value.dtype.name in _DTYPES:
        return value.item()
    if kind in (np.str_, np.bytes_):
        return value.item()
    if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray) and value.dtype.name in _DTYPES:
        return _tensor(np.asarray(value))
    if type(value) in (np.ndarray, np.char.chararray) and value.dtype.kind in "USTO":
        if not value.ndim:
            return plain(value.item(), memo)
        return [plain(item, memo) for item in value.tolist()] if value.dtype.kind == "O" else value.tolist()
    if type(value) is np.ndarray and value.dtype.kind in "mM":
        return {"dtype": value.dtype.newbyteorder("<").str, "data": _tensor(value.astype(value.dtype.newbyteorder("=")).view(np.int64))}
    if type(value) is np.ma.MaskedArray and value.dtype.name in _DTYPES:
        fill = None if value._fill_value is None else value._fill_value.item()
        return {"data": _tensor(value.data), "mask": _tensor(np.ma.getmaskarray(value)), "fill_value": fill}
    raise NoForm(kind.__name__)


def _tensor(array: np.ndarray[Any, Any]) -> torch.Tensor:
    dtype = getattr(torch, array.dtype.name)
    if not array.size:
        return torch.empty(array.shape, dtype=dtype)
    return torch.from_numpy(array.astype(array.dtype.name).copy(order="K"))

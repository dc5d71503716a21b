"""Compares two loaded checkpoints: types, keys and their order, values, tensors bit for bit, sharing.

Iterative, so that depth and cycles do not matter. Needs torch; numpy values are compared if it is there.
"""

from __future__ import annotations

import argparse
import collections
import types
from typing import Any

import torch

try:
    import numpy as np
except ImportError:
    np = None


_CONTAINERS = (dict, list, tuple, set, frozenset, collections.deque, argparse.Namespace, types.SimpleNamespace)


def difference(ours: Any, theirs: Any) -> str | None:
    """The first difference, as "path: what"; None if there is none."""
    stack = [("$", ours, theirs)]
    seen: set[tuple[int, int]] = set()
    storages: dict[int, int] = {}  # theirs to ours: the same ones must be shared
    objects: dict[int, int] = {}
    keep = [ours, theirs]  # ids stay meaningful while the objects live
    while stack:
        path, a, b = stack.pop()
        if type(a) is not type(b):
            return f"{path}: {type(a).__name__} instead of {type(b).__name__}"
        found = _leaf(a, b, storages)
        if found:
            return f"{path}: {found}"
        parts = _parts(a, b)
        if parts is None:
            return f"{path}: {_short(a)} instead of {_short(b)}"
        if not parts:
            continue
        keep += [a, b]
        if objects.setdefault(id(b), id(a)) != id(a):
            return f"{path}: two objects where there was one"
        if (id(a), id(b)) in seen:
            continue
        seen.add((id(a), id(b)))
        stack += [(path + step, x, y) for step, x, y in reversed(parts)]
    return None


def _short(value: Any) -> str:
    return repr(value)[:80]


def _leaf(a: Any, b: Any, storages: dict[int, int]) -> str | None:
    """What differs in a and b themselves; their parts are compared later."""
    if isinstance(b, torch.Tensor):
        return _tensor(a, b, storages)
    if np is not None and isinstance(b, (np.ndarray, np.generic)):
        return _array(a, b)
    if isinstance(b, (torch.storage.TypedStorage, torch.UntypedStorage)):
        same = a.dtype == b.dtype if isinstance(b, torch.storage.TypedStorage) else True
        same = same and bytes(_untyped(a)) == bytes(_untyped(b))
        return None if same else "another storage"
    if isinstance(b, _CONTAINERS):
        return None
    # repr tells apart what == does not (0.0 and -0.0), and finds NaN equal.
    return None if repr(a) == repr(b) else f"{_short(a)} instead of {_short(b)}"


def _untyped(storage: Any) -> Any:
    return storage.untyped() if isinstance(storage, torch.storage.TypedStorage) else storage


def _tensor(a: torch.Tensor, b: torch.Tensor, storages: dict[int, int]) -> str | None:
    for name in ("dtype", "shape", "device", "requires_grad", "layout"):
        if getattr(a, name) != getattr(b, name):
            return f"{name} {getattr(a, name)} instead of {getattr(b, name)}"
    if b.is_meta:
        return None if a.stride() == b.stride() else "other strides"
    if a.stride() != b.stride() or a.storage_offset() != b.storage_offset():
        return f"strides {a.stride()} at {a.storage_offset()} instead of {b.stride()} at {b.storage_offset()}"
    if a.is_conj() != b.is_conj() or a.is_neg() != b.is_neg():
        return "another conj or neg bit"
    theirs, ours = b.untyped_storage(), a.untyped_storage()
    if len(theirs) != len(ours):
        return f"a storage of {len(ours)} bytes instead of {len(theirs)}"
    if len(theirs):
        if storages.setdefault(theirs.data_ptr(), ours.data_ptr()) != ours.data_ptr():
            return "storages that are shared in one and not in the other"
        if not torch.equal(_raw(ours), _raw(theirs)):
            return "other bytes"
    return None


def _raw(storage: torch.UntypedStorage) -> torch.Tensor:
    return torch.empty(0, dtype=torch.uint8).set_(storage, 0, (len(storage),), (1,))


def _array(a: Any, b: Any) -> str | None:
    if a.dtype != b.dtype or a.dtype.str != b.dtype.str or np.shape(a) != np.shape(b):
        return f"{a.dtype} {np.shape(a)} instead of {b.dtype} {np.shape(b)}"
    if b.dtype.hasobject:
        return None
    if isinstance(b, np.ndarray) and b.flags.forc and b.size and a.strides != b.strides:
        return "another order of elements in memory"
    return None if a.tobytes() == b.tobytes() else f"{_short(a)} instead of {_short(b)}"


def _parts(a: Any, b: Any) -> list[tuple[str, Any, Any]] | None:
    """Pairs of parts to compare; None if they do not pair."""
    parts: list[tuple[str, Any, Any]] = []
    if isinstance(b, (list, tuple, collections.deque)):
        if len(a) != len(b) or getattr(a, "maxlen", None) != getattr(b, "maxlen", None):
            return None
        parts = [(f"[{i}]", x, y) for i, (x, y) in enumerate(zip(a, b))]
    elif isinstance(b, dict):
        if len(a) != len(b) or getattr(a, "default_factory", None) != getattr(b, "default_factory", None):
            return None
        for i, ((ka, va), (kb, vb)) in enumerate(zip(a.items(), b.items())):
            parts.append((f".__key__[{i}]", ka, kb))
            parts.append((f"[{_short(kb)}]", va, vb))
    elif isinstance(b, (set, frozenset)):
        return parts if a == b else None
    elif np is not None and isinstance(b, np.ndarray) and b.dtype.hasobject:
        parts = [(f"[{i}]", x, y) for i, (x, y) in enumerate(zip(a.reshape(-1).tolist(), b.reshape(-1).tolist()))]
    if isinstance(b, (collections.OrderedDict, argparse.Namespace, types.SimpleNamespace, torch.Tensor)):
        if list(vars(a)) != list(vars(b)):
            return None
        parts += [(f".{name}", vars(a)[name], vars(b)[name]) for name in vars(b)]
    return parts

"""as_torch_load(): safe_load() in the place of torch.load, for libraries that call that themselves."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Iterator

from ._load import safe_load

_lock = threading.Lock()
_depth = 0  # contexts that are entered, in all threads
_originals: tuple[Any, Any] = (None, None)  # torch.load and torch.serialization.load, as they were found


@contextlib.contextmanager
def as_torch_load() -> Iterator[None]:
    """While it is entered, torch.load and torch.serialization.load are safe_load(): nothing in a file is run.

    They take what torch.load takes: f, map_location, pickle_module, weights_only, mmap and encoding, each as
    safe_load() understands it. weights_only=False gives inert records of unknown classes; other arguments of
    pickle are a TypeError. mmap=None reads tensors into memory, so that the file can be overwritten.

    The functions are exchanged for the whole process: all threads see safe_load() from the first enter to the
    last exit, after an exception too. Contexts can be nested, and threads can enter and leave in any order. What
    imported the function itself before (`from torch import load`) keeps it. Raises ImportError without torch.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """torch.load, as safe_load() does it."""
    is_mapped = bool(mmap)  # libraries overwrite the files that they read, which would tear a mapping
    return safe_load(f, map_location, pickle_module, weights_only=weights_only, mmap=is_mapped, **pickle_load_args)


def _enter() -> None:
    global _depth, _originals
    import torch

    with _lock:
        if _depth == 0:
            _originals = (torch.load, torch.serialization.load)
            torch.load = torch.serialization.load = _load
        _depth += 1


def _leave() -> None:
    global _depth, _originals
    import torch

    with _lock:
        _depth -= 1
        if _depth == 0:
            torch.load, torch.serialization.load = _originals
            _originals = (None, None)


__all__ = ["as_torch_load"]

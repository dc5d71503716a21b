"""as_torch_load(): safe_load() in the place of torch.load, for libraries that call that themselves."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Iterator

from ._core import RECORD_CLASSES, Limits
from ._load import Unknown, policy, safe_load
from ._make.passed import Classes, Constructors, checked_constructors, classes_by_name, full_name

# torch adds these to its safe globals itself. They are the records that distributed_tensor() reads.
_RECORDS_OF_TORCH = frozenset(name for name, _, _ in RECORD_CLASSES if name.startswith("torch."))

_lock = threading.Lock()
_entered: list[_Replacement] = []  # of all threads; the last one counts
_originals: tuple[Any, Any] = (None, None)  # torch.load and torch.serialization.load, as they were found


@contextlib.contextmanager
def as_torch_load(
    *,
    classes: Classes = None,
    unknown: Unknown | None = None,
    constructors: Constructors = None,
    limits: Limits | None = None,
) -> Iterator[None]:
    """While it is entered, torch.load and torch.serialization.load are safe_load(): nothing in a file is run.

    They take what torch.load takes: f, map_location, pickle_module, weights_only, mmap and encoding, each as
    safe_load() understands it. weights_only=False gives inert records of unknown classes; other arguments of
    pickle are a TypeError. mmap=None reads tensors into memory, so that the file can be overwritten.

    classes: as in safe_load(). The classes that the process gave to torch.serialization.add_safe_globals() or
        safe_globals() are added at each call, under the names that they have there; functions among them are not.
    unknown: "error" or "opaque" for all calls; None leaves it to the weights_only of each.
    constructors, limits: as in safe_load().

    The functions are exchanged for the whole process: all threads see safe_load() from the first enter to the
    last exit, after an exception too. Contexts can be nested, and threads can enter and leave in any order: the
    arguments that count are those of the context that this thread entered last, or else any thread. What imported
    the function itself before (`from torch import load`) keeps it. Raises ImportError without torch.
    """
    policy(None, True, unknown)  # raises if it is none
    options = {"unknown": unknown, "constructors": checked_constructors(constructors), "limits": limits}
    replacement = _Replacement(classes_by_name(classes), options)
    _enter(replacement)
    try:
        yield
    finally:
        _leave(replacement)


class _Replacement:
    """The arguments of one context, and the thread that entered it."""

    def __init__(self, classes: dict[str, type], options: dict[str, Any]) -> None:
        self.classes = classes
        self.options = options  # further ones of safe_load()
        self.thread = threading.get_ident()


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
    current = _current()
    return safe_load(
        f,
        map_location,
        pickle_module,
        weights_only=weights_only,
        mmap=bool(mmap),  # libraries overwrite the files that they read, which would tear a mapping
        classes={**_allowed_classes(), **current.classes},
        **current.options,
        **pickle_load_args,
    )


def _current() -> _Replacement:
    """That of this thread, or of any; none if somebody kept the function for longer than the context."""
    with _lock:
        own = [entry for entry in _entered if entry.thread == threading.get_ident()]
        return (own or _entered or [_Replacement({}, {})])[-1]


def _allowed_classes() -> dict[str, type]:
    """Those that this process lets torch.load build."""
    import torch

    allowed = (entry if isinstance(entry, tuple) else (entry, None) for entry in torch.serialization.get_safe_globals())
    classes = {str(name or full_name(cls)): cls for cls, name in allowed if isinstance(cls, type)}
    return {name: cls for name, cls in classes.items() if name not in _RECORDS_OF_TORCH}


def _enter(replacement: _Replacement) -> None:
    global _originals
    import torch

    with _lock:
        if not _entered:
            _originals = (torch.load, torch.serialization.load)
            torch.load = torch.serialization.load = _load
        _entered.append(replacement)


def _leave(replacement: _Replacement) -> None:
    global _originals
    import torch

    with _lock:
        _entered.remove(replacement)
        if not _entered:
            torch.load, torch.serialization.load = _originals
            _originals = (None, None)


__all__ = ["as_torch_load"]

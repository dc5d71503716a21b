"""safe_load() and open(): what their arguments mean."""

from __future__ import annotations

import pickle
import warnings
from typing import Any, Callable, Mapping

from . import _core
from ._errors import UnknownGlobal, danger_text, refusal
from ._handle import Handle
from ._make.choose import choose_makers
from ._progress import TerminalLine
from ._source import Source, open_source

_UNSET: Any = object()


def safe_load(
    f: Source,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    device: Any = None,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    unknown: str = _UNSET,
    encoding: str = "utf-8",
    framework: str | None = None,
    constructors: Mapping[str, Callable[..., Any]] | None = None,
    progress: bool | Callable[[int, int, str], None] | None = None,
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Any:
    """Loads a PyTorch checkpoint and runs nothing that is in it: a drop-in for torch.load.

    What it returns has nothing to do with the file any more, unless mmap=True: train on and save over it.

    f: a path (str, bytes or PathLike) of a file, or of the folder or index of a set of files (shards, what
        torch.distributed.checkpoint saves); a binary file object, read from its current position; or bytes
        (bytes, bytearray, memoryview, mmap).
    map_location, device: where tensors go, as in torch.load: a device, a dict, a callable, or None for
        where they were saved from (host memory, with a warning, if that device is not here).
    pickle_module: None or the standard pickle, and not used; anything else is a TypeError.
    weights_only: False means unknown="opaque". No argument makes loading unsafe.
    mmap: True maps the file: while tensors of it are alive, nobody may write to it or cut it, torch.save over
        it included (safe_load.save is safe), or the process dies or reads other numbers. Tensors are then read
        when they are touched; writing to them stays in this process. None and False read them into memory.
    unknown: "error" raises one Error that lists all classes that are not known; "opaque" returns them as
        inert records (Opaque, GlobalRef). Config containers of well-known packages are such records always.
    encoding: what str of Python 2 becomes: "utf-8", "latin1" or "bytes".
    framework: "torch", "numpy" or "none"; None takes torch if it can be imported, else numpy, else none.
    constructors: {"package.Class": callable}: makes objects of these classes by callable(*args, **kwargs),
        then adds items and state as pickle does. Only what is listed here is ever called.
    progress: True for a line on the standard error, if that is a terminal, or a callable(done, total, unit).
    limits: what a file may make the loader do.
    verify: compare every record with its CRC-32.
    byteorder: "little" or "big", for files that do not say.

    Tensors keep their dtype, shape, strides and what they share; writing to them never reaches the file.

    Raises Error, a pickle.UnpicklingError, for anything wrong with the file: one error with every unknown
    class and every damaged value. Raises OSError for trouble with the operating system. Thread-safe; the GIL
    is released while files are read and parsed.
    """
    map_location = _one_location(map_location, device)
    if pickle_module is not None and pickle_module is not pickle:
        raise TypeError("pickle_module: safe_load reads pickles itself; pass None or the standard pickle")
    if unknown is _UNSET:
        unknown = "error" if weights_only or weights_only is None else "opaque"
    if unknown not in ("error", "opaque"):
        raise ValueError('unknown must be "error" or "opaque"')
    line = TerminalLine() if progress is True else None
    report = line if isinstance(progress, bool) else progress
    makers = choose_makers(framework, map_location, constructors, report)
    checkpoint, title = open_source(f, bool(mmap), encoding, limits, verify, byteorder)
    _refuse(checkpoint, title, unknown, makers.constructors)
    makers.require_devices(checkpoint.locations())
    try:
        return checkpoint.build(makers)
    finally:
        if line is not None:
            line.end()


def open(
    f: Source,
    map_location: Any = None,
    *,
    device: Any = None,
    mmap: bool | None = None,
    encoding: str = "utf-8",
    framework: str | None = None,
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Handle:
    """Opens a checkpoint and maps it: while the handle or a tensor of it is alive, nobody may write to the file.

    safe_load.save() over it is safe, torch.save() is not: it writes into the file itself. mmap=False reads
    instead of mapping, and so does None on network file systems. Values and tensors are made when they are
    asked for.

    The arguments are those of safe_load(). Unknown classes are inert records here, and damaged values
    raise only when they are asked for. Raises Error if the file cannot be read as a checkpoint, and
    OSError for trouble with the operating system. Thread-safe, and so is the handle.
    """
    map_location = _one_location(map_location, device)
    makers = choose_makers(framework, map_location, None, None, is_lazy=True)
    checkpoint, title = open_source(f, mmap, encoding, limits, verify, byteorder)
    makers.require_devices(checkpoint.locations())
    return Handle(checkpoint, makers, title)


def _refuse(
    checkpoint: _core.Checkpoint, title: str, unknown: str, constructors: dict[str, Any]
) -> None:
    """Raises one Error with everything that keeps the whole from being built."""
    issues = checkpoint.issues() + checkpoint.check_elements()
    names: list[UnknownGlobal] = []
    if checkpoint.has_unknown_symbols():
        fields = ("name", "count", "path", "offset", "called", "danger")
        names = [
            UnknownGlobal(*(row[field] for field in fields))
            for row in checkpoint.symbols()
            if not (row["is_known"] or row["name"] in constructors)
        ]
    if unknown == "opaque":
        if any(row.danger for row in names):
            warnings.warn(danger_text(title, names), stacklevel=3)  # whoever called safe_load()
        names = []
    if names or issues:
        raise refusal(title, len(checkpoint.tensor_names()), names, issues)


def _one_location(map_location: Any, device: Any) -> Any:
    """The one meant by two names of one argument."""
    if map_location is None or device is None:
        return device if map_location is None else map_location
    if map_location is not device and str(map_location) != str(device):
        raise TypeError("map_location and device are two names of one argument and differ")
    return map_location


__all__ = ["open", "safe_load"]

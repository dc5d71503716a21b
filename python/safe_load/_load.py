"""safe_load() and open(): from what the caller has to an open checkpoint, and to objects."""

from __future__ import annotations

import io
import os
import pickle
import sys
from typing import Any, Callable, Iterator

from . import _core
from ._errors import Error, UnknownGlobal, refusal
from ._makers import Makers

_UNSET: Any = object()
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "latin1": "latin1", "latin-1": "latin1", "bytes": "bytes"}
_ENCODINGS |= {"ascii": "utf-8", "iso-8859-1": "latin1"}


def safe_load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    device: Any = None,
    weights_only: bool = True,
    mmap: bool | None = None,
    unknown: str = _UNSET,
    encoding: str = "utf-8",
    framework: str | None = None,
    constructors: dict[str, Callable[..., Any]] | None = None,
    progress: bool | Callable[[int, int, str], None] | None = None,
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Any:
    """Loads a PyTorch checkpoint and runs nothing that is in it: a drop-in for torch.load.

    f: a path (str, bytes or PathLike), a binary file object, read from its current position, or bytes
        (bytes, bytearray, memoryview, mmap).
    map_location, device: where tensors go, as in torch.load: a device, a dict, a callable, or None for
        where they were saved from (host memory, with a warning, if that device is not here).
    pickle_module: None or the standard pickle, and not used.
    weights_only: False means unknown="opaque". No argument makes loading unsafe.
    mmap: True maps the file, so that tensors are read when they are touched; writes stay in this process.
        False reads tensors into memory. None maps, except on network file systems. A mapped file must
        not be overwritten or cut while tensors are alive.
    unknown: "error" raises one Error that lists all classes that are not known; "opaque" returns them as
        inert records (Opaque, GlobalRef).
    encoding: what str of Python 2 becomes: "utf-8", "latin1" or "bytes".
    framework: "torch", "numpy" or "none"; None takes torch if it can be imported, else numpy, else none.
    constructors: {"package.Class": callable}: makes objects of these classes by callable(*args, **kwargs),
        then adds items and state as pickle does. Only what is listed here is ever called.
    progress: True for a line on a terminal, or a callable(done, total, unit).
    limits: what a file may make the loader do.
    verify: compare every record with its CRC-32.
    byteorder: "little" or "big", for files that do not say.

    Raises Error, a pickle.UnpicklingError, for anything wrong with the file, and OSError for trouble
    with the operating system. Thread-safe; the GIL is released while files are read and parsed.
    """
    if device is not None:
        if map_location is not None and map_location != device:
            raise TypeError("map_location and device are two names of one argument and differ")
        map_location = device
    if pickle_module is not None and pickle_module is not pickle:
        raise TypeError("pickle_module: safe_load reads pickles itself; pass None or the standard pickle")
    if unknown is _UNSET:
        unknown = "error" if weights_only else "opaque"
    if unknown not in ("error", "opaque"):
        raise ValueError('unknown must be "error" or "opaque"')
    makers = _makers(framework, map_location, constructors, progress)
    checkpoint, title = _open(f, mmap, encoding, limits, verify, byteorder)
    _refuse(checkpoint, title, unknown, makers.constructors)
    try:
        return checkpoint.build(makers)
    finally:
        if progress is True:
            _end_line()


def open(
    f: Any,
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
    """Opens a checkpoint without building its values: tensors are made when they are asked for.

    The arguments are those of safe_load(). Unknown classes are inert records here, and damaged values
    raise only when they are asked for.
    """
    if device is not None:
        if map_location is not None and map_location != device:
            raise TypeError("map_location and device are two names of one argument and differ")
        map_location = device
    makers = _makers(framework, map_location, None, None, is_lazy=True)
    checkpoint, title = _open(f, mmap, encoding, limits, verify, byteorder)
    return Handle(checkpoint, makers, title)


class Handle:
    """An open checkpoint. A context manager; what it gave stays valid after it was closed."""

    def __init__(self, checkpoint: _core.Checkpoint, makers: Makers, title: str) -> None:
        self._checkpoint: _core.Checkpoint | None = checkpoint
        self._makers = makers
        self._title = title
        self._names: dict[str, int] | None = None
        self._root: Any = _UNSET

    def _open_checkpoint(self) -> _core.Checkpoint:
        if self._checkpoint is None:
            raise ValueError("the checkpoint is closed")
        return self._checkpoint

    def _numbers(self) -> dict[str, int]:
        checkpoint = self._open_checkpoint()
        if self._names is None:
            self._names = {}
            for name, number in checkpoint.tensor_names():
                self._names.setdefault(name, number)
        return self._names

    def keys(self) -> list[str]:
        """The dotted names of all tensors, in file order."""
        return list(self._numbers())

    def __contains__(self, name: object) -> bool:
        return name in self._numbers()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._numbers())

    def get_tensor(self, name: str) -> Any:
        """One tensor by its dotted name. Tensors that share a storage in the file share it here."""
        numbers = self._numbers()
        if name not in numbers:
            raise KeyError(name)
        return self._open_checkpoint().build(self._makers, numbers[name])

    def get_slice(self, name: str) -> Slice:
        """A tensor that is read only where it is indexed."""
        return Slice(self.get_tensor(name))

    @property
    def root(self) -> Any:
        """The saved object, built when first asked for. Unknown classes are inert records."""
        checkpoint = self._open_checkpoint()
        if self._root is _UNSET:
            self._root = checkpoint.build(self._makers)
        return self._root

    @property
    def metadata(self) -> dict[str, Any]:
        """What the container says about itself."""
        import json

        return json.loads(self._open_checkpoint().to_json(self._title))["container"]

    @property
    def issues(self) -> list[dict[str, Any]]:
        """The values that cannot be built."""
        return self._open_checkpoint().issues()

    def close(self) -> None:
        """Lets go of the file. Further use is a ValueError."""
        self._checkpoint = None
        self._root = _UNSET

    def __enter__(self) -> Handle:
        self._open_checkpoint()
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class Slice:
    """A tensor of a mapped file before it is indexed; as safetensors' get_slice gives it."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def get_shape(self) -> list[int]:
        return list(self._tensor.shape)

    def get_dtype(self) -> str:
        return str(self._tensor.dtype).removeprefix("torch.")

    def __getitem__(self, index: Any) -> Any:
        return self._tensor[index]


def _open(
    f: Any,
    mmap: bool | None,
    encoding: str,
    limits: _core.Limits | None,
    verify: bool,
    byteorder: str | None,
) -> tuple[_core.Checkpoint, str]:
    if encoding.lower() not in _ENCODINGS:
        raise ValueError('encoding must be "utf-8", "latin1" or "bytes"')
    if byteorder not in (None, "little", "big"):
        raise ValueError('byteorder must be "little" or "big"')
    options = (limits or _core.Limits(), mmap, _ENCODINGS[encoding.lower()], byteorder, verify)
    if isinstance(f, (str, os.PathLike)) or (isinstance(f, bytes) and _looks_like_path(f)):
        path = os.fsencode(f)
        return _core.Checkpoint.open_path(path, *options), os.path.basename(os.fsdecode(path))
    if hasattr(f, "read"):
        return _open_stream(f, options)
    try:
        memoryview(f)
    except TypeError:
        raise TypeError(
            f"f must be a path, a binary file object or bytes, not {type(f).__name__}"
        ) from None
    return _core.Checkpoint.open_bytes(f, *options), "the bytes"


def _looks_like_path(f: bytes) -> bool:
    """bytes are a path if a file of that name exists, else the checkpoint itself."""
    return len(f) < 4096 and b"\0" not in f and not f.startswith(b"PK") and os.path.exists(f)


def _open_stream(f: Any, options: tuple[Any, ...]) -> tuple[_core.Checkpoint, str]:
    title = os.path.basename(str(getattr(f, "name", "the stream")))
    if isinstance(f, (io.BufferedReader, io.FileIO, io.BufferedRandom)):
        start = f.tell()
        if isinstance(f, io.BufferedRandom):
            f.flush()
        return _core.Checkpoint.open_descriptor(f.fileno(), start, *options), title
    content = f.read()
    if isinstance(content, str):
        raise TypeError("f is a text file; open it in binary mode")
    return _core.Checkpoint.open_bytes(content, *options), title


def _refuse(
    checkpoint: _core.Checkpoint, title: str, unknown: str, constructors: dict[str, Any]
) -> None:
    """Raises one Error with everything that keeps the whole from being built."""
    issues = checkpoint.issues() + checkpoint.check_elements()
    names: list[UnknownGlobal] = []
    if unknown == "error" and checkpoint.has_unknown_symbols():
        for row in checkpoint.symbols():
            if not row["is_known"] and row["name"] not in constructors:
                names.append(
                    UnknownGlobal(row["name"], row["count"], row["path"], row["offset"], row["called"])
                )
    if names or issues:
        raise refusal(title, len(checkpoint.tensor_names()), names, issues)


def _makers(
    framework: str | None,
    map_location: Any,
    constructors: dict[str, Callable[..., Any]] | None,
    progress: bool | Callable[[int, int, str], None] | None,
    is_lazy: bool = False,
) -> Makers:
    if framework not in (None, "torch", "numpy", "none"):
        raise ValueError('framework must be "torch", "numpy" or "none"')
    report = _print_progress if progress is True else (progress or None)
    if report is _print_progress and not sys.stderr.isatty():
        report = None
    options = {"numpy": _numpy(), "constructors": constructors, "progress": report}
    if framework in (None, "torch"):
        try:
            from ._torch import TorchMakers
        except ImportError:
            if framework == "torch":
                raise
        else:
            return TorchMakers(map_location, is_lazy, **options)
    if map_location is not None and str(map_location) != "cpu":
        raise Error(
            "safe_load: a device other than the CPU needs torch, which cannot be imported here",
            code="device",
            hint='install torch, or pass device="cpu"',
        )
    if framework == "numpy" or (framework is None and options["numpy"] is not None):
        from ._arrays import ArrayMakers

        return ArrayMakers(**options)
    return Makers(**options)


def _numpy() -> Any:
    try:
        from . import _numpy as module
    except ImportError:
        return None
    return module


def _print_progress(done: int, total: int, unit: str) -> None:
    sys.stderr.write(f"\rsafe_load: {done} of {total} {unit}")


def _end_line() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\n")


__all__ = ["Handle", "Slice", "open", "safe_load"]

"""safe_load(), load_all() and open(): what their arguments mean."""

from __future__ import annotations

import builtins
import contextlib
import io
import pickle
from typing import Any, Callable, Iterator, Literal, NamedTuple

from . import _core
from ._errors import Error, UnknownGlobal
from ._handle import Handle
from ._make.choose import choose_makers
from ._make.makers import Makers
from ._make.passed import Classes, Constructors, classes_by_name
from ._progress import TerminalLine
from ._refusal import danger_text, refusal
from ._source import Opened, Source, is_path, open_source
from ._stream import position_of
from ._warn import warn

Unknown = Literal["error", "opaque"]
Framework = Literal["torch", "numpy", "none"]


def safe_load(
    f: Source,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    device: Any = None,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    unknown: Unknown | None = None,
    classes: Classes = None,
    encoding: str = "utf-8",
    framework: Framework | None = None,
    constructors: Constructors = None,
    progress: bool | Callable[[int, int, str], None] | None = None,
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Any:
    """Loads a PyTorch checkpoint and runs nothing that is in it: a drop-in for torch.load.

    What it returns has nothing to do with the file any more, unless mmap=True: train on and save over it.

    f: a path (str, bytes or PathLike) of a file, or of the folder or index of a set of files (shards, what
        torch.distributed.checkpoint saves); a binary file object, read from its current position, which stands
        behind what was read afterwards; or bytes (bytes, bytearray, memoryview, mmap).
    map_location, device: where tensors go, as in torch.load: a device, a dict, a callable, or None for
        where they were saved from (host memory, with a warning, if that device is not here).
    pickle_module: None or the standard pickle, and not used; anything else is a TypeError.
    weights_only: False means unknown="opaque". No argument makes loading unsafe.
    mmap: True maps the file: while tensors of it are alive, nobody may write to it or cut it, torch.save over
        it included (safe_load.save is safe), or the process dies or reads other numbers. Tensors are then read
        when they are touched; writing to them stays in this process. None and False read them into memory.
    unknown: "error" raises one Error that lists all classes that are not known; "opaque" returns them as
        inert records (Opaque, GlobalRef). Config containers of well-known packages are such records always.
    classes: classes of yours, as a list or as {"module.Name": class}, whose objects are built as unpickling builds
        them, but without __init__: cls.__new__(cls, ...), then items and state, which goes to __setstate__ if the
        class has one. Name all of a module: classes=[Net, torch.nn.Linear, torch.nn.ReLU].
    encoding: what str of Python 2 becomes: "utf-8", "latin1" or "bytes".
    framework: "torch", "numpy" or "none"; None takes torch if it can be imported, else numpy, else none.
    constructors: {"package.Class": callable}: makes objects of these classes by callable(*args, **kwargs),
        then adds items and state as pickle does. Only what is listed here and in classes is ever run.
    progress: True for a line on the standard error, if that is a terminal, or a callable(done, total, unit).
    limits: what a file may make the loader do.
    verify: compare every record with its CRC-32.
    byteorder: "little" or "big", for files that do not say.

    Tensors keep their dtype, shape, strides and what they share; writing to them never reaches the file.

    Raises Error, a pickle.UnpicklingError and RuntimeError, for anything wrong with the file: one error with every
    unknown class and every damaged value; at the end of a file object it is an EOFError, too. Raises OSError for
    trouble with the operating system. Thread-safe; the GIL is released while files are read and parsed.
    """
    call = _Call(
        map_location=_one_location(map_location, device),
        unknown=policy(pickle_module, weights_only, unknown),
        classes=classes_by_name(classes),
        framework=framework,
        constructors=constructors,
        progress=progress,
        opening=(bool(mmap), encoding, limits, verify, byteorder),
    )
    value, opened = call.load(f)
    opened.leave()
    if opened.position is None and opened.has_rest() and call.finds_another(opened):
        warn(
            f"safe_load: {opened.title} holds further values behind the first one, which were not read; "
            "safe_load.load_all() gives all of them"
        )
    return value


def load_all(
    f: Source,
    map_location: Any = None,
    *,
    device: Any = None,
    unknown: Unknown = "error",
    classes: Classes = None,
    encoding: str = "utf-8",
    framework: Framework | None = None,
    constructors: Constructors = None,
    limits: _core.Limits | None = None,
    byteorder: str | None = None,
) -> list[Any]:
    """All values of a file into which several were written one behind the other, as a list.

    That is what pickle.dump does with an open file, numpy.save, and torch.save in its old format
    (_use_new_zipfile_serialization=False). Any other file has one value. A file object is read from its current
    position, and stands behind the last value afterwards; safe_load() of a file object reads the next one only.

    The arguments are those of safe_load(). Raises Error and OSError as that does, also for bytes behind a value
    that are none. Thread-safe.
    """
    call = _Call(
        map_location=_one_location(map_location, device),
        unknown=policy(None, True, unknown),
        classes=classes_by_name(classes),
        framework=framework,
        constructors=constructors,
        opening=(False, encoding, limits, False, byteorder),
    )
    if hasattr(f, "read") and position_of(f) is None:
        f = io.BytesIO(f.read())
    value, opened = call.load(f)
    values = [value]
    with _behind(opened) as stream:
        while opened.has_rest():
            try:
                value, opened = call.load(stream)
            except Error as error:
                error.args = (f"{error}; {len(values)} values stand before it",)
                raise
            values.append(value)
            opened.leave()
    return values


def open(
    f: Source,
    map_location: Any = None,
    *,
    device: Any = None,
    mmap: bool | None = None,
    encoding: str = "utf-8",
    framework: Framework | None = None,
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
    makers = choose_makers(framework, map_location, is_lazy=True)
    opened = open_source(f, mmap, encoding, limits, verify, byteorder)
    makers.require_devices(opened.checkpoint.locations())
    return Handle(opened.checkpoint, makers, opened.title)


class _Call(NamedTuple):
    """The arguments of one call, which may read several values."""

    map_location: Any
    unknown: Unknown
    classes: dict[str, type]
    framework: Framework | None
    constructors: Constructors
    opening: tuple[Any, ...]  # what open_source() takes besides f
    progress: bool | Callable[[int, int, str], None] | None = None

    def load(self, f: Source) -> tuple[Any, Opened]:
        """The value that stands in f. A file object may have moved anywhere; it is back where it was after an error."""
        line = TerminalLine() if self.progress is True else None
        makers = choose_makers(
            self.framework,
            self.map_location,
            line if isinstance(self.progress, bool) else self.progress,
            classes=self.classes,
            constructors=self.constructors,
            keeps_records=self.unknown == "opaque",
        )
        opened = open_source(f, *self.opening)
        try:
            self._refuse(opened, makers)
            makers.require_devices(opened.checkpoint.locations())
            return opened.checkpoint.build(makers), opened
        except BaseException:
            opened.go_back()
            raise
        finally:
            if line is not None:
                line.end()

    def _refuse(self, opened: Opened, makers: Makers) -> None:
        """Raises one Error with everything that keeps the whole from being built."""
        checkpoint = opened.checkpoint
        issues = checkpoint.issues() + checkpoint.check_elements()
        names: list[UnknownGlobal] = []
        if checkpoint.has_unknown_symbols():
            fields = ("name", "count", "path", "offset", "called", "danger")
            rows = (row for row in checkpoint.symbols() if not row["is_known"])
            rows = (row for row in rows if not makers.knows(row["name"], row["called"]))
            names = [UnknownGlobal(*(row[field] for field in fields)) for row in rows]
        if self.unknown == "opaque":
            if any(row.danger for row in names):
                warn(danger_text(opened.title, names))
            names = []
        if names or issues:
            raise refusal(opened.title, len(checkpoint.tensor_names()), names, issues, opened.written(), self.classes)

    def finds_another(self, opened: Opened) -> bool:
        """Whether a value stands behind this one; that of a stream, which is read to its end, nobody can tell."""
        if hasattr(opened.f, "read"):
            return True
        try:
            with _behind(opened) as stream:
                open_source(stream, *self.opening)
        except (Error, OSError):
            return False
        return True


@contextlib.contextmanager
def _behind(opened: Opened) -> Iterator[Any]:
    """What was read, as a file object that stands behind the value. REQUIRES: it is no pipe."""
    if opened.position is not None:
        opened.leave()
        yield opened.f
    elif not is_path(opened.f):
        content = io.BytesIO(opened.f)
        content.seek(opened.checkpoint.end())
        yield content
    elif not opened.has_rest():
        yield None
    else:
        with builtins.open(opened.f, "rb") as file:
            file.seek(opened.checkpoint.end())
            yield file


def policy(pickle_module: Any, weights_only: bool | None, unknown: Unknown | None) -> Unknown:
    """What to do about unknown classes."""
    if pickle_module is not None and pickle_module is not pickle:
        raise TypeError("pickle_module: safe_load reads pickles itself; pass None or the standard pickle")
    if unknown is None:
        return "error" if weights_only or weights_only is None else "opaque"
    if unknown not in ("error", "opaque"):
        raise ValueError('unknown must be "error" or "opaque"')
    return unknown


def _one_location(map_location: Any, device: Any) -> Any:
    """The one meant by two names of one argument."""
    if map_location is None or device is None:
        return device if map_location is None else map_location
    if map_location is not device and str(map_location) != str(device):
        raise TypeError("map_location and device are two names of one argument and differ")
    return map_location


__all__ = ["Framework", "Unknown", "load_all", "open", "policy", "safe_load"]

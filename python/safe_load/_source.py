"""Where a checkpoint comes from: a path, a stream or bytes."""

from __future__ import annotations

import io
import os
import stat
from typing import Any, NamedTuple, Protocol, TypeGuard

from . import _core
from ._errors import EmptyError, Error, from_issue, printable
from ._stream import as_stream, is_compressed, position_of

_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "latin1": "latin1", "latin-1": "latin1", "bytes": "bytes"}
_ENCODINGS |= {"ascii": "utf-8", "iso-8859-1": "latin1"}

_LARGEST_PATH = 4096
_LONGEST_WRITTEN = 60
_SEQUENTIAL = ("pickle", "legacy", "npy")  # files that end behind a value, wherever that is
_FILES = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class Reader(Protocol):
    """The least that a stream can be: a text file is none."""

    def read(self) -> bytes: ...


Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Source = Path | Reader | bytearray | memoryview
Options = tuple[_core.Limits, "bool | None", str, "str | None", bool]


class Opened(NamedTuple):
    """An open checkpoint. f: what it was opened from. position: where a file object stood that can be moved."""

    checkpoint: _core.Checkpoint
    f: Any
    position: int | None

    @property
    def title(self) -> str:
        """What messages call it."""
        return _title(self.f)

    def has_rest(self) -> bool:
        """Whether bytes follow a value behind which another one could stand."""
        info = self.checkpoint.container()
        return info["format"] in _SEQUENTIAL and self.checkpoint.end() < info["file_size"]

    def written(self) -> str:
        """How the caller would write the file in a call."""
        path = printable(os.fsdecode(self.f), _LONGEST_WRITTEN) if is_path(self.f) else ""
        return f'"{path}"' if path and '"' not in path and not path.endswith("...") else "f"

    def go_back(self) -> None:
        """Moves a file object to where it stood."""
        if self.position is not None:
            self.f.seek(self.position)

    def leave(self) -> None:
        """Moves a file object behind what was read, as torch.load does."""
        if self.position is not None and (self.has_rest() or not is_compressed(self.f)):
            self.f.seek(self.position + self.checkpoint.end())


def open_source(
    f: Source,
    mmap: bool | None,
    encoding: str,
    limits: _core.Limits | None,
    verify: bool,
    byteorder: str | None,
) -> Opened:
    """The checkpoint that stands in f, of a file object where that stands. What cannot be opened does not move it."""
    codec = _ENCODINGS.get(encoding.lower()) if isinstance(encoding, str) else None
    if codec is None:
        raise ValueError('encoding must be "utf-8", "latin1" or "bytes"')
    if byteorder not in (None, "little", "big"):
        raise ValueError('byteorder must be "little" or "big"')
    if not (limits is None or isinstance(limits, _core.Limits)):
        raise TypeError(f"limits must be a Limits, not {type(limits).__name__}")
    options = (limits or _core.Limits(), None if mmap is None else bool(mmap), codec, byteorder, bool(verify))
    position = None if is_path(f) else position_of(f)
    try:
        return Opened(_open(f, options), f, position)
    except Error as error:
        issue = error.issues[0]
    if position is not None:
        f.seek(position)  # type: ignore[union-attr]
    title = _title(f)
    raise _at_position(from_issue(issue, title, EmptyError if _is_empty(f, position) else Error), title, position)


def _is_empty(f: Any, position: int | None) -> bool:
    """Whether there was nothing to read."""
    if is_path(f):
        return os.path.isfile(f) and os.path.getsize(f) == 0
    if position is None:
        return not hasattr(f, "read") and memoryview(f).nbytes == 0
    is_at_end = not f.read(1)
    f.seek(position)
    return is_at_end


def _at_position(error: Exception, title: str, position: int | None) -> Exception:
    """The same error, which says where a file object stood that was read before."""
    if not position or not isinstance(error, Error):
        return error
    text = f"{error} (read from byte {position} on, where the file object stood; seek(0) goes to its start)"
    if isinstance(error, EmptyError):
        text = f"safe_load: {title}: the file object stands at its end, after {position} bytes: nothing is left to read"
    error.args = (text,)
    return error


def is_path(f: Source) -> TypeGuard[Path]:
    """bytes are a path if a file of that name exists, else the checkpoint itself."""
    if not isinstance(f, bytes):
        return isinstance(f, (str, os.PathLike))
    return len(f) < _LARGEST_PATH and b"\0" not in f and not f.startswith(b"PK") and os.path.exists(f)


def _title(f: Any) -> str:
    if is_path(f):
        return printable(os.path.basename(os.path.normpath(os.fsdecode(f))))
    if not hasattr(f, "read"):
        return "the bytes"
    name = getattr(f, "name", None)
    return printable(os.path.basename(name)) if isinstance(name, str) else "the stream"


def _open(f: Any, options: Options) -> _core.Checkpoint:
    if is_path(f):
        if b"\0" in os.fsencode(f):
            raise ValueError("embedded null byte in the path")
        try:
            return _core.Checkpoint.open_path(os.fsencode(f), *options)
        except OSError as error:
            raise of_file(f, error) from None
    if hasattr(f, "read"):
        return _open_stream(f, options)
    try:
        memoryview(f)
    except TypeError:
        kind = type(f).__name__
        raise TypeError(f"f must be a path, a binary file object or bytes, not {kind}") from None
    return _core.Checkpoint.open_bytes(f, *options)


def of_file(path: Any, error: OSError) -> OSError:
    """The same trouble, as Python would raise it for this path, or for the file of the set that it names."""
    if error.errno is None:
        return error
    if error.filename is None:
        return OSError(error.errno, error.strerror, os.fspath(path))
    folder = os.fsdecode(path) if os.path.isdir(path) else os.path.dirname(os.fsdecode(path))
    return OSError(error.errno, error.strerror, os.path.join(folder, error.filename))


def _open_stream(f: Any, options: Options) -> _core.Checkpoint:
    if isinstance(f, io.TextIOBase):
        raise TypeError("f is a text file; open it in binary mode")
    if is_plain_file(f):
        if isinstance(f, io.BufferedRandom):
            f.flush()
        return _core.Checkpoint.open_descriptor(f.fileno(), f.tell(), *options)
    stream = as_stream(f)
    if stream is not None:
        return _core.Checkpoint.open_stream(stream, stream.size, *options)
    content = f.read()
    if isinstance(content, str):
        raise TypeError("f gives text; open it in binary mode")
    return _core.Checkpoint.open_bytes(content, *options)


def is_plain_file(f: Any) -> bool:
    """Whether what f reads is what lies in a file: not a pipe, and not a member of an archive."""
    if type(f) not in _FILES or type(getattr(f, "raw", f)) is not io.FileIO:
        return False
    return f.readable() and stat.S_ISREG(os.fstat(f.fileno()).st_mode)


__all__ = ["Opened", "Source", "is_path", "is_plain_file", "of_file", "open_source"]

"""Where a checkpoint comes from: a path, a stream or bytes."""

from __future__ import annotations

import io
import os
import stat
from typing import Any, Protocol, TypeGuard

from . import _core
from ._errors import Error, from_issue, printable
from ._stream import as_stream

_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "latin1": "latin1", "latin-1": "latin1", "bytes": "bytes"}
_ENCODINGS |= {"ascii": "utf-8", "iso-8859-1": "latin1"}

_LARGEST_PATH = 4096
_FILES = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class Reader(Protocol):
    """The least that a stream can be: a text file is none."""

    def read(self) -> bytes: ...


Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Source = Path | Reader | bytearray | memoryview
Options = tuple[_core.Limits, "bool | None", str, "str | None", bool]


def open_source(
    f: Source,
    mmap: bool | None,
    encoding: str,
    limits: _core.Limits | None,
    verify: bool,
    byteorder: str | None,
) -> tuple[_core.Checkpoint, str]:
    """The open checkpoint, and what messages call it."""
    codec = _ENCODINGS.get(encoding.lower()) if isinstance(encoding, str) else None
    if codec is None:
        raise ValueError('encoding must be "utf-8", "latin1" or "bytes"')
    if byteorder not in (None, "little", "big"):
        raise ValueError('byteorder must be "little" or "big"')
    if not (limits is None or isinstance(limits, _core.Limits)):
        raise TypeError(f"limits must be a Limits, not {type(limits).__name__}")
    title = _title(f)
    options = (limits or _core.Limits(), None if mmap is None else bool(mmap), codec, byteorder, bool(verify))
    try:
        return _open(f, options), title
    except Error as error:
        raise from_issue(error.issues[0], title) from None


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


__all__ = ["Source", "is_path", "is_plain_file", "of_file", "open_source"]

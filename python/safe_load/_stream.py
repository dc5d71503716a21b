"""Streams of Python that are read where it is needed, and not as a whole."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any

# To go back in these is to begin again. There are none before their modules were imported.
_COMPRESSED = (("gzip", "GzipFile"), ("bz2", "BZ2File"), ("lzma", "LZMAFile"), ("zipfile", "ZipExtFile"))
_SMALL = 64 << 10  # bytes; less is read at once


class Stream:
    """What follows the position of a binary stream. Thread-safe; each read puts the position back where it was.

    size: bytes.
    """

    def __init__(self, f: Any) -> None:
        self._f = f
        self._lock = threading.Lock()
        self._start = f.tell()
        f.seek(0, io.SEEK_END)
        self.size = max(f.tell() - self._start, 0)
        f.seek(self._start)

    def read_at(self, offset: int, size: int) -> bytes:
        """So many bytes, or fewer if the stream ends before."""
        pieces = []
        with self._lock:
            place = self._f.tell()
            self._f.seek(self._start + offset)
            try:
                while size > 0 and (piece := self._f.read(size)):
                    if isinstance(piece, str):
                        raise TypeError("f gives text; open it in binary mode")
                    pieces.append(bytes(piece))
                    size -= len(piece)
            finally:
                self._f.seek(place)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def is_compressed(f: Any) -> bool:
    """Whether to go back in it is to decompress it again."""
    classes = (getattr(sys.modules.get(module), name, None) for module, name in _COMPRESSED)
    return any(cls is not None and isinstance(f, cls) for cls in classes)


def position_of(f: Any) -> int | None:
    """Where a file object stands that can be moved; None for all else."""
    if not (hasattr(f, "read") and hasattr(f, "seek") and hasattr(f, "tell")):
        return None
    if hasattr(f, "seekable") and not f.seekable():
        return None
    position: int = f.tell()
    return position


def as_stream(f: Any) -> Stream | None:
    """None if it costs less to read it as a whole, or if there is no other way."""
    if is_compressed(f) or position_of(f) is None:
        return None
    stream = Stream(f)
    return stream if stream.size > _SMALL else None


__all__ = ["Stream", "as_stream", "is_compressed", "position_of"]

"""Torch zip files around pickles that no torch would write."""

from __future__ import annotations

import io
import struct
import zipfile

from assembler import call, symbol, text

__all__ = ["call", "forge", "storage", "symbol", "tensor", "text"]


def forge(pickle: bytes, storages: dict[str, bytes] | None = None, **records: bytes) -> bytes:
    """The bytes of a checkpoint with this data.pkl, these storages, and records such as byteorder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle)
        for key, content in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", content)
        for name, content in records.items():
            archive.writestr(f"archive/{name}", content)
        archive.writestr("archive/version", b"3\n")
    return stream.getvalue()


def storage(key: str, count: int, kind: str = "FloatStorage", location: str = "cpu") -> bytes:
    parts = text("storage") + symbol("torch", kind) + text(key) + text(location)
    return b"(" + parts + b"J" + struct.pack("<i", count) + b"tQ"


def tensor(key: str, count: int, kind: str = "FloatStorage", location: str = "cpu") -> bytes:
    """A 1-D tensor over a whole storage."""
    size = b"J" + struct.pack("<i", count)
    return call(
        "torch._utils", "_rebuild_tensor_v2", storage(key, count, kind, location), b"K\x00", size + b"\x85",
        b"K\x01\x85", b"\x89", symbol("collections", "OrderedDict") + b")R",
    )  # fmt: skip

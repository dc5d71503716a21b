"""Bytes for the attacks: pickles opcode by opcode, zip, tar and legacy files in which every field can lie.

Nothing here calls pickle, torch or numpy: a case is the same on every machine.
"""

from __future__ import annotations

import binascii
import dataclasses
import io
import struct
import tarfile
import zlib

# os.getcwd(): harmless, and as a name as bad as os.system.
PAYLOAD = b"cos\ngetcwd\n)R"
MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"


def pickle_of(body: bytes, protocol: int = 2) -> bytes:
    """A pickle of this protocol; below 2 nothing announces it."""
    return (bytes([0x80, protocol]) if protocol >= 2 else b"") + body + b"."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def symbol(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def call(module: str, name: str, *arguments: bytes) -> bytes:
    return symbol(module, name) + b"(" + b"".join(arguments) + b"tR"


def tensor(key: str = "0", numel: int = 2, sizes: bytes = b"(K\x02t", strides: bytes = b"(K\x01t") -> bytes:
    """_rebuild_tensor_v2 of a float32 storage."""
    persistent = b"(" + text("storage") + symbol("torch", "FloatStorage") + text(key) + text("cpu")
    persistent += b"J" + struct.pack("<i", numel) + b"tQ"
    hooks = call("collections", "OrderedDict")
    return call("torch._utils", "_rebuild_tensor_v2", persistent, b"K\x00", sizes, strides, b"\x89", hooks)


def state_dict(value: bytes = b"") -> bytes:
    """{"weight": tensor, "extra": value}"""
    items = text("weight") + tensor() + (text("extra") + value if value else b"")
    return pickle_of(b"}(" + items + b"u")


@dataclasses.dataclass
class Entry:
    """A zip entry; what is None is honest."""

    name: str
    data: bytes
    local_name: str | None = None
    flags: int = 0
    crc: int | None = None
    deflate: bool = False
    offset: int | None = None  # in the directory
    gap: bytes = b""  # in front of the local header
    extra: bytes = b""  # in the directory


def zip_of(entries: list[Entry], tail: bytes = b"", with_directory: bool = True) -> bytes:
    out, directory = zip_parts(entries)
    return out + directory + zip_end(len(entries), len(directory), len(out)) + tail if with_directory else out


def zip_end(entries: int, size: int, offset: int) -> bytes:
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, size, offset, 0)


def zip64_record(entries: int, size: int, offset: int) -> bytes:
    return struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, entries, entries, size, offset)


def zip64_locator(offset: int) -> bytes:
    return struct.pack("<IIQI", 0x07064B50, 0, offset, 1)


def zip_parts(entries: list[Entry]) -> tuple[bytes, bytes]:
    """The records, and the directory."""
    out = b""
    directory = b""
    for entry in entries:
        out += entry.gap
        offset = len(out) if entry.offset is None else entry.offset
        crc = binascii.crc32(entry.data) if entry.crc is None else entry.crc
        stored = entry.data
        if entry.deflate:
            compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
            stored = compressor.compress(entry.data) + compressor.flush()
        name = (entry.local_name or entry.name).encode()
        method = 8 if entry.deflate else 0
        sizes = struct.pack("<III", crc, len(stored), len(entry.data))
        out += struct.pack("<IHHHHH", 0x04034B50, 20, entry.flags, method, 0, 0) + sizes
        out += struct.pack("<HH", len(name), 0) + name + stored
        name = entry.name.encode()
        directory += struct.pack("<IHHHHHH", 0x02014B50, 20, 20, entry.flags, method, 0, 0) + sizes
        lengths = struct.pack("<HHHHHII", len(name), len(entry.extra), 0, 0, 0, 0, offset)
        directory += lengths + name + entry.extra
    return out, directory


def checkpoint_entries(data: bytes | None = None) -> list[Entry]:
    return [
        Entry("archive/data.pkl", state_dict() if data is None else data),
        Entry("archive/byteorder", b"little"),
        Entry("archive/data/0", struct.pack("<2f", 1, 2)),
        Entry("archive/version", b"3\n"),
    ]


def checkpoint(data: bytes | None = None, more: list[Entry] | None = None, tail: bytes = b"") -> bytes:
    """What torch.save writes, with this data.pkl and these records besides."""
    return zip_of(checkpoint_entries(data) + (more or []), tail)


def legacy(streams: dict[int, bytes] | None = None, tail: bytes = b"") -> bytes:
    """What torch.save wrote until 1.5, with some of its five pickles replaced."""
    persistent = b"(" + text("storage") + symbol("torch", "FloatStorage") + text("0") + text("cpu")
    persistent += b"K\x02NtQ"
    value = call("torch._utils", "_rebuild_tensor_v2", persistent, b"K\x00", b"(K\x02t", b"(K\x01t", b"\x89",
                 call("collections", "OrderedDict"))
    machine = b"}(" + text("protocol_version") + b"M\xe9\x03" + text("little_endian") + b"\x88u"
    honest = [
        pickle_of(MAGIC),
        pickle_of(b"M\xe9\x03"),
        pickle_of(machine),
        pickle_of(value),
        pickle_of(b"](" + text("0") + b"e"),
    ]
    parts = [(streams or {}).get(i, part) for i, part in enumerate(honest)]
    return b"".join(parts) + struct.pack("<q2f", 2, 1, 2) + tail


def tar_of(members: dict[str, bytes], more: list[tuple[str, bytes, bytes]] = []) -> bytes:
    """`more`: further members, with their type."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data, kind in [(*item, tarfile.REGTYPE) for item in members.items()] + more:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.type = kind
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def safetensors(header: bytes, data: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def npy(descr: str, shape: tuple[int, ...], data: bytes) -> bytes:
    return npy_of(repr(descr), shape, data)


def npy_of(descr: str, shape: tuple[int, ...], data: bytes) -> bytes:
    """`descr` as it stands in the header."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def tensor_of_integers(requires_grad: bytes) -> bytes:
    persistent = b"(" + text("storage") + symbol("torch", "IntStorage") + text("0") + text("cpu") + b"J" + struct.pack("<i", 2) + b"tQ"
    hooks = call("collections", "OrderedDict")
    return call("torch._utils", "_rebuild_tensor_v2", persistent, b"K\x00", b"(K\x02t", b"(K\x01t", requires_grad, hooks)

"""Files that two programs take for two things: each looks for its own marks alone, and these stand at different places."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zlib
from typing import Iterator

from assembler import PAYLOAD, Entry, checkpoint, checkpoint_entries, npy_of, safetensors, state_dict, tar_of, text, zip_of
from case import CLEAN, EVIL, Case

BLOCK = 512  # of tar


def tar_header(first: bytes, size: int, stated: bytes = b"%06o\0 ", kind: bytes = b"0") -> bytes:
    """A header whose name begins with `first`. `stated` is how its checksum is written, in 8 bytes."""
    block = bytearray(BLOCK)
    block[: len(first)] = first
    block[100:108] = b"0000644\0"
    block[124:136] = b"%011o\0" % size
    block[156:157] = kind
    block[257:265] = b"ustar\00000"
    block[148:156] = b" " * 8
    block[148:156] = (stated % sum(block)).ljust(8, b"\0")
    return bytes(block)


def tar_named(first: bytes, content: bytes) -> bytes:
    return tar_header(first, len(content)) + content.ljust(-(-len(content) // BLOCK) * BLOCK, b"\0") + bytes(2 * BLOCK)


def pickle_with_tar(stated: bytes) -> bytes:
    """A pickle of bytes that is a tar to torch, where `stated` is a number to Python."""
    members = tar_of({"storages": EVIL, "tensors": EVIL, "pickle": EVIL})
    size = 2 * BLOCK + len(members)
    block = bytearray(tar_header(b"\x80\x03B" + struct.pack("<I", size - 8), 0))
    block[257:265] = bytes(8)
    block[148:156] = b" " * 8
    block[148:156] = (stated % sum(block)).ljust(8, b"\0")
    return bytes(block) + members + bytes(BLOCK - 1) + b"."


def polyglots() -> Iterator[Case]:
    tar = tar_of({"da": CLEAN})
    yield Case("C06", "tar-and-flatbuffer.tar", tar_named(b"da\0\0PTMF", CLEAN), "UNKNOWN", "SL-C06", tar)
    packed = gzip.compress(EVIL, mtime=0)
    yield Case("C06", "tar-and-gzip.joblib", tar_named(packed[:10], CLEAN), "UNKNOWN", "SL-C06", gzip.compress(CLEAN, mtime=0))
    old = b"ZF" + hex(len(EVIL)).encode().ljust(19) + zlib.compress(EVIL)  # joblib before 0.10
    yield Case("C06", "tar-and-old-joblib.joblib", tar_named(old, CLEAN), "UNKNOWN", "SL-C06", tar)
    yield Case("C06", "tar-and-array.npy", tar_named(b"\x93NUMPY\x01\0", CLEAN), "UNKNOWN", "SL-C06", tar)
    agent = b'{":type:": "x", "a": "'
    yield Case("C06", "tar-and-json.zip", zip_of([Entry("data", tar_named(agent, CLEAN))]), "UNKNOWN", "SL-C06", zip_of([Entry("data", tar)]))
    header = b'{"a": "' + b" " * BLOCK + b'"}'
    tensors = tar_named(struct.pack("<Q", 1000) + header[:90], bytes(BLOCK))
    yield Case("C06", "tar-and-safetensors.safetensors", tensors, "INCOMPLETE", "SL-C06", safetensors(b"{}", b""))
    for name, stated in {"separator": b"\x1c%06o", "minus": b"-%06o", "letter": b"0o%05o", "line": b"0_%05o"}.items():
        yield Case("C06", f"pickle-and-tar-{name}.pkl", pickle_with_tar(stated), "INCOMPLETE", "SL-C06", CLEAN)

    # torch looks for the end of a zip file farther from the end of the file than others, Python's zipfile one byte.
    for distance in (65536, 69500):
        far = CLEAN[:-1] + b"0B" + struct.pack("<I", len(checkpoint(EVIL)) + distance - 2) + checkpoint(EVIL) + bytes(distance - 2) + b"0N."
        yield Case("C06", f"zip-before-{distance}-bytes.pkl", far, "DANGEROUS", "SL-C06", CLEAN)

    # A mark farther in hides none at the beginning.
    objects = npy_of("'|O'", (1,), b"")
    filled = b"\x80\x03B" + struct.pack("<I", BLOCK - len(objects) - 7 + 8) + b" " * (BLOCK - len(objects) - 7) + b"\x89HDF\r\n\x1a\n0"
    arrays = {name: zip_of([Entry("a.npy", objects + filled + value + b".")]) for name, value in (("evil", PAYLOAD), ("clean", b"]Na"))}
    yield Case("C06", "array-and-hdf5.npz", arrays["evil"], "DANGEROUS", "SL-G01", arrays["clean"])

    before = 2 + 5 + 7  # the heads of zlib, of a stored block and of the bytes
    magic = b"\x80\x02B" + struct.pack("<I", BLOCK - before + 8) + b" " * (BLOCK - before) + b"\x89HDF\r\n\x1a\n0"
    packed = [zip_of([Entry("b.pkl", CLEAN), Entry("a.pkl.z", zlib.compress(magic + value + b".", 0))]) for value in (PAYLOAD, b"}")]
    yield Case("C05", "zlib-and-hdf5.zip", packed[0], "DANGEROUS", "SL-G01", packed[1])

    # Extensions of tar: Python reads on in the padding, puts any prefix in front, and makes devices.
    honest = tar_of({"model.pkl": CLEAN})
    records, more = b"20 comment=whatever\n", b"12 size=1024\n"
    extended = tar_header(b"x", len(records), kind=b"x") + (records + more).ljust(BLOCK, b"\0")
    yield Case("C09", "tar-padding.tar", extended + honest, "INCOMPLETE", "", tar_header(b"x", len(records), kind=b"x") + records.ljust(BLOCK, b"\0") + honest)
    yield Case("R12", "tar-device.tar", tar_of({"model.pkl": CLEAN}, [("model.pkl", b"", tarfile.CHRTYPE)]), "UNKNOWN", "SL-R12", honest)
    prefixed = bytearray(tar_named(b"model.pkl", CLEAN))
    prefixed[345:346], prefixed[257:265] = b"x", b"ustar  \0"
    prefixed[148:156] = b" " * 8
    prefixed[148:156] = b"%06o\0 " % sum(prefixed[:BLOCK])
    yield Case("C09", "tar-prefix.tar", bytes(prefixed), "INCOMPLETE", "", honest)

    # What miniz takes for a folder, of which it reads nothing; and a pax record at which Python stops.
    folder = bytearray(checkpoint())
    folder[folder.index(b"PK\1\2") + 38] = 0x10
    yield Case("C09", "folder-of-dos.pt", bytes(folder), "INCOMPLETE", "", checkpoint())
    records = b"6 =ab\n9 size=0\n"
    yield Case("C09", "tar-record-without-a-key.tar", tar_header(b"x", len(records), kind=b"x") + records.ljust(BLOCK, b"\0") + honest, "INCOMPLETE", "", honest)

    # Stable-Baselines3 loads each .pth of an archive, also one that is the record of a storage.
    weights = checkpoint_entries(state_dict().replace(text("0"), text("a.pth")))
    weights[2] = Entry("archive/data/a.pth", b"cos\nlstat\n")
    yield Case("C08", "storage-of-weights.zip", zip_of(weights), "DANGEROUS", "", checkpoint())

    # Python imports what stands before a dot first.
    for name, module in {"blank": b"antigravity.a b", "end": b"antigravity.", "dot": b".antigravity", "path": b"a/antigravity"}.items():
        words = b"c" + module + b"\ns\nhello, this is a text\n"
        yield Case("G15", f"parent-of-{name}.zip", zip_of([Entry("a.pkl", CLEAN), Entry("readme.txt", words)]), "UNKNOWN", "SL-G15",
                   zip_of([Entry("a.pkl", CLEAN), Entry("readme.txt", b"can you\nread this text\n")]))
    # As who unpacks it sees the names.
    for number, manifest in enumerate(["MAR-INF/MANIFEST.json", "././MAR-INF/MANIFEST.json", "MAR-INF//MANIFEST.json", "MAR-INF/./MANIFEST.json"]):
        records = [Entry("model.pkl", CLEAN), Entry(manifest, b'{"model": {"handler": "antigravity:fly"}}')]
        yield Case("T05", f"manifest-{number}.mar", zip_of(records), "UNKNOWN", "SL-T05", zip_of(records[:1]))
    served = {"model.pkl": CLEAN, "MAR-INF/MANIFEST.json": b'{"model": {"handler": "handler.py"}}', "handler.py": b"import os\n"}
    yield Case("T05", "served.tar", tar_of(served), "UNKNOWN", "SL-T05", tar_of({"model.pkl": CLEAN}))

"""One case for each row of the scanner's catalogue: an attack with a harmless payload, and its honest twin.

A case is (row, file name, bytes, worst verdict that it must at least get, rule that must be among the
findings or "", twin or None). A twin is the same file without the trick, and must be SAFE.
"""

from __future__ import annotations

import binascii
import bz2
import dataclasses
import gzip
import lzma
import struct
import tarfile
import zlib
from typing import Iterator

from assembler import (
    MAGIC, PAYLOAD, Entry, call, checkpoint, checkpoint_entries, legacy, npy, npy_of, pickle_of, safetensors,
    state_dict, symbol, tar_of, tensor, tensor_of_integers, text, zip64_locator, zip64_record, zip_end, zip_of, zip_parts,
)
from case import CLEAN, EVIL, Case
from picklers import honest_picklers
from polyglots import polyglots
from programs import programs

# A frame with a window of 1 KiB and one raw block, whose header is put in (RFC 8878 3.1.1).
ZSTD_FRAME = b"\x28\xb5\x2f\xfd\0\0%b"


def containers() -> Iterator[Case]:
    honest = checkpoint()

    def forged(**lies: object) -> bytes:
        entries = checkpoint_entries(EVIL)
        entries[0] = dataclasses.replace(entries[0], **lies)
        return zip_of(entries)

    yield Case("C01", "flags.pt", forged(flags=1), "DANGEROUS", "SL-C01", honest)
    yield Case("C02", "names.pt", forged(local_name="archive/data.txt"), "DANGEROUS", "SL-C02", honest)
    yield Case("C03", "checksum.pt", forged(crc=1), "DANGEROUS", "SL-C03", honest)
    harmless = checkpoint_entries()
    harmless[0].crc = 1
    yield Case("C03", "checksum-alone.pt", zip_of(harmless), "UNKNOWN", "SL-C03", honest)
    yield Case("C04", "text.zip", zip_of([Entry("data.txt", EVIL)]), "DANGEROUS", "SL-G01",
               zip_of([Entry("data.txt", CLEAN)]))
    yield Case("C04", "config.p", EVIL, "DANGEROUS", "SL-G01", CLEAN)
    yield Case("C05", "packed.pkl", gzip.compress(EVIL, mtime=0), "DANGEROUS", "SL-G01", gzip.compress(CLEAN, mtime=0))
    yield Case("C06", "pickle-then-zip.pt", CLEAN + checkpoint(EVIL), "DANGEROUS", "SL-C06", CLEAN)
    yield Case("C06", "bytes-then-zip.pt", b"\0" * 64 + checkpoint(EVIL), "DANGEROUS", "SL-C06", honest)
    array = npy("<f4", (2,), struct.pack("<2f", 1, 2))
    yield Case("C06", "array-then-zip.npy", array + checkpoint(EVIL), "DANGEROUS", "SL-C06", array)
    double = checkpoint_entries(CLEAN)
    yield Case("C07", "twice.pt", zip_of([*double, Entry("archive/data.pkl", EVIL)]), "DANGEROUS", "SL-C07", honest)
    yield Case("C07", "case.pt", zip_of([*double, Entry("archive/DATA.PKL", EVIL)]), "DANGEROUS", "SL-G01", honest)
    yield Case("C08", "stray.pt", checkpoint(more=[Entry("other/evil.pkl", EVIL)]), "DANGEROUS", "SL-C08", honest)
    yield Case("C08", "first-folder.pt", zip_of([Entry("evil/data.pkl2", b"x"), *checkpoint_entries()]),
               "UNKNOWN", "SL-C08", honest)
    entries = checkpoint_entries()
    entries.append(Entry("archive/evil.pkl", EVIL, offset=0))
    yield Case("C09", "overlap.pt", zip_of(entries), "DANGEROUS", "SL-C13", honest)
    yield Case("C09", "gap.pt", zip_of([*checkpoint_entries(), Entry("archive/z", b"z", gap=EVIL)]), "UNKNOWN",
               "SL-C09", honest)
    yield Case("C09", "tail.pt", checkpoint(tail=EVIL), "UNKNOWN", "SL-C09", honest)
    yield Case("C10", "start.pt", b"PK\7\x08" + checkpoint(EVIL), "DANGEROUS", "SL-C10", honest)
    nested = EVIL
    clean = CLEAN
    for _ in range(3):
        nested = zip_of([Entry("inner.zip", nested)])
        clean = zip_of([Entry("inner.zip", clean)])
    yield Case("C11", "nested.zip", nested, "DANGEROUS", "SL-G01", clean)
    for _ in range(12):
        clean = zip_of([Entry("inner.zip", clean)])
    yield Case("C11", "deep.zip", clean, "INCOMPLETE", "SL-C11")
    noise = bytes((i * 151 + 7) % 251 for i in range(200))
    yield Case("C12", "secret.zip", zip_of([Entry("data.pkl", noise, flags=1)]), "INCOMPLETE", "SL-C12")
    whole = checkpoint(EVIL)
    yield Case("C13", "cut.pt", whole[: whole.index(b"PK\1\2")], "DANGEROUS", "SL-C13", honest)
    archive = tar_of({"a.pkl": CLEAN})
    yield Case("C14", "cut.tar", archive[:1024], "INCOMPLETE", "", archive)
    yield Case("C15", "numbers.npy", npy("<f4", (2,), struct.pack("<2f", 1, 2) + EVIL), "DANGEROUS", "SL-G01", array)
    yield Case("C15", "objects.npy", npy("|O", (1,), EVIL), "DANGEROUS", "SL-G01")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
    for name, content in (("pointer.pt", pointer), ("page.pt", b"<!doctype html><title>Log in</title>"),
                          ("empty.pt", b""), ("zeros.pt", b"\0" * 4096)):
        yield Case("C16", name, content, "INCOMPLETE", "SL-C16")
    yield Case("C17", "climbs.zip", zip_of([Entry("../evil.pkl", CLEAN)]), "DANGEROUS", "SL-C17",
               zip_of([Entry("evil.pkl", CLEAN)]))
    yield Case("C17", "absolute.zip", zip_of([Entry("/etc/evil.pkl", CLEAN)]), "UNKNOWN", "SL-C17")


def joblib_array(size: int, more: bytes = b"") -> bytes:
    """What joblib pickles in place of an array of so many bytes, which follow in the stream, with `more` in its state."""
    dtype = symbol("numpy", "dtype") + text("u1") + b"\x89\x88\x87R(K\x03" + text("|") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\0tb"
    state = text("shape") + b"M" + struct.pack("<H", size) + b"\x85" + text("order") + text("C") + text("dtype") + dtype + more
    return symbol("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(" + state + b"ub"


def readers_of_arrays() -> Iterator[Case]:
    """joblib takes bytes of the stream for an array, and pickle.load takes them for opcodes."""
    evil, honest = call("os", "getcwd"), pickle_of(b"K\x05")
    hidden = joblib_array(5) + b"B" + struct.pack("<I", len(evil)) + evil
    yield Case("C06", "joblib-alone.joblib", pickle_of(hidden), "DANGEROUS", "SL-G01", honest)
    yield Case("C06", "pickle-alone.joblib", pickle_of(joblib_array(len(evil)) + evil), "DANGEROUS", "SL-C06", honest)
    loader = symbol("argparse", "Namespace") + b")\x81q\x01" + symbol("torch.storage", "_load_from_bytes") + b"q\x02"
    behind = b"h\x01}" + text("__setstate__") + b"h\x02sbh\x01B" + struct.pack("<I", len(EVIL)) + EVIL + b"b."
    yield Case("C06", "memo-of-the-pickle-around.joblib", pickle_of(b"(" + loader + joblib_array(len(behind)) + behind + b"t"), "UNKNOWN", "SL-C06", honest)
    aligned = text("numpy_array_alignment_bytes") + b"K\x10"
    # It read no byte that says how much fills up, and so comes to the last elements as opcodes.
    before = joblib_array(27 + len(PAYLOAD), aligned) + bytes([12]) + bytes(12 + 27) + PAYLOAD
    yield Case("C06", "joblib-before-1.2.joblib", pickle_of(before), "UNKNOWN", "SL-C06", honest)
    reader = text("read") + symbol("collections", "OrderedDict")
    yield Case("C06", "reader-in-the-state.joblib", pickle_of(joblib_array(5, reader) + bytes(5)), "INCOMPLETE", "SL-C06", honest)
    yield Case("C06", "two-shapes.joblib", pickle_of(joblib_array(5, text("shape") + b"K\x07\x85") + bytes(7)), "INCOMPLETE", "SL-C06", honest)
    yield Case("C06", "joblib-in-torch.pt", checkpoint(pickle_of(joblib_array(2) + b"K\1")), "UNKNOWN", "SL-C06")


def readers_that_differ() -> Iterator[Case]:
    """What a look at the scanner by an attacker found: two readers, two files."""
    yield from readers_of_arrays()
    honest = checkpoint()
    records, directory = zip_parts(checkpoint_entries())
    evil = zip_parts([Entry("archive/data.pkl", EVIL)])[0]
    entries = checkpoint_entries(EVIL)
    _, other = zip_parts(entries)
    body = records + directory + evil
    yield Case("C09", "two-directories.pt", body + other + zip_end(4, len(directory), len(records)), "DANGEROUS", "SL-C09",
               honest)
    first = len(records) + len(directory)
    two = records + directory + zip64_record(4, len(directory), len(records))
    two += zip64_record(4, len(directory), len(records)) + zip64_locator(first) + zip_end(4, len(directory), len(records))
    yield Case("C09", "two-zip64-records.pt", two, "INCOMPLETE", "SL-C09", honest)
    array = npy("<f4", (2,), struct.pack("<2f", 1, 2))
    records, directory = zip_parts([Entry("archive/data.pkl", EVIL)])
    tail = array + records + directory
    tail += zip64_record(1, len(directory), len(array + records)) + zip64_locator(len(tail)) + zip_end(0, 0, 0)
    yield Case("C06", "array-then-zip64.npy", tail, "DANGEROUS", "SL-C06", array)
    name = b"archive/data.pkl"
    path = struct.pack("<HHBI", 0x7075, 5 + len(name), 1, binascii.crc32(b"archive/data/0")) + name
    entries = checkpoint_entries()
    entries[2] = dataclasses.replace(entries[2], extra=path)
    yield Case("C07", "unicode-path.pt", zip_of(entries), "INCOMPLETE", "SL-C09", honest)
    for place in ("archive/evil.pkl", "archive/.data/serialization_id"):
        yield Case("C08", f"small-{place.rsplit('/', 1)[-1]}.pt", checkpoint(more=[Entry(place, b"cos\ngetcwd\n(tR.")]),
                   "DANGEROUS", "SL-G01", honest)
    for number, odd in enumerate((b"I0x10\n", b"I+5\n", b"L1_0L\n", b"Finfinity\n", b"S'a\\q'\n", b"Np 1\n")):
        content = odd + b"0cos\ngetcwd\n(tR." + b"\0" * 80
        yield Case("P10", f"member-{number}.pt", checkpoint(more=[Entry("archive/x", content)]), "DANGEROUS", "SL-P10", honest)
    stray = b"cmymod.sub\nThing\n0\xff" + b"\0" * 80
    yield Case("P02", "import-alone.pt", checkpoint(more=[Entry("archive/x", stray)]), "UNKNOWN", "SL-G15", honest)
    later = b"\x8c\x01a." + EVIL + b"\0" * 80
    yield Case("P11", "later-in-member.pt", checkpoint(more=[Entry("archive/x", later)]), "DANGEROUS", "SL-G01", honest)
    header = b'{"a":{"dtype":"U8","shape":[64],"data_offsets":[0,64]}}'
    header += b" " * (0x156 - len(header) - 1) + b"\n"
    yield Case("C06", "text-then-pickle.safetensors", safetensors(header, (b"0cos\ngetcwd\n(tR." + b"\0" * 64)[:64]),
               "DANGEROUS", "SL-G01", safetensors(header, b"\0" * 64))
    yield Case("C06", "tar-and-pickle.tar", tar_of({"N.cos\ngetcwd\n(tR.": CLEAN}), "DANGEROUS", "SL-G01",
               tar_of({"a.pkl": CLEAN}))
    inner = npy("|O", (1,), EVIL)
    inner += b"\0" * (-len(inner) % 4)
    entries = checkpoint_entries(pickle_of(tensor(numel=len(inner) // 4)))
    entries[2] = dataclasses.replace(entries[2], data=inner)
    yield Case("C15", "array-in-storage.pt", zip_of(entries), "DANGEROUS", "SL-C06", honest)
    yield Case("C15", "unnamed-field.npy", npy_of("[('','O'),('b','V7')]", (1,), EVIL), "INCOMPLETE", "", array)
    parts = {"sys_info": pickle_of(b"}"), "pickle": CLEAN, "tensors": pickle_of(b"K\x00"),
             "storages": pickle_of(b"K\x00") + pickle_of(b"]")}
    for kind in (b"Z", b"V"):
        yield Case("T03", f"type-{kind.decode()}.tar", tar_of(parts, [("pickle", EVIL, kind)]), "DANGEROUS", "SL-G01",
                   tar_of(parts))
    yield Case("T03", "link.tar", tar_of(parts, [("pickle", b"", b"2")]), "UNKNOWN", "SL-R12", tar_of(parts))
    yield Case("T03", "behind.tar", tar_of(parts) + EVIL, "UNKNOWN", "SL-T03", tar_of(parts))
    factory = call("collections", "defaultdict", symbol("torch.storage", "_load_from_bytes"))
    yield Case("A02", "factory.pkl", pickle_of(factory), "UNKNOWN", "SL-A02",
               pickle_of(call("collections", "defaultdict", symbol("builtins", "list"))))
    constructor = call("numpy.random._pickle", "__generator_ctor", text("PCG64"), symbol("numpy", "memmap"))
    yield Case("A02", "generator.pkl", pickle_of(constructor), "UNKNOWN", "SL-T10")
    attributes = b"}" + text("__class__") + b"K\x01s"
    held = call("torch._utils", "_rebuild_parameter_with_state", tensor(), b"\x89", call("collections", "OrderedDict"), attributes)
    yield Case("P12", "tensor.pt", checkpoint(pickle_of(held)), "UNKNOWN", "SL-T10", honest)
    yield Case("P09", "python2-name.pkl", pickle_of(symbol("UserDict", "UserDict"), 4), "UNKNOWN", "SL-P09")
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    shared = kernel.compress(b"\0" * (1 << 24)) + kernel.flush()
    records = b""
    for i in range(1000):  # each reaches over those behind it to the same data
        rest = (999 - i) * 31
        records += struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(shared), 1 << 24, 1, rest) + b"x"
    yield Case("R09", "shared-kernel.zip", records + shared, "INCOMPLETE", "SL-R09")


def readers_that_go_on() -> Iterator[Case]:
    """What a second look found: readers that go on where a stricter one stops."""
    honest = checkpoint()
    tail = b"\0" * 80
    payload = b"cos\ngetcwd\n(tR."
    long = b"path.os." * 600 + b"getcwd"
    members = {
        "long-name": b"N0\x80\x04\x8c\x02osX" + struct.pack("<I", len(long)) + long + b"\x93)R.",
        "frame-crossed": b"N0\x95" + struct.pack("<Q", 3) + b"\x8c\x05aaaaa0" + payload + tail,
        "frame-in-frame": b"N0\x95" + struct.pack("<Q", 40) + b"\x95" + struct.pack("<Q", 2) + b"N0" + payload + tail,
        "frame-cut": b"N0" * 40 + b"N0\x95" + struct.pack("<Q", 400) + payload,
        "list-of-arguments": b"ccollections\nOrderedDict\n]R0" + payload + tail,
    }
    for name, content in members.items():
        yield Case("P02", f"member-{name}.pt", checkpoint(more=[Entry("archive/x", content)]), "DANGEROUS", "", honest)
    imports = {"odd-module": b"ctrain-model\nx\n0\xff" + tail, "surrogate": b"X\7\0\0\0evilmodV\\ud800\n\x93" + tail,
               "no-end": b"N0" * 40 + b"cmymod.evil\nThingX", "inst": b"imymod\nThing\n" + tail}
    for name, content in imports.items():
        yield Case("P02", f"import-{name}.pt", checkpoint(more=[Entry("archive/x", content)]), "UNKNOWN", "SL-G15", honest)
    notes = b"Nq\x01" * 1200 + b"0" * 1199 + b"\x82\x01"
    yield Case("P07", "many-notes.pkl", pickle_of(notes + b"."), "UNKNOWN", "SL-P07")
    records, directory = zip_parts(checkpoint_entries())
    other, listed = zip_parts([Entry("archive/data.pkl", EVIL)])
    inner = other + listed + zip64_record(1, len(listed), len(other))
    wide = bytearray(zip64_record(4, len(directory), len(records)))
    wide[4:12] = struct.pack("<Q", 44 + len(inner))
    content = records + directory + bytes(wide) + inner + zip64_locator(len(records + directory))
    yield Case("C09", "wide-zip64.pt", content + zip_end(4, len(directory), len(records)), "DANGEROUS", "SL-C09", honest)
    parts = {"sys_info": pickle_of(b"}"), "pickle": CLEAN, "tensors": pickle_of(b"K\x00"),
             "storages": pickle_of(b"K\x00") + pickle_of(b"]")}
    tar = tar_of(parts)
    yield Case("T03", "solaris.tar", tar_of(parts, [("p", b"12 size=512\n", b"X"), ("pickle", EVIL, b"0")]), "DANGEROUS", "", tar)
    yield Case("T03", "folder.tar", tar_of(parts, [("d/", EVIL, b"\0")]), "INCOMPLETE", "", tar)
    last = tar_of(parts, [("d", b"", tarfile.DIRTYPE)])
    yield Case("T03", "after-folder.tar", last + EVIL, "UNKNOWN", "SL-T03", last)
    framed = b"K\x00." + b"N."
    stop = b"\x80\x04\x95" + struct.pack("<Q", len(framed)) + framed + pickle_of(b"]")
    yield Case("T03", "stop-in-frame.tar", tar_of(parts | {"storages": stop}), "INCOMPLETE", "", tar)
    for number, text_of_sum in enumerate((b"0o%05o\0", b"+%06o\0", b"0_%05o\0")):
        yield Case("C06", f"sum-{number}.pkl", as_tar(text_of_sum), "INCOMPLETE", "SL-C06")
    yield Case("P09", "stream.pt", legacy({2: pickle_of(symbol("UserDict", "UserDict") + b"0}", 4)}), "UNKNOWN", "SL-P09",
               legacy())
    script = [Entry("archive/CONSTANTS.PKL", pickle_of(b")")), Entry("archive/code/m.PY", b"pass")]
    yield Case("T04", "letters.pt", checkpoint(more=script), "UNKNOWN", "SL-T04", honest)
    exported = [Entry("archive/archive_format", b"pt2"), Entry("archive/data/aotinductor/model/m.wrapper.cpp", b"int x;")]
    yield Case("T05", "exported.pt", checkpoint(more=exported), "UNKNOWN", "SL-T05", honest)
    many = zip_of([Entry(f"{i}", b"N0" * 5_000_000 + b"N.", deflate=True) for i in range(8)])
    yield Case("R09", "large-pickles.zip", many, "INCOMPLETE", "SL-R06")


def as_tar(text_of_sum: bytes) -> bytes:
    """A pickle of one bytes value whose first block is the header of a tar member to Python, by this checksum."""
    block = bytearray(512)
    block[0:7] = b"\x80\x04B" + struct.pack("<I", 1 << 10)
    block[124:136] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = b"0"
    block[148:156] = (text_of_sum % sum(block)).ljust(8, b"\0")[:8]
    return bytes(block) + b"\0" * (1024 + 7 - 512) + b"."


def layouts() -> Iterator[Case]:
    honest = legacy()
    for stream in range(5):
        body = [MAGIC, b"M\xe9\x03", b"}", b"N", b"]"][stream]
        yield Case("T01", f"stream-{stream + 1}.pt", legacy({stream: pickle_of(PAYLOAD + b"0" + body)}),
                   "DANGEROUS", "SL-G01", honest)
    yield Case("T01", "behind.pt", legacy(tail=EVIL), "DANGEROUS", "SL-G01", honest)
    magic = call("builtins", "eval", text("0x1950a86a20f9469cfc6c"))
    yield Case("T02", "magic.pt", legacy({0: pickle_of(magic)}), "DANGEROUS", "SL-G02", honest)
    parts = {"sys_info": pickle_of(b"}"), "pickle": CLEAN, "tensors": pickle_of(b"K\x00"),
             "storages": pickle_of(b"K\x00") + pickle_of(b"]")}
    for name in parts:
        yield Case("T03", f"{name}.tar", tar_of(parts | {name: pickle_of(PAYLOAD + b"0" + parts[name][2:-1])}),
                   "DANGEROUS", "SL-G01", tar_of(parts))
    yield Case("T03", "more.tar", tar_of(parts | {"evil": EVIL}), "DANGEROUS", "SL-G01", tar_of(parts))
    yield Case("T05", "source.pt", checkpoint(more=[Entry("archive/setup.py", b"print(1)")]), "UNKNOWN", "SL-T05",
               checkpoint())
    yield Case("T06", "storage.pkl", pickle_of(symbol("torch", "EvilStorage")), "UNKNOWN", "SL-T06")
    odd = b"(" + text("module") + symbol("os", "getcwd") + text("a.py") + text("pass") + b"tQ"
    yield Case("T07", "module.pt", checkpoint(state_dict(odd)), "DANGEROUS", "SL-G01", checkpoint())
    yield Case("T07", "number.pt", checkpoint(state_dict(b"K\x05Q")), "UNKNOWN", "SL-T07", checkpoint())
    yield Case("T08", "unreferenced.pt", checkpoint(more=[Entry("archive/data/9", EVIL)]), "DANGEROUS", "SL-G01",
               checkpoint())
    refused = checkpoint(state_dict(call("collections", "deque", b"](K\x01e")))
    yield Case("T09", "evil-refused.pt", checkpoint(state_dict(PAYLOAD)), "DANGEROUS", "SL-G01", refused)
    yield Case("T10", "setitem.pt", checkpoint(pickle_of(tensor() + b"K\x00K\x01s")), "DANGEROUS", "SL-T10", checkpoint())
    yield Case("T10", "strides.pt", checkpoint(pickle_of(tensor(strides=b"(K\xfft"))), "UNKNOWN", "SL-T10", checkpoint())
    yield Case("T10", "size.pt", checkpoint(pickle_of(tensor(numel=9))), "UNKNOWN", "", checkpoint())


def machine() -> Iterator[Case]:
    inside = b"\x8c\x14" + b"a" * 5 + b"cos\ngetcwd\n)R" + b"aa"
    frame = b"\x80\x04\x95" + struct.pack("<Q", 6) + inside + b"."
    yield Case("P01", "straddle.pkl", frame, "DANGEROUS", "SL-P01", b"\x80\x04\x95" + struct.pack("<Q", 2) + b"N.")
    # Of a line that crosses the end of a frame the C unpickler reads the rest alone: here "zz", and goes on.
    line = b"\x95" + struct.pack("<Q", 5) + b"V\\u00zz\n" + b"0cos\ngetcwd\n)R."
    yield Case("P01", "line-across-frame.pkl", line, "DANGEROUS", "SL-P01")
    yield Case("P01", "line-across-frame.pt", checkpoint(more=[Entry("archive/x", line)]), "DANGEROUS", "SL-P01", checkpoint())
    two = b"\x80\x04\x95" + struct.pack("<Q", 20) + b"\x95" + struct.pack("<Q", 2) + b"N." + b"0" * 9
    yield Case("P01", "frame-in-frame.pkl", two, "DANGEROUS", "SL-P01")
    yield Case("P02", "broken.pkl", b"\x80\x02" + PAYLOAD + b"\xff", "DANGEROUS", "SL-P02", CLEAN)
    yield Case("P02", "cut.pkl", b"\x80\x02" + PAYLOAD, "DANGEROUS", "SL-P02", CLEAN)
    yield Case("P02", "broken-text.p", b"cos\ngetcwd\n(tR", "DANGEROUS", "SL-G01")
    desync = text("os") + b"q\x000" + text("math") + b"q\x00" + text("os") + b"q\x010h\x01" + text("getcwd") + b"\x93)R"
    yield Case("P03", "memo.pkl", pickle_of(desync, 4), "DANGEROUS", "SL-G01",
               pickle_of(text("a") + b"q\x000" + text("b") + b"q\x00", 4))
    yield Case("P03", "missing.pkl", pickle_of(PAYLOAD + b"0h\x07"), "DANGEROUS", "SL-P02", CLEAN)
    yield Case("P04", "bytes.pkl", pickle_of(b"C\x02os" + text("getcwd") + b"\x93", 4), "DANGEROUS", "SL-P04")
    computed = call("_codecs", "encode", text("os"), text("latin1")) + text("getcwd") + b"\x93)R"
    yield Case("P04", "computed.pkl", pickle_of(computed, 4), "DANGEROUS", "SL-P04")
    yield Case("P04", "string.pkl", b"S'os'\nS'getcwd'\n\x93)R.", "DANGEROUS", "SL-G01")
    yield Case("P05", "line.pkl", pickle_of(b"ctorch\nserialization.os.getcwd\n)R"), "DANGEROUS", "")
    stack = text("pathlib") + text("os.getcwd") + b"\x93)R"
    yield Case("P05", "stack.pkl", pickle_of(stack, 4), "DANGEROUS", "")
    yield Case("P06", "inst.pkl", pickle_of(b"(ios\ngetcwd\n0N", 0), "DANGEROUS", "SL-G01", pickle_of(b"N", 0))
    yield Case("P06", "obj.pkl", pickle_of(b"(cos\ngetcwd\no0N", 1), "DANGEROUS", "SL-G01", pickle_of(b"N", 1))
    yield Case("P06", "newobj.pkl", pickle_of(b"cos\ngetcwd\n)\x810N"), "DANGEROUS", "SL-G01", pickle_of(b"N"))
    yield Case("P06", "newobj-ex.pkl", pickle_of(b"cos\ngetcwd\n)}\x920N", 4), "DANGEROUS", "SL-G01", pickle_of(b"N", 4))
    yield Case("P07", "extension.pkl", pickle_of(b"\x82\x01"), "UNKNOWN", "SL-P07")
    yield Case("P07", "extension-payload.pkl", pickle_of(b"\x82\x010" + PAYLOAD), "DANGEROUS", "SL-P07")
    yield Case("P08", "buffer.pkl", pickle_of(b"\x97\x980" + PAYLOAD, 5), "DANGEROUS", "SL-P08")
    yield Case("P08", "buffer-alone.pkl", pickle_of(b"\x97", 5), "UNKNOWN", "SL-P08")
    yield Case("P09", "late.pkl", pickle_of(b"N0\x80\x04" + PAYLOAD), "DANGEROUS", "SL-P09", CLEAN)
    yield Case("P09", "six.pkl", b"\x80\x06" + PAYLOAD + b".", "DANGEROUS", "", CLEAN)
    yield Case("P10", "underscore.pkl", pickle_of(PAYLOAD + b"p1_0\n", 0), "DANGEROUS", "", pickle_of(b"Np10\n", 0))
    yield Case("P10", "blank.pkl", pickle_of(PAYLOAD + b"0I 1\n", 0), "DANGEROUS", "", pickle_of(b"I1\n", 0))
    yield Case("P11", "second.pkl", CLEAN + EVIL, "DANGEROUS", "SL-G01", CLEAN + CLEAN)
    yield Case("P11", "tail.pkl", CLEAN + b"tail", "UNKNOWN", "SL-P11", CLEAN)
    yield Case("P11", "in-archive.pt", checkpoint(state_dict() + EVIL), "DANGEROUS", "SL-G01", checkpoint())
    yield Case("P12", "class.pkl", pickle_of(symbol("collections", "OrderedDict") + b"}b"), "DANGEROUS", "SL-P12")
    hook = call("collections", "OrderedDict") + b"}" + text("__class__") + b"K\x01sb"
    plain = call("collections", "OrderedDict") + b"}" + text("_metadata") + b"K\x01sb"
    yield Case("P12", "hook.pkl", pickle_of(hook), "DANGEROUS", "SL-P12", pickle_of(plain))
    method = call("operator", "methodcaller", text("upper")) + b"(" + text("a") + b"tR"
    yield Case("P13", "methodcaller.pkl", pickle_of(method), "DANGEROUS", "SL-P13")
    partial = call("functools", "partial", symbol("builtins", "print")) + b")R"
    yield Case("P13", "partial.pkl", pickle_of(partial), "DANGEROUS", "SL-P13")


GADGETS = {
    "G01": ("posix", "getcwd"), "G02": ("builtins", "eval"), "G03": ("importlib", "import_module"),
    "G04": ("torch.utils.collect_env", "get_pretty_env_info"), "G05": ("pickle", "loads"), "G06": ("pip", "main"),
    "G07": ("builtins", "open"), "G08": ("socket", "gethostname"), "G09": ("types", "CodeType"),
    "G10": ("ctypes", "sizeof"), "G11": ("builtins", "map"), "G12": ("sys", "getrecursionlimit"),
}


def gadgets() -> Iterator[Case]:
    for row, (module, name) in GADGETS.items():
        yield Case(row, "import.pkl", pickle_of(symbol(module, name)), "DANGEROUS", f"SL-{row}")
        yield Case(row, "call.pt", checkpoint(state_dict(call(module, name))), "DANGEROUS", f"SL-{row}", checkpoint())
    inner = legacy({3: pickle_of(PAYLOAD)})
    outer = b"B" + struct.pack("<I", len(inner)) + inner
    yield Case("G13", "nested.pkl", pickle_of(call("torch.storage", "_load_from_bytes", outer), 3), "DANGEROUS", "SL-G01")
    inner = checkpoint(EVIL)
    outer = b"B" + struct.pack("<I", len(inner)) + inner
    yield Case("G13", "nested-zip.pkl", pickle_of(b"(" + call("torch.storage", "_load_from_bytes", outer) + text("x" * 70000) + b"t", 3),
               "DANGEROUS", "SL-G13")
    yield Case("G14", "evidence.pkl", pickle_of(call("mylib", "run", text("import os; os.getcwd()"))), "DANGEROUS",
               "SL-G14")
    yield Case("G15", "unlisted.pkl", pickle_of(call("mylib", "run", text("fast"))), "UNKNOWN", "SL-G15")
    yield from package_classes()


def package_classes() -> Iterator[Case]:
    """Classes that SAFE vouches for, made to do something else."""
    linear = symbol("torch.nn.modules.linear", "Linear")
    optimizer = symbol("torch.optim.sgd", "SGD")
    space = symbol("gymnasium.spaces.box", "Box")

    def filled(of: bytes, *pairs: bytes) -> bytes:
        return of + b")\x81}(" + b"".join(pairs) + b"ub"

    honest = pickle_of(filled(linear, text("in_features"), b"K\x04"))
    yield Case("G16", "payload-beside.pkl", pickle_of(b"(" + filled(linear, text("bias"), b"N") + PAYLOAD + b"t"), "DANGEROUS", "SL-G16", honest)
    yield Case("G16", "constructor.pkl", pickle_of(linear + b"(K\x04K\x04tR"), "UNKNOWN", "SL-G15", honest)
    registered = filled(linear, text("_parameters"), b"}" + text("_is_full_backward_hook") + b"Ns", text("register_parameter"), optimizer)
    yield Case("G16", "method-replaced.pkl", pickle_of(registered), "UNKNOWN", "SL-G15",
               pickle_of(filled(linear, text("_parameters"), b"}" + text("weight") + b"Ns")))
    beside = b"(" + filled(linear, text("bias"), b"N") + symbol("torch.storage", "_load_from_bytes") + b"t"
    yield Case("G16", "function-beside.pkl", pickle_of(beside), "UNKNOWN", "SL-G15", honest)
    changed = b"(" + linear + b")\x81}q\x01" + text("_parameters") + b"]sbh\x01" + text("_parameters") + b"}st"
    yield Case("G16", "changed-after-build.pkl", pickle_of(changed), "UNKNOWN", "SL-G15", honest)
    hook = filled(linear, text("__setstate__"), linear) + b"}b"
    yield Case("G16", "setstate-replaced.pkl", pickle_of(hook), "DANGEROUS", "SL-P12", honest)
    slots = linear + b")\x81(N}(" + text("__class__") + optimizer + b"utb"
    yield Case("G16", "slots.pkl", pickle_of(slots), "DANGEROUS", "SL-P12", honest)
    bounds = filled(space, text("dtype"), b"N")
    yield Case("G16", "hashed.pkl", pickle_of(b"}" + bounds + b"K\x01s"), "UNKNOWN", "SL-G15", pickle_of(b"}K\x01" + bounds + b"s"))
    address = filled(symbol("types", "SimpleNamespace"), text("__array_interface__"), b"}")
    joined = call("builtins", "tuple", call("builtins", "list") + bounds + b"a")
    yield Case("G16", "hashed-in-a-call.pkl", pickle_of(b"}" + joined + b"K\x01s"), "UNKNOWN", "SL-G15", pickle_of(joined))
    yield Case("G16", "array-interface.pkl", pickle_of(filled(space, text("low"), address)), "DANGEROUS", "SL-P12", pickle_of(b"(" + bounds + b"t"))
    parts = [b"(" + text("storage") + symbol("torch", "FloatStorage") + text("0") + text("cpu") + b"K\x02tQ", b"K\x00", b"(K\x02t", b"(K\x01t", b"\x89",
             call("collections", "OrderedDict")]
    around = filled(linear, text("bias"), b"N")
    weights = [b"(" + call("torch._utils", "_rebuild_tensor_v2", *parts, metadata) + around + b"t"
               for metadata in (b"}" + text("names") + around + b"s", b"}")]
    yield Case("G16", "in-a-tensor.pt", checkpoint(pickle_of(weights[0])), "UNKNOWN", "SL-G15", checkpoint(pickle_of(weights[1])))
    made = call("_codecs", "encode", text("bias"), text("latin1"))
    yield Case("G16", "name-that-is-made.pkl", pickle_of(filled(linear, made, b"N")), "UNKNOWN", "SL-G15", honest)


def allowlists() -> Iterator[Case]:
    yield Case("A01", "wildcard.pkl", pickle_of(symbol("numpy", "__builtins__")), "DANGEROUS", "")
    hooks = b"(" + call("collections", "OrderedDict") + b"t}"
    wrapped = call("torch._tensor", "_rebuild_from_type_v2", symbol("mylib", "run"), symbol("torch", "Tensor"), hooks)
    yield Case("A02", "rebuild.pt", checkpoint(pickle_of(wrapped)), "UNKNOWN", "SL-G15", checkpoint())
    given = call("collections", "OrderedDict", symbol("torch", "Tensor"))
    yield Case("A02", "class.pkl", pickle_of(given), "DANGEROUS", "SL-A02", pickle_of(call("collections", "OrderedDict")))
    yield Case("A03", "ordered.pkl", pickle_of(call("collections", "OrderedDict", text("import os"))), "DANGEROUS",
               "SL-A03", pickle_of(call("collections", "OrderedDict")))
    yield Case("A03", "codec.pkl", pickle_of(call("_codecs", "encode", text("a"), text("rot13"))), "DANGEROUS", "SL-A03",
               pickle_of(call("_codecs", "encode", text("a"), text("latin1"))))
    yield Case("A04", "main.pkl", pickle_of(symbol("__main__", "Net") + b")\x81"), "UNKNOWN", "SL-A04")
    yield Case("A05", "moves.pkl", pickle_of(symbol("six.moves.builtins", "len")), "UNKNOWN", "SL-G15")
    yield Case("A08", "scanner.pkl", pickle_of(symbol("picklescan.scanner", "scan_pickle_bytes")), "DANGEROUS", "SL-A08")


def resources() -> Iterator[Case]:
    doubled = b"]" + b"2\x86" * 2000
    yield Case("R01", "doubled.pkl", pickle_of(doubled + PAYLOAD + b"\x86"), "DANGEROUS", "SL-G01", pickle_of(doubled))
    yield Case("R02", "cycle.pkl", pickle_of(b"]q\x00h\x00a" + PAYLOAD + b"0"), "DANGEROUS", "SL-G01", pickle_of(b"]q\x00h\x00a"))
    deep = b"]" * 200_000 + b"a" * 199_999
    yield Case("R03", "deep.pkl", pickle_of(deep + PAYLOAD + b"0"), "DANGEROUS", "SL-G01", pickle_of(deep))
    memo = b"Nr\xff\xff\xff\xff"
    yield Case("R04", "memo.pkl", pickle_of(memo + PAYLOAD), "DANGEROUS", "SL-G01", pickle_of(memo))
    yield Case("R05", "integer.pkl", pickle_of(b"\x8b\xff\xff\xff\x7f"), "INCOMPLETE", "SL-P02")
    yield Case("R06", "length.pkl", pickle_of(PAYLOAD + b"\x8e" + b"\xff" * 7 + b"\x7f", 4), "DANGEROUS", "SL-P02")
    yield Case("R07", "frame.pkl", b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + EVIL, "DANGEROUS", "SL-R07")
    tiny = (b"\x95" + struct.pack("<Q", 2) + b"N0") * 20_000
    yield Case("R07", "tiny-frames.pkl", pickle_of(tiny + PAYLOAD, 4), "DANGEROUS", "SL-G01", pickle_of(tiny + b"N", 4))
    many = b"".join(f"cm{i}\nx\n0".encode() for i in range(20_000))
    yield Case("R08", "globals.pkl", pickle_of(many + PAYLOAD), "DANGEROUS", "SL-G01")
    bomb = Entry("archive/data.pkl", b"\0" * (1 << 21), deflate=True)
    yield Case("R09", "bomb.zip", zip_of([bomb]), "INCOMPLETE", "SL-P02")
    claimed = bytearray(checkpoint())
    claimed[-14:-10] = b"\xff\xff\xff\xff"
    yield Case("R10", "claims.pt", bytes(claimed), "INCOMPLETE", "")
    keys = b"}(" + b"".join(text(f"{i}") + b"N" for i in range(20_000)) + b"u"
    yield Case("R11", "keys.pkl", pickle_of(keys + PAYLOAD + b"0"), "DANGEROUS", "SL-G01", pickle_of(keys))
    header = bytearray(tar_of({"a.pkl": EVIL}))
    header[124:136] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    yield Case("R12", "size.tar", bytes(header), "INCOMPLETE", "")
    paint = "\x1b[2Jred\u202e"
    yield Case("R13", "paint.pkl", pickle_of(call("mylib", paint, text(paint))), "UNKNOWN", "")


def from_outside() -> Iterator[Case]:
    """What attacks from outside found: readings that go on where ours broke off, and what was not looked into."""
    payload = b"0cos\ngetcwd\n(tR."
    size = 64
    data = payload.ljust(size, b"\0")

    def polyglot(length: int, extra: str = "") -> bytes:
        """A safetensors file whose length is an opcode with a line behind it."""
        header = ('{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}%s}' % (size, size, extra)).encode()
        return safetensors(header + b" " * (length - len(header) - 1) + b"\n", data)

    honest = safetensors(b'{"a":{"dtype":"U8","shape":[64],"data_offsets":[0,64]}}', data)
    yield Case("P10", "int-nul.safetensors", polyglot(ord("I")), "DANGEROUS", "SL-G01", honest)
    yield Case("P10", "unicode-nul.safetensors", polyglot(ord("V")), "DANGEROUS", "SL-G01", honest)
    yield Case("P10", "escapes.safetensors", polyglot(0x156, ',"__metadata__":{"k":"\\\\u00zz"}'), "DANGEROUS", "SL-G01", honest)
    tail = payload[1:] + b"\0" * 80
    lines = {"int-nul": b"I\0z\n0", "int-octal": b"I017\n0", "long-nul": b"L5\0z\n0", "float-nul": b"F1.5\0z\n0",
             "float-huge": b"F1e999\n0", "float-blank": b"F 1\n0", "get-nul": b"Np1\n0g1\0z\n0", "put-huge": b"Np99999999999\n0",
             "keywords": b"cm\nx\n)ccollections\nOrderedDict\n)R\x920", "protocol-9": b"\x80\x09",
             "string-odd": b"S'\\q'\n0", "string-octal": b"S'\\777'\n0", "bad-escape-pair": b"V\\\\\\\\u00zz\n0"}
    for name, line in lines.items():
        yield Case("P10", f"{name}.pkl", line + tail, "DANGEROUS", "SL-G01")
        yield Case("P10", f"{name}-member.pt", checkpoint(more=[Entry("archive/x", line + tail)]), "DANGEROUS", "SL-G01", checkpoint())
        yield Case("P10", f"{name}-appended.pkl", CLEAN + line + tail, "DANGEROUS", "SL-G01", CLEAN)
        yield Case("P10", f"{name}.tar", tar_of({"a.pkl": CLEAN, "b": line + tail}), "DANGEROUS", "SL-G01", tar_of({"a.pkl": CLEAN}))
        yield Case("P10", f"{name}-nested.zip", zip_of([Entry("a", zip_of([Entry("b", line + tail)]))]), "DANGEROUS", "SL-G01")
    ends = {"module": b"cevilmodX", "name": b"cevilmod\nX", "module-only": b"cevilmod\n", "inst": b"(ievilmodX",
            "inst-name": b"(ievilmod\nX", "inst-without-mark": b"ievilmod\nx\n"}
    for name, end in ends.items():
        calls = end.startswith(b"(i")  # a call that breaks off was not read to its end
        yield Case("P10", f"no-end-{name}.pt", checkpoint(more=[Entry("archive/x", b"N0" * 40 + end)]),
                   "INCOMPLETE" if calls else "UNKNOWN", "SL-G15", checkpoint())
    program = b'{"graph_module": {"a": {"expr_str": "%s"}}}'
    for name, expression, verdict, rule in (("old", b"s0 + 1", "UNKNOWN", "SL-T05"), ("evil", b"__import__('os')", "DANGEROUS", "SL-G02")):
        records = [Entry("version", b"8.8"), Entry("serialized_exported_program.json", program % expression),
                   Entry("serialized_state_dict.pt", checkpoint()), Entry("serialized_constants.pt", checkpoint())]
        yield Case("T05", f"export-{name}.pt2", zip_of(records), verdict, rule)
        records = [Entry("m/archive_format", b"pt2"), Entry("m/models/model.json", program % expression), Entry("m/data/weights/a.pt", checkpoint())]
        yield Case("T05", f"export-new-{name}.pt2", zip_of(records), verdict, rule)
    yield Case("T05", "manifest.mar", zip_of([Entry("MAR-INF/MANIFEST.json", b"{}"), Entry("a.pt", checkpoint())]), "UNKNOWN", "SL-T05")
    yield Case("T05", "native.pt", checkpoint(more=[Entry("archive/x", b"\x7fELF" + b"\0" * 60)]), "UNKNOWN", "SL-T05", checkpoint())
    packed = {"lzma": lzma.compress(EVIL, format=lzma.FORMAT_ALONE), "xz": lzma.compress(EVIL), "bz2": bz2.compress(EVIL),
              "gzip": gzip.compress(EVIL, mtime=0), "zstd": ZSTD_FRAME % (len(EVIL) << 3 | 1).to_bytes(3, "little") + EVIL}
    for window in range(9, 16):
        compressor = zlib.compressobj(9, zlib.DEFLATED, window)
        packed[f"zlib-{window}"] = compressor.compress(EVIL) + compressor.flush()
    for name, content in packed.items():
        yield Case("C05", f"{name}.pkl", content, "DANGEROUS", "SL-G01")
        yield Case("C05", f"{name}-member.pt", checkpoint(more=[Entry("archive/x", content)]), "DANGEROUS", "SL-G01", checkpoint())
    for name, content in {"gzip": gzip.compress(EVIL, mtime=0), "xz": lzma.compress(EVIL)}.items():
        yield Case("C05", f"{name}-checksum.pkl", content[:-8] + bytes(8) if name == "gzip" else content[:-1], "DANGEROUS", "SL-C13")
    twice = gzip.compress(CLEAN, mtime=0) + gzip.compress(b"", mtime=0)
    yield Case("C05", "gzip-series.pkl", twice, "UNKNOWN", "SL-C06", gzip.compress(CLEAN, mtime=0))
    yield Case("C05", "gzip-tail.pkl", gzip.compress(CLEAN, mtime=0) + b"x" + EVIL, "UNKNOWN", "SL-C06")
    yield Case("C05", "zlib-second.pkl", zlib.compress(CLEAN) + zlib.compress(EVIL), "DANGEROUS", "SL-C06")
    unread = {"lz4": b"\x04\x22\x4d\x18" + b"\0" * 20, "lz4-legacy": b"\x02\x21\x4c\x18" + b"\0" * 20,
              "zstd-skipped": b"\x5a\x2a\x4d\x18\4\0\0\0abcd\x28\xb5\x2f\xfd" + b"\0" * 20}
    for name, content in unread.items():
        yield Case("C05", f"{name}.pkl", content, "INCOMPLETE", "SL-C05")
        yield Case("C05", f"{name}-member.pt", checkpoint(more=[Entry("archive/x", content)]), "INCOMPLETE", "SL-C05", checkpoint())
    replaced = call("collections", "OrderedDict") + b"}" + text("items") + symbol("torch", "float32") + b"sb"
    kept = call("collections", "OrderedDict") + b"}" + text("_metadata") + b"}sb"
    yield Case("A02", "method.pkl", pickle_of(replaced), "UNKNOWN", "SL-A02", pickle_of(kept))
    words = {"config": b"cfg:\n  hidden: 1\n", "source": b"import os\nimport sys\n", "script": b"cd /tmp\nls\n"}
    beside = [Entry(f"archive/{name}", content) for name, content in words.items()]
    named = {"standard": b"ccolorsys\nx\nfoo\n", "labels": b"cat\ndog\nbird\n", "dotted": b"cmylib.evil\nx\nfoo\n", "second": b"N0cmylib\nx\nfoo\n"}
    for name, content in named.items():
        yield Case("C08", f"text-{name}.pt", checkpoint(more=[Entry("archive/x.txt", content)]), "UNKNOWN", "SL-G15", checkpoint(more=beside))
    yield Case("C08", "text-danger.pt", checkpoint(more=[Entry("archive/x.txt", b"cos\nsystem\nfoo\n")]), "DANGEROUS", "SL-G01", checkpoint(more=beside))
    config = b"}" + text("_target_") + text("torch.nn.Linear") + b"s"
    evil = b"}" + text("_instantiator") + text("os.system") + b"s"
    yield Case("N08", "config.pkl", pickle_of(evil), "UNKNOWN", "SL-N08", pickle_of(config))
    yield Case("N01", "pickle-in-text.pkl", pickle_of(PAYLOAD + b"0" + b"C" + bytes([len(EVIL)]) + EVIL, 3), "DANGEROUS", "SL-N01")
    yield Case("N04", "padding.pkl", EVIL + b"\0" * 70_000, "DANGEROUS", "SL-N04", CLEAN + b"\0" * 70_000)
    yield Case("R05", "long.pkl", pickle_of(b"\x8b" + struct.pack("<i", (1 << 20) + 1) + b"\1" * ((1 << 20) + 1)), "INCOMPLETE", "SL-R05")
    yield Case("P05", "dotted.pkl", pickle_of(symbol("mylib", "Thing.make")), "DANGEROUS", "SL-P05")
    members = {"a.pkl": CLEAN, "b.pkl": pickle_of(b"N0\x80\x02N")}
    yield Case("P09", "second-of-two.tar", tar_of(members), "UNKNOWN", "SL-P09", tar_of({"a.pkl": CLEAN, "b.pkl": CLEAN}))
    yield Case("T10", "gradient.pt", checkpoint(pickle_of(tensor_of_integers(b"\x88") + PAYLOAD + b"0")), "DANGEROUS", "SL-T10",
               checkpoint(pickle_of(tensor_of_integers(b"\x88"))))


def methods_that_are_data() -> Iterator[Case]:
    """Readers call methods of what a file lets them build: attributes that stand in front of these, or are asked for."""
    def parts(*values: bytes) -> bytes:
        return b"(" + b"".join(values) + b"t"

    def names(**values: bytes) -> bytes:
        return b"}(" + b"".join(text(name) + value for name, value in values.items()) + b"u"

    hooks = call("collections", "OrderedDict")
    from_type = symbol("torch._utils", "_rebuild_parameter_with_state")
    function = symbol("torch.jit._pickle", "build_intlist")
    alias = call("types", "GenericAlias", symbol("builtins", "list"), b")")
    offsets = call("torch._utils", "_rebuild_tensor_v2", parts(text("storage"), symbol("torch", "LongStorage"), text("1"), text("cpu"), b"K\x02") + b"Q",
                   b"K\x00", b"(K\x02t", b"(K\x01t", b"\x89", hooks)
    storages = [Entry("archive/data/1", struct.pack("<2q", 0, 2))]

    def hidden(inner: bytes, outer: bytes, kind: bytes = symbol("torch", "Tensor")) -> bytes:
        return call("torch._tensor", "_rebuild_from_type_v2", from_type, kind, parts(tensor(), b"\x89", hooks, inner), outer)

    def jagged(**more: bytes) -> bytes:
        return call("torch.nested._internal.nested_tensor", "_rebuild_njt",
                    names(values=tensor(), offsets=offsets, _ragged_idx=b"K\x01", **more))

    def namespace(**values: bytes) -> bytes:
        return call("argparse", "Namespace") + names(**values) + b"b"

    honest = checkpoint(pickle_of(hidden(names(tag=b"K\x01"), names(note=text("x")))))
    for name, value in {"function": function, "alias": alias, "namespace": namespace(add=function)}.items():
        yield Case("A02", f"hidden-{name}.pt", checkpoint(pickle_of(hidden(names(as_subclass=value), b"}"))), "UNKNOWN", "SL-A02", honest)
        yield Case("A02", f"open-{name}.pt", checkpoint(pickle_of(hidden(b"}", names(detach=value)))), "UNKNOWN", "SL-A02", honest)
    origin = call("types", "GenericAlias", symbol("torch._utils", "_rebuild_parameter"), b")")
    yield Case("A02", "origin.pkl", pickle_of(origin), "UNKNOWN", "SL-A02", pickle_of(alias))
    for name, cache in {"cache": namespace(get=function), "length": names(max_seqlen=namespace(a=b"N"))}.items():
        yield Case("T10", f"jagged-{name}.pt", checkpoint(pickle_of(jagged(_metadata_cache=cache)), storages), "UNKNOWN", "SL-T10",
                   checkpoint(pickle_of(jagged(_metadata_cache=names(max_seqlen=tensor()))), storages))
    built = jagged() + parts(b"K\x01", b"K\x02", b"K\x03", b"K\x04") + b"b"
    yield Case("P12", "jagged-state.pt", checkpoint(pickle_of(built), storages), "DANGEROUS", "SL-P12", checkpoint(pickle_of(jagged()), storages))
    double = call("numpy", "dtype", text("f8"), b"\x89", b"\x88") + b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"

    def masked(fill: bytes) -> bytes:
        shell = call("numpy.ma.core", "_mareconstruct", symbol("numpy.ma.core", "MaskedArray"), symbol("numpy", "ndarray"), b"(K\x00t", b"C\x01b")
        return pickle_of(shell + b"(K\x01(K\x01t" + double + b"\x89C\x08" + bytes(8) + b"C\x01\0" + fill + b"tb", 3)

    stream = call("_io", "BytesIO") + b"(C\x01xK\x00"
    yield Case("T10", "fill-value.pkl", masked(stream + b"Ntb"), "UNKNOWN", "SL-T10", masked(b"N"))
    yield Case("P12", "interface.pkl", pickle_of(stream + names(__array_interface__=b"}") + b"tb", 3), "DANGEROUS", "SL-P12", pickle_of(stream + b"Ntb", 3))
    decimal_magic = pickle_of(call("decimal", "Decimal", text(str(0x1950A86A20F9469CFC6C))))
    yield Case("T02", "decimal.pt", legacy({0: decimal_magic}), "DANGEROUS", "SL-T02", legacy())
    members = {"sys_info": pickle_of(b"}"), "pickle": CLEAN, "tensors": pickle_of(b"K\x00"), "storages": pickle_of(b"K\x00") + pickle_of(b"]")}
    record = b"18 path=storages/\n"
    content = tar_of(members, [("p", record, b"x"), ("m", CLEAN, b"0")])
    yield Case("C07", "slash.tar", content, "INCOMPLETE", "SL-C07", tar_of(members))


def cases() -> list[Case]:
    groups = (containers, readers_that_differ, readers_that_go_on, layouts, machine, gadgets, allowlists, resources, from_outside, methods_that_are_data,
              honest_picklers, polyglots, programs)
    return [case for group in groups for case in group()]

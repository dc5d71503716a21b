"""Fuzzes the Python module with hostile files: nothing comes out of it but values, Error, OSError and MemoryError.

    python tools/fuzz_module.py [--seed N] [--count N] [--jobs N] [--keep FOLDER] [--only NUMBER]

Pickles are put together from the table of known names, with arguments as its schemas ask for them or not, odd
numbers and texts, deep nesting, cycles and shared values; or pickle writes them, of library values; then they
are damaged, and lie in every container. Each file is loaded, opened and inspected, and never given to pickle or
torch. A file may neither crash its process nor hold it for more than 10 s nor ask for more than 2 GiB.

Ends with 1 if there were faults. --only runs one file again; --keep saves the files of faults.
"""

from __future__ import annotations

import argparse
import array
import collections
import contextlib
import datetime
import decimal
import fractions
import io
import os
import pathlib
import pickle
import random
import re
import struct
import sys
import tempfile
import time
import traceback
import types
import uuid
import warnings
from typing import Any, Callable, Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "attacks"))

import assembler as asm
from damage import damage_bytes, damage_opcodes
from fuzz_runs import Post, add_arguments, report, run_batches

import safe_load
from safe_load import Error

MEMORY = 2 << 30  # beyond what the imports take


# ---- the names and what they take


class Row:
    """A name of the table, and its schemas as they are written."""

    def __init__(self, module: str, name: str, schemas: list[str], items: str) -> None:
        self.module, self.name, self.schemas, self.items = module, name, schemas, items


_ROW = re.compile(r'\b(call|value|stateful|type_name|old_tensor|sparse_tensor|storage|script_storage)\("([^"]+)", "([^"]+)"(.*)')
_RAW = re.compile(r'\{"([^"]+)", "([^"]+)", (.*)')
_CONSTANT = re.compile(r'constexpr Schema (k\w+) =((?:\s*"[^"]*")+);')
_SCHEMA = re.compile(r'"(\([^"]*)"|\b(k[A-Z]\w+)\b')


def table() -> list[Row]:
    """The rows of the table of known names."""
    text = (ROOT / "src" / "types" / "known.cc").read_text()
    constants = {name: "".join(re.findall(r'"([^"]*)"', value)) for name, value in _CONSTANT.findall(text)}
    rows = []
    for line in text.splitlines():
        for kind, module, name, rest in _ROW.findall(line) or [("", *row) for row in _RAW.findall(line)]:
            schemas = [literal or constants.get(word, "") for literal, word in _SCHEMA.findall(rest)]
            schemas = [schema for schema in schemas if schema]
            schemas += {"old_tensor": ["()", "(tuple)"], "sparse_tensor": ["(tensor,tensor,ints)"],
                        "storage": ["(list)"]}.get(kind, [])
            rows.append(Row(module, name, schemas, next(iter(re.findall(r"Items::k(\w+)", rest)), "None")))
    return rows + [Row("torch", name, [], "None") for name in re.findall(r'\bdtype\("([^"]+)"', text)]


def parts_of(text: str, separator: str) -> list[str]:
    """Split where no bracket is open."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "(<") - (letter in ")>")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


UNLISTED = [("os", "getcwd"), ("builtins", "eval"), ("mylib", "Thing"), ("__main__", "Net"), ("copyreg", "pickle"),
            ("omegaconf.dictconfig", "DictConfig"), ("ultralytics.nn.tasks", "DetectionModel"), ("enum", "Enum")]
TEXTS = ["", "a", "weight", "f4", "<f8", "|O", "V8", "U3", "M8[25s]", "T", "latin1", "cpu", "cuda:7", "meta", "C",
         "F",
         "torch.sparse_coo", "torch.strided", "PCG64", "MT19937", "1.5", "-7/3", "127.0.0.1", "::1/64", "\0",
         "x" * 300,
         "a.b[0].c", "naïve \N{SNOWMAN}", "UTC", "../../etc", "'\"\\", "d", "u", "nan", "1e999999", "\u202e",
         "storage"]
NUMBERS = [0, 1, 2, 3, 5, 8, 17, 255, 256, 65535, 1 << 31, (1 << 31) - 1, -1, -2, 1 << 32, (1 << 63) - 1, 1 << 63,
           -(1 << 63), (1 << 64) - 1, 1 << 64, 1 << 80, -(1 << 200), 1 << 4000]
FLOATS = [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 1e308, 5e-324, 2.0**53]
RECORDS = [("FloatStorage", 2), ("FloatStorage", 2), ("LongStorage", 1), ("ByteStorage", 8), ("BoolStorage", 8),
           ("HalfStorage", 4), ("ComplexFloatStorage", 1), ("QInt8Storage", 8), ("UntypedStorage", 8)]
DTYPES = ["float32", "float64", "int64", "uint8", "bool", "complex64", "bfloat16", "float8_e5m2", "quint8", "uint16"]


class Generator:
    """Files, valid by construction as far as the stack goes."""

    def __init__(self, chance: random.Random, rows: list[Row], seeds: list[bytes]) -> None:
        self.chance, self.rows, self.seeds = chance, rows, seeds
        self.callable = [row for row in rows if row.schemas]
        self.memo: list[int] = []
        self.used = 0
        self.budget = 60
        self.record = chance.choice(RECORDS)
        self.is_old = chance.random() < 0.15  # all texts are str of Python 2

    # atoms

    def text(self, value: str | None = None) -> bytes:
        value = self.chance.choice(TEXTS) if value is None else value
        data = value.encode()
        kind = self.chance.randrange(12)
        if value and kind == 0:
            data = self.chance.choice([b"\xed\xb2\x80", b"\xed\xa0\x80\xed\xb0\x80", b"\xff", data])  # surrogates
        if (kind == 3 or self.is_old) and len(data) < 256:
            return b"U" + bytes([len(data)]) + data
        if kind < 3 and len(data) < 256:
            return b"\x8c" + bytes([len(data)]) + data
        if kind == 4:
            return b"\x8d" + struct.pack("<Q", len(data)) + data
        return b"X" + struct.pack("<I", len(data)) + data

    def number(self, value: int | None = None) -> bytes:
        value = self.chance.choice(NUMBERS[: self.chance.choice([6, 6, 12, 99])]) if value is None else value
        if 0 <= value < 256 and self.chance.random() < 0.8:
            return b"K" + bytes([value])
        if -(1 << 31) <= value < 1 << 31:
            return b"J" + struct.pack("<i", value)
        data = pickle.encode_long(value)
        return b"\x8a" + bytes([len(data)]) + data if len(data) < 256 else b"\x8b" + struct.pack("<i",
                                                                                                 len(data)) + data

    def bytes(self, data: bytes | None = None) -> bytes:
        data = self.chance.randbytes(self.chance.choice([0, 1, 4, 6, 8, 10, 16, 33])) if data is None else data
        return self.chance.choice([b"C" + bytes([len(data)]), b"B" + struct.pack("<I", len(data))]) + data

    def array(self) -> bytes:
        """_reconstruct of a NumPy array; its state tells its own shape."""
        dtype, size = self.chance.choice([("f4", 4), ("i8", 8), ("u1", 1), ("O", 8), ("U2", 8), ("M8", 8), ("V3", 3)])
        rows = self.chance.randrange(4)
        data = self.bytes(self.chance.randbytes(rows * size))
        if dtype == "O":
            data = b"](" + b"".join(self.value(1) for _ in range(rows)) + b"e"
        shell = asm.symbol("numpy", self.chance.choice(["ndarray", "ndarray", "recarray", "matrix", "memmap"]))
        made = asm.call("numpy.core.multiarray", "_reconstruct", shell, b"K\x00\x85", b"C\x01b")
        shape = b"(" + self.number(rows) + self.chance.choice([b"", b"K\x01", self.number()]) + b"t"
        return made + b"(K\x01" + shape + self.dtype(dtype) + self.chance.choice([b"\x88", b"\x89"]) + data + b"tb"

    def dtype(self, name: str | None = None) -> bytes:
        made = asm.call("numpy", "dtype", self.text(name or self.chance.choice(["f4", "V8", "O8"])), b"\x89", b"\x88")
        state = [b"K\x03", self.text(self.chance.choice("<>|=")), b"N", b"N", b"N", b"J\xff\xff\xff\xff"] * 1
        state += [b"J\xff\xff\xff\xff", b"K\x00"]
        if self.chance.random() < 0.2:
            state[self.chance.randrange(len(state))] = self.value(2)
        return made + b"(" + b"".join(state) + b"tb"

    def storage(self) -> bytes:
        """Mostly the one record of 8 bytes, each time as the same type."""
        honest = self.chance.random() < 0.9
        kind, numel = self.record if honest else self.chance.choice(RECORDS)
        module = "torch.storage" if kind == "UntypedStorage" else "torch"
        key = asm.text("0" if honest else self.chance.choice(["0", "1", "x"]))
        size = self.number(numel if honest or self.chance.random() < 0.5 else None)
        return b"(" + asm.text("storage") + asm.symbol(module, kind) + key + asm.text("cpu") + size + b"tQ"

    def tensor(self) -> bytes:
        if self.chance.random() < 0.5 and self.record == RECORDS[0]:
            return asm.tensor()
        sizes = [self.word("ints"), self.word("ints")]
        function = self.chance.choice([row for row in self.rows if row.name.startswith("_rebuild_")])
        if self.chance.random() < 0.5 or not function.schemas:
            return asm.call("torch._utils", "_rebuild_tensor_v2", self.storage(), self.number(0), *sizes,
                            b"\x89", asm.call("collections", "OrderedDict"))
        return self.call(function)

    # what a schema asks for

    def word(self, word: str) -> bytes:
        """A value of one word of a schema."""
        self.budget -= 1
        base, _, inner = word.partition("<")
        inner = inner[:-1]
        many = range(self.chance.choice([0, 1, 2, 3]))
        if self.chance.random() < 0.02 or self.budget < 0:
            return self.value(1) if self.budget > 0 else b"N"
        if base in ("tuple", "list", "ints", "pair", "set"):
            inside = [self.form_word(inner or ("uint" if base == "ints" else "any")) for _ in many]
            inside = inside if base != "pair" else [self.value(1), self.value(1)]
            body = b"".join(inside)
            return {"list": b"](" + body + b"e", "set": b"\x8f(" + body + b"\x90"}.get(base, b"(" + body + b"t")
        if base in ("dict", "hooks"):
            made = asm.call("collections", "OrderedDict") if base == "hooks" else b"}"
            return made + b"(" + b"".join(self.text() + self.value(1) for _ in many) + b"u"
        return self.simple(base)

    def simple(self, word: str) -> bytes:
        choose = self.chance.choice
        makers: dict[str, Callable[[], bytes]] = {
            "none": lambda: b"N", "bool": lambda: choose([b"\x88", b"\x89"]), "int": self.number, "uint": self.number,
            "float": lambda: b"G" + struct.pack(">d", choose(FLOATS)), "str": self.text, "bytes": self.bytes,
            "bytearray": lambda: b"\x96" + struct.pack("<Q", 4) + self.chance.randbytes(4), "tensor": self.tensor,
            "storage": self.storage, "array": self.array, "array-dtype": self.dtype,
            "tensor-dtype": lambda: asm.symbol("torch", choose(DTYPES)),
            "array-class": lambda: asm.symbol("numpy", choose(["ndarray", "recarray", "chararray"])),
            "array-scalar-type": lambda: asm.symbol("numpy", choose(["float32", "void", "str_"])),
            "layout": lambda: asm.call("torch.serialization", "_get_layout", self.text("torch.sparse_coo")),
            "device": lambda: asm.call("torch", "device", self.text(choose(["cpu", "meta", "cuda"]))),
            "timedelta": lambda: asm.call("datetime", "timedelta", b"K\x00", self.number(), b"K\x00"),
            "timezone": lambda: asm.call("datetime", "timezone", self.simple("timedelta")),
            "rebuild-fn": lambda: asm.symbol("torch._utils", choose(["_rebuild_tensor_v2", "_rebuild_parameter"])),
            "bit-generator": lambda: asm.call("numpy.random._pickle", "__bit_generator_ctor", self.text("PCG64")),
            "bit-generator-class": lambda: asm.symbol("numpy.random._pcg64", "PCG64"),
            "symbol": self.symbol, "callable": self.symbol,
        }
        return makers.get(word, lambda: self.value(1))()

    def form_word(self, alternatives: str) -> bytes:
        return self.word(self.chance.choice(parts_of(alternatives, "/")))

    def arguments(self, schema: str) -> bytes:
        """The inside of a tuple."""
        form = self.chance.choice(parts_of(schema, "|"))[1:-1]
        words = parts_of(form, ",") if form else []
        out = b""
        for word in words:
            times = int(not word.endswith("?") or self.chance.random() < 0.6)
            if word.endswith("*"):
                times = self.chance.randrange(4)
            out += b"".join(self.form_word(word.rstrip("?*")) for _ in range(times))
        return out

    # what a pickle is made of

    def symbol(self) -> bytes:
        row = self.chance.choice(self.rows)
        module, name = (row.module, row.name) if self.chance.random() < 0.85 else self.chance.choice(UNLISTED)
        if self.chance.random() < 0.7:
            return asm.symbol(module, name)
        return asm.text(module) + asm.text(name) + b"\x93"

    def call(self, row: Row | None = None) -> bytes:
        row = row or self.chance.choice(self.callable)
        how = b"R" if self.chance.random() < 0.8 else self.chance.choice([b"\x81", b"}\x92"])
        out = asm.symbol(row.module, row.name) + b"(" + self.arguments(row.schemas[0]) + b"t" + how
        if len(row.schemas) > 1 and self.chance.random() < 0.8:
            state = row.schemas[-1][1:-1].split("/")
            out += (self.word(self.chance.choice(state)) if self.chance.random() < 0.9 else self.value(2)) + b"b"
        return out + self.items(row.items)

    def items(self, kind: str) -> bytes:
        many = range(self.chance.randrange(4))
        if kind == "Dict":
            return b"(" + b"".join(self.key() + self.value(1) for _ in many) + b"u"
        if kind in ("List", "Set"):
            return b"(" + b"".join(self.value(1) for _ in many) + (b"e" if kind == "List" else b"\x90")
        return b""

    def key(self) -> bytes:
        return self.text() if self.chance.random() < 0.9 else self.value(1)

    def put(self) -> bytes:
        """Remembers the value on top."""
        self.used += 1
        self.memo.append(self.used)
        return b"r" + struct.pack("<I", self.used)

    def get(self) -> bytes:
        return b"j" + struct.pack("<I", self.chance.choice(self.memo)) if self.memo else b"]"

    def cycle(self) -> bytes:
        kind = self.chance.randrange(5)
        if kind == 0:
            return b"]" + self.put() + self.get() + b"a"
        if kind == 1:
            return b"}" + self.put() + b"(" + self.key() + self.get() + b"u"
        if kind == 2:
            return asm.call("collections", "OrderedDict") + self.put() + b"}(" + self.text() + self.get() + b"ub"
        if kind == 3:
            return asm.call("mylib", "Thing") + self.put() + b"](" + self.get() + self.get() + b"eb"
        return b"]" + self.put() + b"(" + self.get() + b"t" + self.put() + b"a"

    def deep(self) -> bytes:
        depth = self.chance.choice([20, 200, 3000, 20_000])
        opener, closer = self.chance.choice([(b"](", b"e"), (b"(", b"t"), (b"}(K\x01", b"u"), (b"", b"\x85"),
                                             (b"\x8f(", b"\x90"), (b"cmylib\nThing\n(", b"tR"),
                                             (b"cbuiltins\nlist\n(](", b"etR"),
                                             (b"ccollections\nOrderedDict\n)R}(K\x01", b"ub")])
        return opener * depth + self.value(1) + closer * depth

    def value(self, depth: int) -> bytes:
        """Opcodes that leave one value."""
        self.budget -= 1
        kind = self.chance.random()
        if depth <= 0 or self.budget < 0 or kind < 0.22:
            return self.simple(self.chance.choice(["none", "bool", "int", "float", "str", "bytes", "tensor", "symbol"]
                                                  if self.budget > 0 else ["none", "bool", "int"]))
        if kind < 0.62:
            return self.call() + (self.put() if self.chance.random() < 0.3 else b"")
        if kind < 0.68:
            return self.get()
        if kind < 0.74:
            return self.cycle()
        if kind < 0.745:
            return self.deep()
        if kind < 0.77:
            return self.symbol() + b"(" + self.value(depth - 1) + b"t" + self.chance.choice([b"R", b"\x81"]) \
                + self.value(depth - 1) + b"b"
        inside = [self.value(depth - 1) for _ in range(self.chance.randrange(4))]
        body = b"".join(inside)
        choices = [b"](" + body + b"e", b"(" + body + b"t", b"\x8f(" + body + b"\x90", b"(" + body + b"\x91",
                   b"}(" + b"".join(self.key() + part for part in inside) + b"u", b"(" + body + b"l"]
        return self.chance.choice(choices) + (self.put() if self.chance.random() < 0.3 else b"")

    def pickle(self) -> bytes:
        if self.chance.random() < 0.25:
            content = self.chance.choice(self.seeds)
        else:
            self.memo, self.used, self.budget = [], 0, self.chance.choice([20, 60, 200])
            body = self.value(4) if self.chance.random() < 0.4 else b"}(" + b"".join(
                self.key() + self.value(3) for _ in range(self.chance.randrange(1, 4))) + b"u"
            content = asm.pickle_of(body, self.chance.choice([2, 2, 4, 5]))
        return damage_opcodes(self.chance, content) if self.chance.random() < 0.35 else content

    # containers

    def safetensors(self) -> bytes:
        dtype = self.chance.choice(["F32", "BF16", "I64", "BOOL", "F8_E4M3", "F4", "x"])
        shape = self.chance.choice(["[2]", "[]", "[0,5]", "[2,1]", "[-1]", "[99999999999999999999]", "[2.0]"])
        end = self.chance.choice([8, 8, 4, 16, 1 << 62])
        fields = f'"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{end}]'
        more = self.chance.choice(["", '"__metadata__":{"format":"pt"},', '"__metadata__":{"a":' + "[" * 50 + "},"])
        return asm.safetensors(("{" + more + '"w":{' + fields + "}}").encode(), bytes(8))

    def tar(self, content: bytes) -> bytes:
        storage = pickle.dumps((1, "cpu", 0), 2) + struct.pack("<q4f", 4, 1, 2, 3, 4)
        members = {"pickle": content, "tensors": pickle.dumps(0, 2), "storages": pickle.dumps(1, 2) + storage}
        return asm.tar_of(members).rstrip(b"\0").ljust(4096, b"\0")

    def legacy(self, content: bytes) -> bytes:
        """What was said to be a storage is one only if the value asks for it."""
        if self.chance.random() < 0.15:
            return asm.legacy({self.chance.choice([0, 1, 2, 4]): content})
        if b"tQ" in content:
            return asm.legacy({3: content.replace(b"tQ", b"NtQ")})  # here a storage has a sixth field
        return asm.legacy({3: content, 4: asm.pickle_of(b"]")})[:-16]

    def zip(self, content: bytes) -> bytes:
        entries = asm.checkpoint_entries(content)
        for entry in entries:
            entry.deflate = self.chance.random() < 0.1
        if self.chance.random() < 0.05:
            entries[1].data = self.chance.choice([b"big", b"", b"middle"])
        if self.chance.random() < 0.1:
            entries.append(asm.Entry("archive/constants.pkl", self.chance.choice(self.seeds)))
            entries.append(asm.Entry("archive/code/__torch__.py", b"class A:\n  pass\n"))
        if self.chance.random() < 0.1:
            entries.append(asm.Entry("archive/data/1", self.chance.randbytes(16)))
        if self.chance.random() < 0.05:
            self.chance.shuffle(entries)
        return asm.zip_of(entries)

    def array_file(self) -> bytes:
        made = asm.npy(self.chance.choice(["<f4", "|O", "|V3", "<U2"]),
                       self.chance.choice([(2,), (), (0, 3), (1 << 40,)]), bytes(8))
        return made if self.chance.random() < 0.5 else asm.zip_of([asm.Entry("a.npy", made),
                                                                   asm.Entry("b.npy", made)])

    def next(self) -> bytes:
        content = self.pickle()
        kind = self.chance.random()
        if kind < 0.2 and b"tQ" not in content:
            out = content
        elif kind < 0.7:
            out = self.zip(content)
        elif kind < 0.84:
            out = self.legacy(content)
        elif kind < 0.9:
            out = self.tar(content)
        elif kind < 0.93:
            inner = self.legacy(content)
            out = asm.checkpoint(asm.pickle_of(asm.call("torch.storage", "_load_from_bytes",
                                                        b"B" + struct.pack("<I", len(inner)) + inner)))
        else:
            out = self.safetensors() if kind < 0.97 else self.array_file()
        return damage_bytes(self.chance, out) if self.chance.random() < 0.25 else out


# ---- pickles of library values


def library_values() -> list[Any]:
    import pathlib as paths

    loop: list[Any] = [1]
    loop.append({"loop": loop})
    values: list[Any] = [
        {"epoch": 3, "acc": 0.5, "names": ["a", "b"]}, collections.OrderedDict(a=1, b=[2]),
        collections.Counter("hello"),
        collections.deque([1, 2], 3), collections.defaultdict(list, {"a": [1]}),
        collections.ChainMap({"a": 1}, {"b": 2}),
        collections.UserDict(a=1), collections.UserList([1]), collections.UserString("x"), loop, {1, "two", (3,)},
        datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc), datetime.timedelta(1, 2, 3),
        datetime.date(1999, 1, 2),
        decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5), paths.PurePosixPath("/a/b"),
        slice(1, 2, 3),
        range(3), bytearray(b"abc"), 1 << 70, "\ud800", complex(1, 2), argparse.Namespace(a=1),
        types.SimpleNamespace(b=2),
        array.array("d", [1.5]), io.BytesIO(b"abc"), io.StringIO("a\nb"), random.Random(3), re.compile("a+", re.I),
        time.gmtime(0), ValueError("wrong", 3), dict[str, list[int]], int | None,
    ]
    with contextlib.suppress(ImportError):
        import numpy as np

        table = np.array([(1, 0.5), (2, -0.0)], [("count", "i4"), ("loss", "f8")])
        values += [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), table, table[0],
                   np.array([1, "a", None, [2]], object), np.array(["a", "bc"]), np.float32(1.5),
                   np.datetime64("2020-01-02", "s"),
                   np.ma.array([1.0, 2.0], mask=[0, 1]), np.rec.array([(1, 2.0)], names="a,b"), np.dtype("M8[25s]"),
                   np.random.RandomState(1), np.random.default_rng(2), np.random.SeedSequence(5), np.asmatrix([[1]]),
                   np.array(["a", "läng" * 9], np.dtypes.StringDType()), np.float64, np.random.PCG64(1).state]
    return values


def seed_pickles() -> list[bytes]:
    out = []
    for value in library_values():
        for protocol in (0, 2, 3, 4, 5):
            with contextlib.suppress(Exception):
                out.append(pickle.dumps(value, protocol))
    return out


# ---- the checks


def is_ours(error: BaseException) -> bool:
    """Whether it was raised in safe_load itself, or in C++ called from there."""
    frames = traceback.extract_tb(error.__traceback__)
    return pathlib.Path(frames[-1].filename).parent.name == "safe_load"


def shown(result: Any) -> None:
    """What a library cannot print is not our fault, nor that Python's own types nest too deep to be printed."""
    try:
        repr(result)[:200]
    except (Error, OSError, MemoryError, RecursionError):
        pass
    except Exception as error:
        if is_ours(error):
            raise


def use_handle(source: Any, framework: str, chance: random.Random) -> None:
    with safe_load.open(source, framework=framework) as handle:
        names = handle.keys()
        for name in chance.sample(names, min(3, len(names))):
            with contextlib.suppress(Error):
                handle.get_tensor(name)
        handle.issues, handle.metadata
        shown(handle.root)


def steps(content: bytes, chance: random.Random, folder: str) -> list[tuple[str, Callable[[], Any]]]:
    """What is done with one file; the first is safe_load()."""
    framework = chance.choice(["torch", "torch", "numpy", "none"])
    unknown = chance.choice(["error", "opaque"])
    source: Any = content
    if chance.random() < 0.3:
        source = os.path.join(folder, "file.pt")
        pathlib.Path(source).write_bytes(content)
    mapped = chance.choice([None, True, False])
    encoding = chance.choice(["utf-8", "latin1", "bytes"])
    words = f"safe_load {framework} {unknown} {encoding}"
    return [
        (words, lambda: safe_load.safe_load(source, framework=framework, unknown=unknown, mmap=mapped,
                                            encoding=encoding)),
        (f"open {framework}", lambda: use_handle(source, framework, chance)),
        ("inspect", lambda: safe_load.inspect(source)),
    ]


class Checker:
    """Makes the file of a number, and uses it."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rows, self.seeds = seed, table(), seed_pickles()
        self.folder = tempfile.TemporaryDirectory()

    def file(self, number: int) -> bytes:
        return Generator(random.Random(f"{self.seed} {number}"), self.rows, self.seeds).next()

    def __call__(self, number: int, post: Post) -> Iterator[tuple[str, str, bytes]]:
        post.say(number, "make")
        content = self.file(number)
        folder = os.path.join(self.folder.name, str(os.getpid()))
        os.makedirs(folder, exist_ok=True)
        outcome = "refused"
        fault = ""
        for i, (name, step) in enumerate(steps(content, random.Random(f"use {self.seed} {number}"), folder)):
            post.say(number, name, content)
            try:
                result = step()
                outcome = "values" if i == 0 else outcome
                if i == 0:
                    post.say(number, name + " repr", content)
                    shown(result)
            except (Error, OSError, MemoryError):
                pass
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{pathlib.Path(where.filename).name}:{where.lineno}"
                fault = fault or f"{name}: bare {type(error).__name__} at {place}: {str(error)[:200]}"
        yield outcome, fault, content


def at_end(stage: str, why: str) -> tuple[str, str]:
    return "refused", f"{stage}: {why}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with contextlib.suppress(ImportError):
        import torch

        import safe_load._make.torch

        torch.set_num_threads(1)
    checker = Checker(arguments.seed)
    if arguments.only is not None:
        print(*[fault or outcome for outcome, fault, _ in checker(arguments.only, Post())], sep="\n")
        return 0
    found = run_batches(arguments.count, arguments.jobs, checker, MEMORY, at_end)
    total, faults = report(found, arguments.seed, arguments.keep)
    print(f"module: files {arguments.count}, values {total['values']}, refused {total['refused']}, faults {faults}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""Holds the scanner against CPython: what it calls SAFE must ask both unpicklers for names of the table only.

    python attacks/differential.py [--count N] [--seed N] [--jobs N]

Pickles are put together from opcodes of all protocols, from known and unknown names, frames, memo and marks,
or written by pickle.dumps; many are then damaged. Each is scanned; each that is SAFE is run by CPython's C
unpickler and by its Python one, again and again to the end of the bytes, with a find_class that gives inert
stubs and records what was asked for. Every pickle is made here, and the runs happen in processes with little
memory. The same seed gives the same pickles. Ends with 1 if SAFE was ever wrong.
"""

from __future__ import annotations

import _compat_pickle
import argparse
import collections
import datetime
import decimal
import io
import multiprocessing
import pathlib
import pickle
import random
import re
import resource
import struct
import sys
import uuid
from typing import Any

import safe_load

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r'\b(?:call|value|stateful|type_name|old_tensor|sparse_tensor|storage|script_storage)\("([^"]+)", "([^"]+)"')
DTYPE = re.compile(r'\bdtype\("([^"]+)"')
MEMORY = 4 << 30
Name = tuple[str, str]


def table() -> set[Name]:
    """The rows of the table of known names."""
    text = (ROOT / "src" / "types" / "known.cc").read_text()
    names = {(module, name) for module, name in ROW.findall(text)}
    return names | {("torch", name) for name in DTYPE.findall(text)}


class Stub:
    """Stands for whatever a file asks for; does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None: ...
    def __call__(self, *_: Any, **__: Any) -> "Stub":
        return Stub()

    def __setstate__(self, _: Any) -> None: ...
    def __setitem__(self, _: Any, __: Any) -> None: ...
    def append(self, _: Any) -> None: ...
    def extend(self, _: Any) -> None: ...
    def add(self, _: Any) -> None: ...


def asked(unpickler: type, content: bytes) -> set[Name]:
    """The names that an unpickler asks for, one pickle after another."""
    names: set[Name] = set()

    class Recorder(unpickler):  # type: ignore[misc, valid-type]
        def find_class(self, module: str, name: str) -> Any:
            names.add((module, name))
            return type(name if name.isidentifier() else "stub", (Stub,), {})

        def persistent_load(self, _: Any) -> Any:
            return Stub()

    stream = io.BytesIO(content)
    try:
        while stream.tell() < len(content):
            Recorder(stream).load()
    except Exception:  # what was asked for until then counts
        return names
    return names


def mapped(name: Name) -> Name:
    if name in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[name]
    return (_compat_pickle.IMPORT_MAPPING.get(name[0], name[0]), name[1])


HARMLESS: list[Any] = [
    {"epoch": 3, "acc": 0.5},
    [1, 2.5, None, True, "text", b"bytes", (1, (2, 3)), {4, 5}, frozenset([6])],
    collections.OrderedDict(a=1, b=[2]),
    collections.Counter("hello"),
    collections.deque([1, 2], 3),
    collections.defaultdict(list, {"a": [1]}),
    complex(1, 2),
    datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc),
    decimal.Decimal("1.5"),
    uuid.UUID(int=5),
    pathlib.PurePosixPath("/a/b"),
    slice(1, 2, 3),
    range(3),
    bytearray(b"abc"),
    2**70,
    "\ud800",
]
UNLISTED = [("os", "getcwd"), ("builtins", "eval"), ("posix", "system"), ("mylib", "Thing"), ("__main__", "Net"),
            ("torch", "serialization.os.getcwd"), ("os", "path"), ("collections", "namedtuple"), ("copyreg", "pickle")]
PYTHON2 = [("__builtin__", "set"), ("copy_reg", "_reconstructor"), ("__builtin__", "eval"), ("UserDict", "UserDict"),
           ("cPickle", "loads"), ("__builtin__", "getattr")]


class Generator:
    """Pickles, valid by construction as far as the stack goes."""

    def __init__(self, chance: random.Random, known: list[Name]) -> None:
        self.chance = chance
        self.known = known

    def name(self) -> Name:
        kind = self.chance.random()
        if kind < 0.55:
            return self.chance.choice(self.known)
        return self.chance.choice(UNLISTED if kind < 0.85 else PYTHON2)

    def atom(self) -> bytes:
        choose = self.chance.choice
        text = choose([b"a", b"os", b"getcwd", b"latin1", b"builtins", b"", b"__class__"])
        return choose([
            b"N", b"\x88", b"\x89", b"K\x01", b"M\x01\x02", b"J\xff\xff\xff\xff", b"I5\n", b"I01\n", b"L7L\n", b"F1.5\n",
            b"\x8a\x01\x05", b"G" + struct.pack(">d", 0.5), b"]", b"}", b")", b"\x8f", b"S'x'\n", b"Vx\n",
            b"X" + struct.pack("<I", len(text)) + text, b"\x8c" + bytes([len(text)]) + text,
            b"C" + bytes([len(text)]) + text, b"U" + bytes([len(text)]) + text,
        ])

    def symbol(self) -> bytes:
        module, name = self.name()
        if self.chance.random() < 0.6:
            return f"c{module}\n{name}\n".encode()
        parts = [self.chance.choice([b"\x8c" + bytes([len(part)]) + part.encode(),
                                     b"X" + struct.pack("<I", len(part)) + part.encode(),
                                     b"S'" + part.encode() + b"'\n"]) for part in (module, name)]
        return b"".join(parts) + b"\x93"

    def value(self, depth: int) -> bytes:
        """Opcodes that leave one value."""
        kind = self.chance.random()
        if depth == 0 or kind < 0.3:
            return self.atom()
        if kind < 0.45:
            return self.symbol()
        parts = [self.value(depth - 1) for _ in range(self.chance.randrange(4))]
        inside = b"".join(parts)
        if kind < 0.6:
            return self.symbol() + b"(" + inside + b"t" + self.chance.choice([b"R", b"R", b"\x81"])
        if kind < 0.64:
            module, name = self.name()
            return b"(" + inside + f"i{module}\n{name}\n".encode()
        if kind < 0.68:
            return b"(" + self.symbol() + inside + b"o"
        if kind < 0.74:
            return self.symbol() + b")R" + self.value(depth - 1) + b"b"
        if kind < 0.8:
            return b"](" + inside + b"e"
        if kind < 0.86:
            return b"}(" + inside + (inside and b"" if len(parts) % 2 == 0 else b"N") + b"u"
        if kind < 0.9:
            return self.value(depth - 1) + b"0" + self.value(depth - 1)
        if kind < 0.94:
            put = self.chance.choice([b"q\x01", b"p1\n", b"r\x01\0\0\0", b"\x94"])
            return self.value(depth - 1) + put + b"0" + self.value(depth - 1) + b"0" + self.chance.choice([b"h\x01", b"g1\n", b"h\0"])
        if kind < 0.97:
            return self.value(depth - 1) + self.chance.choice([b"Q", b"2\x86", b"\x85"])
        return self.chance.choice([b"\x82\x01", b"\x97", b"P1\n", b"2", b"1", b"\x80\x04" + self.atom()])

    def pickle(self) -> bytes:
        if self.chance.random() < 0.15:
            return pickle.dumps(self.chance.choice(HARMLESS), self.chance.randrange(6))
        body = self.value(self.chance.randrange(1, 5)) + b"."
        protocol = self.chance.randrange(6)
        if protocol >= 4 and self.chance.random() < 0.5:
            length = len(body) if self.chance.random() < 0.7 else self.chance.randrange(len(body) + 4)
            body = b"\x95" + struct.pack("<Q", length) + body
        return (bytes([0x80, protocol]) if protocol >= 2 else b"") + body

    def damage(self, content: bytes) -> bytes:
        out = bytearray(content)
        for _ in range(self.chance.randrange(1, 4)):
            if not out:
                break
            at = self.chance.randrange(len(out))
            kind = self.chance.randrange(5)
            if kind == 0:
                out[at] = self.chance.randrange(256)
            elif kind == 1:
                out[at] ^= 1 << self.chance.randrange(8)
            elif kind == 2:
                del out[at : at + self.chance.randrange(1, 4)]
            elif kind == 3:
                out[at:at] = self.value(1)
            else:
                out[at:at] = out[at : at + self.chance.randrange(1, 8)]
        return bytes(out)

    def next(self) -> bytes:
        content = self.pickle()
        if self.chance.random() < 0.15:
            content += self.pickle()
        return self.damage(content) if self.chance.random() < 0.35 else content


def check(task: tuple[int, int]) -> tuple[dict[str, int], list[tuple[bytes, list[Name]]]]:
    """Verdicts of so many pickles, and those SAFE ones that asked for more than the table has."""
    seed, count = task
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    known = table()
    generator = Generator(random.Random(seed), sorted(known))
    verdicts: dict[str, int] = collections.Counter()
    wrong = []
    for _ in range(count):
        content = generator.next()
        verdict = safe_load.scan(content).verdict
        verdicts[verdict.name] += 1
        if verdict is not safe_load.Verdict.SAFE:
            continue
        names = asked(pickle.Unpickler, content) | asked(pickle._Unpickler, content)  # type: ignore[attr-defined]
        more = sorted(name for name in names if name not in known and mapped(name) not in known)
        if more:
            wrong.append((content, more))
    return verdicts, wrong


def run(count: int, seed: int, jobs: int) -> int:
    piece = 5000
    tasks = [(seed * 1_000_003 + i, min(piece, count - i * piece)) for i in range(-(-count // piece))]
    total: dict[str, int] = collections.Counter()
    wrong: list[tuple[bytes, list[Name]]] = []
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for verdicts, found in pool.imap_unordered(check, tasks):
            total.update(verdicts)
            wrong += found
    for content, names in wrong[:10]:
        print(f"SAFE, but asks for {names}: {content!r}")
    print(f"differential: {count} pickles, seed {seed}: " + ", ".join(f"{v} {n}" for n, v in sorted(total.items()))
          + f"; violations {len(wrong)}")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    return run(arguments.count, arguments.seed, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())

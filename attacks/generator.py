"""Pickles for the differential fuzzer: instructions that fit together, then mutated by structure, then wrapped.

The same seed gives the same pickles. Nothing here calls pickle on what it did not make itself.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import pathlib
import pickle
import pickletools
import random
import struct
import uuid
from typing import Any

from assembler import Entry, checkpoint, npy, safetensors, legacy, tar_of, zip_of

Name = tuple[str, str]
Program = list[bytes]  # one instruction each

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
    -(2**63),
    "\ud800",
    {"nested": {"a": [{}, (), set(), [[]]]}},
]
UNLISTED = [("os", "getcwd"), ("builtins", "eval"), ("posix", "system"), ("mylib", "Thing"), ("__main__", "Net"),
            ("torch", "serialization.os.getcwd"), ("os", "path"), ("collections", "namedtuple"), ("copyreg", "pickle")]
PYTHON2 = [("__builtin__", "set"), ("copy_reg", "_reconstructor"), ("__builtin__", "eval"), ("UserDict", "UserDict"),
           ("cPickle", "loads"), ("__builtin__", "getattr")]
PLAIN = [("collections", "OrderedDict"), ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "complex"),
         ("collections", "deque"), ("collections", "Counter"), ("builtins", "bytearray"), ("_codecs", "encode")]
# Operands in the odd forms that some reader takes: src/pickle/operands.cc.
ODD = [b"I0x1f\n", b"I017\n", b"I 5\n", b"I+1\n", b"I1_0\n", b"I5\0z\n", b"I\0\n", b"I-0\n", b"I\n", b"L5L\n", b"L5\0L\n", b"L\n",
       b"L0b11L\n", b"L" + b"9" * 4301 + b"\n", b"F1.5\0z\n", b"F 1\n", b"F1_0.5\n", b"F1e999\n", b"Finf\n", b"F-nan\n", b"F.5\n", b"F1.\n",
       b"F0x1p3\n", b"S'\\q'\n", b"S'\\777'\n", b"S'\\x4'\n", b"S'a'b'\n", b"S'\n", b"S\"a\\\"\n", b"V\\\\u0041\n", b"V\\u00zz\n",
       b"V\\ud800\n", b"V\\\n", b"g01\n", b"g+1\n", b"g1\0z\n", b"g-1\n", b"p1_0\n", b"p 1\n", b"p99999999999\n", b"p-1\n", b"p\n",
       b"\x8a\x09\0\0\0\0\0\0\0\0\0", b"\x8a\x0a" + b"\xff" * 10, b"\x8b\xff\xff\xff\xff", b"T\xff\xff\xff\xff", b"T\0\0\0\x80",
       b"X\xff\xff\xff\xff", b"\x8d" + b"\xff" * 8, b"\x96" + b"\xff" * 7 + b"\x7f", b"\x95" + struct.pack("<Q", 5), b"\x80\x06", b"\x80\x05",
       b"c\nx\n", b"cmylib\n\n", b"cmy\0lib\nx\n", b"c\xff\nx\n", b"imylib\nx\n", b"P0\n", b"P\xff\n", b"\x82\x01", b"\x97", b"\x98"]
STACK = [b"(", b"0", b"1", b"2", b"a", b"b", b"d", b"e", b"l", b"o", b"s", b"t", b"u", b"R", b"\x81", b"\x85", b"\x86", b"\x87",
         b"\x90", b"\x91", b"\x92", b"\x93", b"\x94", b"Q", b".", b"q\x01", b"h\x01", b"r\x01\0\0\0", b"j\x01\0\0\0"]


def instructions(content: bytes) -> Program:
    """Of a pickle that pickle.dumps wrote."""
    places = [place for _, _, place in pickletools.genops(content) if place is not None] + [len(content)]
    return [content[a:b] for a, b in zip(places, places[1:])]


class Generator:
    """Pickles that mostly fit the stack, over names of the table `known` and others."""

    def __init__(self, chance: random.Random, known: list[Name]) -> None:
        self.chance = chance
        self.known = known
        self.honest = [instructions(pickle.dumps(value, protocol)) for value in HARMLESS for protocol in range(6)]

    def name(self) -> Name:
        kind = self.chance.random()
        if kind < 0.4:
            return self.chance.choice(PLAIN)
        if kind < 0.65:
            return self.chance.choice(self.known)
        return self.chance.choice(UNLISTED if kind < 0.9 else PYTHON2)

    def atom(self) -> bytes:
        choose = self.chance.choice
        text = choose([b"a", b"os", b"getcwd", b"latin1", b"builtins", b"", b"__class__"])
        return choose([
            b"N", b"\x88", b"\x89", b"K\x01", b"M\x01\x02", b"J\xff\xff\xff\xff", b"I5\n", b"I01\n", b"L7L\n", b"F1.5\n",
            b"\x8a\x01\x05", b"G" + struct.pack(">d", 0.5), b"]", b"}", b")", b"\x8f", b"S'x'\n", b"Vx\n",
            b"X" + struct.pack("<I", len(text)) + text, b"\x8c" + bytes([len(text)]) + text,
            b"C" + bytes([len(text)]) + text, b"U" + bytes([len(text)]) + text,
        ])

    def symbol(self) -> Program:
        module, name = self.name()
        if self.chance.random() < 0.6:
            return [f"c{module}\n{name}\n".encode()]
        texts = [self.chance.choice([b"\x8c" + bytes([len(part)]) + part.encode(), b"X" + struct.pack("<I", len(part)) + part.encode(),
                                     b"S'" + part.encode() + b"'\n"]) for part in (module, name)]
        return [*texts, b"\x93"]

    def value(self, depth: int) -> Program:
        """Instructions that leave one value."""
        kind = self.chance.random()
        if depth == 0 or kind < 0.3:
            return [self.atom()]
        if kind < 0.42:
            return self.symbol()
        count = self.chance.randrange(4)
        inside = [part for _ in range(count) for part in self.value(depth - 1)]
        if kind < 0.58:
            return [*self.symbol(), b"(", *inside, b"t", self.chance.choice([b"R", b"R", b"\x81"])]
        if kind < 0.62:
            module, name = self.name()
            return [b"(", *inside, f"i{module}\n{name}\n".encode()]
        if kind < 0.66:
            return [b"(", *self.symbol(), *inside, b"o"]
        if kind < 0.72:
            return [*self.symbol(), b")", b"R", *self.value(depth - 1), b"b"]
        if kind < 0.79:
            return [b"]", b"(", *inside, b"e"]
        if kind < 0.86:
            return [b"}", b"(", *inside, *([] if count % 2 == 0 else [b"N"]), b"u"]
        if kind < 0.9:
            return [*self.value(depth - 1), b"0", *self.value(depth - 1)]
        if kind < 0.94:
            put = self.chance.choice([b"q\x01", b"p1\n", b"r\x01\0\0\0", b"\x94"])
            return [*self.value(depth - 1), put, b"0", *self.value(depth - 1), b"0", self.chance.choice([b"h\x01", b"g1\n", b"h\0"])]
        if kind < 0.97:
            return [*self.value(depth - 1), *self.chance.choice([[b"Q"], [b"2", b"\x86"], [b"\x85"]])]
        return self.chance.choice([[b"\x82\x01"], [b"\x97"], [b"P1\n"], [b"2"], [b"1"], [b"\x80\x04", self.atom()]])

    def program(self) -> Program:
        if self.chance.random() < 0.25:
            return list(self.chance.choice(self.honest))
        protocol = self.chance.randrange(6)
        body = [*self.value(self.chance.randrange(1, 5)), b"."]
        if protocol >= 4 and self.chance.random() < 0.5:
            length = sum(map(len, body))
            if self.chance.random() < 0.3:
                length = self.chance.randrange(length + 4)
            body.insert(0, b"\x95" + struct.pack("<Q", length))
        return [bytes([0x80, protocol]), *body] if protocol >= 2 else body

    def mutate(self, program: Program) -> Program:
        """Swaps, cuts, splices, replaces and repeats instructions, and gives operands odd forms."""
        program = list(program)
        for _ in range(self.chance.randrange(1, 4)):
            if not program:
                break
            at = self.chance.randrange(len(program))
            other = self.chance.randrange(len(program))
            kind = self.chance.randrange(8)
            if kind == 0:
                program[at], program[other] = program[other], program[at]
            elif kind == 1:
                del program[at : at + self.chance.randrange(1, 3)]
            elif kind == 2:
                donor = self.program()
                cut = self.chance.randrange(len(donor))
                program[at:at] = donor[cut : cut + self.chance.randrange(1, 6)]
            elif kind == 3:
                program[at] = self.chance.choice(ODD)
            elif kind == 4:
                program.insert(at, self.chance.choice(ODD))
            elif kind == 5:
                program.insert(at, self.chance.choice(STACK))
            elif kind == 6:
                program[at:at] = program[at : at + self.chance.randrange(1, 4)]
            else:
                program[at] = self.chance.choice(STACK)
        return program

    def damage(self, content: bytes) -> bytes:
        """Single bytes, without regard to what they mean."""
        out = bytearray(content)
        for _ in range(self.chance.randrange(1, 4)):
            if not out:
                break
            at = self.chance.randrange(len(out))
            kind = self.chance.randrange(3)
            if kind == 0:
                out[at] = self.chance.randrange(256)
            elif kind == 1:
                out[at] ^= 1 << self.chance.randrange(8)
            else:
                del out[at : at + self.chance.randrange(1, 4)]
        return bytes(out)

    def next(self) -> bytes:
        program = self.program()
        kind = self.chance.random()
        if kind < 0.45:
            program = self.mutate(program)
        content = b"".join(program)
        if self.chance.random() < 0.1:
            content += b"".join(self.program())
        return self.damage(content) if kind > 0.85 else content

    def wrap(self, content: bytes) -> tuple[str, bytes]:
        """A file that holds these bytes where some reader unpickles them, and what kind of file it is."""
        kind = self.chance.choice(WRAPPINGS)
        if kind == "record":
            return kind, checkpoint(more=[Entry("archive/x", content, deflate=self.chance.random() < 0.3)])
        if kind == "data.pkl":
            return kind, checkpoint(content)
        if kind == "zip":
            return kind, zip_of([Entry("a", b"text"), Entry("b.pkl", content)])
        if kind == "stream":
            return kind, legacy({self.chance.randrange(5): content})
        if kind == "behind streams":
            return kind, legacy(tail=content)
        if kind == "tar":
            return kind, tar_of({"a.pkl": b"N.", self.chance.choice(["b", "pickle", "storages", "tensors"]): content})
        if kind == "array":
            return kind, npy("|O", (1,), content)
        if kind == "behind an array":
            return kind, npy("<f4", (1,), bytes(4)) + content
        if kind == "appended":
            return kind, b"N." + content
        if kind == "safetensors":
            size = len(content)
            return kind, safetensors(b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (size, size), content)
        return kind, zip_of([Entry("inner.zip", zip_of([Entry("x", content)]))])


WRAPPINGS = ["record", "data.pkl", "zip", "stream", "behind streams", "tar", "array", "behind an array", "appended", "safetensors",
             "nested"]

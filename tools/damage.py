"""Damages files: in their bytes, and in the opcodes of a pickle."""

from __future__ import annotations

import contextlib
import pickletools
import random


def pieces(content: bytes) -> list[bytes]:
    """The opcodes of a pickle with their operands; the rest, if it is none, in one piece."""
    starts = []
    with contextlib.suppress(Exception):
        starts += [at for _, _, at in pickletools.genops(content) if at is not None]
    ends = starts[1:] + [len(content)]
    return [content[start:end] for start, end in zip(starts, ends)] or [content]


def damage_opcodes(chance: random.Random, content: bytes) -> bytes:
    """Deletes, doubles, exchanges opcodes, or changes an operand."""
    ops = pieces(content)
    for _ in range(chance.choice([1, 1, 1, 1, 2, 3])):
        at, other = chance.randrange(len(ops)), chance.randrange(len(ops))
        kind = chance.randrange(10)
        if kind == 0 and len(ops) > 1:
            del ops[at]
        elif kind == 1:
            ops.insert(other, ops[at])
        elif kind == 2:
            ops[at], ops[other] = ops[other], ops[at]
        elif kind == 3:
            ops[at] = ops[other]
        else:
            _change_operand(chance, ops, chance.choice([b"KMJ", b"KMJ", b"KMJ", b"KMJG\x8ahjqr", b"\x88\x89",
                                                        b"X\x8cc"]))
    return b"".join(ops)


def _change_operand(chance: random.Random, ops: list[bytes], kinds: bytes) -> None:
    """Of one of the opcodes `kinds`; what has a length keeps it."""
    places = [i for i, op in enumerate(ops) if op[:1] in kinds]
    if not places:
        return
    i = chance.choice(places)
    code, operand = ops[i][:1], bytearray(ops[i][1:])
    head = {b"X": 4, b"\x8c": 1}.get(code, 0)
    if not operand:
        ops[i] = chance.choice([b"\x88", b"\x89", b"N", b"K\x02"])
    elif len(operand) > head:
        at = chance.randrange(head, len(operand)) if code not in b"KMJ" else 0
        operand[at] = chance.choice([operand[at] ^ 1, (operand[at] + 1) % 256, (operand[at] - 1) % 256, 0,
                                     chance.randrange(256)])
        ops[i] = code + operand


def damage_bytes(chance: random.Random, content: bytes, upto: int | None = None) -> bytes:
    """Flips a bit, sets, deletes, inserts or doubles a few bytes before `upto`, or cuts the end."""
    if not content:
        return bytes([chance.randrange(256)])
    out = bytearray(content)
    at = chance.randrange(min(len(out), upto or len(out)))
    kind = chance.randrange(12)
    if kind < 3:
        out[at] ^= 1 << chance.randrange(8)
    elif kind < 6:
        out[at] = chance.choice([0, 1, 2, 127, 128, 255, chance.randrange(256)])
    elif kind < 8:
        del out[at : at + chance.randrange(1, 5)]
    elif kind < 9:
        out[at:at] = chance.randbytes(chance.randrange(1, 5))
    elif kind < 10:
        out[at:at] = out[at : at + chance.randrange(1, 9)]
    elif kind < 11:
        start = chance.randrange(len(out))
        out[at:at] = out[start : start + chance.randrange(1, 40)]
    else:
        del out[at:]
    return bytes(out)

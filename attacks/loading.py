"""Attacks on loading, and honest files that loading once got wrong: each is loaded, and what comes out is judged.

    python attacks/loading.py            a line for each case: right or WRONG, and what was seen

Each case was once a silently wrong value, a crash, a hang, or an exception that was no Error. A case gives bytes and
says what is right: a value, or the code of an Error. What could take the process along runs in a child. Every pickle
here is inert, and none but those that are marked as ours to compare is ever given to another reader.
"""

from __future__ import annotations

import dataclasses
import pathlib
import pickle
import struct
import subprocess
import sys
from typing import Any

import assembler as make
from assembler import Entry, call, checkpoint, pickle_of, symbol, text

SECONDS = 30
MEGABYTES = 1500


@dataclasses.dataclass(frozen=True)
class Case:
    """name: what is attacked. data: the file. right: the value, or a code of Error such as "limit"; a callable judges
    the value itself. options: of safe_load(). frameworks: each of which must do it right."""

    name: str
    data: bytes
    right: Any
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    frameworks: tuple[str, ...] = ("none",)


@dataclasses.dataclass(frozen=True)
class Refused:
    """Any of these codes of Error."""

    codes: tuple[str, ...]


CORRUPT, AMBIGUOUS, LIMIT, DANGER = (Refused((code,)) for code in ("corrupt", "ambiguous", "limit", "danger"))
EITHER = Refused(("corrupt", "limit"))
ALL = ("torch", "numpy", "none")


def as_pickle_says(data: bytes) -> Any:
    """For pickles of numbers and texts that we wrote ourselves."""
    return pickle.loads(data)


def integer(n: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", n)


def ints(*numbers: int) -> bytes:
    return b"(" + b"".join(map(integer, numbers)) + b"t"


def values() -> list[Case]:
    """What CPython and torch read, however it is spelled."""
    big = 2**70 + 12345
    cases = []
    for size in (9, 10, 12):
        data = b"\x80\x02\x8a" + bytes([size]) + big.to_bytes(size, "little") + b"."
        cases.append(Case(f"a long integer in {size} bytes", data, big))
    long = b"\x80\x02(\x8a\x0a" + (-big).to_bytes(10, "little", signed=True) + b"\x8a\x00\x8a\x03\xff\xff\xfft."
    cases.append(Case("long integers with spare sign bytes", long, as_pickle_says(long)))
    for line in (rb"\\u0041", rb"\\\u0041", rb"\\\\u0041", "a\\", rb"\x41\n", rb"\U0001F600\u00e9", rb"\ud83d\ude00"):
        data = b"V" + (line if isinstance(line, bytes) else line.encode()) + b"\n."
        cases.append(Case(f"raw unicode escape {line!r}", data, as_pickle_says(data)))
    for line in (b"I010\n", b"I08\n", b"I-0\n", b"I+1\n", b"I 1\n", b"L010L\n", b"F 1\n", b"I1\x002\n"):
        cases.append(Case(f"a number that unpicklers read differently, {line!r}", pickle_of(line), CORRUPT))
    for line in (b"I0\n", b"I00\n", b"I01\n", b"I-12\n", b"I0x10\n", b"I1_0\n", b"I+12\n", b"L0L\n", b"L-5\n", b"L%dL\n" % big, b"L-%dL\n" % big):
        cases.append(Case(f"a number {line!r}", line + b".", as_pickle_says(line + b".")))
    return cases + [Case(f"a key that is set again behind {name}", data, as_pickle_says(data)) for name, data in keys()]


def keys() -> list[tuple[str, bytes]]:
    """{1: "a", <equal to 1>: "b", 1: "c"}, and the like for larger numbers and frozensets."""
    one, large = b"K\x01", b"\x8a\x09" + (2**70).to_bytes(9, "little")
    one_in_set = b"(K\x01\x91"
    others = {
        "a fraction": (one, call("fractions", "Fraction", one, one)),
        "a decimal": (one, call("decimal", "Decimal", text("1"))),
        "a complex number": (one, call("builtins", "complex", b"G?\xf0" + bytes(6), b"G" + bytes(8))),
        "a large float": (large, b"G" + struct.pack(">d", 2.0**70)),
        "a date": (call("datetime", "date", b"C\x04\x07\xe8\x01\x02"),) * 2,
        "a frozenset": (one_in_set, one_in_set),
        "True by name": (one, symbol("builtins", "True")),
    }
    rows = []
    for name, (key, other) in others.items():
        pairs = key + b"q\x05" + text("a") + other + text("b") + b"h\x05" + text("c")
        rows.append((name, pickle_of(b"}(" + pairs + b"u", 4)))
        inside = key + b"q\x05\x85" + text("a") + other + b"\x85" + text("b") + b"h\x05\x85" + text("c")
        rows.append((f"{name} in a tuple", pickle_of(b"}(" + inside + b"u", 4)))
    return rows


def is_1_and_2(tensor: Any) -> bool:
    return struct.unpack("<2f", memoryview(tensor).tobytes()) == (1, 2)


def spellings() -> list[Case]:
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    cases = []
    for name, first in {
        "protocol 1": b"\x80\x01" + magic[2:],
        "a memo entry": magic[:-1] + b"q\x00.",
        "protocol 4, no frame": b"\x80\x04" + magic[2:],
        "a popped value": b"\x80\x02N0" + magic[2:],
    }.items():
        cases.append(Case(f"a legacy file whose magic number has {name}", make.legacy({0: first}), is_1_and_2))
    padded = b"\x80\x02" + b"N0" * 5000 + magic[2:]
    cases.append(Case("a legacy file whose first pickle is long", make.legacy({0: padded}), AMBIGUOUS))
    records = [Entry("archive/data.pkl", make.state_dict()), Entry("archive/data/0", struct.pack("<2f", 1, 2))]
    version = Entry("archive/version", b"3\n")
    for other in ("archive/BYTEORDER", "archive/Byteorder", "ARCHIVE/byteorder"):
        data = make.zip_of([*records, Entry(other, b"big"), version])
        cases.append(Case(f"the record {other}", data, AMBIGUOUS))
    honest = make.zip_of([*records, version])
    for at in local_extra_lengths(honest):
        for bit in range(4):
            cut = bytearray(honest)
            cut[at] ^= 1 << bit
            cases.append(Case(f"the length of a local extra field, bit {bit}", bytes(cut), Refused(ALL_CODES)))
    return cases


ALL_CODES = ("corrupt", "ambiguous", "truncated", "limit", "unsupported")


def local_extra_lengths(file: bytes) -> list[int]:
    places, at = [], 0
    while (at := file.find(b"PK\3\4", at)) >= 0:
        places.append(at + 28)
        at += 4
    return places


def forms() -> list[Case]:
    cases = []
    for cls, given in (
        ("list", b"]K\x01a"),
        ("set", b"]K\x01a"),
        ("dict", b"}K\x01K\x02s"),
        ("bytearray", b"C\x02ab"),
    ):
        name = b"\x80\x02" + symbol("builtins", cls)
        called, empty = name + b"(" + given + b"tR.", name + b")\x81."
        cases.append(Case(f"{cls} made with what __new__ ignores", name + b"(" + given + b"t\x81.", CORRUPT))
        cases.append(Case(f"{cls} called", called, as_pickle_says(called)))
        cases.append(Case(f"{cls} made empty", empty, as_pickle_says(empty)))
    default = call("collections", "defaultdict")
    for name in ("x", "default_factory"):
        data = pickle_of(default + b"}" + text(name) + b"K\x05sb")
        cases.append(Case(f"a defaultdict that is given the attribute {name}", data, CORRUPT))
    return cases


def costs() -> list[Case]:
    """Files of kilobytes to megabytes that took gigabytes, minutes, or the process."""
    alias = lambda part: call("types", "GenericAlias", symbol("builtins", "tuple"), b"(" + part + part + b"t")  # noqa: E731
    doubled = symbol("builtins", "int")
    for _ in range(60):
        doubled += b"q\x010" + alias(b"h\x01")
    deep = (symbol("types", "GenericAlias") + b"(" + symbol("builtins", "list")) * 100_000
    deep += symbol("builtins", "int") + b"tR" * 100_000
    slices = symbol("builtins", "slice") + b"q\x000" + b"h\x00(" * 300_000 + b"K\x01" + b"tR" * 300_000
    shared = b"X" + struct.pack("<I", 1_000_000) + b"a" * 1_000_000 + b"q\x000" + symbol("_io", "StringIO")
    shared += b"q\x010(" + (b"h\x01)\x81(h\x00" + text("\n") + b"K\x00Ntb") * 3000 + b"t"
    one_text = text("x" * 1_000_000) + b"q\x000]("
    modulus = 2**61 - 1
    twins = [b"M\xe8\x03\x85" + b"2\x86" * 10 + long(modulus * (i + 1)) + b"\x86N" for i in range(999)]
    alike = [b"\x8a\x0b" + ((i + 1) * (2**61 - 1)).to_bytes(11, "little") for i in range(200_000)]
    one_hash = pickle_of(b"}(" + b"".join(key + b"N" for key in alike) + b"u")
    return [
        Case("a type expression that doubles 60 times", pickle_of(doubled, 4), LIMIT),
        Case("the same as a key", pickle_of(b"}" + doubled + b"K\x01s", 4), LIMIT),
        Case("a type expression of 100,000 levels in a frozenset", pickle_of(b"(" + deep + b"\x91", 4), LIMIT),
        Case("300,000 slices inside each other", pickle_of(slices, 4), LIMIT),
        Case("one text that 3,000 streams copy", pickle_of(shared, 4), LIMIT),
        Case("200,000 keys of one hash", one_hash, LIMIT),
        Case("999 large keys of one hash", pickle_of(b"}(" + b"".join(twins) + b"u"), LIMIT),
        Case("keys whose hashes lead over the same places", colliding_integers(), LIMIT),
        Case("str() of one text, 3,000 times", pickle_of(one_text + (symbol("builtins", "str") + b"h\x00\x85R") * 3000 + b"e"), LIMIT),
    ]


def long(n: int) -> bytes:
    data = n.to_bytes(n.bit_length() // 8 + 1, "little")
    return b"\x8a" + bytes([len(data)]) + data


def colliding_integers(bits: int = 16, slots: int = 30_000, walkers: int = 10_000) -> bytes:
    """Numbers that fill an arc of the cycle i -> 5i + 1 of a table, and others that begin in it and walk to its end."""
    mask = (1 << bits) - 1
    arc = {0: 0}
    at = 0
    while len(arc) < slots:
        at = (5 * at + 1) & mask
        arc[at] = len(arc)
    found: list[int] = []
    for key in range(1 << bits, 1 << bits + 6):
        perturb, place = key, key & mask
        while perturb and place in arc:
            perturb >>= 5
            place = (5 * place + perturb + 1) & mask
        if not perturb and arc.get(place, slots) < slots // 2:
            found.append(key)
            if len(found) == walkers:
                break
    return pickle_of(b"}(" + b"".join(long(key) + b"N" for key in [*arc, *found]) + b"u")


def doors() -> list[Case]:
    """What an attribute, a key or a size makes Python, NumPy or torch raise."""

    def with_attribute(name: bytes, value: bytes) -> bytes:
        tensor = make.tensor()
        state = b"}" + b"X" + struct.pack("<I", len(name)) + name + value + b"s"
        hooks = call("collections", "OrderedDict")
        parameter = call("torch._utils", "_rebuild_parameter_with_state", tensor, b"\x88", hooks, state)
        return checkpoint(pickle_of(b"}" + text("w") + parameter + b"s"))

    unchanged = lambda value: len(value["w"]) == 2 and value["w"].tolist() == [1, 2]  # noqa: E731
    kept = lambda value: hasattr(value["w"], "shape")  # noqa: E731
    cases = [Case("an honest attribute of a tensor", with_attribute(b"note", b"K\x05"), kept, frameworks=ALL)]
    for name in (b"flat", b"real", b"shape", b"strides", b"dtype"):
        data = with_attribute(name, b"K\x05")
        cases.append(Case(f"the attribute {name.decode()} of an array", data, unchanged, frameworks=("numpy",)))
    for name in (b"is_leaf", b"shape", b"T", b"_version", b"real", b"data", b"grad", b"requires_grad"):
        data = with_attribute(name, b"K\x05")
        cases.append(Case(f"the attribute {name.decode()} of a tensor", data, CORRUPT, frameworks=("torch",)))
    slice_ = call("builtins", "slice", b"K\x01", b"K\x02", b"N")
    not_a_number = call("decimal", "Decimal", text("sNaN"))
    for name, key in (("a slice", slice_), ("a signalling NaN", not_a_number)):
        opaque = {"unknown": "opaque"}
        if name != "a slice" or sys.version_info < (3, 12):
            cases.append(Case(f"{name} in a frozenset", pickle_of(b"(" + key + b"\x91", 4), CORRUPT))
            record = pickle_of(symbol("m", "C") + b")\x81(" + key + b"K\x01u", 4)
            cases.append(Case(f"{name} as a key of a record", record, CORRUPT, opaque))
    huge = 2**62
    empty = make.tensor(sizes=ints(huge, huge, 0), strides=ints(1, 1, 1))
    cases.append(Case("sizes that overflow, of no element", checkpoint(pickle_of(empty)), CORRUPT, frameworks=ALL))
    one = make.tensor(sizes=ints(1), strides=ints(huge))
    cases.append(Case("a stride that means nothing", checkpoint(pickle_of(one)), lambda v: len(v) == 1, frameworks=ALL[:2]))
    unsafe = symbol("uuid", "UUID") + b")\x81}(" + text("int") + b"K\x05" + text("is_safe") + b"\x89ub"
    cases.append(Case("a UUID whose safety is False", pickle_of(unsafe), CORRUPT))
    payload = pickle_of(b"}" + text("hook") + call("posix", "system", text("true")) + b"s")
    cases.append(Case("a file that runs a command", payload, DANGER))
    return cases


def all_cases() -> list[Case]:
    return [*values(), *spellings(), *forms(), *costs(), *doors()]


def judge(case: Case, framework: str) -> str:
    """"" if it is right, else what was seen."""
    from safe_load import Error, safe_load

    try:
        value = safe_load(case.data, framework=framework, **case.options)
    except Error as error:
        clean = str(error).isprintable() or all(c.isprintable() or c == "\n" for c in str(error))
        if not clean or len(str(error)) > 8000:
            return f"an Error that is not fit to print: {str(error)[:60]!r}"
        is_right = isinstance(case.right, Refused) and error.code in case.right.codes
        return "" if is_right else f"Error {error.code}: {str(error)[:100]!r}"
    except Exception as error:
        return f"bare {type(error).__name__}: {str(error)[:100]!r}"
    if callable(case.right):
        return "" if case.right(value) else f"{value!r}"[:100]
    is_right = type(value) is type(case.right) and value == case.right
    return "" if is_right else f"{value!r}"[:100]


def in_child(number: int, framework: str) -> str:
    program = f"import loading, sys\ncase = loading.all_cases()[{number}]\nprint(loading.judge(case, {framework!r}))"
    limit = f"import resource\nresource.setrlimit(resource.RLIMIT_DATA, ({MEGABYTES} << 20,) * 2)\n"
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", limit + program],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=pathlib.Path(__file__).parent,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {SECONDS} seconds"
    if done.returncode != 0:
        return f"the process ended with {done.returncode}: {done.stderr[-200:]}"
    return done.stdout.strip()


def main() -> int:
    wrong = 0
    dangerous = {case.name for case in costs()}
    for number, case in enumerate(all_cases()):
        for framework in case.frameworks:
            seen = in_child(number, framework) if case.name in dangerous else judge(case, framework)
            wrong += bool(seen)
            print(f"{'WRONG' if seen else 'right'}  {case.name} ({framework}){': ' + seen if seen else ''}")
    print(f"loading: {len(all_cases())} cases, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

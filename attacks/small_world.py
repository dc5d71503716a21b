"""The small world: every short pickle program, through us and through the unpicklers of every Python that is here.

    python attacks/small_world.py [--length 4] [--part programs|operands|all] [--python PATH ...] [--show N]

`programs`: all programs of up to --length opcodes, over all 68 opcodes with representative operands. A program is
made longer only where some reader goes on behind it: the others are the same program as their beginning.
`operands`: each opcode that has a line or a length behind it, with all short texts over the characters that mean
something there.

For each program P both unpicklers of each Python (3.6 and newer) are run with inert names, here and in processes of
the other Pythons, on P, a sentinel and STOP. Held against that are

* the scanner: the names that it reports are those that some reader asks for, the sentinel among them where a reader
  reaches it; and what it calls SAFE asks for names of the table only;
* the loader: where all readers give one plain value, it gives the same; where they differ, or stop, it refuses.

Ends with 1 if anything differs. Every pickle is made here.
"""

from __future__ import annotations

import argparse
import collections
import io
import itertools
import multiprocessing
import os
import pathlib
import re
import resource
import struct
import subprocess
import sys
import warnings
from typing import Any, Iterable, Iterator

import safe_load

try:
    from torch._weights_only_unpickler import Unpickler as WeightsOnly
except ImportError:
    WeightsOnly = None  # type: ignore[misc, assignment]

import world_reader
from world_reader import NOTHING, REAL, SENTINEL, UNPICKLERS, canonical, digest, outcome, packed, simple

REACHED = b"c%s\n%s\n0" % tuple(part.encode() for part in SENTINEL)
BY_OPTION = (b"T", b"U", b"S", b"\x97")
OUTCOME = 17  # bytes
OF_PROTOCOL_5 = (b"\x80\5", b"\x96", b"\x97", b"\x98")
BATCH = 4000
U32 = struct.Struct("<I")

# ---- programs

ODDITIES = [b"\x80\x02", b"\x80\x04", b"\x95\0\0\0\0\0\0\0\0", b"\x95\3\0\0\0\0\0\0\0"]
PUSHES = [
    b"N", b"\x88", b"\x89", b"I1\n", b"I01\n", b"J\1\0\0\0", b"K\1", b"M\1\0", b"L1L\n", b"\x8a\1\1", b"\x8b\1\0\0\0\1",
    b"F1\n", b"G?\xf0\0\0\0\0\0\0", b"S'm'\n", b"T\1\0\0\0m", b"U\1m", b"Vm\n", b"X\1\0\0\0m", b"\x8c\1m",
    b"\x8d\1\0\0\0\0\0\0\0m", b"B\1\0\0\0m", b"C\1m", b"\x8e\1\0\0\0\0\0\0\0m", b"\x96\1\0\0\0\0\0\0\0m", b")", b"]", b"}",
    b"\x8f", b"cm\nx\n", b"ccollections\nOrderedDict\n", b"cbuiltins\nset\n",
]
WITH_STACK = [
    b"(", b".", b"0", b"1", b"2", b"a", b"b", b"d", b"e", b"l", b"o", b"s", b"t", b"u", b"R", b"\x81", b"\x85", b"\x86",
    b"\x87", b"\x90", b"\x91", b"\x92", b"\x93", b"\x94", b"Q", b"P0\n", b"im\nx\n", b"icollections\nOrderedDict\n",
    b"p0\n", b"q\0", b"r\0\0\0\0", b"g0\n", b"h\0", b"j\0\0\0\0", b"\x82\1", b"\x83\1\0", b"\x84\1\0\0\0", b"\x97", b"\x98",
]
INSTRUCTIONS = ODDITIES + PUSHES + WITH_STACK

# ---- operands

Alphabet = tuple[bytes, bytes, int, bytes]  # what stands before, the characters, the most of them, what stands behind


def texts(characters: Iterable[bytes], most: int) -> Iterator[bytes]:
    for length in range(most + 1):
        for parts in itertools.product(characters, repeat=length):
            yield b"".join(parts)


def split(characters: bytes) -> list[bytes]:
    return [bytes([c]) for c in characters]


def operands() -> Iterator[bytes]:
    numbers = split(b"01789_+- \t\x0bxXLabo\0\r\xff")
    for text in texts(numbers, 3):
        yield b"I" + text + b"\n"
        yield b"L" + text + b"\n"
        yield b"N0Np5\nNp" + text + b"\ng5\n"
        yield b"Np1\n0Np15\n0g" + text + b"\n"
    for text in texts(split(b"01_-+x\0L "), 4):
        yield b"I" + text + b"\n"
        yield b"L" + text + b"\n"
    for digits in (b"9" * 4300, b"9" * 4301, b"9" * 18, b"9" * 19, b"9" * 20, b"9223372036854775807", b"9223372036854775808",
                   b"0x" + b"f" * 16, b"0x7" + b"f" * 15, b"0x" + b"f" * 15, b"0" * 4400, b"0x" + b"f" * 5000):
        for sign in (b"", b"-", b"+", b" "):
            for end in (b"", b"L", b"\0", b"\0L", b" "):
                yield b"I" + sign + digits + end + b"\n"
                yield b"L" + sign + digits + end + b"\n"
                yield b"Np" + sign + digits + end + b"\n"
    for text in texts(split(b"0159._eE-+ \0in"), 4):
        yield b"F" + text + b"\n"
    for text in (b"inf", b"Infinity", b"NaN", b"-inf", b"+nan", b"-nan", b"1e308", b"1e309", b"-1e309", b"1e-323", b"1e-330",
                 b"0." + b"0" * 400 + b"1", b"1" + b"0" * 400, b"1" + b"0" * 400 + b"e-400", b"0e999999999999999999999",
                 b"1e999999999999999999999", b"1e-99999999999999999999", b"0." + b"0" * 400 + b"1e401", b"1e0005", b"0x1p3"):
        for end in (b"", b"\0", b" ", b"_", b"L"):
            yield b"F" + text + end + b"\n"
    for text in texts(split(b"'\"\\x017an"), 4):
        yield b"S" + text + b"\n"
        yield b"S'" + text + b"'\n"
    yield from (b"S'\\%03o'\n" % value for value in range(0o777))
    for text in texts(split(b"\\uU0d4"), 6):
        yield b"V" + text + b"\n"
    yield from (b"V" + text + b"\n" for text in (b"\\U0010ffff", b"\\U00110000", b"\\ud800", b"\\udc00\\ud800", b"\xe9\0", b"\\u00"))
    names = [b"", *split(b"mx.\0 \r\x80\xff"), b"\xc3\xa9", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
    for module, name in itertools.product(texts(names, 2), repeat=2):
        yield b"c" + module + b"\n" + name + b"\n"
        yield b"(i" + module + b"\n" + name + b"\n"
    long = b"a" * 4097
    yield from (b"\x80\2" + head + long + b"\n" for head in (b"cm\n", b"(im\n", b"im\n", b"P"))
    yield from (b"\x80\2" + head + long + b"\nx\n" for head in (b"c", b"(i", b"i"))
    for name in texts(names, 2):
        yield b"P" + name + b"\n"
        yield b"X" + U32.pack(len(name)) + name + b"\x8c\1x\x93"
        yield b"T" + U32.pack(len(name)) + name
        yield from (head + name + b"\n" for head in (b"im\n", b"(cm\nx\n"))
    yield from (opcode + U32.pack(length) + b"mmmm" for opcode in (b"T", b"\x8b", b"X", b"B", b"\x84")
                for length in (0, 4, 5, 1 << 31, (1 << 31) - 1, (1 << 32) - 1))
    yield from (opcode + struct.pack("<Q", length) + b"mmmm" for opcode in (b"\x8d", b"\x8e", b"\x96", b"\x95")
                for length in (0, 4, 5, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1))
    yield from (bytes([0x80, version]) + b"N" for version in range(256))
    yield from (b"\x8a" + bytes([len(data)]) + data for data in texts([b"\0", b"\xff", b"\x80", b"\x7f", b"\1"], 4))
    yield from (b"\x8a" + bytes([size + 8]) + first + fill * 8 + last for size in (1, 2)
                for first in (b"\0", b"\xff") for fill in (b"\0", b"\xff") for last in texts([b"\0", b"\xff", b"\x7f"], size - 1))


def cut_lines() -> Iterator[bytes]:
    """Programs that end in a line without its end."""
    for name in texts(split(b"mx.\0 \x80"), 3):
        yield from (head + name for head in (b"c", b"cm\n", b"(i", b"(im\n", b"im\n", b"P", b"I", b"L", b"F", b"S", b"V", b"Np", b"g"))


# ---- who judges

class Reader:
    """A process of another Python."""

    def __init__(self, python: str) -> None:
        self.knows_protocol_5 = int(python.rsplit(".", 1)[1]) >= 8
        script = pathlib.Path(__file__).with_name("world_reader.py")
        self._process = subprocess.Popen([python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._bytes = 0

    def send(self, programs: list[bytes]) -> None:
        block = b"".join(struct.pack("<H", len(program)) + program for program in programs)
        assert self._process.stdin is not None
        self._process.stdin.write(U32.pack(len(block)) + block)
        self._process.stdin.flush()
        self._bytes = len(programs) * len(UNPICKLERS) * OUTCOME

    def receive(self) -> bytes:
        assert self._process.stdout is not None
        answer = self._process.stdout.read(self._bytes)
        if len(answer) != self._bytes:
            raise RuntimeError("a reader ended too early")
        return answer


ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)")


def names_of(report: safe_load.ScanReport) -> list[tuple[str, str]]:
    """Names that are not of the table."""
    plain = [tuple(simple(ESCAPE.sub("?", part)) for part in (f.module, f.name)) for f in report.findings if f.module or f.name]
    return sorted({name for name in plain if name[0] and name not in REAL})  # type: ignore[misc]


# What all readers take, no pickler writes, and we refuse by choice.
BY_CHOICE = ("items are added to a value that cannot hold them", "an out-of-band buffer",
             "a known name is called with arguments it never gets", "a class is made with arguments that it ignores then",
             "a state is given to a value that cannot take one")


def loaded(program: bytes) -> tuple[bytes, str]:
    """A digest of what we load, or NOTHING and why we refuse."""
    try:
        return digest(canonical(safe_load.safe_load(io.BytesIO(program)))), ""
    except (safe_load.Error, world_reader.Strange) as error:
        return NOTHING, str(error) + why_as_pickle(program)


def why_as_pickle(program: bytes) -> str:
    """What is wrong with it if it says that it is a pickle."""
    try:
        safe_load.safe_load(io.BytesIO(b"\x80\x02" + program))
    except safe_load.Error as error:
        return str(error)
    return ""


Fault = tuple[str, bytes]


def judge(program: bytes, outcomes: list[bytes], counts: dict[str, int], is_bare: bool) -> tuple[bool, list[Fault]]:
    """Whether some reader goes on behind `program`; what we do otherwise than they."""
    flags = [outcome[0] for outcome in outcomes]
    goes_on = any(flag & 1 for flag in flags) or weights_only_goes_on(program)
    faults = []
    content = program + (b"" if is_bare else REACHED + b".")
    report = safe_load.scan(content)
    if not is_bare and report.verdict is not safe_load.Verdict.SAFE and is_text(content):
        report = safe_load.scan(content + b"\xff")  # as a text it would be no checkpoint to the scanner
    reported = names_of(report)
    if goes_on and SENTINEL not in reported:
        faults.append(("the scanner stops where a reader goes on", program))
    if SENTINEL in reported and not goes_on:
        counts["followed further than any reader does"] += 1
    if is_bare and program.decode("latin1").replace("\n", "").isprintable() and report.verdict is not safe_load.Verdict.SAFE:
        return False, []  # a text, which is not a checkpoint
    names = {outcome[9:17] for outcome in outcomes}
    asked = names - {NOTHING}
    rest = [name for name in reported if name != SENTINEL]
    ours = digest(repr(rest)) if rest else NOTHING
    is_crossed = any(f.rule == "SL-P01" and f.severity is safe_load.Severity.DANGER for f in report.findings)
    if asked and ours not in asked and not is_crossed:  # where frames are crossed, each reader sees another program
        faults.append(("the scanner reports other names than readers ask for", program))
    if rest and not asked and goes_on:
        faults.append(("the scanner reports names that no reader asks for", program))
    if report.verdict is safe_load.Verdict.SAFE and (asked or goes_on):
        faults.append(("SAFE, although names are asked for", program))
    values = {outcome[1:9] for outcome in outcomes}
    is_strange = any(flag & 4 for flag in flags)
    ours, why = loaded(program + b".")
    if is_strange:
        counts["a name or an id decides"] += 1
    elif values == {NOTHING}:
        counts["all stop"] += 1
        if ours != NOTHING and not goes_on_if_told(program):
            faults.append(("we load what all readers refuse", program))
    elif len(values) > 1:
        counts["readers differ"] += 1
        if ours != NOTHING:
            faults.append(("we load what readers do not agree on", program))
    else:
        counts["one value"] += 1
        if any(words in why for words in BY_CHOICE):
            counts["refused by choice"] += 1
        elif ours == NOTHING:
            faults.append(("we refuse what all readers give", program))
        elif ours not in values:
            faults.append(("another value", program))
    return goes_on, faults


def weights_only_goes_on(program: bytes) -> bool:
    """Whether torch's reader comes to the sentinel, for which it stops. (Its own versions: PROTO may announce any.)"""
    if WeightsOnly is None:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            WeightsOnly(io.BytesIO(program + REACHED)).load()
    except Exception as error:
        return f"GLOBAL {'.'.join(SENTINEL)} was" in str(error)
    return False


def goes_on_if_told(program: bytes) -> bool:
    """Whether readers come to the sentinel if they are told how to read text of Python 2, and given buffers."""
    if not any(opcode in program for opcode in BY_OPTION):
        return False
    options = {"encoding": "latin1", "buffers": [b""] * 4}
    return any(outcome(recorder, program + REACHED + b".", **options)[0] & 1 for recorder in UNPICKLERS)


def is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


_readers: list[Reader] = []


def start(pythons: list[str]) -> None:
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (world_reader.MEMORY, world_reader.MEMORY))
    _readers.extend(Reader(python) for python in pythons)


def check_bare(programs: list[bytes]) -> tuple[list[bytes], dict[str, int], list[Fault]]:
    return check(programs, is_bare=True)


def check(programs: list[bytes], is_bare: bool = False) -> tuple[list[bytes], dict[str, int], list[Fault]]:
    """Those behind which some reader goes on; counts; faults."""
    full = programs if is_bare else [program + REACHED + b"." for program in programs]
    for reader in _readers:
        reader.send(full)
    own = b"".join(packed(recorder, program) for program in full for recorder in UNPICKLERS)
    answers = [(own, True), *((reader.receive(), reader.knows_protocol_5) for reader in _readers)]
    counts: dict[str, int] = collections.Counter(programs=len(programs))
    onward = []
    faults: list[Fault] = []
    step = len(UNPICKLERS) * OUTCOME
    for i, program in enumerate(programs):
        is_new = any(byte in program for byte in OF_PROTOCOL_5)
        outcomes = [answer[at : at + OUTCOME] for answer, is_judge in answers if is_judge or not is_new
                    for at in range(i * step, (i + 1) * step, OUTCOME)]
        goes_on, found = judge(program, outcomes, counts, is_bare)
        faults += found
        if goes_on:
            onward.append(program)
    return onward, counts, faults


def batches(programs: Iterable[bytes]) -> Iterator[list[bytes]]:
    source = iter(programs)
    while batch := list(itertools.islice(source, BATCH)):
        yield batch


def find_pythons() -> list[str]:
    """The other Pythons that start: those of pyenv, and on the path."""
    def starts(python: pathlib.Path) -> bool:
        return subprocess.run([python, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0

    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")) / "versions"
    places = [*sorted(root.glob("3.*/bin")), *map(pathlib.Path, os.get_exec_path())]
    found: dict[str, str] = {}
    for place in places:
        for minor in range(6, 30):
            python = place / f"python3.{minor}"
            if minor != sys.version_info.minor and f"3.{minor}" not in found and python.exists() and starts(python):
                found[f"3.{minor}"] = str(python)
    return [found[version] for version in sorted(found, key=lambda v: int(v[2:]))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=4)
    parser.add_argument("--part", choices=["programs", "operands", "all"], default="all")
    parser.add_argument("--python", action="append", help="another Python; by default all that are found")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, default=5, help="faults of each kind that are printed")
    arguments = parser.parse_args()
    pythons = arguments.python if arguments.python is not None else find_pythons()
    print(f"readers: both unpicklers of Python {sys.version_info.major}.{sys.version_info.minor} and of {len(pythons)} others: "
          + " ".join(pathlib.Path(python).name.removeprefix("python") for python in pythons), flush=True)
    total: dict[str, int] = collections.Counter()
    kinds: dict[str, list[bytes]] = collections.defaultdict(list)
    with multiprocessing.get_context("fork").Pool(arguments.jobs, start, (pythons,)) as pool:
        def run(programs: Iterable[bytes], how: Any = check) -> Iterator[bytes]:
            for onward, counts, faults in pool.imap_unordered(how, batches(programs)):
                total.update(counts)
                for kind, program in faults:
                    kinds[kind].append(program)
                yield from onward

        if arguments.part in ("operands", "all"):
            collections.deque(run(sorted(set(operands()))), maxlen=0)
            collections.deque(run(sorted(set(cut_lines())), check_bare), maxlen=0)
        if arguments.part in ("programs", "all"):
            level: list[bytes] = [b""]
            for _ in range(arguments.length):
                longer = (program + more for program in level for more in INSTRUCTIONS)
                level = [program for program in run(longer) if not program.endswith(b".")]
    for kind, programs in sorted(kinds.items()):
        programs.sort(key=lambda program: (len(program), program))
        print(f"{len(programs)} times: {kind}: " + "  ".join(repr(program)[:60] for program in programs[: arguments.show]))
    print("small world: " + ", ".join(f"{count} {what}" for what, count in total.items()) + f"; faults {sum(map(len, kinds.values()))}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())

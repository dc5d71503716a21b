"""Holds the scanner and the loader against CPython and torch, on pickles that are made here.

    python attacks/differential.py [--count N] [--seed N] [--jobs N]

attacks/generator.py puts pickles together from instructions of all protocols, from known and unknown names, frames,
memo and marks, or has pickle.dumps write them; it mutates many of them by structure, and wraps each third into a
file of some kind. Both of CPython's unpicklers run each pickle, again and again to the end of the bytes, with a find_class
that records names and gives inert stubs, or the harmless class itself; torch's weights_only reader runs some.

* What the scanner calls SAFE, bare or wrapped, asks for names of the table only.
* What they agree on, the loader gives, recursively equal, or refuses; what they do not agree on, or all refuse, it
  refuses.

The runs happen in processes with little memory. Ends with 1 if anything was wrong.
"""

from __future__ import annotations

import _compat_pickle
import argparse
import collections
import io
import multiprocessing
import pathlib
import random
import re
import resource
import sys
import warnings
from typing import Any, Iterable

import safe_load

import world_reader
from generator import Generator, Name

try:
    from torch._weights_only_unpickler import Unpickler as WeightsOnly
except ImportError:
    WeightsOnly = None  # type: ignore[misc, assignment]

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r'\b(?:call|value|stateful|type_name|old_tensor|sparse_tensor|storage|script_storage)\("([^"]+)", "([^"]+)"')
PLAIN_ROW = re.compile(r'^    \{"([^"]+)", "([^"]+)", K::', re.MULTILINE)
DTYPE = re.compile(r'\bdtype\("([^"]+)"')
MEMORY = 4 << 30
PIECE = 5000
EACH_FOR_TORCH = 20
EACH_WRAPPED = 3
DATA = ("safetensors", "behind an array")  # which their readers take for numbers


def table() -> set[Name]:
    """The rows of the table of known names."""
    text = (ROOT / "src" / "types" / "known.cc").read_text()
    names = {(module, name) for module, name in ROW.findall(text) + PLAIN_ROW.findall(text)}
    return names | {("torch", name) for name in DTYPE.findall(text)}


KNOWN = table()
LIMITS = safe_load.Limits()
POSSIBLE = re.compile(r"(?!\.)[^ \t\r\"'`()\[\]{}<>:;,/\\=#@!$%&*+|?^~]+(?<!\.)", re.DOTALL)
VERDICT = '"verdict": "'


def mapped(name: Name) -> Name:
    if name in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[name]
    return (_compat_pickle.IMPORT_MAPPING.get(name[0], name[0]), name[1])


def beyond(names: Iterable[Name]) -> list[Name]:
    """Those that are not in the table and could be a module's: src/scan/text_names.cc."""
    return sorted({name for name in names if POSSIBLE.fullmatch(name[0]) and name not in KNOWN and mapped(name) not in KNOWN})


def verdict_of(content: bytes) -> str:
    """As safe_load.scan() gives it, without objects for the findings."""
    record = safe_load._core.scan_bytes(content, "", LIMITS, False, False, 1)
    at = record.index(VERDICT) + len(VERDICT)
    return record[at : record.index('"', at)]


def loaded(content: bytes) -> str | None:
    """The value as text, or None: refused."""
    try:
        return world_reader.canonical(safe_load.safe_load(io.BytesIO(content)))
    except (safe_load.Error, world_reader.Strange):
        return None


def weights_only(content: bytes) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return world_reader.canonical(WeightsOnly(io.BytesIO(content), encoding="utf-8").load())
    except Exception:  # it stops
        return None


def is_told(content: bytes) -> bool:
    """Whether readers give a value if they are told how to read text of Python 2."""
    return any(world_reader.outcome(recorder, content, encoding=encoding)[0] & 2
               for recorder in world_reader.UNPICKLERS for encoding in ("latin1", "bytes"))


Fault = tuple[str, bytes]


def compare(content: bytes, runs: list[Any], counts: dict[str, int], asks_torch: bool) -> list[Fault]:
    """The value, where names do not decide it."""
    if any(flags & 4 for flags, _, _ in runs):
        return []
    values = {text for _, text, _ in runs}
    ours = loaded(content)
    faults = []
    if asks_torch and (torchs := weights_only(content)) is not None:
        counts["values of torch"] += 1
        if ours is not None and ours != torchs:
            faults.append(("another value than torch's", content))
    if len(values) > 1 or values == {None}:
        if ours is not None and not is_told(content):
            faults.append(("a value where readers differ or stop", content))
        return faults
    counts["values"] += 1
    if ours is None:
        counts["values refused"] += 1
    elif ours not in values:
        faults.append(("another value", content))
    return faults


def outcomes(content: bytes) -> list[Any]:
    return [world_reader.outcome(recorder, content, to_end=True) for recorder in world_reader.UNPICKLERS]


def check_wrapped(generator: Generator, content: bytes, more: list[Name], counts: dict[str, int]) -> list[Fault]:
    """The same bytes in a file of some kind."""
    kind, file = generator.wrap(content)
    counts["wrapped"] += 1
    if verdict_of(file) != "SAFE":
        return []
    counts["wrapped SAFE"] += 1
    faults = []
    if more and kind not in DATA:
        faults.append((f"SAFE in a file ({kind}), but asks for {more}", content))
    if file.startswith(b"PK"):  # a persistent id, which pickle.load has no function for
        return faults
    if asked := beyond(name for _, _, names in outcomes(file) for name in names):
        faults.append((f"SAFE as a file ({kind}) that asks for {asked}", file))
    return faults


def check(task: tuple[int, int]) -> tuple[dict[str, int], list[Fault]]:
    """Counts over so many pickles, and what is wrong."""
    seed, count = task
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    generator = Generator(random.Random(seed), sorted(KNOWN))
    counts: dict[str, int] = collections.Counter()
    faults = []
    for i in range(count):
        content = generator.next()
        runs = outcomes(content)
        more = beyond(name for _, _, names in runs for name in names)
        verdict = verdict_of(content)
        counts[verdict] += 1
        if more and verdict == "SAFE":
            faults.append((f"SAFE, but asks for {more}", content))
        if i % EACH_WRAPPED == 0:
            faults += check_wrapped(generator, content, more, counts)
        faults += compare(content, runs, counts, WeightsOnly is not None and i % EACH_FOR_TORCH == 0)
    return counts, faults


def run(count: int, seed: int, jobs: int) -> int:
    tasks = [(seed * 1_000_003 + i, min(PIECE, count - i * PIECE)) for i in range(-(-count // PIECE))]
    total: dict[str, int] = collections.Counter()
    faults: list[Fault] = []
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for counts, found in pool.imap_unordered(check, tasks):
            total.update(counts)
            faults += found
    for what, content in faults[:10]:
        print(f"{what}: {content!r}")
    print(f"differential: {count} pickles, seed {seed}: " + ", ".join(f"{v} {n}" for n, v in sorted(total.items()))
          + f"; violations {len(faults)}")
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    return run(arguments.count, arguments.seed, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())

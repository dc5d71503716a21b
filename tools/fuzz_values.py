"""Fuzzes safe_load against torch: random values over a grammar of torch, NumPy and Python, and their files damaged.

    python tools/fuzz_values.py [--seed N] [--count N] [--jobs N] [--keep FOLDER] [--only NUMBER]

Of four files one is as torch.save writes it, in a protocol from 2 to 5, zip or legacy: it must give what torch.load
gives. Three are that file, damaged: torch's restricted reader alone opens these besides safe_load, and where both
give a value the two must be equal. safe_load may raise Error, OSError and MemoryError.

Prints how many files were equal, refused by safe_load, or read by it alone. Ends with 1 if there were differences.
--only does one file again; --keep saves the files that differ. The same seed gives the same files.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import sys
import warnings
import zipfile
from typing import Any, Iterator

import torch
from damage import damage_bytes, damage_opcodes
from deep_equal import difference
from fuzz_runs import Post, add_arguments, report, run_batches
from value_grammar import Grammar

from safe_load import Error, safe_load

MEMORY = 4 << 30
# A bare untyped storage is what was saved; torch's restricted reader has placeholders for classes of storages; all
# arrays are writable; hooks are dropped; a sparse tensor is coalesced only if its indices ascend.
ON_PURPOSE = re.compile(r"torch.storage.UntypedStorage instead of torch.storage.TypedStorage|"
                        r"name \('torch', '\w+Storage'\) instead of None|writeable True instead of False|"
                        r"hooks 0 instead of|is_coalesced False instead of True")
# torch reads the elements of a legacy file last: whoever copies them before gets whatever memory held.
TOO_EARLY = re.compile(r"\.(scales|zero_points)\b.*content bytes")
FILES_PER_VALUE = 4


# ---- files


class Value:
    """The honest file of a value, and how it was saved."""

    def __init__(self, seed: int, number: int) -> None:
        self.chance = random.Random(f"{seed} {number}")
        self.content = b""
        while not self.content:  # torch cannot save everything
            self.is_plain = self.chance.random() < 0.6
            self.protocol = self.chance.choice([2, 2, 2, 2, 2, 2, 3, 4] if self.is_plain else [2, 3, 4, 5])
            self.is_zip = self.chance.random() < 0.7
            grammar = Grammar(self.chance, self.is_plain, self.is_zip)
            self.content = self._saved(grammar.value(self.chance.choice([1, 2, 3])))
            self.has_forged = grammar.has_forged

    def _saved(self, value: Any) -> bytes:
        out = io.BytesIO()
        try:
            torch.save(value, out, pickle_protocol=self.protocol, _use_new_zipfile_serialization=self.is_zip)
        except Exception:
            return b""
        return out.getvalue()

    def damaged(self) -> bytes:
        kind = self.chance.random()
        if not self.is_zip or kind < 0.35:
            content = self.content
            upto = content.find(b"PK\x03\x04", 4) if self.is_zip and kind < 0.2 else min(len(content),
                                                                                         600) if kind < 0.7 else None
            for _ in range(self.chance.choice([1, 1, 2])):
                content = damage_bytes(self.chance, content, upto)
            if self.is_zip and len(content) != len(self.content) and self.chance.random() < 0.7:
                return self.damaged()  # a directory that is not where it was is too easy to see
            return content
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        target = next(name for name in members if name.endswith("/data.pkl"))
        if kind > 0.9:
            target = self.chance.choice(list(members))
        damage = damage_opcodes if kind < 0.75 else damage_bytes
        members[target] = damage(self.chance, members[target])
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return out.getvalue()


# ---- the checks


def loaded_by_torch(content: bytes, restricted: bool) -> tuple[bool, Any]:
    """Whether torch reads it, and the value. Only files of torch.save itself may be read without restriction."""
    torch._utils._sparse_tensors_to_validate.clear()  # those of a file that it gave up
    try:
        return True, torch.load(io.BytesIO(content), weights_only=restricted)
    except Exception as error:
        return False, error


def verdict(value: Value, content: bytes, honest: bool, number: int, post: Post) -> tuple[str, str]:
    """The outcome, and what is wrong, if anything."""
    post.say(number, "safe_load", content)
    try:
        ours = safe_load(content, unknown="opaque" if honest else "error")
    except (Error, OSError, MemoryError) as error:
        if not honest or value.has_forged:
            return "refused", ""
        is_read, _ = loaded_by_torch(content, False)
        return ("different", f"refused: {str(error)[:300]}") if is_read else ("refused", "")
    except BaseException as error:
        return "different", f"bare exception {type(error).__name__}: {str(error)[:200]}"
    post.say(number, "torch", content)
    is_read, theirs = loaded_by_torch(content, not honest)
    if not is_read:
        return "ours only", ""
    post.say(number, "compare", content)
    found = compared(ours, theirs, value.protocol)
    if TOO_EARLY.search(found) and not value.is_zip:
        found = ""
    return ("different", found) if found else ("equal", "")


def compared(ours: Any, theirs: Any, protocol: int) -> str:
    """What differs, "" if nothing that is not so on purpose."""
    try:
        found = difference(ours, theirs, protocol=protocol, forms=set()) or ""
    except Exception as error:
        return f"cannot be compared: {type(error).__name__}: {error}"
    return "" if ON_PURPOSE.search(found) else found


class Checker:
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def file(self, number: int) -> tuple[Value, bytes]:
        index, damage = divmod(number, FILES_PER_VALUE)
        value = Value(self.seed, index)
        if not damage:
            return value, value.content
        value.chance = random.Random(f"{self.seed} {index} {damage}")
        return value, value.damaged()

    def __call__(self, number: int, post: Post) -> Iterator[tuple[str, str, bytes]]:
        post.say(number, "make")
        value, content = self.file(number)
        outcome, fault = verdict(value, content, number % FILES_PER_VALUE == 0, number, post)
        form = f"protocol {value.protocol}, {'zip' if value.is_zip else 'legacy'}"
        yield outcome, fault and f"{form}: {fault}", content


def at_end(stage: str, why: str) -> tuple[str, str]:
    """torch may end a process with a damaged file; we may not."""
    return ("torch ended", "") if stage == "torch" else ("different", f"{stage}: {why}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets must not differ from run to run
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    checker = Checker(arguments.seed)
    if arguments.only is not None:
        for outcome, fault, content in checker(arguments.only, Post()):
            print(outcome, fault, content)
        return 0
    found = run_batches(arguments.count, arguments.jobs, checker, MEMORY, at_end)
    total, _ = report(found, arguments.seed, arguments.keep)
    print(f"values: files {arguments.count}, " + ", ".join(
        f"{name} {total[name]}" for name in ("equal", "refused", "ours only", "torch ended", "different")))
    return 1 if total["different"] else 0


if __name__ == "__main__":
    sys.exit(main())

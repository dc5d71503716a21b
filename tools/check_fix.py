"""Fixes every real checkpoint of the corpora and asks torch whether the file holds what the checkpoint held.

    python tools/check_fix.py [--shared FOLDER] [--list]

Of each file that is fixed: torch.load() takes it as it is, with mmap=True and with offsets that it calculates itself, and gives
the plain form of what safe_load() gives of the original (python/tests/plain.py); fixed again it is the same file, without a
change; and the scanner calls it SAFE. A file that needs --lossy or --unknown is fixed so and only has to load, calculate, fix
and scan the same. Prints counts; --list names the files that are not fixed by default. The corpora are hostile: no file of
them is ever unpickled. Without them (--shared, $SAFE_LOAD_SHARED, ../shared) the check is skipped. Ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import sys
import tempfile
import warnings
from typing import Any

import safe_load
from check_corpus import ROOT
from real_checkpoints import add_shared, real_checkpoints, say

try:
    import torch
    from torch.utils.serialization import config
except ImportError:
    torch = None


def loads(target: pathlib.Path) -> dict[str, Any]:
    """What torch gives, by each of its ways."""
    found = {"torch.load": torch.load(target), "mmap": torch.load(target, mmap=True)}
    with config.patch("load.calculate_storage_offsets", True):
        found["calculated offsets"] = torch.load(target, mmap=True)
    return found


def differences(source: pathlib.Path, target: pathlib.Path, is_plain: bool) -> list[str]:
    """What is not the same in a file that was written."""
    from deep_equal import difference
    from plain import NoForm, plain

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ways = loads(target)
        expected = ways["torch.load"]
        if is_plain:
            try:
                expected = plain(safe_load.safe_load(source, unknown="opaque", device="cpu"))
            except NoForm as reason:
                found.append(f"no rule for {reason}")
        for way, loaded in ways.items():
            line = difference(loaded, expected)
            found += [f"{way}: {line}"] if line else []
    again = target.with_name("again.pt")
    if safe_load.fix(target, again, overwrite=True).changes or again.read_bytes() != target.read_bytes():
        found.append("fixed again it is another file")
    if safe_load.scan(target).verdict is not safe_load.Verdict.SAFE:
        found.append("it is not SAFE")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_shared(parser)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if torch is None:
        print("SKIPPED: torch and NumPy are not installed here")
        return 0
    sys.path.append(str(ROOT / "python" / "tests"))
    counts: collections.Counter[str] = collections.Counter()
    faults = 0
    with tempfile.TemporaryDirectory() as scratch:
        target = pathlib.Path(scratch) / "out.pt"
        for name, path in real_checkpoints(pathlib.Path(arguments.shared)):
            counts["files"] += 1
            is_plain = True
            try:
                done = safe_load.fix(path, target, overwrite=True)
                counts["fixed"] += 1
            except safe_load.Error as first:
                is_plain = False
                try:
                    done = safe_load.fix(path, target, overwrite=True, lossy=True, unknown="record")
                    counts["fixed with --lossy --unknown record"] += 1
                except safe_load.Error as error:
                    counts[f"not fixed: {error.code}"] += 1
                    if arguments.list:
                        print(f"{name}: {str(error)[:200]}")
                    continue
                if arguments.list:
                    print(f"{name}: {str(first)[:200]}")
            counts["tensors"] += done.tensors
            counts["values changed"] += len(done.changes)
            for line in differences(path, target, is_plain):
                faults += 1
                print(f"{name}: {line}")
    return say(counts, faults)


if __name__ == "__main__":
    sys.exit(main())

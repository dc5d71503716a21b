"""The real checkpoints of the corpora, unpacked one archive at a time. They are hostile: nothing here unpickles one."""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import tarfile
import tempfile
from typing import Iterator

from check_corpus import ROOT, is_harmless

ARCHIVES = ("real.tar.gz", "more.tar.gz")
LARGEST = 512 << 20  # bytes of a checkpoint that is compared


def add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shared", default=os.environ.get("SAFE_LOAD_SHARED", ROOT.parent / "shared"))


def real_checkpoints(shared: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """The name of each in its archive, and where it lies until the next one is asked for."""
    for name in ARCHIVES:
        archive = shared / "corpus" / name
        if not archive.exists():
            print(f"SKIPPED: no corpus at {archive}")
            continue
        with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive) as packed:
            packed.extractall(scratch, members=filter(is_harmless, packed))
            for path in sorted(pathlib.Path(scratch).rglob("*")):
                if path.is_file() and path.stat().st_size <= LARGEST:
                    yield str(path.relative_to(scratch)), path


def say(counts: collections.Counter[str], faults: int) -> int:
    """Prints what was counted, if there was a corpus. The exit code."""
    if counts:
        print(", ".join(f"{name} {number:,}" for name, number in counts.items()))
        print(f"differences {faults}")
    return 1 if faults else 0


__all__ = ["add_shared", "real_checkpoints", "say"]

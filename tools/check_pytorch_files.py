"""Opens the checkpoints of PyTorch's own tests and holds each against torch.

    python tools/check_pytorch_files.py SOURCE

SOURCE is an unpacked source tree of PyTorch (Debian 13: `apt-get source --download-only pytorch`, deb-src). Opened
are the files below its folder test, and those that stand as byte strings in test/test_serialization.py: legacy
files, and a module and all plain dtypes written on little- and big-endian machines, each with and without the
record byteorder. Where torch 2.13 opens a file with weights_only=True, the whole object must be equal, under each of
torch's settings for files without that record. Nothing is unpickled. Ends with 1 if anything differs.
"""

from __future__ import annotations

import ast
import collections
import io
import pathlib
import sys
import warnings
from typing import Any, Iterator

import safe_load
import torch
from deep_equal import difference
from torch.serialization import LoadEndianness, set_default_load_endianness

SUFFIXES = (".pt", ".pth", ".ptl", ".pkl", ".ff")
SHORTEST = 200  # bytes of a checkpoint
BYTE_ORDERS = {None: None, "little": LoadEndianness.LITTLE, "big": LoadEndianness.BIG}
NAMED = ("this is a PyTorch mobile flatbuffer",)  # which is not a checkpoint


def byte_strings(source: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """The checkpoints in a test's source text, which is parsed and not run."""
    for function in ast.walk(ast.parse(source.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Constant) and isinstance(node.value, bytes) and len(node.value) >= SHORTEST:
                yield f"{source.name}:{node.lineno} {function.name}", node.value


def files(tests: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    yield from byte_strings(tests / "test_serialization.py")
    for path in sorted(tests.rglob("*")):
        if path.suffix in SUFFIXES:
            yield str(path.relative_to(tests)), path.read_bytes()


def of_torch(content: bytes) -> Any:
    """What torch opens, or None."""
    try:
        return torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception:  # whatever it is: torch does not open it, which is counted
        return None


def compared(name: str, content: bytes) -> str:
    """A word for what came of it."""
    try:
        with safe_load.open(io.BytesIO(content), verify=True) as handle:
            handle.close()
    except safe_load.Error as error:
        named = any(word in str(error) for word in NAMED) and of_torch(content) is None
        return "named" if named else f"DIFFERS: not opened: {error}"
    found = "torch refuses"
    for word, setting in BYTE_ORDERS.items():
        set_default_load_endianness(setting)
        theirs = of_torch(content)
        ours = safe_load.safe_load(io.BytesIO(content), map_location="cpu", byteorder=word, unknown="opaque")
        if theirs is None:
            continue
        found = "equal"
        unlike = difference(ours, theirs)
        if unlike is not None:
            return f"DIFFERS: {unlike} (byte order: {word})"
    return found


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 4
    warnings.simplefilter("ignore")
    counts: collections.Counter[str] = collections.Counter()
    for name, content in files(pathlib.Path(sys.argv[1]) / "test"):
        outcome = compared(name, content)
        counts[outcome.split(":")[0]] += 1
        if outcome.startswith("DIFFERS"):
            print(f"{name}: {outcome}")
    total = sum(counts.values())
    differences = counts["DIFFERS"]
    print(f"files {total}, equal to torch's object {counts['equal']}, refused by torch {counts['torch refuses']}", end=", ")
    print(f"named {counts['named']}, differences {differences}")
    return 0 if total and not differences else 1


if __name__ == "__main__":
    sys.exit(main())

"""Converts every real checkpoint of the corpora and holds the file against the checkpoint, and against the safetensors library.

    python tools/check_convert.py [--shared FOLDER]

Of each file that converts: load_file() of the library gives the tensors of state_dict(), bit for bit, under their names;
save_file() of the library writes the same bytes from them; converting the result gives it again; and the scanner calls it SAFE.
Prints counts, and why others do not convert. The corpora are hostile: no file of them is ever unpickled. Without them
(--shared, $SAFE_LOAD_SHARED, ../shared) the check is skipped. Ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import sys
import tempfile
from typing import Any

import safe_load
from check_corpus import element_bytes
from real_checkpoints import add_shared, real_checkpoints, say

try:
    import torch
    from safetensors.torch import load_file, save_file
except ImportError:
    torch = None


def differences(source: pathlib.Path, target: pathlib.Path, aliases: dict[str, str]) -> list[str]:
    """What is not the same in a file that was written."""
    weights: dict[str, Any] = safe_load.state_dict(safe_load.safe_load(source, unknown="opaque", device="cpu"))
    written = load_file(target)
    found = [] if len(written) + len(aliases) == len(weights) else ["not all of the weights"]
    for name, tensor in weights.items():
        kept = written.get(aliases.get(name, name))
        plain = torch.as_tensor(tensor).detach().resolve_conj().resolve_neg()
        if kept is None or kept.dtype != plain.dtype or kept.shape != plain.shape:
            found.append(f"{name}: another type or shape")
        elif element_bytes(kept) != element_bytes(plain):
            found.append(f"{name}: other elements")
    again = target.with_name("again.safetensors")
    if not aliases:
        save_file(written, again, metadata={"format": "pt"})
        if again.read_bytes() != target.read_bytes():
            found.append("other bytes than those of save_file()")
    if written:
        safe_load.convert(target, again, overwrite=True)
    if written and not aliases and again.read_bytes() != target.read_bytes():
        found.append("converted again it is another file")
    if safe_load.scan(target).verdict is not safe_load.Verdict.SAFE:
        found.append("it is not SAFE")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_shared(parser)
    shared = pathlib.Path(parser.parse_args().shared)
    if torch is None:
        print("SKIPPED: torch and safetensors are not installed here")
        return 0
    counts: collections.Counter[str] = collections.Counter()
    faults = 0
    with tempfile.TemporaryDirectory() as scratch:
        target = pathlib.Path(scratch) / "out.safetensors"
        for name, path in real_checkpoints(shared):
            counts["files"] += 1
            try:
                done = safe_load.convert(path, target, overwrite=True)
            except safe_load.Error as error:
                counts[f"not converted: {error.code}"] += 1
                continue
            counts["converted"] += 1
            counts["tensors"] += done.tensors
            for line in differences(path, target, done.aliases):
                faults += 1
                print(f"{name}: {line}")
    return say(counts, faults)


if __name__ == "__main__":
    sys.exit(main())

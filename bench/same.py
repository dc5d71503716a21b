"""Loads one workload by two peers in this process and compares every tensor bit for bit; prints JSON.

    python bench/same.py OURS PEER FOLDER/w2 [--saved]

{"difference": null} if there is none. --saved adds the size of torch.save(ours), as a part of the original's.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import tempfile
from typing import Any

import torch

import peers
import workloads

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
import deep_equal  # noqa: E402


def flat_difference(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> str | None:
    """For formats that keep only names and tensors."""
    if ours.keys() != theirs.keys():
        return f"other names: {sorted(ours.keys() ^ theirs.keys())[:3]}"
    for name, a in ours.items():
        b = theirs[name]
        if a.dtype != b.dtype or a.shape != b.shape:
            return f"{name}: {a.dtype} {tuple(a.shape)} instead of {b.dtype} {tuple(b.shape)}"
        if not torch.equal(workloads.raw(a), workloads.raw(b)):
            return f"{name}: other bytes"
    return None


def difference(ours: peers.Peer, peer: peers.Peer, stem: str) -> tuple[str | None, Any]:
    """The first difference, None if there is none; and what we loaded."""
    a = ours.fetch(ours.load(stem + ours.suffix))
    b = peer.fetch(peer.load(stem + peer.suffix))
    if ours.is_lazy or peer.suffix != ours.suffix:
        return flat_difference(workloads.tensors(a), workloads.tensors(b)), a
    return deep_equal.difference(a, b), a


def saved_ratio(value: Any, path: str) -> float:
    """The size of `value` when saved again, as a part of the size of the file that it came from."""
    with tempfile.NamedTemporaryFile(dir=pathlib.Path(path).parent, suffix=".pt") as file:
        torch.save(value, file.name)
        return os.path.getsize(file.name) / os.path.getsize(path)


def main() -> None:
    ours, peer, stem = sys.argv[1:4]
    found, value = difference(peers.OURS[ours], peers.OTHERS[peer], stem)
    result: dict[str, Any] = {"difference": found}
    if "--saved" in sys.argv:
        result["saved"] = saved_ratio(value, stem + ".pt")
    print(json.dumps(result), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()

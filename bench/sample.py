"""One sample: loads a file once by one peer, in this process, and prints what it cost as JSON.

    python bench/sample.py '{"peer": "load", "path": "w2.pt", "warmup": "w9.pt", "touch": "libtouch.so"}'

Timed are the load and then reading every byte of every storage that the result holds (a library in C++
sums them). Not timed: imports, a first load of the small file `warmup`, finding the storages, freeing.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import statistics
import sys
from typing import Any

import memory_map
from memory_map import Moment


def storages(value: Any) -> dict[int, int]:
    """Start to size, of all storages that `value` holds."""
    import torch

    found: dict[int, int] = {}
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, torch.Tensor):
            storage = part.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        elif isinstance(part, dict):
            stack.extend(part.values())
        elif isinstance(part, (list, tuple)):
            stack.extend(part)
    return found


def touch(library: ctypes.CDLL, ranges: dict[int, int]) -> tuple[Moment, int]:
    """Reads all bytes; what that cost, and their sum."""
    count = len(ranges)
    starts = (ctypes.c_void_p * count)(*ranges)
    sizes = (ctypes.c_size_t * count)(*ranges.values())
    library.bench_sum.restype = ctypes.c_uint64
    before = Moment.now()
    total = library.bench_sum(starts, sizes, ctypes.c_size_t(count))
    return Moment.now() - before, total


def measure(peer: Any, path: str, library: ctypes.CDLL) -> dict[str, Any]:
    """Loads once and touches everything."""
    gc.collect()
    resident = memory_map.forget_peak()
    start = Moment.now()
    loaded = peer.load(path)
    load = Moment.now() - start
    peak = memory_map.peak()
    start = Moment.now()
    everything = peer.fetch(loaded)
    fetch = Moment.now() - start
    ranges = storages(everything)
    touched, total = touch(library, ranges)
    return {
        "load": vars(load) | {"peak": peak - resident},
        "touch": vars(load + fetch + touched) | {"peak": memory_map.peak() - resident},
        "bytes": sum(ranges.values()),
        "sum": total,
    }


def sample(request: dict[str, Any]) -> dict[str, Any]:
    memory_map.claim(request.get("claim", 1 << 20))
    import torch

    import peers

    torch.set_num_threads(1)
    peer = peers.PEERS[request["peer"]]
    library = ctypes.CDLL(request["touch"])
    if not request.get("collector", True):
        gc.disable()
    if warmup := request.get("warmup"):
        peer.fetch(peer.load(warmup))
    memory_map.warm(request["path"])
    runs = [measure(peer, request["path"], library) for _ in range(request.get("repeats", 1))]
    middle = {
        kind: {name: statistics.median(run[kind][name] for run in runs) for name in runs[0][kind]}
        for kind in ("load", "touch")
    }
    return middle | {"bytes": runs[0]["bytes"], "sum": runs[0]["sum"]}


if __name__ == "__main__":
    print(json.dumps(sample(json.loads(sys.argv[1]))), flush=True)
    os._exit(0)  # what was loaded is not freed

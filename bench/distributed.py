"""A 6 GB folder of torch.distributed.checkpoint, beside torch's own loader; prints Markdown.

    python bench/distributed.py --build build/release [--folder SCRATCH] [--pairs 5]

Two processes save it: whole tensors, and tensors divided by rows. Each sample is a process of its own, ours and
torch's in turns, on one core, with the folder in the page cache. Timed are the call and then reading every byte of
what it gave. Peak memory is VmHWM above what was resident before; of it "private" is what no page cache holds.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any, Callable

import machine
import memory_map
import sample
import summary
import table

RANKS = 2
TENSORS = 24
ROWS, COLUMNS = 1 << 13, 1 << 13  # 256 MiB of float32
ONE = "layers.7.weight"  # divided among the ranks


# ---- the folder


def _state(mesh: Any) -> dict[str, Any]:
    import torch
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    found = {}
    for number in range(TENSORS):
        whole = torch.zeros(ROWS, COLUMNS)
        whole[:: ROWS // 16, 0] = number + 1
        place = Shard(0) if number % 2 else Replicate()
        found[f"layers.{number}.weight"] = distribute_tensor(whole, mesh, [place])
    return found


def _save(rank: int, folder: str, port: int) -> None:
    import torch.distributed as dist
    import torch.distributed.checkpoint as dcp
    from torch.distributed.device_mesh import init_device_mesh

    dist.init_process_group("gloo", init_method=f"tcp://localhost:{port}", rank=rank, world_size=RANKS)
    dcp.save(_state(init_device_mesh("cpu", (RANKS,))), checkpoint_id=folder)
    dist.destroy_process_group()


def write(folder: pathlib.Path) -> None:
    import socket

    import torch

    if (folder / ".metadata").exists():
        return
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    torch.multiprocessing.spawn(_save, args=(str(folder), port), nprocs=RANKS)


# ---- what is measured


def ours_open(folder: str) -> Any:
    import safe_load

    return safe_load.open(folder)


def torch_open(folder: str) -> Any:
    import torch.distributed.checkpoint as dcp

    return dcp.FileSystemReader(folder).read_metadata()


def ours_one(folder: str) -> Any:
    return ours_open(folder).get_tensor(ONE)


def torch_one(folder: str) -> Any:
    import torch
    import torch.distributed.checkpoint as dcp

    state = {ONE: torch.empty(ROWS, COLUMNS)}
    dcp.load(state, checkpoint_id=folder, no_dist=True)
    return state[ONE]


def ours_all(folder: str) -> Any:
    import safe_load

    return safe_load.safe_load(folder)


def torch_all(folder: str) -> Any:
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.default_planner import _EmptyStateDictLoadPlanner
    from torch.distributed.checkpoint.state_dict_loader import _load_state_dict

    state: dict[str, Any] = {}
    reader = dcp.FileSystemReader(folder)
    _load_state_dict(state, storage_reader=reader, planner=_EmptyStateDictLoadPlanner(), no_dist=True)
    return state


# What, ours, theirs.
STEPS: list[tuple[str, Callable[[str], Any], Callable[[str], Any]]] = [
    ("`safe_load.open(folder)` / `FileSystemReader.read_metadata`", ours_open, torch_open),
    ("one tensor of 256 MiB: `get_tensor` / `dcp.load`, every byte read", ours_one, torch_one),
    ("all: `safe_load(folder)` / `_load_state_dict`, every byte read", ours_all, torch_all),
]
BY_NAME = {function.__name__: function for _, *both in STEPS for function in both}


def take(name: str, folder: str, library: ctypes.CDLL) -> dict[str, Any]:
    """One sample, in this process."""
    import safe_load
    import torch
    import torch.distributed.checkpoint  # not timed, and neither is the first load of a process

    tiny = io.BytesIO()
    torch.save({"w": torch.ones(1)}, tiny)
    for load in (safe_load.safe_load, torch.load):
        tiny.seek(0)
        load(tiny)
    gc.collect()
    private, resident = memory_map.private(), memory_map.forget_peak()
    start = memory_map.Moment.now()
    loaded = BY_NAME[name](folder)
    cost = memory_map.Moment.now() - start
    touched, total = sample.touch(library, sample.storages(loaded))
    cost += touched
    return {
        "seconds": cost.seconds,
        "peak": memory_map.peak() - resident,
        "private": memory_map.private() - private,
        "sum": total,
    }


def _sampled(name: str, folder: pathlib.Path, library: pathlib.Path, core: int) -> dict[str, Any]:
    command = ["taskset", "-c", str(core), sys.executable, __file__, "--sample", name]
    command += ["--folder", str(folder), "--library", str(library)]
    done = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1][:200])
    return json.loads(done.stdout.splitlines()[-1])


def measure(folder: pathlib.Path, library: pathlib.Path, pairs: int, core: int) -> str:
    rows = []
    for title, ours, theirs in STEPS:
        sides: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
        for _ in range(pairs):
            for side, function in zip(sides, (ours, theirs)):
                side.append(_sampled(function.__name__, folder, library, core))
        assert len({taken["sum"] for side in sides for taken in side}) == 1, f"{title}: other bytes"
        times = [[taken["seconds"] for taken in side] for side in sides]
        found = summary.ratio(*times)

        def memory(value: str) -> str:
            medians = (summary.side([taken[value] for taken in side]).median for side in sides)
            return " / ".join(f"{size / (1 << 20):,.0f}" for size in medians)

        rows.append([
            title,
            f"**{table.times(found.median)}** [{table.times(found.low)}, {table.times(found.high)}]",
            *(table.spread(summary.side(side)) for side in times),
            memory("peak"),
            memory("private"),
        ])  # fmt: skip
    head = ["ours / torch", "times as fast [95 %]", "ours, ms", "torch, ms", "peak memory, MiB", "private, MiB"]
    return table.markdown(head, rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, help="a Release build with SAFE_LOAD_BUILD_BENCH")
    parser.add_argument("--folder", type=pathlib.Path, help="for the checkpoint, 6.4 GB, kept; else a temporary one")
    parser.add_argument("--pairs", type=int, default=5, help="for each row (5)")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="that all samples run on")
    parser.add_argument("--sample", choices=BY_NAME, help=argparse.SUPPRESS)
    parser.add_argument("--library", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sample:
        print(json.dumps(take(arguments.sample, str(arguments.folder), ctypes.CDLL(str(arguments.library)))))
        return 0
    library = next(arguments.build.glob("bench/libbench_touch.*")).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or pathlib.Path(temporary)) / "distributed"
        write(folder)
        for file in folder.iterdir():
            memory_map.warm(str(file))
        print(table.markdown(["", ""], machine.describe(folder)))
        print(f"\n{measure(folder, library, arguments.pairs, arguments.core)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

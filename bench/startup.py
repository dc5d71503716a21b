"""What it takes before the first load, and the first call in a process beside that of torch."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import time

import summary
import table
import workloads
from plan import FIRST_CALLS

_MODULES, _CALLS = (", torch, safe_load", ", torch"), ("safe_load.safe_load", "torch.load")
_TIMED = "import sys, time{}; f = sys.argv[1]; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
STEPS = {  # to what is imported before, and what is timed
    "interpreter, the whole process": None,
    "`import torch`": ("", "import torch"),
    "`import safe_load`": ("", "import safe_load"),
    "`import safetensors` (without torch)": ("", "import safetensors"),
}


def _timed(prefix: list[str], code: str, path: pathlib.Path) -> tuple[float | None, float]:
    """What the code printed, None if it failed, and how long the process took, in seconds."""
    start = time.perf_counter()
    done = subprocess.run([*prefix, sys.executable, "-c", code, path], capture_output=True, text=True)
    whole = time.perf_counter() - start
    return (float(done.stdout) if done.returncode == 0 and done.stdout else None), whole


def measure(prefix: list[str], path: pathlib.Path, count: int) -> dict[str, summary.Side]:
    """Seconds of each step, each time in a fresh process; steps that fail are left out."""
    samples: dict[str, list[float]] = {}
    for _ in range(count):
        for name, step in STEPS.items():
            printed, whole = _timed(prefix, _TIMED.format(*step) if step else "pass", path)
            if step is None or printed is not None:
                samples.setdefault(name, []).append(whole if printed is None else printed)
    return {name: summary.side(seconds) for name, seconds in samples.items()}


def first_calls(prefix: list[str], folder: pathlib.Path, count: int) -> list[list[str]]:
    """A row for each first call whose workload is there: nothing is warmed but the file. Ours and torch's in turns."""
    rows = []
    for call in FIRST_CALLS:
        path = folder / f"{call.workload}.pt"
        if not path.exists():
            continue
        path.read_bytes()  # into the page cache
        both: tuple[list[float], list[float]] = ([], [])
        for _ in range(count):
            for samples, modules, load in zip(both, _MODULES, _CALLS):
                printed, _ = _timed(prefix, _TIMED.format(modules, f"kept = {load}({call.arguments})"), path)
                if printed is not None:
                    samples.append(printed)
        found = summary.ratio(*both)
        rows.append([
            workloads.WORKLOADS[call.workload].title,
            f"`safe_load({call.arguments})`", f"`torch.load({call.arguments})`",
            f"**{table.times(found.median)}** [{table.times(found.low)}, {table.times(found.high)}]",
            table.verdict(call.goal, found.median),
            table.spread(summary.side(both[0])), table.spread(summary.side(both[1])),
        ])  # fmt: skip
    return rows

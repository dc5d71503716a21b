"""What it takes before the first load: interpreter, imports, and the first call after them."""

from __future__ import annotations

import subprocess
import sys
import time

import summary

_TIMED = "import sys, time{}; f = sys.argv[1]; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
STEPS = {  # to what is imported before, and what is timed
    "interpreter, the whole process": None,
    "`import torch`": ("", "import torch"),
    "`import safe_load`": ("", "import safe_load"),
    "`import safetensors` (without torch)": ("", "import safetensors"),
    "first `torch.load` of W9 in a process": (", torch", "torch.load(f)"),
    "first `safe_load` of W9 in a process": (", torch, safe_load", "safe_load.safe_load(f)"),
}


def measure(prefix: list[str], path: str, count: int) -> dict[str, summary.Side]:
    """Seconds of each step, each time in a fresh process; steps that fail are left out."""
    samples: dict[str, list[float]] = {}
    for _ in range(count):
        for name, step in STEPS.items():
            code = _TIMED.format(*step) if step else "pass"
            start = time.perf_counter()
            done = subprocess.run([*prefix, sys.executable, "-c", code, path], capture_output=True, text=True)
            whole = time.perf_counter() - start
            if done.returncode == 0:
                samples.setdefault(name, []).append(float(done.stdout) if step else whole)
    return {name: summary.side(seconds) for name, seconds in samples.items()}

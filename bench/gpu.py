"""Loading to a GPU, side by side with torch and safetensors; needs one.

    python bench/gpu.py [--folder FOLDER] [--runs N] [w1 w2 ...]

The files are those of bench/workloads.py and lie in the page cache. Each way to load takes its turn in
every round; a time ends when the GPU is idle again. Prints medians and ratios to our time; every tensor is compared
with torch's, on the GPU, first.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable

import safe_load
import torch
from safetensors.torch import load_file

WAYS: dict[str, Callable[[str], Any]] = {
    "safe_load": lambda stem: safe_load.safe_load(f"{stem}.pt", device="cuda"),
    "safe_load mmap=False": lambda stem: safe_load.safe_load(f"{stem}.pt", device="cuda", mmap=False),
    "torch.load": lambda stem: torch.load(f"{stem}.pt", map_location="cuda"),
    "torch.load mmap": lambda stem: torch.load(f"{stem}.pt", map_location="cuda", mmap=True),
    "torch.load weights_only=False": lambda stem: torch.load(f"{stem}.pt", map_location="cuda", weights_only=False),
    "safetensors": lambda stem: load_file(f"{stem}.safetensors", device="cuda"),
}


def seconds(load: Callable[[str], Any], stem: str) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    loaded = load(stem)
    torch.cuda.synchronize()
    taken = time.perf_counter() - started
    del loaded
    return taken


def tensors(value: Any) -> list[torch.Tensor]:
    """Every tensor below a value of dicts and lists, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [tensor for part in parts for tensor in tensors(part)]


def assert_same(stem: str) -> int:
    ours, theirs = (tensors(WAYS[name](stem)) for name in ("safe_load", "torch.load"))
    assert len(ours) == len(theirs) > 0
    for own, tensor in zip(ours, theirs):
        assert (own.device, own.dtype, own.shape) == (tensor.device, tensor.dtype, tensor.shape)
        assert torch.equal(own.reshape(-1).view(torch.uint8), tensor.reshape(-1).view(torch.uint8))
    return sum(tensor.nbytes for tensor in theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("workloads", nargs="*", default=["w1", "w2"])
    arguments = parser.parse_args()
    pathlib.Path(arguments.folder).mkdir(parents=True, exist_ok=True)
    workloads = pathlib.Path(__file__).with_name("workloads.py")
    subprocess.run([sys.executable, str(workloads), arguments.folder, *arguments.workloads], check=True)
    print(torch.cuda.get_device_name(), "torch", torch.__version__)
    for workload in arguments.workloads:
        stem = f"{arguments.folder}/{workload}"
        size = assert_same(stem)
        times: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(arguments.runs):
            for name, load in WAYS.items():
                times[name].append(seconds(load, stem))
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        print(f"{workload}: {size / 1e6:,.0f} MB")
        for name, median in medians.items():
            print(f"  {name:30} {median * 1e3:9.1f} ms  {size / median / 1e9:6.2f} GB/s  {median / medians['safe_load']:6.2f}x")


if __name__ == "__main__":
    main()

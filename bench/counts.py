"""What the clock has no part in: peak memory of the engine, and its instructions."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(__file__).resolve().parent.parent / "tools"
PER_PICKLE_BYTE, PER_TENSOR = 8, 200  # the most that the engine may hold
LARGE_PICKLE = 4 << 20  # from here on it lies on huge pages


def held(program: pathlib.Path, path: pathlib.Path) -> dict[str, int]:
    """What bench_memory says about a file."""
    done = subprocess.run([program, path], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def memory_row(title: str, about: dict[str, int]) -> list[str]:
    most = PER_PICKLE_BYTE * about["pickle"] + PER_TENSOR * about["tensors"]
    # What lies on pages of its own only resident memory tells, in which the program's code counts, too.
    is_large = about["pickle"] >= LARGE_PICKLE
    held_at_most = max(about["peak"], about["resident"]) if is_large else about["peak"]
    return [
        title,
        f"{about['peak'] / 1e6:.2f} MB",
        f"{about['live'] / 1e6:.2f} MB",
        f"{about['resident'] / 1e6:.2f} MB",
        f"{held_at_most / about['pickle']:.1f}",
        f"{held_at_most / about['tensors']:,.0f}" if about["tensors"] > 1 else "–",
        f"≤ {most / 1e6:.2f} MB: {'met' if held_at_most <= most else 'missed'}",
    ]


def growth(program: pathlib.Path) -> tuple[int, int]:
    """The peak for 1,500 tensors, and for the same ones 32 times as large: pickles of one length.

    The first may be more: headers that lie close together are read in one go.
    """
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "adam.pt"
        for elements in (256, 8192):
            command = [sys.executable, TOOLS / "workloads.py", "adam", "500", path, str(elements)]
            subprocess.run(command, check=True)
            peaks.append(held(program, path)["peak"])
    return peaks[0], peaks[1]


def linearity(program: pathlib.Path) -> str:
    """The lines that tools/count_instructions.py prints about W2 and W3."""
    if not shutil.which("valgrind"):
        return "SKIPPED: valgrind is not installed"
    command = [sys.executable, TOOLS / "count_instructions.py", program, "--full"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()

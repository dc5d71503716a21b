"""The machine and the versions, for the head of a report; and whether it is quiet enough to measure."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import time

QUIET = 0.5  # of the 1-minute load
ROOT = pathlib.Path(__file__).resolve().parent.parent


def load() -> float:
    return os.getloadavg()[0]


def wait_until_quiet(seconds: float) -> bool:
    """Whether the 1-minute load fell to QUIET, which building and generating raised."""
    end = time.monotonic() + seconds
    while load() > QUIET and time.monotonic() < end:
        time.sleep(5)
    return load() <= QUIET


def _first_line(path: str, start: str) -> str:
    with open(path) as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith(start)), "?")


def file_system(folder: pathlib.Path) -> str:
    with open("/proc/self/mounts") as file:
        mounts = [line.split()[1:3] for line in file]
    at = folder.resolve()
    return max((m for m in mounts if at.is_relative_to(m[0])), key=lambda m: len(m[0]))[1]


def _read_ahead(folder: pathlib.Path) -> str:
    number = folder.stat().st_dev
    device = pathlib.Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    for queue in (device / "queue", device / ".." / "queue"):
        if (queue / "read_ahead_kb").exists():
            return (queue / "read_ahead_kb").read_text().strip() + " KiB"
    return "unknown"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
        return done.stdout.strip()

    is_changed = git("status", "--porcelain", "--untracked-files=no") != ""
    return (git("rev-parse", "--short", "HEAD") or "?") + (" with changes" if is_changed else "")


def describe(folder: pathlib.Path) -> list[tuple[str, str]]:
    thp = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
    mode = thp.read_text().split("[")[1].split("]")[0] if thp.exists() else "none"
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    return [
        ("date", time.strftime("%Y-%m-%d")),
        ("safe_load", _commit()),
        ("CPU", f"{_first_line('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory:.0f} GiB"),
        ("kernel", platform.release()),
        ("file system", f"{file_system(folder)}, read-ahead {_read_ahead(folder)}"),
        ("huge pages", mode),
        ("Python", sys.version.split()[0]),
        *((name, _version(name)) for name in ("torch", "numpy", "safetensors")),
        ("1-minute load at the start", f"{load():.2f}"),
    ]

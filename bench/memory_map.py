"""What the system says about files and memory: in the page cache or not, faults, peak memory."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import time
from dataclasses import dataclass

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mmap.restype = ctypes.c_void_p
_LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_LIBC.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


def resident(path: str) -> float:
    """The part of a file that is in the page cache, from 0 to 1."""
    size = os.path.getsize(path)
    if size == 0:
        return 1.0
    descriptor = os.open(path, os.O_RDONLY)
    try:
        address = _LIBC.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
        pages = ctypes.create_string_buffer(-(-size // mmap.PAGESIZE))
        try:
            if _LIBC.mincore(address, size, pages) != 0:
                raise OSError(ctypes.get_errno(), "mincore")
        finally:
            _LIBC.munmap(address, size)
    finally:
        os.close(descriptor)
    return sum(byte & 1 for byte in pages.raw) / len(pages)


def warm(path: str) -> None:
    """Makes sure that the whole file is in the page cache; an AssertionError if it does not stay there."""
    if resident(path) < 1:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 22):
                pass
    part = resident(path)
    assert part == 1, f"{path}: only {part:.1%} in the page cache"


def claim(size: int) -> None:
    """Touches and frees so much memory in a process of its own: the host gives it to this machine."""
    child = os.fork()
    if child == 0:
        with mmap.mmap(-1, size) as memory:
            memory.madvise(mmap.MADV_HUGEPAGE)
            ctypes.memset(ctypes.addressof(ctypes.c_char.from_buffer(memory)), 1, size)
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, f"cannot touch {size} bytes"


def _status(name: str) -> int:
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(name + ":"))


def forget_peak() -> int:
    """Sets the peak of resident memory (VmHWM) back to what is resident now, which it returns."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _status("VmRSS")


def peak() -> int:
    return _status("VmHWM")


def private() -> int:
    """Resident memory that no file and no other process shares."""
    return _status("RssAnon")


@dataclass(frozen=True)
class Moment:
    """What a process has used until now."""

    seconds: float
    cpu: float
    faults: int

    @staticmethod
    def now() -> Moment:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Moment(time.perf_counter(), used.ru_utime + used.ru_stime, used.ru_minflt + used.ru_majflt)

    def __sub__(self, other: Moment) -> Moment:
        return Moment(self.seconds - other.seconds, self.cpu - other.cpu, self.faults - other.faults)

    def __add__(self, other: Moment) -> Moment:
        return Moment(self.seconds + other.seconds, self.cpu + other.cpu, self.faults + other.faults)

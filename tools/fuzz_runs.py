"""How the fuzzers of the Python module run: in processes, one for each batch of files, so that a crash has a file."""

from __future__ import annotations

import argparse
import collections
import contextlib
import mmap
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import resource
import struct
import time
import warnings
from typing import Any, Callable, Iterator

SECONDS = 10  # for one step with one file
BATCH = 500  # files of a process


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the files of faults")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="do one file again, in this process")


class Post:
    """What a process is at: memory that it shares with its parent."""

    _HEAD = struct.Struct("<qdq32s")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4 << 20)

    def say(self, number: int, stage: str, content: bytes = b"") -> None:
        content = content[: len(self._memory) - self._HEAD.size]
        head = self._HEAD.pack(number, time.monotonic(), len(content), stage.encode()[:32])
        self._memory[: self._HEAD.size + len(content)] = head + content

    def read(self) -> tuple[int, str, float, bytes]:
        """Number, stage, when it began, the file."""
        number, since, size, stage = self._HEAD.unpack_from(self._memory)
        return number, stage.rstrip(b"\0").decode(), since, self._memory[self._HEAD.size : self._HEAD.size + size]


Found = tuple[int, collections.Counter, list[tuple[str, bytes]]]  # number, outcomes, faults with their files
Check = Callable[[int, Post], Iterator[tuple[str, str, bytes]]]  # gives (outcome, fault or "", file)


def limit_memory(more: int) -> None:
    with open("/proc/self/statm") as file:
        limit = int(file.read().split()[0]) * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def work(numbers: range, check: Check, post: Post, memory: int, pipe: Any) -> None:
    """The child: one message for each number, and None at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # torch and NumPy print warnings of their own there
    limit_memory(memory)
    warnings.simplefilter("ignore")
    for number in numbers:
        outcomes: collections.Counter = collections.Counter()
        faults = []
        for outcome, fault, content in check(number, post):
            outcomes[outcome] += 1
            if fault:
                faults.append((fault, content))
        pipe.send((number, outcomes, faults))
    pipe.send(None)


class Child:
    """A process at work on the rest of a batch."""

    def __init__(self, numbers: range, check: Check, memory: int) -> None:
        self.numbers, self.post = numbers, Post()
        self.post.say(numbers.start, "start")
        self.pipe, other = multiprocessing.Pipe(duplex=False)
        fork = multiprocessing.get_context("fork")
        self.process = fork.Process(target=work, args=(numbers, check, self.post, memory, other), daemon=True)
        self.process.start()
        other.close()

    def is_late(self) -> bool:
        return time.monotonic() - self.post.read()[2] > SECONDS

    def end(self) -> str:
        """Why it ended early, in words."""
        late = self.is_late()
        if late:
            self.process.kill()
        self.process.join()
        return f"longer than {SECONDS} s" if late else f"ended with {self.process.exitcode}"


def run_batches(count: int, jobs: int, check: Check, memory: int,
                ends: Callable[[str, str], tuple[str, str]]) -> Iterator[Found]:
    """Every number below count through check, in processes.

    ends: makes of a stage and of why a process ended there an outcome and a fault, "" if it is none.
    """
    waiting = [range(start, min(start + BATCH, count)) for start in range(0, count, BATCH)][::-1]
    children: list[Child] = []
    while waiting or children:
        while waiting and len(children) < jobs:
            children.append(Child(waiting.pop(), check, memory))
        multiprocessing.connection.wait([child.pipe for child in children], timeout=1)
        for child in list(children):
            found, is_over = _received(child)
            yield from found
            if not is_over and not child.is_late() and child.process.is_alive():
                continue
            if not is_over:
                found, is_over = _received(child)  # what it sent before it ended
                yield from found
            children.remove(child)
            if is_over:
                child.process.join()
                continue
            number, stage, _, content = child.post.read()
            outcome, fault = ends(stage, child.end())
            yield number, collections.Counter([outcome]), [(fault, content)] if fault else []
            if number + 1 < child.numbers.stop:
                waiting.append(range(number + 1, child.numbers.stop))


def _received(child: Child) -> tuple[list[Found], bool]:
    """What a child has sent, and whether that was all."""
    found: list[Found] = []
    with contextlib.suppress(EOFError, OSError):
        while child.pipe.poll():
            message = child.pipe.recv()
            if message is None:
                return found, True
            found.append(message)
    return found, False


def report(found: Iterator[Found], seed: int, keep: pathlib.Path | None) -> tuple[collections.Counter, int]:
    """Prints and keeps the faults; gives the outcomes and the number of faults."""
    total: collections.Counter = collections.Counter()
    faults = 0
    for number, outcomes, wrong in found:
        total.update(outcomes)
        for fault, content in wrong:
            faults += 1
            print(f"seed {seed}, file {number}: {fault}", flush=True)
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}-{faults}.pt").write_bytes(content)
    return total, faults

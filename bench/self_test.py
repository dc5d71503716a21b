"""Tests the harness on tiny workloads, so that it does not rot; `compare.py --self-test` runs it."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Iterator

import counts
import machine
import memory_map
import peers
import same
import summary
import table
import workloads
from harness import Harness
from plan import PLAN, Row

Check = tuple[str, bool]


def statistics() -> Iterator[Check]:
    found = summary.ratio([1, 2, 4, 1, 1], [3, 8, 8, 9, 3])
    yield "a ratio is the median over pairs, the peer's time by ours", found.median == 3
    yield "its interval holds it and stays within the samples", 2 <= found.low <= 3 <= found.high <= 9
    yield "equal pairs leave no doubt", summary.ratio([2] * 11, [6] * 11) == summary.Ratio(3, 3, 3)
    yield "a side has median, quartiles, minimum", summary.side([5, 1, 2, 4, 3]) == summary.Side(3, 2, 4, 1)
    yield "one sample is its own spread", summary.side([2]) == summary.Side(2, 2, 2, 2)
    yield "a goal is met from its value on", "met" in table.verdict(5, 5.0) and "missed" in table.verdict(
        5, 4.99
    )


def plan() -> Iterator[Check]:
    for row in PLAN:
        known = row.workload in workloads.WORKLOADS and row.ours in peers.OURS and row.peer in peers.OTHERS
        fits = known and (
            peers.OTHERS[row.peer].suffix == ".pt" or workloads.WORKLOADS[row.workload].has_safetensors
        )
        if not fits:
            yield f"the plan has a row that cannot be: {row}", False
    yield "no comparison is planned twice", len({(r.workload, r.ours, r.peer) for r in PLAN}) == len(PLAN)


def page_cache(folder: pathlib.Path) -> Iterator[Check]:
    path = folder / "cached"
    path.write_bytes(bytes(1 << 20))
    yield "a file just written is in the page cache", memory_map.resident(str(path)) == 1
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if machine.file_system(folder) != "tmpfs":
        yield "a file that was dropped is not", memory_map.resident(str(path)) < 1
    memory_map.warm(str(path))
    yield "and is again when it was read", memory_map.resident(str(path)) == 1


def same_tensors(folder: pathlib.Path) -> Iterator[Check]:
    """Each planned comparison once, in this process."""
    for row in PLAN:
        if peers.OTHERS[row.peer].suffix == ".pt" or peers.has_safetensors():
            found, _ = same.difference(
                peers.OURS[row.ours], peers.OTHERS[row.peer], str(folder / row.workload)
            )
            yield f"{row.workload} {row.ours} / {row.peer}: same bits ({found})", found is None
    flat = workloads.tensors(peers.torch_default(str(folder / "w2.pt")))
    other = {name: tensor.clone() for name, tensor in flat.items()}
    yield "equal tensors do not differ", same.flat_difference(flat, other) is None
    other["state.7.exp_avg"][63] += 1
    yield "one other element is found", same.flat_difference(flat, other) == "state.7.exp_avg: other bytes"
    yield "the digest sees it, too", workloads.digest(flat) != workloads.digest(other)
    saved = same.saved_ratio(peers.ours_load(str(folder / "w8.pt")), str(folder / "w8.pt"))
    yield f"views that are saved again stay views ({saved:.3f})", saved < 1.1


def generators(folder: pathlib.Path) -> Iterator[Check]:
    with tempfile.TemporaryDirectory() as second:
        for name in workloads.WORKLOADS:
            first = workloads.write(name, folder, "tiny")
            again = workloads.write(name, pathlib.Path(second), "tiny")
            yield f"{name} is the same each time", first["sha256"] == again["sha256"]


def samples(harness: Harness) -> Iterator[Check]:
    row = Row("w2", "load", "tuned_mmap", goal=0.001)
    compared = harness.compare(row, pairs=1)
    yield f"a pair is taken in processes of its own ({compared.failure})", len(compared.pairs) == 1
    if compared.failure:
        return
    ours, theirs = compared.pairs[0]
    yield "both sides read the same bytes", ours["bytes"] == theirs["bytes"] and ours["sum"] == theirs["sum"]
    yield "touching comes on top of loading", 0 < ours["load"]["seconds"] < ours["touch"]["seconds"]
    yield "time, CPU, faults and peak are recorded", set(ours["load"]) == {"seconds", "cpu", "faults", "peak"}
    lines = table.ratio_rows(compared)
    yield "no ratio without its touch-all row", len(lines) == 2 and "every byte read" in lines[1][1]
    yield "a reached goal is met", "met" in lines[0][4]
    text = table.ratios([compared]) + "\n" + table.costs([compared])
    widths = {line.count("|") for line in text.splitlines()}
    yield "tables have as many cells in each row", widths == {10, 7}
    (harness.folder / "w3.pt").write_bytes(b"not a checkpoint")
    failed = harness.compare(Row("w3", "load", "default"), pairs=1)
    yield "what fails is a row that says so", "failed" in table.ratio_rows(failed)[0][3]


def engine(harness: Harness) -> Iterator[Check]:
    about = counts.held(harness.memory_program, harness.folder / "w2.pt")
    yield "the engine's memory is counted", about["tensors"] == 60 and 0 < about["live"] <= about["peak"]
    too_much = counts.memory_row("w2", about | {"peak": 8 * about["pickle"] + 200 * about["tensors"] + 1})
    yield "and held against its goal", "missed" in too_much[-1]


def quiet() -> Iterator[Check]:
    limit, machine.QUIET = machine.QUIET, -1.0
    yield "a busy machine is noticed", not machine.wait_until_quiet(0)
    machine.QUIET = float("inf")
    yield "a quiet one, too", machine.wait_until_quiet(0)
    machine.QUIET = limit


def run(build: pathlib.Path, core: int) -> int:
    """Prints what failed, and "N passed, N failed"."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        harness = Harness(folder, build, core)
        groups = (
            statistics(), plan(), quiet(), page_cache(folder), generators(folder), same_tensors(folder),
            engine(harness), samples(harness),
        )  # fmt: skip
        checks = [check for group in groups for check in group]
    if not peers.has_safetensors():
        print("SKIPPED: what needs safetensors, which is not installed")
    failures = [claim for claim, holds in checks if not holds]
    for claim in failures:
        print(f"FAILED: {claim}")
    print(f"{len(checks) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0

"""The report: machine, workloads, ratios, costs, start-up, memory and instructions, as Markdown."""

from __future__ import annotations

from typing import Any

import counts
import startup
import table
import workloads
from harness import Harness
from plan import Row
from table import Compared

FIRST_HEAD = ["workload", "ours", "torch", "times as fast [95 %]", "goal", "ours, ms", "torch, ms"]
MEMORY_HEAD = ["file", "peak", "after opening", "resident", "peak per pickle byte", "peak per tensor", "goal"]


def report(harness: Harness, head: list[str], compared: list[Compared], pairs: int) -> str:
    """Of what was compared, and of what needs no comparison. `head`: warnings, and last the machine."""
    *warnings, machine = head
    names = sorted({"w9"} | {c.row.workload for c in compared})
    made = {name: workloads.write(name, harness.folder) for name in names}
    parts = [
        *warnings,
        *table.short(compared),
        "### The machine\n",
        machine,
        workload_lines(made),
        "### Ratios\n",
        table.ratios(compared),
        "### What they cost\n",
        table.costs(compared),
    ]
    if "w8" in made:
        parts.append(saved_line(harness))
    steps = startup.measure(harness.pinned, harness.folder / "w9.pt", pairs)
    rows = [[name, table.spread(side)] for name, side in steps.items()]
    parts += ["### Start-up\n", table.markdown(["step", "ms"], rows)]
    first = startup.first_calls(harness.pinned, harness.folder, pairs)
    parts += ["### The first call in a process\n", table.markdown(FIRST_HEAD, first)]
    parts += counted(harness, made)
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def workload_lines(made: dict[str, dict[str, Any]]) -> str:
    rows = [
        [
            workloads.WORKLOADS[name].title,
            f"{about['tensors']:,}",
            f"{about['bytes']:,}",
            f"`{about['sha256']}`",
        ]
        for name, about in made.items()
    ]
    return table.markdown(["workload", "tensors", "bytes", "SHA-256 of names, shapes and values"], rows)


def saved_line(harness: Harness) -> str:
    """Whether what we loaded shares storages as the file does."""
    part = harness.same(Row("w8", "load", "default"), "--saved")["saved"]
    verdict = "met" if abs(part - 1) <= 0.01 else "**missed**"
    return (
        f"W8: `torch.save` of what `safe_load` returned has {part:.2%} of the original's size "
        f"(goal: 100 % ± 1 %): {verdict}."
    )


def counted(harness: Harness, made: dict[str, dict[str, Any]]) -> list[str]:
    rows = []
    for name in made.keys() & {"w2", "w3", "w5"}:
        about = counts.held(harness.memory_program, harness.folder / f"{name}.pt")
        rows.append(counts.memory_row(workloads.WORKLOADS[name].title, about))
    small, large = counts.growth(harness.memory_program)
    return [
        "### Memory of the engine, without Python\n",
        table.markdown(MEMORY_HEAD, sorted(rows)) if rows else "",
        f"Peak for 1,500 tensors: {small:,} bytes; for the same 32 times as large: {large:,} bytes "
        f"(goal: no more): {'met' if large <= small else '**missed**'}.",
        "### Instructions of the engine\n",
        f"```\n{counts.linearity(harness.open_program)}\n```",
    ]

"""The report in Markdown: a head, the table of ratios, what they cost, start-up, memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable

import summary
from peers import OTHERS, OURS
from plan import SHORT, Row
from workloads import WORKLOADS

KINDS = {"load": "{}", "touch": "{}, then every byte read"}
_FETCHED = "{}, every tensor by name, then every byte read"


@dataclass
class Compared:
    """A row of the plan and the samples that were taken for it."""

    row: Row
    same: str  # what comparing the tensors said
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    failure: str | None = None

    def samples(self, kind: str, value: str) -> tuple[list[float], list[float]]:
        return [a[kind][value] for a, _ in self.pairs], [b[kind][value] for _, b in self.pairs]


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def seconds(value: float) -> str:
    """Milliseconds to three digits."""
    milliseconds = 1000 * value
    digits = 3 if milliseconds < 1 else 2 if milliseconds < 10 else 1 if milliseconds < 100 else 0
    return f"{milliseconds:,.{digits}f}"


def spread(side: summary.Side) -> str:
    return f"{seconds(side.median)} ({seconds(side.low)}–{seconds(side.high)}; {seconds(side.least)})"


def times(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def verdict(goal: float | None, ratio: float, limit: float | None = None) -> str:
    """Whether a goal was met, and what limits it."""
    if goal is None:
        return "–"
    beside = f" (limit {limit:g})" if limit is not None else ""
    return f"≥ {goal:g}{beside}: {'met' if ratio >= goal else '**missed**'}"


def _operation(compared: Compared, kind: str) -> str:
    row = compared.row
    text = _FETCHED if kind == "touch" and OURS[row.ours].is_lazy else KINDS[kind]
    return text.format(OURS[row.ours].title)


def ratio_rows(compared: Compared) -> list[list[str]]:
    """As loaded, and beside it, always, with every byte read."""
    row = compared.row
    title, peer = WORKLOADS[row.workload].title, OTHERS[row.peer].title
    if compared.failure:
        return [[title, _operation(compared, "load"), peer, f"failed: {compared.failure}", *["–"] * 5]]
    lines = []
    for kind, goal, limit in (("load", row.goal, row.limit), ("touch", row.touched_goal, None)):
        ours, theirs = compared.samples(kind, "seconds")
        found = summary.ratio(ours, theirs)
        lines.append([
            title, _operation(compared, kind), peer,
            f"**{times(found.median)}** [{times(found.low)}, {times(found.high)}]",
            verdict(goal, found.median, limit),
            spread(summary.side(ours)), spread(summary.side(theirs)),
            compared.same, str(len(compared.pairs)),
        ])  # fmt: skip
    return lines


def ratios(all_compared: Iterable[Compared]) -> str:
    head = [
        "workload",
        "ours",
        "peer",
        "times as fast [95 %]",
        "goal",
        "ours, ms",
        "peer, ms",
        "tensors",
        "pairs",
    ]
    return markdown(head, [line for compared in all_compared for line in ratio_rows(compared)])


def short(all_compared: Iterable[Compared]) -> list[str]:
    """How long, and how much memory, of what was compared of SHORT; with every byte read."""
    known = {(c.row.workload, c.row.ours, c.row.peer): c for c in all_compared if not c.failure}
    long, large = [], []
    for what, *key in SHORT:
        compared = known.get(tuple(key))
        if compared is None:
            continue
        ours, theirs = compared.samples("touch", "seconds")
        found = summary.ratio(ours, theirs)
        calls = OURS[compared.row.ours].title, OTHERS[compared.row.peer].title
        medians = [f"{seconds(summary.side(side).median)} ms" for side in (ours, theirs)]
        long.append([what, *calls, *medians, f"**{times(found.median)}**"])
        peaks = (summary.side(side).median / (1 << 20) for side in compared.samples("touch", "peak"))
        large.append([what, *calls, *(f"{peak:,.0f} MiB" for peak in peaks)])
    if not long:
        return []
    return [
        "### How long, every byte read\n",
        markdown(["what", "ours", "torch", "ours", "torch", "times as fast"], long),
        "### How much memory at its peak, beyond what was there before\n",
        markdown(["what", "ours", "torch", "ours", "torch"], large),
    ]


def costs(all_compared: Iterable[Compared]) -> str:
    """CPU time, page faults and peak memory: medians, ours / the peer's."""
    rows = []
    for compared in (c for c in all_compared if not c.failure):
        row = compared.row
        for kind in KINDS:

            def both(value: str, show: Callable[[float], str]) -> str:
                medians = (summary.side(samples).median for samples in compared.samples(kind, value))
                return " / ".join(show(median) for median in medians)

            title, peer = WORKLOADS[row.workload].title, OTHERS[row.peer].title
            cpu, faults = both("cpu", seconds), both("faults", "{:,.0f}".format)
            peak = both("peak", lambda size: f"{size / (1 << 20):,.1f}")
            rows.append([title, _operation(compared, kind), peer, cpu, faults, peak])
    return markdown(["workload", "ours", "peer", "CPU, ms", "page faults", "peak memory, MiB"], rows)

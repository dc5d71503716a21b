"""What is compared with what, and what we want to reach: one row for each pair."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """goal: times as fast, as loaded; limit: what prototypes reached, or can be computed. touched_goal: the same when
    every byte was read, too."""

    workload: str
    ours: str
    peer: str
    goal: float | None = None
    limit: float | None = None
    touched_goal: float | None = None


PLAN = (
    Row("w1", "open", "mmap", 40, 50),
    Row("w1", "open", "safetensors_open", 1, 1.5),
    Row("w1", "load", "default", 1.5, 1.85),
    Row("w1", "load", "unsafe", 1.5, 1.85),
    Row("w1", "load", "tuned", 1, 1.3),
    Row("w1", "load", "safetensors_pread"),
    Row("w1", "map", "mmap", 20, touched_goal=1),
    Row("w1", "map", "mmap_unsafe", 9, touched_goal=1),
    Row("w1", "map", "tuned_mmap"),
    Row("w1", "map", "safetensors", 5, touched_goal=1),
    Row("w1", "map", "default"),
    Row("w1", "verify", "default", 1),
    Row("w2", "load", "default", 60, 100),
    Row("w2", "load", "unsafe", 36, 64),
    Row("w2", "load", "tuned"),
    Row("w2", "map", "mmap"),
    Row("w2", "map", "mmap_unsafe"),
    Row("w2", "map", "tuned_mmap"),
    Row("w2", "load", "safetensors", 15, 25),
    Row("w2", "verify", "default"),
    Row("w2", "open", "safetensors_open"),
    Row("w3", "load", "default", 60, 100),
    Row("w3", "load", "unsafe", 36, 64),
    Row("w3", "load", "tuned"),
    Row("w3", "map", "mmap"),
    Row("w3", "map", "mmap_unsafe"),
    Row("w3", "map", "tuned_mmap"),
    Row("w3", "load", "safetensors", 15, 25),
    Row("w5", "load", "default", 18),
    Row("w5", "load", "unsafe", 2, 2.5),
    Row("w5", "load", "tuned"),
    Row("w8", "load", "default"),
    Row("w8", "load", "tuned"),
    Row("w8", "map", "mmap"),
    Row("w8", "map", "mmap_unsafe"),
    Row("w9", "load", "default", 4, 8),
    Row("w9", "load", "unsafe"),
    Row("w9", "load", "safetensors"),
    Row("w9", "open", "safetensors_open"),
)


@dataclass(frozen=True)
class FirstCall:
    """The first call in a process beside torch's: what most scripts make. The arguments of both, and a goal."""

    workload: str
    arguments: str
    goal: float


FIRST_CALLS = (
    FirstCall("w9", "f", 1),
    FirstCall("w1", "f", 1),
    FirstCall("w1", "f, mmap=True", 2),
    FirstCall("w2", "f", 40),
)

# What a reader wants to know first: what it is, and how it is loaded here and there.
SHORT = (
    ("a language model of 2 GB, 156 tensors", "w1", "load", "default"),
    ("the same, mapped", "w1", "map", "mmap"),
    ("an optimizer of 6,000 tensors", "w2", "load", "default"),
    ("an optimizer of 100,000 tensors", "w3", "load", "default"),
    ("17 MB of numbers and texts", "w5", "load", "default"),
    ("5,000 views of one storage", "w8", "load", "default"),
    ("one small tensor", "w9", "load", "default"),
)

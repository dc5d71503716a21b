"""What is compared with what, and what we want to reach: one row for each pair."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    workload: str
    ours: str
    peer: str
    goal: float | None = None  # times as fast, as loaded
    touched_goal: float | None = None  # times as fast when every byte was read, too


PLAN = (
    Row("w1", "open", "mmap", 60),
    Row("w1", "open", "safetensors_open"),
    Row("w1", "load", "default", 1),
    Row("w1", "load", "unsafe", 1),
    Row("w1", "load", "tuned"),
    Row("w1", "load", "safetensors_pread"),
    Row("w1", "map", "mmap", 25, 1),
    Row("w1", "map", "mmap_unsafe", 12, 1),
    Row("w1", "map", "tuned_mmap"),
    Row("w1", "map", "safetensors", 6),
    Row("w1", "map", "default"),
    Row("w1", "verify", "default", 1),
    Row("w2", "load", "default", 75),
    Row("w2", "load", "unsafe", 35),
    Row("w2", "load", "tuned"),
    Row("w2", "map", "mmap"),
    Row("w2", "map", "mmap_unsafe"),
    Row("w2", "map", "tuned_mmap"),
    Row("w2", "load", "safetensors", 18),
    Row("w2", "verify", "default"),
    Row("w2", "open", "safetensors_open"),
    Row("w3", "load", "default", 75),
    Row("w3", "load", "unsafe", 35),
    Row("w3", "load", "tuned"),
    Row("w3", "map", "mmap"),
    Row("w3", "map", "mmap_unsafe"),
    Row("w3", "map", "tuned_mmap"),
    Row("w3", "load", "safetensors", 18),
    Row("w5", "load", "default", 20),
    Row("w5", "load", "unsafe", 2.5),
    Row("w5", "load", "tuned"),
    Row("w8", "load", "default"),
    Row("w8", "load", "tuned"),
    Row("w8", "map", "mmap"),
    Row("w8", "map", "mmap_unsafe"),
    Row("w9", "load", "default", 10),
    Row("w9", "load", "unsafe"),
    Row("w9", "load", "safetensors"),
    Row("w9", "open", "safetensors_open"),
)

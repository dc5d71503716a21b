"""The statistics of a comparison: medians, spread, and how sure a ratio is."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass
from typing import Sequence


@dataclass(frozen=True)
class Side:
    median: float
    low: float  # first quartile
    high: float  # third quartile
    least: float


@dataclass(frozen=True)
class Ratio:
    """How many times as fast we are: the median over pairs, with its 95 % bootstrap interval."""

    median: float
    low: float
    high: float


def side(samples: Sequence[float]) -> Side:
    low, median, high = quartiles(samples)
    return Side(median, low, high, min(samples))


def quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    if len(samples) == 1:
        return (samples[0],) * 3
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, median, high


def ratio(ours: Sequence[float], theirs: Sequence[float], draws: int = 4000) -> Ratio:
    """Of samples that were taken in pairs."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    choose = random.Random(1).choices
    medians = sorted(statistics.median(choose(ratios, k=len(ratios))) for _ in range(draws))
    return Ratio(statistics.median(ratios), medians[draws // 40], medians[-1 - draws // 40])

"""Ranges that callers were given, how many held, and how wide they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acd.estimate import Range

RESAMPLED = 2000


@dataclass(frozen=True, slots=True)
class Ask:
    """One range that was given, with what others would have said; `wait` is the truth."""

    shape: str
    run: int
    day: int
    again: bool
    credit: float
    place: int
    at: float
    range: Range
    wait: float
    hold_mean: float
    half_hour: float

    @property
    def within(self) -> bool:
        return self.range.low <= self.wait <= self.range.high


def coverage(asks: Sequence[Ask], seed: int) -> dict[str, Any]:
    """The share within, with an interval over resampled runs."""
    by_run: dict[tuple[str, int], list[bool]] = {}
    for ask in asks:
        by_run.setdefault((ask.shape, ask.run), []).append(ask.within)
    held = np.array([sum(values) for values in by_run.values()])
    given = np.array([len(values) for values in by_run.values()])
    if not len(given):
        return {"n": 0}
    drawn = np.random.default_rng(seed).integers(0, len(given), (RESAMPLED, len(given)))
    shares = held[drawn].sum(axis=1) / given[drawn].sum(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return {
        "n": int(given.sum()),
        "runs": len(given),
        "coverage": round(float(held.sum() / given.sum()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }


def widths(asks: Sequence[Ask]) -> dict[str, Any]:
    """Mean seconds from low to high; what others say is given its best 80 % range in hindsight."""
    ours = float(np.mean([ask.range.high - ask.range.low for ask in asks]))
    wait = np.array([ask.wait for ask in asks])
    others = {
        "app_queue_mean": _in_hindsight(np.array([ask.hold_mean for ask in asks]), wait),
        "half_hour_average": _in_hindsight(np.array([ask.half_hour for ask in asks]), wait),
    }
    return {
        "mean_wait": round(float(wait.mean()), 1),
        "mean_width": round(ours, 1),
        **{name: round(width, 1) for name, width in others.items()},
        **{f"of_{name}": round(ours / width, 3) for name, width in others.items() if width},
    }


def _in_hindsight(said: np.ndarray, wait: np.ndarray) -> float:
    """The narrower of: what was said plus, or times, the quantiles that hold 80 % of the waits."""
    low, high = np.quantile(wait - said, (0.1, 0.9))
    added = np.maximum(said + high, 0) - np.maximum(said + low, 0)
    less, more = np.quantile(wait / (said + 1), (0.1, 0.9))
    times = (said + 1) * (more - less)
    return float(min(added.mean(), times.mean()))

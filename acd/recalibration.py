"""From a prediction to a range that keeps its word: its edges follow the waits that come true.

Each edge is a score (`Prediction.score`) that a stated share of waits shall stay below. With every
wait that becomes known an edge moves up if the wait lay above it and down if below, in the ratio
that holds still exactly when the share is right: however wrong the prediction, that comes true.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from acd.model import Seconds
from acd.prediction import Prediction

STEP = 0.15
"""How far an edge moves at place 1, in scores. Further back it moves less: those who wait behind
each other share their luck, and a hundred of them are not a hundred observations."""
TIERS = 12


class Recalibration:
    """The edges by tier of places: low, middle, high."""

    def __init__(self, coverage: float) -> None:
        outside = (1 - coverage) / 2
        self._shares = (outside, 0.5, 1 - outside)
        self._start = [_normal_quantile(share) for share in self._shares]
        self._edges: dict[int, list[float]] = {}

    def range(self, predicted: Prediction) -> tuple[Seconds, Seconds, Seconds]:
        edges = self._edges.get(_tier(predicted.place), self._start)
        low, middle, high = sorted(predicted.wait(edge) for edge in edges)
        return low, middle, high

    def learn(self, predicted: Prediction, wait: Seconds) -> None:
        """A wait that had been predicted is known."""
        edges = self._edges.setdefault(_tier(predicted.place), list(self._start))
        score = predicted.score(wait)
        for i, share in enumerate(self._shares):
            edges[i] += STEP / predicted.place * (share - (score < edges[i]))

    def plain(self) -> list[list[float]]:
        return [[tier, *edges] for tier, edges in self._edges.items()]

    def restore(self, plain: Sequence[Sequence[float]]) -> None:
        self._edges = {int(tier): list(edges) for tier, *edges in plain}


def _tier(place: int) -> int:
    """Places learn together by doubling: 1, 2 to 3, 4 to 7, 8 to 15, ..."""
    return min(place.bit_length(), TIERS)


def _normal_quantile(share: float) -> float:
    """Tukey's approximation: two digits, enough for a start."""
    return 4.91 * (math.pow(share, 0.14) - math.pow(1 - share, 0.14))

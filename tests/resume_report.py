"""What all kills came to: which steps they hit, how soon those began again, what is not right."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ivr.flow import KINDS
from tests.resume_rows import NO_ROW

GOAL = 2.0
"""Seconds after the core's return within which a step begins again."""


@dataclass
class Result:
    """Of all kills so far."""

    took: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from the core's return to the step's begin, by kind of step, or kind and moment."""
    hits: Counter[str] = field(default_factory=Counter)
    """How often a call stood in a step of this kind when the core was killed."""
    faults: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    """Notes of chained steps that the journal lacks, or has twice."""
    told_again: Counter[str] = field(default_factory=Counter)
    """Effects of which the journal tells once more under their key, by kind."""

    def begun(self, kind: str, seconds: float) -> None:
        """A step began again, so long after the core's return."""
        self.took.setdefault(kind, []).append(seconds)
        if seconds > GOAL:
            self.faults.append(f"{kind}: {seconds:.2f} s after the core was back")

    def missed(self) -> list[str]:
        """The kinds of steps that no kill has hit."""
        return sorted(KINDS.keys() - self.hits.keys() - NO_ROW.keys())

    @property
    def good(self) -> bool:
        return not self.faults and not self.missed()

    def report(self) -> list[str]:
        """In words, a line a kind."""
        lines = [_figures(kind, took) for kind, took in sorted(self.took.items())]
        every = [one for took in self.took.values() for one in took]
        lines += [_figures("all", every)] if every else []
        lines.append(f"calls that stood in a step of each kind: {_told(self.hits, KINDS)}")
        lines.append(f"notes of steps that took no time: {_told(self.notes, sorted(self.notes))}")
        again = _told(self.told_again, sorted(self.told_again))
        lines.append(f"effects told again under their key: {again or 'none'}")
        lines += [f"no row for {kind}: {why}" for kind, why in NO_ROW.items()]
        missed = self.missed()
        return [*lines, *self.faults, *([f"no kill in: {', '.join(missed)}"] if missed else [])]


def _told(counts: Counter[str], names: Sequence[str] | dict[str, type]) -> str:
    return ", ".join(f"{name} {counts[name]}" for name in names)


def _figures(kind: str, took: Sequence[float]) -> str:
    median = statistics.median(took)
    return f"{kind:17} n={len(took):3}  median {median:.2f} s  max {max(took):.2f} s"

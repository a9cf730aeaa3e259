"""What a number of races came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What the races came to. `faults` names every race that went wrong."""

    races: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.races += other.races
        self.outcomes += other.outcomes
        self.faults += other.faults
        self.examples += other.examples

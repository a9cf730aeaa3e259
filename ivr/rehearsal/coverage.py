"""What of a flow has been walked: its steps, each with each of its outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ivr.flow import Flow
from ivr.rehearsal.stage import BROKE_OFF, CALLER_GONE

Pair = tuple[str, str]
"""A step and an outcome; no outcome where a step has none, because it is an end."""


@dataclass(slots=True)
class Coverage:
    """Of one flow."""

    flow: Flow
    walked: Counter[Pair] = field(default_factory=Counter)
    hang_ups: Counter[str] = field(default_factory=Counter)
    """In which steps callers hung up. That is no outcome."""

    def add(self, trail: Iterable[str]) -> None:
        """Count the steps of a walk."""
        for entry in trail:
            step, _, outcome = entry.rpartition(":")
            if outcome == CALLER_GONE:
                self.hang_ups[step] += 1
            elif outcome != BROKE_OFF and step in self.flow.steps:
                own = self.flow.steps[step].outcomes()
                self.walked[step, outcome if own else ""] += 1

    def pairs(self) -> list[Pair]:
        """Everything there is to walk, in the order of the file."""
        return [
            (name, outcome)
            for name, step in self.flow.steps.items()
            for outcome in sorted(step.outcomes()) or [""]
        ]

    def missing(self) -> list[str]:
        """What nobody has walked: `step:outcome`, or the step alone where it is an end."""
        return [f"{s}:{o}" if o else s for s, o in self.pairs() if not self.walked[s, o]]

    def share(self) -> float:
        """Of what there is to walk, from 0 to 1."""
        return 1 - len(self.missing()) / len(self.pairs())

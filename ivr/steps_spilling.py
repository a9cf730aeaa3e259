"""Steps that spare callers a wait: `overflow` asks before they begin to wait."""

from __future__ import annotations

from typing import Literal

from ivr.step import AnyStep, Outcome

QUEUE, CALLBACK, MESSAGE, ELSEWHERE = "queue", "callback", "message", "elsewhere"


def outcome_of(to: str) -> Outcome:
    """The outcome for where overflow rules lead: `callback`, `message`, or anything else."""
    return to if to in (CALLBACK, MESSAGE) else ELSEWHERE


class OverflowStep(AnyStep):
    """Ask the overflow rules of a queue about a caller who does not wait in it yet. Outcomes:
    `queue` (no rule holds), `callback`, `message`, `elsewhere` (another queue, or a channel).

    Where an agent is free, and where the rules cannot be asked in time, it is `queue`.
    """

    do: Literal["overflow"]
    queue: str | None = None
    """Left out: the queue of the number that was dialled."""

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({QUEUE, CALLBACK, MESSAGE, ELSEWHERE})

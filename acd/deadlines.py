"""When the engine has to look again. What is no longer true is dropped when its time comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from heapq import heappop, heappush

from acd.model import Seconds


class Alarm(StrEnum):
    """What there is to do at a deadline."""

    RING = "ring"  # an offer has rung long enough
    RING_ELSEWHERE = "ring elsewhere"  # ... long enough for another agent to be rung instead
    WRAP_UP = "wrap-up"  # an agent's wrap-up of a contact is over
    PHONE_REST = "phone rest"  # an agent's phone may be rung again
    KEPT = "kept"  # an agent was kept for a contact in vain
    PAIR_REST = "pair rest"  # a contact may be offered again to an agent who declined it
    HOLD = "hold"  # a contact is no longer held for the preferred agent
    LOOK = "look"  # the head of a line becomes one that an idle agent may serve
    WAITED = "waited"  # a contact has waited long enough for an agent who is idle
    PARK = "park"  # a parked contact is due, or has been parked for too long
    OVERFLOW = "overflow"  # a contact has waited as long as an overflow rule says
    OVERFLOW_QUEUE = "overflow queue"  # the queue's own conditions are to be looked at
    START = "start"  # all indexes are new: everybody is to be looked at


Deadline = tuple[Seconds, Alarm, str]
"""When, what, and the id of whom it concerns: their order hangs on nothing that is not kept."""
Stands = Callable[[Alarm, str, Seconds], bool]
"""Whether a deadline (what, of whom, when) still means something."""


class Deadlines:
    """A heap of deadlines. What means nothing any more stays in it until its time comes."""

    def __init__(self) -> None:
        self._heap: list[Deadline] = []

    def add(self, at: Seconds, alarm: Alarm, subject: str) -> None:
        heappush(self._heap, (at, alarm, subject))

    def next(self, stands: Stands) -> Seconds | None:
        """The next deadline that still means something."""
        while self._heap:
            at, alarm, subject = self._heap[0]
            if stands(alarm, subject, at):
                return at
            heappop(self._heap)
        return None

    def due(self, now: Seconds, stands: Stands) -> Iterator[tuple[Alarm, str]]:
        """What has become due and still means something, in order; taken off the list."""
        while self._heap and self._heap[0][0] <= now:
            at, alarm, subject = heappop(self._heap)
            if stands(alarm, subject, at):
                yield alarm, subject

"""What a rehearsal supposes of the house: the list that a caller is on, what is closed, and that
numbers outside may be dialled."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.caller_lists import Listed
from ivr.closures import ByTelephone, Closure
from ivr.dialling import Route, Routing
from ivr.gate import Gate
from ivr.ports import PersonId

PIN = "135246"
"""The PIN for closing, in every rehearsal; that of the house is not looked at."""


@dataclass(frozen=True, slots=True)
class SupposedLists:
    """`ivr.gate.Lists` of one caller."""

    on: Listed

    def listed(self, person: PersonId | None) -> Listed:
        return self.on


@dataclass(frozen=True, slots=True)
class SupposedClosures:
    """`ivr.gate.Closing` in which everything is closed, or nothing; nothing changes."""

    closed: bool

    def is_closed(self, queue: str) -> bool:
        return self.closed

    async def is_pin(self, keys: str) -> bool:
        return keys == PIN

    async def close(self, closure: Closure, call: ByTelephone | None = None) -> None:
        """Nobody is kept out by a rehearsal."""

    async def lift(self, queue: str, who: str, call: ByTelephone | None = None) -> bool:
        return self.closed


def gate(listed: Listed, emergency: bool) -> Gate:
    """The gate of a rehearsed call: what becomes of listed callers is up to their flow."""
    return Gate(SupposedLists(listed), "flow", closures=SupposedClosures(emergency))


class Anywhere(Routing):
    """By which nobody is dialled: how it ends is the rehearsal's to say."""

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        return (Route("rehearsed", "", ""),)

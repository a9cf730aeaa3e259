"""The PIN of a rehearsed caller, counted as the real one is and compared without its slowness."""

from __future__ import annotations

from acd.model import ContactId
from ivr.pins import MOST_WRONG
from ivr.ports import PersonId, PinState, StoreFailed

LOCKED, AWAY = "locked", "away"
"""What stands in place of a PIN: it is locked, or nobody can tell."""


class RehearsedPins:
    """`ivr.ports.Pins` of one rehearsed call; None: the caller has no PIN."""

    def __init__(self, pin: str | None) -> None:
        self._pin = pin
        self._wrong = 0

    async def state(self, person: PersonId, contact: ContactId, most: int) -> PinState:
        if self._pin == AWAY:
            raise StoreFailed("the vault is away, in this rehearsal")
        if self._pin is None:
            return PinState.NONE
        if self._pin == LOCKED or self._wrong >= MOST_WRONG:
            return PinState.LOCKED
        return PinState.REFUSED if self._wrong >= most else PinState.OPEN

    async def answer(self, person: PersonId, contact: ContactId, most: int, pin: str) -> PinState:
        state = await self.state(person, contact, most)
        if state is not PinState.OPEN:
            return state
        self._wrong += 1
        if pin == self._pin:
            self._wrong = 0
            return PinState.VERIFIED
        return PinState.LOCKED if self._wrong >= MOST_WRONG else PinState.REFUSED

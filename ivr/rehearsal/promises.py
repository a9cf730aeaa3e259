"""Callbacks in a rehearsal: everybody is promised one, unless the script says otherwise."""

from __future__ import annotations

from acd.model import ContactId
from ivr.ports import EffectKey, PersonId, StoreFailed
from ivr.promises import Promise, TooMany, Wish

FULL, AWAY = "full", "away"
"""No more are promised; or nobody can tell."""


class RehearsedCallbacks:
    """`ivr.promises.Callbacks` of one rehearsed call: nothing is kept."""

    def __init__(self, told: str | None) -> None:
        self._told = told

    def may_call(self, number: str) -> bool:
        return True

    async def kept(self, key: EffectKey) -> Promise | None:
        return None

    async def promise(self, wish: Wish) -> Promise:
        if self._told == FULL:
            raise TooMany("so the script says")
        if self._told == AWAY:
            raise StoreFailed("the vault is away, in this rehearsal")
        to = PersonId("per_called_back")
        return Promise(
            wish.key, ContactId("rehearsal"), wish.queue, to, wish.person, 0.0, 0.0, 0.0, 1, 1.0
        )

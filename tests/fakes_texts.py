"""What stands around the desk of texts in tests."""

from __future__ import annotations

from ivr.ports import EffectKey, PersonId
from ivr.promises import Promise, TooMany, Wish

ANYBODY = PersonId("per_1")


class Promises:
    """`Callbacks` that keep what was wished for."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.full = False

    def may_call(self, number: str) -> bool:
        return True

    async def kept(self, key: EffectKey) -> Promise | None:
        found = [wish for wish in self.wishes if wish.key == key]
        return promise_for(found[0]) if found else None

    async def promise(self, wish: Wish) -> Promise:
        if self.full:
            raise TooMany("full")
        self.wishes.append(wish)
        return promise_for(wish)


def promise_for(wish: Wish) -> Promise:
    return Promise(wish.key, wish.facts.contact, wish.queue, ANYBODY, wish.person, 0, 0, 1, 3, 30)

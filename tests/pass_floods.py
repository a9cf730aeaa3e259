"""Floods on a random day: passes that are asked for and shown by many at once, most of them forged
or spent, and texts of which many are delivered again. The core may die in the middle of each.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from acd.model import CHATS
from ivr.pass_secrets import new_secret
from ivr.passes import Form
from ivr.texts import RECEIVED
from tests.hop_lines import APP, ROOM
from tests.pass_faults import FaultDeeds
from tests.pass_hops import MOBILE, MOST_HOPS, browser
from tests.pass_ideal import Customer, Where

MOVE, ASKED, FORGED = 4, 8, 40
"""So many customers at most go online at once, ask for so many passes each, beside so many that
are forged."""
BROWSERS = ("kitchen", "mobile")
TEXTS = 40
DIES = 0.3
"""How often the core dies in a flood."""

Shown = tuple[Customer, str, str]
"""Whose pass, its secret, and the browser that shows it."""


class FloodDeeds(FaultDeeds):
    """Each deed says whether there was anybody to do it."""

    async def _passes_flood(self) -> bool:
        """Each goes online once, by one of their passes, and nobody by any other."""
        here = [one for one in self.ideal.live()
                if one.where is Where.PHONE and one.hops < MOST_HOPS]  # fmt: skip
        some = self.dice.sample(here, min(len(here), MOVE))
        asked = [(one, self._issue(one, CHATS)) for one in some for _ in range(ASKED)]
        issued = await asyncio.gather(*(issuing for _, issuing in asked))
        made = [(one, got[0]) for (one, _), got in zip(asked, issued, strict=True) if got]
        shown = [(one, secret, browser(f"{one.number} {name} {one.hops} flood"))
                 for one, secret in made for name in BROWSERS]  # fmt: skip
        for one, _ in made:
            one.where = Where.MOVES
        await self._desks(open_=False)  # or whoever is online first would be offered first
        await self._at_once([*(self.redeem(secret, CHATS, by) for _, secret, by in shown),
                             *self._forged(some)])  # fmt: skip
        for number, (secret, by) in (await self._came_through(shown)).items():
            moved = next(each for each in some if each.number == number)
            moved.where = Where.PHONE
            await self._is_online(moved, secret, CHATS, by)
        await self._pages_come()
        return bool(made)

    def _forged(self, some: Sequence[Customer]) -> list[Awaitable[object]]:
        """Passes that never were, and some that were used."""
        forged = [new_secret(self.dice.choice(list(Form))).text for _ in range(FORGED)]
        spent = [secret for one in some for secret, _ in one.spent[-3:]]
        return [self._is_refused(each, self.dice.choice((CHATS, APP))) for each in forged + spent]

    async def _is_refused(self, secret: str, channel: str) -> None:
        if await self.redeem(secret, channel, browser("a stranger")):
            self.fault("a forged or spent pass was good in a flood")

    async def _came_through(self, shown: Sequence[Shown]) -> Mapping[int, tuple[str, str]]:
        """By which pass and browser each customer is online: they ask again in the same words."""
        found: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for one, secret, by in shown:
            found[one.number] += []
            contact = await self.redeem(secret, CHATS, by)
            if contact not in (None, one.contact):
                self.fault(f"{one.number} came to {contact} in a flood")
            if contact:
                found[one.number].append((secret, by))
        for number, by_which in found.items():
            if len(by_which) != 1:
                self.fault(f"{number} is online by {len(by_which)} passes in a flood")
        return {number: by_which[0] for number, by_which in found.items() if by_which}

    async def _desks(self, *, open_: bool) -> None:
        for agent in (one for one, (_, chats) in ROOM.items() if chats):
            await self.house.ask("chat desk", agent=agent, open=open_)

    async def _at_once(self, deeds: Sequence[Awaitable[object]]) -> None:
        """Side by side, in any order; the core may die in the middle, and then nobody is told."""
        mixed = self.dice.sample(list(deeds), len(deeds))
        all_ = asyncio.gather(*mixed, return_exceptions=True)
        if self.dice.random() < DIES:
            for _ in range(self.dice.randint(0, 60)):
                await asyncio.sleep(0)
            await self.house.dies()
            self.did["dies in a flood"] += 1
            await all_
            return
        for end in await all_:
            if isinstance(end, BaseException):
                raise end

    # ---------------------------------------------------------------- texts

    async def _texts_flood(self) -> bool:
        """Each is written down once, however often it is delivered; news of texts that nobody has
        sent are no news."""
        first = self.did["texts written"]
        fresh = [f"delivery {first + n}" for n in range(self.dice.randint(10, TEXTS))]
        known = [f"delivery {n}" for n in range(first)]
        again = self.dice.choices(known[-TEXTS:] + fresh, k=len(fresh) // 2)
        news = [self._told(f"nothing {n}") for n in range(len(fresh))]
        await self._at_once([*(self._delivered(one) for one in fresh + again), *news])
        self.did["texts written"] += len(fresh)
        for one in fresh:  # whose sender was told nothing delivers it again
            await self._delivered(one)
        effects = [one.data["effect"] for one in self.house.journal.records if one.kind == RECEIVED]
        if len(effects) != len(set(effects)) or len(effects) != self.did["texts written"]:
            self.fault(f"{self.did['texts written']} texts, and {len(effects)} are written down")
        await self._pages_come()  # should the core have died
        return True

    async def _delivered(self, delivery: str) -> Mapping[str, Any]:
        of_today = int(delivery.split()[1]) % 50 + 1
        sender = f"{MOBILE}{of_today:05d}"
        asked = {"channel": "sms", "delivery": delivery, "sender": sender, "words": "Where is it?"}
        return await self.house.texts["text receive"](asked)

    async def _told(self, text: str) -> None:
        told = {"channel": "sms", "text": text, "state": "delivered"}
        if (await self.house.texts["text told"](told))["new"]:
            self.fault("news of a text that was never sent")

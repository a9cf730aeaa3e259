"""What fails on a random day: our core, its store, the link, Asterisk, and texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from acd import events
from acd.model import CHATS, ContactId
from ivr.lost_calls import contact_for
from ivr.pass_desk import CannotIssue, Order
from ivr.passes import Form
from ivr.ports import CoreRefused, StoreFailed
from ivr.recovery_book import OFFERED
from tests.fakes_passes import MemoryPasses
from tests.fakes_stores import MemoryAudit
from tests.hop_lines import ROOM
from tests.pass_hops import HopDeeds, browser
from tests.pass_ideal import Customer, Where


class FaultDeeds(HopDeeds):
    """Each deed says whether it has happened."""

    async def _pages_come(self) -> None:
        """After a start no page is there; calls are offered. Then every page says that it is."""
        await self.between()
        for agent in (one for one, (_, chats) in ROOM.items() if chats):
            await self.house.ask("chat desk", agent=agent, open=True)
        for one in self.ideal.live():
            if Where.CHAT in (one.where, one.back_to if one.where is Where.TALKS else None):
                await self.house.ask("chat here", by=one.by)

    async def _dies(self) -> bool:
        await self.house.dies()
        await self._pages_come()
        return True

    async def _dies_in_it(self) -> bool:
        """`kill -9` at some moment of a redemption, or of a wish to be called; they ask again."""
        one = self.one(Where.PHONE, Where.APP)
        if one is None or one.hops >= 5:
            return False
        try:
            _made, secret = await self.house.passes.issue(Order(one.contact, CHATS, Form.LINK))
        except CannotIssue:
            return False
        by = browser(f"{one.number} dies {one.hops}")
        was, one.where = one.where, Where.MOVES
        await self._killed_in(self.redeem(secret.text, CHATS, by))
        one.where = was
        if await self.redeem(secret.text, CHATS, by) != one.contact:
            self.fault(f"{one.number}: asked again after the core had died, and was refused")
        await self._is_online(one, secret.text, CHATS, by)
        return True

    async def _killed_in(self, deed: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(deed)
        for _ in range(self.dice.randint(0, 25)):
            await asyncio.sleep(0)
        await self.house.dies()
        await asyncio.gather(task, return_exceptions=True)
        await self._pages_come()

    async def _store_fails(self) -> bool:
        """Nothing is done, and who asks again later is told as if nothing had been."""
        one = self.one(Where.PHONE)
        made = await self._issue(one, CHATS) if one and one.hops < 5 else None
        if one is None or made is None:
            return False
        by = browser(f"{one.number} again {one.hops}")
        stores: list[MemoryPasses | MemoryAudit] = [self.house.book, self.house.audit]
        self.dice.shuffle(stores)
        for store in stores:
            store.failing = "the disk is full"
            try:
                await self.redeem(*made, by)
                self.fault(f"{one.number} went online by a store that takes nothing")
            except (CoreRefused, StoreFailed):
                pass
            store.failing = ""
        if await self.redeem(*made, by) != one.contact:
            self.fault(f"{one.number}: the pass was lost with the store")
        await self._is_online(one, *made, by)
        return True

    async def _link_flaps(self) -> bool:
        """The link is gone for a moment; everybody is there still."""
        await self.house.tell(events.LinkChanged(False))
        self.house.clock.at += self.dice.choice((1.0, 20.0))
        await self._link_comes()
        return True

    async def _link_comes(self) -> None:
        """While it was away no telephone could be rung, and chats could."""
        self.ideal.linked = False
        await self.between()
        self.ideal.linked = True
        await self.house.link_comes()

    async def _crashes(self) -> bool:
        """Asterisk is killed: who waited is offered a way back, by text or by callback."""
        await self._all_lose_their_lines(self.house.crashes)
        self.house.clock.at += self.dice.choice((0.0, 5.0))
        await self._link_comes()
        return True

    async def _all_die(self) -> bool:
        """The core is killed with it, before it has seen anything; perhaps somebody just hears that
        they will be called."""
        await self.promised()
        await self._all_lose_their_lines(self.house.all_die)
        await self._pages_come()
        return True

    async def _all_lose_their_lines(self, deed: Callable[[], Awaitable[None]]) -> None:
        lost = [one for one in self.ideal.live() if one.where is Where.PHONE]
        cut_off = [one for one in self.ideal.live()
                   if one.where is Where.TALKS and one.back_to is Where.PHONE]  # fmt: skip
        await deed()
        await self.house.settle()
        for one in cut_off:
            one.secret, one.with_agent = None, None
            self._left(one)
        for one in lost:
            await self._is_lost(one)

    async def _is_lost(self, one: Customer) -> None:
        """What they were offered; a text may fail, and then they are to be called."""
        house = self.house
        offers = [each for each in house.journal.records
                  if each.kind == OFFERED and each.contact == one.contact]  # fmt: skip
        if len(offers) != 1:
            self.fault(f"{one.number} was lost, and offered a way back {len(offers)} times")
        text = await house.text_of(one.contact)
        if text and self.dice.random() < 0.4:
            await house.text_fails(text[0])
            await house.settle()
            self.did["text fails"] += 1
        called: ContactId = contact_for(one.contact)
        if house.promised(called):
            one.where, one.contact, one.began = Where.CALLBACK, called, house.clock.now()
            one.left_at = house.clock.now()
            return
        one.secret = (text[1], CHATS) if text else None
        self._left(one)

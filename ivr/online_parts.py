"""The telephone's side of going online, put together: offers, what they open, lines that end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from acd.model import ContactId, Seconds
from ivr.call_again import CallAgain
from ivr.chat_settings import ChatSettings
from ivr.distributor import Distributor
from ivr.flow import Flow
from ivr.online_desk import OnlineDesk
from ivr.online_ladder import LadderBook
from ivr.online_legs import PhoneLegs
from ivr.online_rungs import CallingBack, Ladder, OnlineRungs
from ivr.online_sayings import Sayings, Voice
from ivr.online_way import Questions, WayOnline
from ivr.online_words import ONLINE
from ivr.ports import Audit, Clock, Journal, Origin, Vault
from ivr.site_file import SiteFile
from ivr.whose import Whose

LOOK_SECONDS: Seconds = 0.5
"""Who joins a queue is to hear the offer within three seconds; the loop takes most of two."""


class HearingVoice(Voice, Protocol):
    """It tells what was said and pressed, too."""

    told: Callable[[ContactId, str, str], None] | None
    """Contact, the request that was said (empty: it was music), the key that was pressed."""


class GoingOnline:
    """`run` it, and tell it what waiting callers have heard and pressed."""

    def __init__(
        self, desk: OnlineDesk, legs: PhoneLegs, sayings: Sayings, again: CallAgain,
        rungs: OnlineRungs, clock: Clock,
    ) -> None:  # fmt: skip
        self.desk = desk
        self.rungs = rungs
        self._legs = legs
        self._sayings = sayings
        self._again = again
        self._clock = clock

    async def run(self) -> None:
        """Look twice a second, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """See to everybody once."""
        now = self._clock.now()
        self._legs.look(now)
        self.desk.look(now)
        self._sayings.again(now)
        await self._again.look()

    def heard(self, contact: ContactId, request: str, key: str) -> None:
        """The waiting loop has said this (empty: it was music), and this key was pressed."""
        kind = self._sayings.heard(contact, request)
        if kind == ONLINE:
            self._legs.heard(contact, key)
        elif kind:
            self.desk.heard(contact, kind, key)
        elif key:
            self.desk.pressed(contact, key)


async def online_parts(
    site: SiteFile, chat: ChatSettings, distributor: Distributor, voice: Voice,
    questions: Questions, calling: CallingBack, flows: Callable[[Origin], Flow | None],
    journal: Journal, vault: Vault, audit: Audit, clock: Clock,
) -> GoingOnline:  # fmt: skip
    """What the journal knows is remembered."""
    engine, whose, outbound = distributor.engine, Whose(journal), site.outbound
    sayings = Sayings(voice, engine.contacts)
    ladder = Ladder(LadderBook(lost_too=not site.recovery.offer), journal)
    way = WayOnline(questions, chat, outbound, whose, vault, distributor.write)
    desk = OnlineDesk(
        engine, voice, sayings, way, ladder, outbound.region, flows, distributor.post, clock
    )
    legs = PhoneLegs(engine, voice, sayings, distributor.record, desk.back, clock)
    again = CallAgain(engine, whose, distributor.post)
    rungs = OnlineRungs(
        ladder, desk.instead, calling, distributor, journal, vault, audit, clock
    )  # fmt: skip
    await desk.remember(journal)
    await again.remember(journal)
    return GoingOnline(desk, legs, sayings, again, rungs, clock)


async def going_online(
    site: SiteFile, distributor: Distributor, voice: HearingVoice, questions: Questions,
    calling: CallingBack, flows: Callable[[Origin], Flow | None], journal: Journal, vault: Vault,
    audit: Audit, clock: Clock,
) -> list[Coroutine[Any, Any, None]]:  # fmt: skip
    """The work that never ends, where there is a chat to go to."""
    if site.chat is None:
        return []
    online = await online_parts(
        site, site.chat, distributor, voice, questions, calling, flows, journal, vault, audit, clock
    )
    voice.told = online.heard
    return [online.run(), online.rungs.run()]

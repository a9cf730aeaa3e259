"""Puts together what the core needs for chats."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acd.model import Seconds
from ivr.chat_agents import ChatAgents
from ivr.chat_desk import ChatDesk
from ivr.chat_flow import ChatFlow, Walks
from ivr.chat_lines import ChatLines
from ivr.chat_offers import ChatOffers
from ivr.chat_overflow import ChatOverflow
from ivr.chat_presence import Presence
from ivr.chat_settings import ChatSettings
from ivr.chats import KINDS, ChatBook
from ivr.distributor import Distributor
from ivr.outward import BothWays
from ivr.pass_desk import PassDesk
from ivr.pass_requests import PassRequests
from ivr.ports import Clock, CoreRefused, Journal, StoreFailed, StoreRefused, Vault
from ivr.site_file import SiteFile

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
Answer = Callable[[Fields], Awaitable[Fields]]
LOOK_SECONDS: Seconds = 0.5
FORGET_SECONDS: Seconds = 600.0


@dataclass(frozen=True, slots=True)
class ChatParts:
    """Chats of the core: who answers, who offers, and what goes on by itself (`run`)."""

    lines: ChatLines
    offers: ChatOffers
    presence: Presence
    flow: ChatFlow
    known: Mapping[str, Answer]

    async def run(self) -> None:
        """Look at all chats again and again, until cancelled."""
        tidied = 0.0
        self.flow.resume()
        while True:
            now = self.lines.clock.now()
            self.flow.look(now)
            try:
                await self.presence.look(now)
            except (CoreRefused, StoreFailed, StoreRefused) as fault:
                log.warning("chats not looked at", extra={"why": str(fault)})
            if now - tidied > FORGET_SECONDS:
                self.lines.book.forget(tidied := now)
            await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Chats:
    """What the rest of the core has of chats."""

    book: ChatBook = field(default_factory=ChatBook)
    known: Mapping[str, Answer] = field(default_factory=dict)
    """What can be asked, by name."""
    work: Sequence[Coroutine[Any, Any, None]] = ()
    """What never ends."""


async def begin_chats(
    site: SiteFile, phones: BothWays, distributor: Distributor, vault: Vault, journal: Journal,
    clock: Clock, passes: PassRequests, walks: Walks,
) -> Chats:  # fmt: skip
    """Chats as the journal has left them, offered on pages from now on; none where the site has no
    chat."""
    if site.chat is None:
        return Chats()
    known = KnownTo(distributor, vault, journal, clock, passes.desk, walks)
    parts = await of_chats(site.chat, site.languages, known)
    phones.chats = parts.offers
    return Chats(parts.lines.book, parts.known, [parts.run()])


@dataclass(frozen=True, slots=True)
class KnownTo:
    """What chats need of the rest of the core."""

    distributor: Distributor
    vault: Vault
    journal: Journal
    clock: Clock
    passes: PassDesk
    walks: Walks | None = None
    """None: no flow asks in chats, whatever the settings say."""


async def of_chats(settings: ChatSettings, languages: tuple[str, ...], core: KnownTo) -> ChatParts:
    """Chats by these settings. No page is there yet."""
    lines = ChatLines(core.distributor, core.vault, core.clock)
    async for record in core.journal.read(0, KINDS):
        lines.book.learn(record)
    lines.book.forget(core.clock.now())
    presence = Presence(lines, settings.away_seconds, settings.silent_minutes)
    presence.all_away()
    offers, told = ChatOffers(core.distributor), core.distributor
    told.overflows = ChatOverflow(lines, told.overflows).carry_out
    flow = ChatFlow(settings, lines, presence, core.walks)
    desk = ChatDesk(settings, languages, lines, presence, core.passes, flow)
    known = {**desk.known, **ChatAgents(lines, offers, presence).known}
    return ChatParts(lines, offers, presence, flow, known)

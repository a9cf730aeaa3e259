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
from ivr.chat_files import FileShelf
from ivr.chat_flow import ChatFlow, Walks
from ivr.chat_lines import ChatLines
from ivr.chat_offers import ChatOffers
from ivr.chat_offline import ChatOffline
from ivr.chat_overflow import ChatOverflow
from ivr.chat_presence import Presence
from ivr.chat_sending import ChatSending
from ivr.chat_settings import ChatSettings
from ivr.chats import KINDS, ChatBook
from ivr.distributor import Distributor
from ivr.message_agents import MessageAgents
from ivr.messages import KINDS as MESSAGES
from ivr.messages import MessageBook
from ivr.outward import BothWays
from ivr.pass_desk import PassDesk
from ivr.pass_requests import PassRequests
from ivr.ports import Clock, CoreRefused, Journal, StoreFailed, StoreRefused, Vault
from ivr.site_file import SiteFile

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
Answer = Callable[[Fields], Awaitable[Fields]]
LOOK_SECONDS: Seconds = 0.5
TIDY_SECONDS: Seconds = 600.0


@dataclass(frozen=True, slots=True)
class ChatParts:
    """Chats of the core: who answers, who offers, and what goes on by itself (`run`)."""

    lines: ChatLines
    offers: ChatOffers
    presence: Presence
    sending: ChatSending
    flow: ChatFlow
    known: Mapping[str, Answer]
    offline: ChatOffline
    messages: MessageAgents

    async def look(self, now: Seconds) -> None:
        """At all chats and messages, once."""
        await self.presence.look(now)
        await self.offline.look(now)
        await self.messages.look(now)

    async def run(self) -> None:
        """Look at all chats again and again, until cancelled."""
        self.flow.resume()
        while True:
            self.flow.look(self.lines.clock.now())
            try:
                await self.look(self.lines.clock.now())
            except (CoreRefused, StoreFailed, StoreRefused) as fault:
                log.warning("chats not looked at", extra={"why": str(fault)})
            await asyncio.sleep(LOOK_SECONDS)

    async def keep_tidy(self) -> None:
        """Forget old chats, and remove files that no line tells of, until cancelled."""
        while True:
            await self.tidy()
            await asyncio.sleep(TIDY_SECONDS)

    async def tidy(self) -> None:
        """Files first: whose chat is forgotten, of them nothing can be told."""
        now = self.lines.clock.now()
        try:
            await self.sending.tidy(now)
        except StoreFailed as fault:
            log.warning("files of chats not looked at", extra={"why": str(fault)})
            return
        self.lines.book.forget(now)
        self.offline.book.forget(now, self.lines.distributor.engine.contacts)


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
    clock: Clock, passes: PassRequests, files: FileShelf, asked: Mapping[str, Answer],
    walks: Walks | None = None,
) -> Chats:  # fmt: skip
    """Chats and messages as the journal has left them, offered on pages from now on; none where the
    site has no chat. `asked`: what else the core can be asked."""
    if site.chat is None:
        return Chats()
    region = site.outbound.region
    known = KnownTo(distributor, vault, journal, clock, passes.desk, files, asked, region, walks)
    parts = await of_chats(site.chat, site.languages, known)
    phones.chats = parts.offers
    return Chats(parts.lines.book, parts.known, [parts.run(), parts.keep_tidy()])


@dataclass(frozen=True, slots=True)
class KnownTo:
    """What chats need of the rest of the core."""

    distributor: Distributor
    vault: Vault
    journal: Journal
    clock: Clock
    passes: PassDesk
    files: FileShelf
    asked: Mapping[str, Answer] = field(default_factory=dict)
    """What else can be asked, by name: texts are sent and customers called by it."""
    region: str = "CN"
    """Whose numbers are written without a code."""
    walks: Walks | None = None
    """None: no flow asks in chats, whatever the settings say."""


async def of_chats(settings: ChatSettings, languages: tuple[str, ...], core: KnownTo) -> ChatParts:
    """Chats by these settings. No page is there yet."""
    lines = ChatLines(core.distributor, core.vault, core.clock)
    async for record in core.journal.read(0, KINDS):
        lines.book.learn(record)
    presence = Presence(lines, settings.away_seconds, settings.silent_minutes)
    presence.all_away()
    offers, told = ChatOffers(core.distributor), core.distributor
    told.overflows = ChatOverflow(lines, told.overflows).carry_out
    book, text_by = MessageBook(), settings.text_by
    async for record in core.journal.read(0, MESSAGES):
        book.learn(record)
    book.forget(core.clock.now(), core.distributor.engine.contacts)
    send = core.asked.get("text send")
    offline = ChatOffline(lines, presence, book, text_by, send, core.region)
    flow = ChatFlow(settings, lines, presence, core.walks)
    desk = ChatDesk(settings, languages, lines, presence, core.passes, offline, flow)
    answers = MessageAgents(lines, offers, presence, offline, text_by, core.asked)
    agents = ChatAgents(lines, offers, presence, answers)
    sending = ChatSending(lines, presence, agents.serves, core.files, settings.files)
    known = {**desk.known, **agents.known, **answers.known, **sending.known}
    return ChatParts(lines, offers, presence, sending, flow, known, offline, answers)

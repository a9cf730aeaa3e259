"""Whose page is there. What is not journaled: after a start every page has to say so again."""

from __future__ import annotations

import logging

from acd import events
from acd.model import CHATS, AgentId, Contact, ContactId, Seconds
from acd.states import ContactState
from ivr.chat_lines import ChatLines
from ivr.chats import Chat, ChatState, How, Phrase, Who, how_over, state_of

log = logging.getLogger(__name__)

DESK_SECONDS: Seconds = 120.0
"""A chat whose agent's desk has been closed for so long goes back into the line."""
MINUTE: Seconds = 60.0


class Presence:
    """Customers' pages and agents' desks as they come and go; `look` acts on who is gone."""

    def __init__(self, lines: ChatLines, away_seconds: Seconds, silent_minutes: float) -> None:
        self._lines = lines
        self._engine = lines.distributor.engine
        self._away_seconds, self._silent = away_seconds, silent_minutes * MINUTE
        self._away: dict[ContactId, Seconds] = {}
        """Since when a customer's page is not there."""
        self._assumed: set[ContactId] = set()
        """Of those, pages that have not said so: we, or the web process, have begun anew."""
        self._closed: dict[AgentId, Seconds] = {}
        """Since when the desk of an agent with chats is closed."""

    def here(self, contact: ContactId) -> None:
        self._away.pop(contact, None)
        self._assumed.discard(contact)

    def away(self, contact: ContactId) -> None:
        """Since the first time that it is said."""
        self._assumed.discard(contact)
        if contact in self._lines.book.open:
            self._away.setdefault(contact, self._lines.clock.now())

    def all_away(self) -> None:
        """Nobody's page is there, as far as we know."""
        for contact in self._lines.book.open:
            self.away(contact)
        self._assumed |= self._lines.book.open.keys()

    def asks(self, contact: ContactId) -> None:
        """The page has asked something: it is there, unless it has said that it is not."""
        if contact in self._assumed:
            self.here(contact)

    def is_away(self, contact: ContactId) -> bool:
        """Whether the customer's page is not there."""
        return contact in self._away

    def gone_for(self, contact: ContactId, now: Seconds) -> Seconds:
        """How long the customer's page has not been there."""
        return now - self._away.get(contact, now)

    def works(self, agent: AgentId) -> None:
        """The agent's page has asked something: it is there, even if its desk is closed."""
        if agent in self._closed:
            self._closed[agent] = self._lines.clock.now()

    async def back(self, chat: Chat) -> None:
        """The page is there; who was skipped for its absence waits again."""
        self.here(chat.contact)
        contact = self._engine.contacts.get(chat.contact)
        if contact and contact.channel == CHATS and contact.state is ContactState.PARKED:
            await self._lines.distributor.record(events.Reached(contact.id))

    async def look(self, now: Seconds) -> None:
        """Skip who is away and waits, end what is served and silent, take back what no agent has a
        page for, and close what is over."""
        for gone in self._away.keys() - self._lines.book.open.keys():
            self.here(gone)
        self._closed = {id_: at for id_, at in self._closed.items() if self._is_closed(id_)}
        for chat in list(self._lines.book.open.values()):
            contact = self._engine.contacts.get(chat.contact)
            if chat.flow:
                if self.gone_for(chat.contact, now) >= self._silent:
                    await self._lines.end(chat, How.SILENT, Who.HOUSE)
                continue
            if contact is None or contact.channel != CHATS:
                how = how_over(chat.contact, self._engine.contacts)
                await self._lines.end(chat, how, Who.HOUSE)
                continue
            state = state_of(chat, contact)
            await self._look_at_page(chat, contact, state, now)
            if state is ChatState.SERVED:
                await self._look_at_desk(chat, contact, now)

    def is_desk_gone(self, agent: AgentId, now: Seconds) -> bool:
        """Whether the page of an agent who serves somebody has been closed for too long."""
        if not self._is_closed(agent):
            return False
        return now - self._closed.setdefault(agent, now) >= DESK_SECONDS

    def _is_closed(self, id_: AgentId) -> bool:
        agent = self._engine.agents.get(id_)
        return agent is not None and not agent.desk

    async def _look_at_page(
        self, chat: Chat, contact: Contact, state: ChatState, now: Seconds
    ) -> None:
        gone = self.gone_for(contact.id, now)
        if state is ChatState.SERVED:
            if gone >= self._silent:
                await self._lines.end(chat, How.SILENT, Who.HOUSE)
        elif gone >= self._away_seconds and contact.state is not ContactState.PARKED:
            log.info("page gone, chat skipped", extra={"contact": contact.id})
            await self._lines.distributor.record(events.Parked(contact.id, channel=CHATS))

    async def _look_at_desk(self, chat: Chat, contact: Contact, now: Seconds) -> None:
        offer = self._engine.offers.get(contact.offer) if contact.offer else None
        agent = self._engine.agents.get(offer.agent) if offer else None
        if offer is None or agent is None:
            return
        if self.is_desk_gone(agent.id, now):
            log.info("desk gone, chat back in line", extra={"contact": contact.id})
            ended = events.LegEnded(contact.id, offer.id)
            back = events.Returned(contact.id, offer.id)
            await self._lines.distributor.record(ended, back)
            await self._lines.house(chat, Phrase.RETURNED)

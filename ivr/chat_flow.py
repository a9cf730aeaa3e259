"""Flows that ask in chats before a person does: one walk a chat, begun again where it broke off.

What calls are to Asterisk chats are to the journal: a walk whose process died goes on in its step,
by what lies sealed under the customer. Whatever fails, the chat comes to a person.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from acd import events
from acd.model import CHATS, ContactId, QueueId, Seconds
from acd.overflow import way_out
from acd.schedule import Schedule
from ivr.call import take_call
from ivr.chat_lines import ChatLines
from ivr.chat_presence import Presence
from ivr.chat_settings import ChatSettings
from ivr.chats import Chat
from ivr.flow import Flow
from ivr.matter import ANY, Matter
from ivr.neighbours import Neighbours
from ivr.ports import CallFacts, CoreRefused, Note, PersonId, StoreFailed, StoreRefused
from ivr.text_line import Kept, TextLine, field_of_walk, kept_of
from ivr.text_secrets import kept as as_kept

log = logging.getLogger(__name__)

Greet = Callable[[Chat, QueueId], Awaitable[None]]
AGAIN_SECONDS: Seconds = 1.0
"""So long after it broke off a walk is tried again."""
MOST_BREAKS = 2
"""After so many the chat waits for a person."""
FAULTS = (StoreFailed, StoreRefused, CoreRefused, LookupError, TimeoutError)


class Walked(Protocol):
    """Where flows are; `ivr.live_flows` has them."""

    def walking(self, facts: CallFacts) -> AbstractAsyncContextManager[Flow]:
        """The flow that this chat walks inside: the version that it began in."""


@dataclass(frozen=True, slots=True)
class Walks:
    """What flows need to be walked by chats: the same as for calls."""

    flows: Walked
    hours: Callable[[], Mapping[str, Schedule]]
    neighbours: Neighbours


class ChatAcceptance:
    """`ivr.ports.Acceptance` of one chat."""

    def __init__(self, chat: Chat, lines: ChatLines, settings: ChatSettings) -> None:
        self._chat, self._lines, self._settings = chat, lines, settings
        self._distributor = lines.distributor

    async def begin(self, facts: CallFacts) -> PersonId | None:
        return self._chat.person

    async def enqueue(
        self, facts: CallFacts, queue: str, class_: str, language: str,
        person: PersonId | None, matter: Matter = ANY,
    ) -> Seconds:  # fmt: skip
        """From now on it is a contact of the engine. Steps that ask nothing of agents leave it to
        what the settings ask for chats of that queue."""
        now, settings = self._lines.clock.now(), self._settings
        centre = self._distributor.engine.centre
        there = queue if queue in centre.queues else settings.queue
        skills = matter.skills or (settings.skills if there == settings.queue else {})
        arrived = events.Arrived(
            facts.contact, QueueId(there), now, CHATS, class_=class_, language=language,
            skills=dict(skills), waits=True, urgency=matter.urgency, repeat=matter.repeat,
            preferred=matter.preferred,
        )  # fmt: skip
        await self._lines.hand_over(self._chat, arrived)
        known = self._distributor.engine.contacts.get(facts.contact)
        return known.entered_at if known else now

    async def let_out(self, facts: CallFacts) -> None:
        """Nobody comes back out of the line into the flow."""

    async def way_out(self, queue: str, class_: str) -> str:
        """As for calls; a rule that leads to the chat leads nowhere from here."""
        now = self._lines.clock.now()
        to = way_out(self._distributor.engine, QueueId(queue), class_, now)
        return "" if to == CHATS else to

    async def note(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        self._distributor.post(Note(contact, kind, data))

    async def write(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        await self._distributor.record(Note(contact, kind, data))


class ChatFlow:
    """Every chat that a flow asks just now. Whoever stops it leaves each to be resumed."""

    def __init__(
        self, settings: ChatSettings, lines: ChatLines, presence: Presence, walks: Walks | None
    ) -> None:
        self._settings, self._lines, self._presence = settings, lines, presence
        self._walks = walks
        self._asked: dict[ContactId, TextLine] = {}
        self._running: dict[ContactId, asyncio.Task[None]] = {}
        self.greet: Greet | None = None
        """What the house says to a chat that begins to wait."""

    @property
    def name(self) -> str:
        """The flow that chats begin in; empty: none."""
        return self._settings.flow or "" if self._walks else ""

    def begin(self, chat: Chat) -> None:
        """The flow asks this chat from now on."""
        if chat.contact not in self._running:
            walking = asyncio.create_task(self._walk(chat))
            self._running[chat.contact] = walking
            walking.add_done_callback(lambda _: self._running.pop(chat.contact, None))

    def resume(self) -> None:
        """After a start: every chat that was asked goes on."""
        for chat in self._lines.book.open.values():
            if chat.flow:
                self.begin(chat)

    def stop(self) -> None:
        """No walk goes on in this process."""
        for walking in self._running.values():
            walking.cancel()

    # ---------------------------------------------------------------- what customers write

    def question(self, contact: ContactId) -> Mapping[str, Any]:
        """What is asked of this chat, as its page shows it; empty: nothing just now."""
        line = self._asked.get(contact)
        return line.question.plain() if line and line.question else {}

    def check(self, contact: ContactId, answers: str) -> None:
        """`CoreRefused` for the answer to a question that is asked no more."""
        if answers and self.question(contact).get("id") != answers:
            raise CoreRefused("this was answered already, or is asked no more")

    def kept(self, contact: ContactId, words: str) -> str:
        """The words as the conversation keeps them: secrets are dots."""
        line = self._asked.get(contact)
        return as_kept(words, line.question if line else None)

    def heard(self, contact: ContactId, number: int, words: str) -> None:
        """The customer has written this line."""
        if line := self._asked.get(contact):
            line.heard(number, words)

    def wake(self, contact: ContactId) -> None:
        """The chat may be over."""
        if line := self._asked.get(contact):
            line.wake()

    def look(self, now: Seconds) -> None:
        """Time has passed."""
        for contact, line in list(self._asked.items()):
            line.look(now, self._presence.is_away(contact))

    # ---------------------------------------------------------------- a walk

    async def _walk(self, chat: Chat) -> None:
        breaks = 0
        while _is_asked(chat):
            if breaks:
                await asyncio.sleep(AGAIN_SECONDS)
            try:
                if breaks < MOST_BREAKS and self._settings.flow and self._walks:
                    await self._script(chat, self._walks)
                else:
                    await self._to_a_person(chat)
            except Exception:
                # Once more, and then the chat waits for a person without its flow.
                log.exception("chat not asked by its flow", extra={"contact": chat.contact})
            breaks += 1
        try:
            await self._is_over(chat)
        except FAULTS as fault:
            log.warning("chat not greeted", extra={"contact": chat.contact, "why": str(fault)})

    async def _script(self, chat: Chat, walks: Walks) -> None:
        """Once through the flow, from where it was."""
        kept = await kept_of(self._lines.vault, chat.person, chat.contact)
        facts = _facts(chat, kept)
        async with walks.flows.walking(facts) as flow:
            patience = self._settings.answer_seconds
            line = TextLine(facts, flow, chat, self._lines, kept, patience)
            self._asked[chat.contact] = line
            try:
                await line.recall()
                acceptance = ChatAcceptance(chat, self._lines, self._settings)
                await take_call(
                    line, flow, acceptance, self._lines.clock, walks.hours(), walks.neighbours,
                    by_text=True,
                )  # fmt: skip
            finally:
                del self._asked[chat.contact]

    async def _to_a_person(self, chat: Chat) -> None:
        acceptance = ChatAcceptance(chat, self._lines, self._settings)
        facts = _facts(chat, Kept())
        await acceptance.enqueue(facts, chat.queue, facts.class_, chat.language, chat.person)

    async def _is_over(self, chat: Chat) -> None:
        """What the walk had kept is thrown away; who waits now is told how it stands."""
        contact = self._lines.distributor.engine.contacts.get(chat.contact)
        if chat.ended_at is None and self.greet and contact:
            await self.greet(chat, contact.queue)
        await self._lines.vault.seal(chat.person, field_of_walk(chat.contact), "")


def _is_asked(chat: Chat) -> bool:
    return bool(chat.flow) and chat.ended_at is None


def _facts(chat: Chat, kept: Kept) -> CallFacts:
    """A chat as a call: the number that was dialled is the chat."""
    return CallFacts(
        chat.contact, CHATS, None, channel=CHATS, queue=chat.queue,
        language=kept.language or chat.language, step=kept.step, visits=kept.visits,
        version=kept.version, values=kept.values,
    )  # fmt: skip

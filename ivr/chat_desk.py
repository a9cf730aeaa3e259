"""What customers ask of their chat, by way of the web process. Every deed is durable when answered.

`by` stands for the customer: a digest of a secret that only their browser keeps.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ulid import ULID

from acd import events
from acd.model import CHATS, Contact, ContactId, QueueId
from acd.states import ContactState
from ivr.chat_flow import ChatFlow
from ivr.chat_lines import ChatLines, Writer
from ivr.chat_offline import ChatOffline
from ivr.chat_presence import Presence
from ivr.chat_settings import ChatSettings
from ivr.chat_waits import opens_at, told_on_coming, wait_of
from ivr.chats import (
    LONGEST_ID,
    LONGEST_NAME,
    LONGEST_WORDS,
    Chat,
    ChatState,
    How,
    Phrase,
    Who,
    field_of_name,
    how_over,
    plain,
    state_of,
)
from ivr.pass_desk import PassDesk, Redeemed
from ivr.pass_requests import refused
from ivr.passes import PassRefused
from ivr.ports import CoreRefused, PersonId, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
MOST_OPEN = 5000
HIGHEST_SCORE = 5
BY = re.compile(r"[0-9a-f]{64}")
IN_LINE = (ContactState.WAITING, ContactState.RINGING)


class ChatDesk:
    """Answers by name (`known`). Refusals are `CoreRefused`."""

    def __init__(
        self, settings: ChatSettings, languages: tuple[str, ...], lines: ChatLines,
        presence: Presence, passes: PassDesk, offline: ChatOffline, flow: ChatFlow,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._languages = languages
        self._lines = lines
        self._presence = presence
        self._passes = passes
        self._offline = offline
        self._flow = flow
        flow.greet = self._greet
        self._engine = lines.distributor.engine
        self._coming = asyncio.Lock()

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        asked = {
            "begin": self._begin, "join": self._join, "write": self._write, "state": self._state,
            "here": self._here, "away": self._away, "end": self._end, "rate": self._rate,
            "pages gone": self._pages_gone, "leave": self._leave, "live": self._live,
        }  # fmt: skip
        return {f"chat {name}": told(deed) for name, deed in asked.items()}

    # ---------------------------------------------------------------- coming

    async def _begin(self, fields: Fields) -> Fields:
        by, name = _by(fields), _name(fields)
        async with self._coming:
            if known := self._lines.book.of(by):
                return {"contact": known.contact, "new": False}
            named = str(fields.get("queue") or "")
            queue, skills = named or self._settings.queue, {} if named else self._settings.skills
            if queue not in self._engine.centre.queues:
                raise CoreRefused(f"there is no queue {queue!r}")
            if len(self._lines.book.open) >= MOST_OPEN:
                raise CoreRefused("there are too many chats just now; try again later")
            chat = await self._new(by, self._language(fields), QueueId(queue), name, skills)
        if chat.flow:
            self._flow.begin(chat)
        else:
            await self._greet(chat, QueueId(queue))
        return {"contact": chat.contact, "new": True}

    async def _new(
        self, by: str, language: str, queue: QueueId, name: str, skills: Mapping[str, int]
    ) -> Chat:
        lines, contact = self._lines, ContactId(f"chat-{ULID()}")
        person, now = await lines.vault.new_person(), lines.clock.now()
        if name:
            await lines.vault.seal(person, field_of_name(contact), name)
        chat = Chat(contact, person, language, CHATS, now, queue, self._flow.name)
        arrived = events.Arrived(
            contact, queue, now, CHATS, language=language, skills=dict(skills), waits=True
        )
        await lines.begin(chat, by, queue, *([] if chat.flow else [arrived]))
        log.info("chat begun", extra={"contact": contact, "queue": queue})
        return lines.book.chats[contact]

    async def _join(self, fields: Fields) -> Fields:
        """By a pass: the contact that it carries goes on here."""
        by = _by(fields)
        try:
            async with self._coming:
                done = await self._passes.redeem(str(fields.get("pass") or ""), CHATS, by)
                chat = None if done.answered else await self._joined(done, by)
        except PassRefused as refusal:
            log.info("pass refused", extra={"why": refusal.why, "channel": CHATS})
            return refused(refusal.why)
        contact = self._engine.contacts.get(done.contact)
        if chat and contact:
            await self._greet(chat, contact.queue)
        return {
            "contact": done.contact, "level": done.level, "again": done.again,
            "answered": done.answered,
        }  # fmt: skip

    async def _joined(self, done: Redeemed, by: str) -> Chat | None:
        """The chat of this contact, if it is news that this customer is here."""
        lines, contact = self._lines, self._engine.contacts.get(done.contact)
        if contact is None or lines.book.contact_of(by) == contact.id:
            return None
        chat = lines.book.chats.get(contact.id)
        if chat is None:
            person = done.known.person or await lines.vault.new_person()
            chat = Chat(contact.id, PersonId(person), contact.language, "phone", lines.clock.now())
        self._presence.here(contact.id)
        await lines.begin(chat, by, contact.queue)
        return lines.book.chats[contact.id]

    async def _greet(self, chat: Chat, queue: QueueId) -> None:
        """What the house says to whoever has come: how long it will take, or that it is closed."""
        contact, now = self._engine.contacts.get(chat.contact), self._lines.clock.now()
        hours = self._engine.queue(queue).hours
        if hours and not hours.is_open(now):
            await self._lines.house(chat, Phrase.CLOSED, opens=opens_at(hours, now))
        elif contact and self._offline.form(contact, now):
            await self._lines.house(chat, Phrase.ABSENT)
        elif contact and contact.state in IN_LINE:
            stands = told_on_coming(self._engine, contact, now)
            await self._lines.house(chat, Phrase.WAITING, **stands)

    async def _leave(self, fields: Fields) -> Fields:
        """A message, in place of this chat."""
        return await self._offline.leave(self._chat(fields), fields)

    async def _live(self, fields: Fields) -> Fields:
        """The message that was left goes on as a chat."""
        before = self._chat(fields)
        chat = await self._offline.live(before, _by(fields))
        contact = self._engine.contacts.get(chat.contact)
        if chat is not before and contact:
            await self._greet(chat, contact.queue)
        return {"contact": chat.contact}

    # ---------------------------------------------------------------- while it goes on

    async def _write(self, fields: Fields) -> Fields:
        chat, writer = self._chat(fields), Writer(Who.CUSTOMER, id_of(fields))
        if not self._lines.written(chat, writer):
            if self._stands(chat) is ChatState.OVER:
                raise CoreRefused("this chat is over")
            self._flow.check(chat.contact, str(fields.get("answers") or ""))
        words = words_of(fields)
        kept = self._flow.kept(chat.contact, words) if chat.flow else words
        said, new = await self._lines.say(chat, writer, kept)
        if new:
            self._flow.heard(chat.contact, said.number, words)
        kept = kept if new else await self._lines.words(chat, writer)
        told = {} if kept == words else {"words": kept}
        return {"contact": chat.contact, "number": said.number, "at": said.at, "new": new, **told}

    async def _state(self, fields: Fields) -> Fields:
        chat = self._chat(fields)
        contact, now = self._engine.contacts.get(chat.contact), self._lines.clock.now()
        state, how = state_of(chat, contact), chat.how
        if state is ChatState.OVER and not how:
            how = how_over(chat.contact, self._engine.contacts)
        served = state is ChatState.SERVED
        asked = {"asked": self._flow.question(chat.contact)} if state is ChatState.ASKED else {}
        return {
            "contact": chat.contact, "state": state, "how": how,
            "language": chat.language, "queue": contact.queue if contact else chat.queue, **asked,
            "agent": str(contact.talked_with or "") if contact and served else "",
            "wait": wait_of(self._engine, contact, now) if contact else None,
            "last": chat.last, "origin": chat.origin, "skipped": _is_skipped(contact),
            **self._offline.told(chat, contact, now),
        }  # fmt: skip

    async def _here(self, fields: Fields) -> Fields:
        chat = self._chat(fields)
        await self._presence.back(chat)
        return {"state": self._stands(chat)}

    async def _away(self, fields: Fields) -> Fields:
        chat = self._chat(fields)
        self._presence.away(chat.contact)
        return {"state": self._stands(chat)}

    async def _pages_gone(self, fields: Fields) -> Fields:
        """The web process has begun: nobody's page is there until it says so."""
        self._presence.all_away()
        return {"chats": len(self._lines.book.open)}

    async def _end(self, fields: Fields) -> Fields:
        chat = self._chat(fields)
        await self._lines.end(chat, How.CUSTOMER, Who.CUSTOMER)
        self._flow.wake(chat.contact)
        return {"state": self._stands(chat)}

    async def _rate(self, fields: Fields) -> Fields:
        chat, value = self._chat(fields), fields.get("value")
        if not isinstance(value, int) or not 1 <= value <= HIGHEST_SCORE:
            raise CoreRefused(f"a score is a whole number from 1 to {HIGHEST_SCORE}")
        return {"new": await self._lines.rate(chat, value)}

    # ---------------------------------------------------------------- what is asked

    def _chat(self, fields: Fields) -> Chat:
        chat = self._lines.book.of(_by(fields))
        if chat is None:
            raise CoreRefused("there is no such chat")
        self._presence.asks(chat.contact)
        return chat

    def _stands(self, chat: Chat) -> ChatState:
        return state_of(chat, self._engine.contacts.get(chat.contact))

    def _language(self, fields: Fields) -> str:
        wanted = str(fields.get("language") or "")
        return wanted if wanted in self._languages else self._languages[0]


def told(deed: Callable[[Fields], Awaitable[Fields]]) -> Callable[[Fields], Awaitable[Fields]]:
    """The same; what a store does not take is a refusal, and safe to ask for again. Whoever gives
    up waiting leaves no deed half done: journal and book go on together."""

    running: set[asyncio.Future[Fields]] = set()

    async def asked(fields: Fields) -> Fields:
        doing = asyncio.ensure_future(deed(fields))
        running.add(doing)
        doing.add_done_callback(running.discard)
        try:
            return await asyncio.shield(doing)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"nothing was done: {fault}; ask again") from fault

    return asked


def words_of(fields: Fields) -> str:
    """What somebody writes, as it is kept."""
    words = fields.get("words")
    if not isinstance(words, str) or not words.strip():
        raise CoreRefused("say something: words=...")
    if len(words) > LONGEST_WORDS:
        raise CoreRefused(f"a line has at most {LONGEST_WORDS} characters")
    return plain(words)


def id_of(fields: Fields) -> str:
    """The sender's own name for a line."""
    id_ = fields.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= LONGEST_ID:
        raise CoreRefused(f"name the line by an id of its own, at most {LONGEST_ID} characters")
    return id_


def _name(fields: Fields) -> str:
    name = " ".join(str(fields.get("name") or "").split())
    return plain(name)[:LONGEST_NAME]


def _by(fields: Fields) -> str:
    by = str(fields.get("by") or "")
    if not BY.fullmatch(by):
        raise CoreRefused("say who asks: by=..., 64 digits from 0 to f")
    return by


def _is_skipped(contact: Contact | None) -> bool:
    return contact is not None and contact.state is ContactState.PARKED

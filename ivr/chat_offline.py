"""What a customer can do who finds nobody in the chat: leave a message, which is answered in time.

A message is kept before it is confirmed: what it says goes into the vault, then one commit of the
journal has the promise, its contact in the deferred lane, the confirmation and the end of the chat.
Asked again, nothing more happens. A text that confirms it is asked for again after a crash; the
texts' own key sends it once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd import events
from acd.model import CHATS, MESSAGES, Contact, QueueId, Seconds
from acd.states import ContactState
from ivr.chat_lines import ChatLines
from ivr.chat_presence import Presence
from ivr.chat_waits import somebody_chats
from ivr.chats import Chat, How
from ivr.message_form import Form, form_of
from ivr.message_words import confirmation
from ivr.messages import (
    DAY,
    LEFT,
    Message,
    MessageBook,
    MessageState,
    due_in,
    field_of_message,
    field_of_reach,
    left_in,
    owed,
    state_of,
)
from ivr.ports import CoreRefused, Note, Record

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
Ask = Callable[[Fields], Awaitable[Fields]]
NUMBER = "number"
IN_LINE = (ContactState.WAITING, ContactState.RINGING, ContactState.PARKED)
MOST_OPEN = 5000
"""Messages that wait to be answered, in all."""
HOUR: Seconds = 3600.0
MOST_TEXTS = 20
"""Confirmations by text in an hour, in all: a page is open to anybody, and texts cost money that
callers' passes need."""
TEXT_SECONDS: Seconds = 600.0
"""A confirmation that could not be sent for so long is not sent any more."""
AGAIN_SECONDS: Seconds = 30.0


class ChatOffline:
    """Answers `chat leave` and `chat live` (`known`); `look` goes on by itself."""

    def __init__(
        self, lines: ChatLines, presence: Presence, book: MessageBook, text_by: str | None,
        send: Ask | None, region: str,
    ) -> None:  # fmt: skip
        """`text_by`: the channel of texts that confirm, sent by `send`. `region`: whose numbers
        are written without a code."""
        self.book = book
        self._lines = lines
        self._presence = presence
        self._engine = lines.distributor.engine
        self._text_by = text_by if send else None
        self._send = send
        self._region = region
        self._one = asyncio.Lock()
        self._texted: dict[str, Seconds] = {}
        """When to ask again for the text of a message; `inf`: never."""

    # ---------------------------------------------------------------- what is told

    def told(self, chat: Chat, contact: Contact | None, now: Seconds) -> Fields:
        """`form`: a message can be left, to be answered `until` then; `texts`: it can be confirmed
        by one. `message`: how it stands with the one that was left; `live`: its customer may chat
        now."""
        message, form = self._message(chat), self.form(contact, now) if contact else None
        return {"form": form, "message": self._stands(message, now) if message else None}

    def form(self, contact: Contact, now: Seconds) -> Fields | None:
        """What the form says; None: somebody chats, or no message can be left."""
        if contact.channel != CHATS or contact.state not in IN_LINE:
            return None
        if self._is_served(contact.queue, now):
            return None
        until = due_in(self._engine.queue(contact.queue), now)
        return None if until is None else {"until": until, "texts": self._may_text(now)}

    def _message(self, chat: Chat) -> Message | None:
        """The one that was left in this chat, or that it was, before its customer left unserved."""
        own = self.book.messages.get(left_in(chat.contact))
        unserved = chat.origin == MESSAGES and chat.ended_at is not None and not chat.agent
        return own or (self.book.of(chat.contact) if unserved else None)

    def _stands(self, message: Message, now: Seconds) -> Fields:
        contact = self._engine.contacts.get(message.contact)
        state, live = state_of(message, contact), False
        if contact and state is MessageState.WAITING and contact.state is ContactState.WAITING:
            live = self._is_served(contact.queue, now)
        return {"until": message.until, "state": state, "live": live}

    def _is_served(self, queue: QueueId, now: Seconds) -> bool:
        hours = self._engine.queue(queue).hours
        is_open = hours is None or hours.is_open(now)
        return is_open and somebody_chats(self._engine, queue)

    def _may_text(self, now: Seconds) -> bool:
        asked = sum(1 for _ in self.book.asked_for_text(now - HOUR))
        return self._text_by is not None and asked < MOST_TEXTS

    # ---------------------------------------------------------------- a message is left

    async def leave(self, chat: Chat, fields: Fields) -> Fields:
        """Once for a chat. `refused` names what is wrong with the form."""
        left = left_in(chat.contact)
        async with self._one:
            if known := self.book.messages.get(left):
                return {"until": known.until, "new": False}
            form = form_of(fields, self._region)
            if isinstance(form, str):
                return {"refused": form}
            message = await self._keep(chat, form)
        log.info("message left", extra={"contact": message.contact, "queue": message.queue})
        return {"until": message.until, "new": True}

    async def _keep(self, chat: Chat, form: Form) -> Message:
        contact, now = self._engine.contacts.get(chat.contact), self._lines.clock.now()
        if contact is None or contact.channel != CHATS or contact.state not in IN_LINE:
            raise CoreRefused("this chat is over, or an agent is in it")
        until = due_in(self._engine.queue(contact.queue), now)
        if until is None:
            raise CoreRefused("no message can be left for this queue")
        if sum(1 for one in self._engine.contacts.values() if one.channel == MESSAGES) >= MOST_OPEN:
            raise CoreRefused("there are too many messages just now; try again later")
        by_text = form.text and self._may_text(now)
        message = Message(
            left_in(chat.contact), chat.contact, chat.person, contact.queue, chat.language, now,
            contact.entered_at, until, by_text,
        )  # fmt: skip
        await self._seal(message, form)
        note, comes = owed(message)
        about = {"effect": message.left, "person": chat.person, "queue": contact.queue,
                 "origin": CHATS}  # fmt: skip
        await self._lines.leave(
            chat, {"until": until}, Note(chat.contact, LEFT, about), note, comes
        )
        self.book.learn(Record(now, note.kind, note.data, note.contact))
        return message

    async def _seal(self, message: Message, form: Form) -> None:
        vault, person = self._lines.vault, message.person
        try:
            reach = json.dumps(form.reach, ensure_ascii=False)
            await vault.seal(person, field_of_reach(message.left), reach)
            await vault.seal(person, field_of_message(message.left), form.words)
            if form.number and not await vault.open(person, NUMBER):
                await vault.seal(person, NUMBER, form.number)
        except LookupError as gone:
            raise CoreRefused("this customer is erased") from gone

    # ---------------------------------------------------------------- its customer is back

    async def live(self, chat: Chat, by: str) -> Chat:
        """The message goes on as a chat, with its key; the chat of this page from now on."""
        async with self._one:
            if chat.origin == MESSAGES and chat.ended_at is None:
                return chat
            message = self._message(chat)
            if message is None:
                raise CoreRefused("no message was left here")
            contact, now = self._engine.contacts.get(message.contact), self._lines.clock.now()
            if contact is None or not self._stands(message, now)["live"]:
                raise CoreRefused("an agent has this message, or nobody is here to chat just now")
            goes_on = Chat(contact.id, chat.person, chat.language, MESSAGES, now)
            self._presence.here(contact.id)
            await self._lines.begin(
                goes_on, by, contact.queue,
                events.Moved(contact.id, CHATS, waits=True), events.BecameLive(contact.id),
            )  # fmt: skip
        return self._lines.book.chats[contact.id]

    # ---------------------------------------------------------------- what goes on by itself

    async def look(self, now: Seconds) -> None:
        """Texts that are still to be sent, and promises of those who came and were not served."""
        for message in list(self.book.messages.values()):
            if message.contact not in self._engine.contacts:
                await self._again(message)
            if message.by_text and now - message.at < TEXT_SECONDS:
                await self._confirm(message, now)

    async def _again(self, message: Message) -> None:
        """The customer came, and left unserved: the promise holds, as it was."""
        chat = self._lines.book.chats.get(message.contact)
        if chat is None or chat.ended_at is None or chat.agent or chat.how == How.MESSAGE:
            return  # served; or they have left another one
        message.turn += 1
        try:
            note, comes = owed(message)
            await self._lines.distributor.record(note, comes)
        except BaseException:
            message.turn -= 1
            raise
        self.book.learn(Record(self._lines.clock.now(), note.kind, note.data, note.contact))
        log.info("message waits again", extra={"contact": message.contact})

    async def _confirm(self, message: Message, now: Seconds) -> None:
        if self._send is None or now < self._texted.get(message.left, 0.0):
            return
        self._texted[message.left] = now + AGAIN_SECONDS
        hours = self._engine.queue(message.queue).hours
        words = confirmation(message.language, message.until, hours.zone if hours else None)
        try:
            if whom := await self.whom(message):
                asked = {"channel": self._text_by, "words": words, "key": f"{message.left}/kept",
                         "who": "hotline", "alone": True, **whom}  # fmt: skip
                await self._send(asked)
            self._texted[message.left] = message.at + DAY
        except CoreRefused as refusal:
            told = {"contact": message.contact, "why": str(refusal)}
            log.warning("message not confirmed by a text", extra=told)

    async def whom(self, message: Message) -> Fields:
        """To whom texts and calls about it go: the person, if the number that was left is theirs,
        else that number; nobody, if there is none."""
        said = await self.said(message)
        if not said or not said["number"]:
            return {}
        own = await self._lines.vault.open(message.person, NUMBER)
        return {"person": message.person} if own == said["number"] else {"number": said["number"]}

    async def said(self, message: Message) -> Mapping[str, str] | None:
        """What it says and whom to answer; None: its person is erased."""
        vault, person = self._lines.vault, message.person
        reach = await vault.open(person, field_of_reach(message.left))
        words = await vault.open(person, field_of_message(message.left))
        return {**json.loads(reach), "words": words} if reach and words else None

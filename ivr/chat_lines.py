"""Writes what is said in chats, each line once: words into the vault, then ids into the journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd import events
from acd.model import CHATS, ContactId
from ivr.chats import (
    BEGUN,
    ENDED,
    HANDED,
    MOST_LINES,
    RATED,
    SAID,
    Chat,
    ChatBook,
    How,
    Phrase,
    Said,
    Who,
    begun,
    field_of_chat,
    line_effect,
)  # fmt: skip
from ivr.distributor import Distributor, Entry
from ivr.ports import Clock, CoreRefused, EffectKey, Note, Record, Vault

log = logging.getLogger(__name__)

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes a line; `id`: their own name for it. Asked again by it, nothing is written."""

    who: Who
    id: str
    agent: str = ""


@dataclass(slots=True)
class ChatLines:
    """The one writer of chats: book and journal change here, one deed at a time for a chat."""

    distributor: Distributor
    vault: Vault
    clock: Clock
    book: ChatBook = field(default_factory=ChatBook)
    _turns: dict[ContactId, asyncio.Lock] = field(default_factory=dict)

    def turn(self, contact: ContactId) -> asyncio.Lock:
        """What a chat's deeds take turns by."""
        for over in self._turns.keys() - self.book.open.keys() - {contact}:
            if not self._turns[over].locked():
                del self._turns[over]
        return self._turns.setdefault(contact, asyncio.Lock())

    async def begin(self, chat: Chat, by: str, queue: str, *more: Entry) -> None:
        """A customer's page is there for this contact. `more` happens in the same instant."""
        await self._write(chat.contact, BEGUN, begun(chat, by, queue), *more)

    def written(self, chat: Chat, writer: Writer) -> Said | None:
        """This writer's line of this id, if it was written before."""
        return chat.lines.get(effect_of(chat, writer))

    async def words(self, chat: Chat, writer: Writer) -> str:
        """What is kept of a line that this writer has written by this id."""
        return await self.vault.open(chat.person, field_of_chat(effect_of(chat, writer))) or ""

    async def say(
        self, chat: Chat, writer: Writer, words: str, more: Mapping[str, Any] = NOTHING,
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> tuple[Said, bool]:  # fmt: skip
        """One line; whether it is new. `more`: what the journal keeps of it beside; `check` is
        asked when nothing can change any more, and may raise. Raises `StoreFailed`, `StoreRefused`,
        `CoreRefused`."""
        effect = effect_of(chat, writer)
        async with self.turn(chat.contact):
            if known := chat.lines.get(effect):
                return known, False
            if chat.ended_at is not None:
                raise CoreRefused("this chat is over")
            if chat.last >= MOST_LINES:
                raise CoreRefused("this chat has become too long; begin another one")
            if check:
                await check()
            try:
                await self.vault.seal(chat.person, field_of_chat(effect), words)
            except LookupError as gone:
                raise CoreRefused("this customer is erased") from gone
            await self._line(chat, effect, writer, more)
            return chat.lines[effect], True

    async def house(self, chat: Chat, phrase: Phrase, **values: Any) -> None:
        """A line of the house: a phrase, which pages say in their own language."""
        async with self.turn(chat.contact):
            if chat.ended_at is not None:
                return
            writer = Writer(Who.HOUSE, f"{phrase} {chat.last + 1}", str(values.get("agent", "")))
            effect = line_effect(chat.contact, Who.HOUSE, writer.id)
            await self._line(chat, effect, writer, {"phrase": phrase, "values": values})

    async def speak(
        self, chat: Chat, id_: str, words: str = "", phrase: Phrase | None = None
    ) -> None:
        """A line of the house's with a name of its own, said once: what a flow says to this
        customer, in their language, or a phrase. Raises as `say`."""
        effect = line_effect(chat.contact, Who.HOUSE, id_)
        async with self.turn(chat.contact):
            if effect in chat.lines or chat.ended_at is not None:
                return
            if chat.last >= MOST_LINES:
                raise CoreRefused("this chat has become too long")
            more: dict[str, Any] = {"phrase": phrase, "values": {}}
            if phrase is None:
                await self.vault.seal(chat.person, field_of_chat(effect), words)
                more = {"person": chat.person}
            await self._line(chat, effect, Writer(Who.HOUSE, id_), more)

    async def hand_over(self, chat: Chat, arrived: events.Arrived) -> None:
        """The flow has led the chat to a person: it is in line from now on, once."""
        async with self.turn(chat.contact):
            if chat.flow and chat.ended_at is None:
                data = {"effect": f"{chat.contact}/handed", "queue": arrived.queue}
                await self._write(chat.contact, HANDED, data, arrived)

    async def end(self, chat: Chat, how: How, who: str) -> None:
        """The chat is over, and with it the contact, unless it goes on elsewhere."""
        async with self.turn(chat.contact):
            if chat.ended_at is not None:
                return
            number = str(chat.last)
            data = {"effect": f"{chat.contact}/end/{number}", "how": how, "who": who}
            await self._write(chat.contact, ENDED, data, *self._goodbye(chat.contact))
            log.info("chat over", extra={"contact": chat.contact, "how": how})

    async def leave(self, chat: Chat, values: Mapping[str, Any], *more: Entry) -> None:
        """The chat is over and goes on as a message: `more` happens, the house tells the customer
        `values`, and the chat ends, all in one instant. Raises `CoreRefused`: it is over."""
        async with self.turn(chat.contact):
            if chat.ended_at is not None:
                raise CoreRefused("this chat is over")
            effect = line_effect(chat.contact, Who.HOUSE, Phrase.KEPT)
            line = {"effect": effect, "number": chat.last + 1, "who": Who.HOUSE}
            said = {**line, "phrase": Phrase.KEPT, "values": dict(values)}
            ended = {"effect": f"{chat.contact}/end/{chat.last + 1}", "how": How.MESSAGE,
                     "who": Who.CUSTOMER}  # fmt: skip
            notes = Note(chat.contact, SAID, said), Note(chat.contact, ENDED, ended)
            await self.distributor.record(*more, *notes, *self._goodbye(chat.contact))
            for note in notes:
                self.book.learn(Record(self.clock.now(), note.kind, note.data, chat.contact))
            log.info("chat over", extra={"contact": chat.contact, "how": How.MESSAGE})

    async def rate(self, chat: Chat, value: int) -> bool:
        """What the customer thinks of it, once; whether this was it."""
        async with self.turn(chat.contact):
            if chat.rated:
                return False
            data = {"effect": f"{chat.contact}/rate", "value": value, "agent": chat.agent}
            await self._write(chat.contact, RATED, data)
            return True

    def _goodbye(self, id_: ContactId) -> list[Entry]:
        """What ends the contact: the agent's part first, then the customer's."""
        engine = self.distributor.engine
        contact = engine.contacts.get(id_)
        if contact is None or contact.channel != CHATS:
            return []
        offer = engine.offers.get(contact.offer) if contact.offer else None
        talks = offer is not None and offer.answered_at is not None
        leg = [events.LegEnded(id_, offer.id)] if offer and talks else []
        return [*leg, events.CallerLeft(id_, channel=CHATS)]

    async def _line(self, chat: Chat, effect: str, writer: Writer, more: Mapping[str, Any]) -> None:
        data = {"effect": effect, "number": chat.last + 1, "who": writer.who, **more}
        if writer.agent:
            data["agent"] = writer.agent
        if writer.who is not Who.HOUSE:
            data["person"] = chat.person
        await self._write(chat.contact, SAID, data)

    async def _write(
        self, contact: ContactId, kind: str, data: Mapping[str, Any], *more: Entry
    ) -> None:
        await self.distributor.record(Note(contact, kind, data), *more)
        self.book.learn(Record(self.clock.now(), kind, data, contact))


def effect_of(chat: Chat, writer: Writer) -> EffectKey:
    """The key of this writer's line of this id."""
    return line_effect(chat.contact, f"{writer.who} {writer.agent}", writer.id)

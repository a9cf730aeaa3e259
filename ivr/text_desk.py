"""Texts in the core: what came in is written down once, what is to go out is checked and kept.

The web process has the channels; here are the vault, the journal and the limits. For a text that is
sent: words into the vault, then the outbox, then the journal. The sender asks before it sends:
what the journal does not know is not sent.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from acd.model import ContactId
from ivr.channel_ports import LONGEST_ADDRESS, LONGEST_TEXT, TextId, because
from ivr.channel_settings import ChannelEntry
from ivr.ports import (
    Audit,
    Audited,
    Clock,
    CoreRefused,
    EffectKey,
    Journal,
    Note,
    Outbox,
    Outgoing,
    PersonId,
    Record,
    StoreFailed,
    StoreRefused,
    Vault,
)
from ivr.text_rules import TextRules
from ivr.texts import (
    DELIVERED,
    FAILED,
    KINDS,
    QUEUED,
    RECEIVED,
    SENT,
    SentText,
    TextBook,
    TextState,
    contact_of,
    effect_of,
    field_of_text,
    text_id,
)

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
TEXT = "text"
"""The kind of what goes to the outbox."""
ALONE = "alone"
"""Field of a text with a way online: who asked for it makes it good when it has failed."""
NEWS = {TextState.SENT: SENT, TextState.DELIVERED: DELIVERED, TextState.FAILED: FAILED}


class Ladder(Protocol):
    """What is tried when a text has failed."""

    async def next_rung(self, text: SentText, entry: ChannelEntry) -> None:
        """Once for a text, however often it is asked. Raises `StoreFailed`, `StoreRefused`."""


class TextDesk:
    """Answers what the web process and the command line ask about texts. One deed at a time."""

    def __init__(
        self, channels: Mapping[str, ChannelEntry], rules: TextRules, vault: Vault, audit: Audit,
        journal: Journal, record: Callable[[Note], Awaitable[None]], outbox: Outbox, clock: Clock,
        ladder: Ladder,
    ) -> None:  # fmt: skip
        self._channels = channels
        self._rules = rules
        self._vault = vault
        self._audit = audit
        self._journal = journal
        self._record = record
        self._outbox = outbox
        self._clock = clock
        self._ladder = ladder
        self._book: TextBook | None = None
        self._one = asyncio.Lock()

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        asked = {
            "text receive": self._receive, "text send": self._send, "text may": self._may,
            "text due": self._due, "text told": self._told, "texts": self._list,
        }  # fmt: skip
        return {name: self._alone(deed) for name, deed in asked.items()}

    def _alone(
        self, deed: Callable[[TextBook, Fields], Awaitable[Fields]]
    ) -> Callable[[Fields], Awaitable[Fields]]:
        """Limits are counted, and repeats noticed, by who is the only one at it."""

        async def one(fields: Fields) -> Fields:
            try:
                async with self._one:
                    return await deed(await self._read(), fields)
            except (StoreFailed, StoreRefused) as fault:
                raise CoreRefused(f"nothing was done: {fault}; ask again") from fault

        return one

    async def _read(self) -> TextBook:
        """The book; read from the journal when it is first asked for. Nobody else writes it."""
        if self._book is None:
            book = TextBook()
            async for record in self._journal.read(0, KINDS):
                book.learn(record)
            self._book = book
        return self._book

    # ---------------------------------------------------------------- in

    async def _receive(self, book: TextBook, fields: Fields) -> Fields:
        name, entry = self._channel(fields)
        sender, words = _needed(fields, "sender"), _needed(fields, "words")
        if len(sender) > LONGEST_ADDRESS or len(words) > LONGEST_TEXT:
            raise CoreRefused("longer than a text can be")
        effect = effect_of(name, _needed(fields, "delivery"))
        if known := book.received(effect):
            return {"contact": known, "new": False}
        numbers = entry.capabilities.numbers
        person = await (
            self._vault.person_for_number(sender) if numbers
            else self._vault.person_for_address(name, sender)
        )  # fmt: skip
        contact = contact_of(name, person, self._clock.now())
        await self._seal(person, effect, words)
        about = {"effect": effect, "person": person, "channel": name, "queue": entry.queue}
        await self._write(book, contact, RECEIVED, about)
        log.info("text received", extra={"contact": contact})
        return {"contact": contact, "new": True}

    # ---------------------------------------------------------------- out

    async def _send(self, book: TextBook, fields: Fields) -> Fields:
        name, entry = self._channel(fields)
        id_ = text_id(f"{name} {fields.get('key') or secrets.token_hex(16)}")
        if known := book.texts.get(id_):
            return _plain(known)
        words, now = _needed(fields, "words"), self._clock.now()
        self._rules.check_words(entry, words)
        person = await self._rules.whom(name, entry, fields)
        self._rules.check_limits(name, entry, book, person, now)
        contact = contact_of(name, person, now)
        who = str(fields.get("who") or "")
        await self._audit.write(Audited(now, who, "send text", contact))
        await self._seal(person, id_, words)
        key = EffectKey(id_)
        await self._outbox.put(Outgoing(key, TEXT, person, {"channel": name, "text": id_}))
        about: dict[str, Any] = {
            "effect": id_, "person": person, "channel": name, "queue": entry.queue,
            "who": who, "ticket": str(fields.get("ticket") or ""),
        }  # fmt: skip
        if fields.get(ALONE):
            about[ALONE] = True
        await self._write(book, contact, QUEUED, about)
        log.info("text queued", extra={"contact": contact, "text": id_})
        return _plain(book.texts[id_])

    async def _may(self, book: TextBook, fields: Fields) -> Fields:
        """Whether one could be sent to this `person`, whose `number` this is: `state` is `unknown`
        then. Of one that is known already, how it stands with it. Without a `person` what they
        have been sent already does not count."""
        name, entry = self._channel(fields)
        id_ = text_id(f"{name} {_needed(fields, 'key')}")
        if known := book.texts.get(id_):
            return _plain(known)
        person, number = PersonId(str(fields.get("person") or "")), _needed(fields, "number")
        self._rules.check_words(entry, "")
        self._rules.check_number(entry, number)
        self._rules.check_limits(name, entry, book, person, self._clock.now())
        return {"text": id_, "state": "unknown"}

    async def _due(self, book: TextBook, fields: Fields) -> Fields:
        """Whether it is still to be sent: `state` is `queued` then, `unknown` for no text."""
        text = book.texts.get(TextId(_needed(fields, "text")))
        return {"state": text.state if text else "unknown"}

    async def _told(self, book: TextBook, fields: Fields) -> Fields:
        """What has become of a text; late, double and unknown news changes nothing."""
        text = book.texts.get(TextId(_needed(fields, "text")))
        if text is None or text.channel != fields.get("channel"):
            return {"state": "unknown", "new": False}
        try:
            state = TextState(_needed(fields, "state"))
            kind = NEWS[state]
        except (ValueError, KeyError):
            raise CoreRefused(f"a text can become {', '.join(NEWS)}") from None
        if not book.moves(text, kind):
            return {"state": text.state, "new": False}
        about = {"effect": text.id, "channel": text.channel}
        if kind == FAILED:
            about["why"] = because(str(fields.get("why") or ""))
            await self._next_rung(text)
        await self._write(book, text.contact, kind, about)
        log.info("text " + state, extra={"contact": text.contact, "text": text.id})
        return {"state": text.state, "new": True}

    async def _list(self, book: TextBook, fields: Fields) -> Fields:
        return {"texts": [_plain(text) for text in book.open()]}

    # ---------------------------------------------------------------- both

    async def _next_rung(self, text: SentText) -> None:
        """Before it is written that it failed: who begins again finds what was promised."""
        entry = self._channels.get(text.channel)
        if entry and entry.or_callback and not text.alone:
            await self._ladder.next_rung(text, entry)

    def _channel(self, fields: Fields) -> tuple[str, ChannelEntry]:
        name = str(fields.get("channel") or "")
        if name not in self._channels:
            known = ", ".join(self._channels) or "none"
            raise CoreRefused(f"there is no such channel; there are: {known}")
        return name, self._channels[name]

    async def _seal(self, person: PersonId, effect: str, words: str) -> None:
        try:
            await self._vault.seal(person, field_of_text(effect), words)
        except LookupError as gone:
            raise CoreRefused("this customer is erased") from gone

    async def _write(
        self, book: TextBook, contact: ContactId, kind: str, about: Mapping[str, Any]
    ) -> None:
        await self._record(Note(contact, kind, about))
        book.learn(Record(self._clock.now(), kind, about, contact))


def _needed(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise CoreRefused(f"name the {name}: {name}=...")
    return value


def _plain(text: SentText) -> Fields:
    return {
        "text": text.id, "channel": text.channel, "contact": text.contact, "customer": text.person,
        "at": text.at, "state": text.state, "why": text.why,
    }  # fmt: skip

"""Chats: what the journal keeps of each, and how each stands for its customer. Pure.

A chat is a contact whose channel is `chat`. Where it stands is the engine's to say; here is who its
customer is, what was written, and how it ended. All of it is read back from the journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any
from unicodedata import category

from acd.model import CHATS, Contact, ContactId, Medium, Seconds
from acd.states import ContactState
from ivr import messages
from ivr.chat_files import FileId
from ivr.ports import EffectKey, PersonId, Record

BEGUN, SAID, ENDED, RATED = "ChatBegun", "ChatSaid", "ChatEnded", "ChatRated"
"""Journal kinds: a customer is on the page, for this contact; a line; the chat is over; a score."""
HANDED = "ChatHandedOver"
"""Journal kind: the flow has led the chat to a person: with this record it is in line."""
KINDS = (BEGUN, SAID, ENDED, RATED, HANDED)
KEPT: Seconds = 24 * 3600.0
"""So long after its end a chat is known to its customer's page; after a message was left in it, as
long as the message is."""
MOST_LINES = 2000
LONGEST_WORDS, LONGEST_NAME, LONGEST_ID = 4000, 60, 64


class ChatState(StrEnum):
    """Where a chat stands, as its customer is told; exactly one at a time."""

    ASKED = "asked"  # a flow asks first; the engine has no contact yet
    WAITING = "waiting"
    OFFERED = "offered"
    SERVED = "served"
    OVER = "over"


STANDS: Mapping[ContactState, ChatState] = {
    ContactState.ARRIVING: ChatState.WAITING,
    ContactState.WAITING: ChatState.WAITING,
    ContactState.PARKED: ChatState.WAITING,  # with `skipped`: the page is not there
    ContactState.RINGING: ChatState.OFFERED,
    ContactState.TALKING: ChatState.SERVED,
    ContactState.HELD: ChatState.SERVED,
    ContactState.AFTER: ChatState.SERVED,  # handed on, or about to end
    ContactState.ENDED: ChatState.OVER,
}


class Who(StrEnum):
    """Who has written a line."""

    CUSTOMER = "customer"
    AGENT = "agent"
    HOUSE = "house"


class How(StrEnum):
    """How a chat ended."""

    CUSTOMER = "customer"  # the customer ended it
    AGENT = "agent"  # the agent closed it
    SILENT = "silent"  # it was served, and the page was gone for too long
    EXPIRED = "expired"  # the page was gone for longer than a place is kept
    PHONE = "phone"  # it goes on by telephone
    MESSAGE = "message"  # the customer has left a message instead
    ANSWERED = "answered"  # the flow has said goodbye


class Phrase(StrEnum):
    """What the house says by itself; pages have the words."""

    WAITING = "waiting"  # `wait`: seconds from and to, or null; `place`, and `by` when, or null
    CLOSED = "closed"  # `opens`: when the queue's hours begin, or null
    JOINED = "joined"  # `agent`
    TRANSFERRED = "transferred"  # `queue`
    RETURNED = "returned"  # the agent is gone: in line again, at the same place
    ABSENT = "absent"  # nobody is here who chats; a message can be left
    KEPT = "kept"  # the message is kept; `until`: it is answered before
    UNCLEAR = "unclear"  # the words were no answer to what the flow asks
    UNANSWERED = "unanswered"  # nobody has answered it for long
    AGAIN = "again"  # an answer was lost with our process, as secrets are not kept: once more


@dataclass(frozen=True, slots=True)
class Said:
    """A line, as whoever asks again for the same is answered."""

    number: int
    at: Seconds
    who: str = ""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of a chat; its name lies in the vault, as the words of its line."""

    id: FileId
    who: str
    type: str
    bytes: int
    effect: str


@dataclass(slots=True)
class Chat:
    """One chat, from the first page to the end."""

    contact: ContactId
    person: PersonId
    language: str
    origin: str
    """`chat`; `phone`: it came here by a pass; `message`: its customer had left one before."""
    since: Seconds
    queue: str = ""
    """Where it begins to wait, unless a flow leads it elsewhere."""
    flow: str = ""
    """The flow that asks before the chat reaches a person; empty: none does, or no more."""
    last: int = 0
    """The number of the newest line; lines count from 1."""
    lines: dict[str, Said] = field(default_factory=dict)
    """By their effect."""
    files: dict[FileId, SentFile] = field(default_factory=dict)
    ended_at: Seconds | None = None
    how: str = ""
    rated: bool = False
    agent: str = ""
    """Who has served it last."""


def plain(text: str) -> str:
    """Without signs that act on whoever shows it; line ends and tabs stay."""
    return "".join(sign for sign in text if sign in "\n\t" or category(sign) not in ("Cc", "Cs"))


def field_of_chat(effect: str) -> str:
    """The field of the person's in which the words of a line lie."""
    return f"chat {effect}"


def field_of_name(contact: ContactId) -> str:
    """The field of the person's with what they are called in this chat."""
    return f"chat name {contact}"


def line_effect(contact: ContactId, who: str, id_: str) -> EffectKey:
    """The key of a line: its sender's own id may be anything."""
    return EffectKey(f"{contact}/{sha256(f'{who} {id_}'.encode()).hexdigest()[:24]}")


def begin_effect(contact: ContactId, by: str) -> EffectKey:
    """The key of a customer's coming to this contact."""
    return EffectKey(f"{contact}/begin/{by[:16]}")


class ChatBook:
    """What the journal says of chats, as far as it is needed to go on."""

    def __init__(self) -> None:
        self.chats: dict[ContactId, Chat] = {}
        self.open: dict[ContactId, Chat] = {}
        """Those that are not over."""
        self._by: dict[str, ContactId] = {}

    def learn(self, record: Record) -> None:
        """Take one record in; twice does no harm."""
        if record.contact is None or record.kind not in KINDS:
            return
        if record.kind == BEGUN:
            self._begun(record.contact, record)
        elif chat := self.chats.get(record.contact):
            _LEARN[record.kind](chat, record)
            if chat.ended_at is not None:
                self.open.pop(chat.contact, None)

    def of(self, by: str) -> Chat | None:
        """The chat of this customer's page."""
        contact = self._by.get(by)
        return self.chats.get(contact) if contact else None

    def contact_of(self, by: str) -> ContactId | None:
        """The contact of this customer's page, unless its chat is over."""
        chat = self.of(by)
        return chat.contact if chat and chat.contact in self.open else None

    def forget(self, now: Seconds) -> None:
        """Chats that ended long ago."""
        for contact in list(self._old(now)):
            del self.chats[contact]
        self._by = {by: contact for by, contact in self._by.items() if contact in self.chats}

    def _old(self, now: Seconds) -> Iterator[ContactId]:
        for chat in self.chats.values():
            kept = messages.KEPT if chat.how == How.MESSAGE else KEPT
            if chat.ended_at is not None and now - chat.ended_at > kept:
                yield chat.contact

    def _begun(self, contact: ContactId, record: Record) -> None:
        data = record.data
        self._by[str(data["by"])] = contact
        chat = self.chats.get(contact)
        if chat is None:
            chat = self.chats[contact] = Chat(
                contact, PersonId(data["person"]), data["language"], data["origin"], record.at,
                str(data.get("queue") or ""), str(data.get("flow") or ""),
            )  # fmt: skip
        if chat.ended_at is None or record.at > chat.ended_at:  # there again, by another pass
            chat.ended_at, chat.how = None, ""
            self.open[contact] = chat


def _said(chat: Chat, record: Record) -> None:
    effect, number = str(record.data["effect"]), int(record.data["number"])
    chat.lines.setdefault(effect, Said(number, record.at, str(record.data["who"])))
    chat.last = max(chat.last, number)
    if file := record.data.get("file"):
        id_, who = FileId(file["id"]), str(record.data["who"])
        chat.files[id_] = SentFile(id_, who, file["type"], int(file["bytes"]), effect)
    if record.data.get("phrase") == Phrase.JOINED:
        chat.agent = str(record.data.get("agent") or chat.agent)


def _ended(chat: Chat, record: Record) -> None:
    chat.ended_at, chat.how = record.at, str(record.data["how"])


def _handed(chat: Chat, record: Record) -> None:
    chat.flow = ""


def _rated(chat: Chat, record: Record) -> None:
    chat.rated = True


_LEARN = {SAID: _said, ENDED: _ended, RATED: _rated, HANDED: _handed}


def state_of(chat: Chat, contact: Contact | None) -> ChatState:
    """Where the chat stands; `contact`: as the engine has it."""
    if chat.flow and chat.ended_at is None:
        return ChatState.ASKED
    if chat.ended_at is not None or contact is None or contact.channel != CHATS:
        return ChatState.OVER
    return STANDS[contact.state]


def how_over(id_: ContactId, contacts: Mapping[ContactId, Contact]) -> How:
    """How a chat ended that was not ended here; `contacts`: as the engine has them."""
    on_the_phone = (one for one in contacts.values() if one.medium is Medium.VOICE)
    goes_on = id_ in contacts or any(one.resumes == id_ for one in on_the_phone)
    return How.PHONE if goes_on else How.EXPIRED


def begun(chat: Chat, by: str, queue: str) -> Mapping[str, Any]:
    """What the journal keeps of a customer's coming."""
    flow = {"flow": chat.flow} if chat.flow else {}
    return {
        "effect": begin_effect(chat.contact, by), "by": by, "person": chat.person, "queue": queue,
        "language": chat.language, "origin": chat.origin, **flow,
    }  # fmt: skip

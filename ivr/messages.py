"""Messages that are to be answered: what the journal keeps of each, and what follows. Pure.

A customer who finds nobody online leaves one, and is told until when it is answered. From then on
it is a contact of the deferred lane, in the channel `message`, until an agent is done with it. Its
customer may come back to the page before: then that contact goes on as a chat, with its key; if
nobody has served them when they leave, what was promised holds, for another contact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from acd import events
from acd.config import Queue
from acd.model import MESSAGES, Contact, ContactId, QueueId, Seconds
from acd.states import ContactState
from ivr.ports import EffectKey, Note, PersonId, Record

LEFT, OWED, ANSWERED = "MessageLeft", "AnswerPromised", "MessageAnswered"
"""Journal kinds: it was left in this contact; it is answered until then, by this contact; an agent
has answered it, or written down how."""
KINDS = (OWED, ANSWERED)
DAY: Seconds = 86_400.0
KEPT: Seconds = 14 * DAY
"""So long after it was left a message is known to its customer's page, once it is done with."""


class How(StrEnum):
    """How an agent answers."""

    TEXT = "text"  # by the SMS channel, to the number that was left
    CALL = "call"  # the agent calls that number
    NOTE = "note"  # in some way of their own, written down


class MessageState(StrEnum):
    """How it stands, as its customer is told; exactly one at a time."""

    WAITING = "waiting"
    SERVED = "served"
    ANSWERED = "answered"
    CLOSED = "closed"  # an agent is done with it, and says nothing of an answer
    LIVE = "live"  # it goes on as a chat


STANDS: Mapping[ContactState, MessageState] = {
    ContactState.ARRIVING: MessageState.WAITING,
    ContactState.WAITING: MessageState.WAITING,
    ContactState.PARKED: MessageState.WAITING,
    ContactState.RINGING: MessageState.WAITING,
    ContactState.TALKING: MessageState.SERVED,
    ContactState.HELD: MessageState.SERVED,
    ContactState.AFTER: MessageState.SERVED,
    ContactState.ENDED: MessageState.CLOSED,
}


@dataclass(slots=True)
class Message:
    """One message. What it says lies in the vault, under its person."""

    left: EffectKey
    """The key of the effect by which it was left."""
    of: ContactId
    """The contact in which it was left."""
    person: PersonId
    queue: QueueId
    language: str
    at: Seconds
    entered_at: Seconds
    """When its customer first asked for somebody: its order key, should it become live."""
    until: Seconds
    """It is answered before."""
    by_text: bool
    """Whether the customer wants it confirmed by a text."""
    turn: int = 1
    """How often it has stood in line."""
    answered_at: Seconds | None = None

    @property
    def contact(self) -> ContactId:
        """What stands in line for it now."""
        return contact_for(self.left, self.turn)


def contact_for(left: EffectKey, turn: int) -> ContactId:
    """The contact of a message: the same for the same."""
    return ContactId(f"message-{sha256(f'{left} {turn}'.encode()).hexdigest()[:26]}")


def left_in(contact: ContactId) -> EffectKey:
    """The key of the message that is left in this contact: one in each."""
    return EffectKey(f"{contact}/message")


def field_of_message(left: str) -> str:
    """The field of the person's in which the words of a message lie."""
    return f"message {left}"


def field_of_reach(left: str) -> str:
    """The field in which it lies who has left it, and where they are to be answered."""
    return f"reach {left}"


def field_of_answer(effect: str) -> str:
    """The field of the person's in which the words of an agent's answer lie."""
    return f"answer {effect}"


def answer_effect(message: Message, agent: str, id_: str) -> EffectKey:
    """The key of an answer: its sender's own id may be anything."""
    digest = sha256(f"{agent} {id_}".encode()).hexdigest()[:24]
    return EffectKey(f"{message.left}/answer/{digest}")


def due_in(queue: Queue, now: Seconds) -> Seconds | None:
    """Until when a message that is left now is answered; None: nothing is promised here."""
    if queue.answer_within is None:
        return None
    return queue.hours.after(now, queue.answer_within) if queue.hours else now + queue.answer_within


def owed(message: Message) -> tuple[Note, events.Arrived]:
    """The message stands in line, in one commit with whatever brings it there."""
    about = {
        "effect": f"{message.left}/{message.turn}", "left": message.left, "of": message.of,
        "person": message.person, "queue": message.queue, "language": message.language,
        "entered_at": message.entered_at, "until": message.until, "by_text": message.by_text,
        "turn": message.turn,
    }  # fmt: skip
    comes = events.Arrived(
        message.contact, message.queue, message.entered_at, MESSAGES, language=message.language,
        waits=True, due_at=message.until,
    )  # fmt: skip
    return Note(message.contact, OWED, about), comes


class MessageBook:
    """What the journal says of messages, as far as it is needed to go on."""

    def __init__(self) -> None:
        self.messages: dict[EffectKey, Message] = {}
        self.answers: set[EffectKey] = set()
        self._by_contact: dict[ContactId, EffectKey] = {}

    def learn(self, record: Record) -> None:
        """Take one record in; twice does no harm."""
        data = record.data
        if record.kind == OWED:
            self._owed(record)
        elif record.kind == ANSWERED:
            self.answers.add(EffectKey(data["effect"]))
            if message := self.messages.get(EffectKey(data["left"])):
                message.answered_at = record.at

    def _owed(self, record: Record) -> None:
        data = record.data
        left = EffectKey(data["left"])
        message = self.messages.get(left)
        if message is None:
            message = self.messages[left] = Message(
                left, ContactId(data["of"]), PersonId(data["person"]), QueueId(data["queue"]),
                data["language"], record.at, data["entered_at"], data["until"], data["by_text"],
            )  # fmt: skip
        message.turn = max(message.turn, int(data["turn"]))
        self._by_contact[contact_for(left, int(data["turn"]))] = left

    def of(self, contact: ContactId) -> Message | None:
        """The message for which this contact stands in line, or has."""
        left = self._by_contact.get(contact)
        return self.messages.get(left) if left else None

    def asked_for_text(self, since: Seconds) -> Iterator[Message]:
        """Those left since then whose customers want a text."""
        return (one for one in self.messages.values() if one.by_text and one.at >= since)

    def forget(self, now: Seconds, contacts: Mapping[ContactId, Contact]) -> None:
        """Messages of long ago that nobody has to answer any more."""
        for left, one in list(self.messages.items()):
            if now - one.at > KEPT and one.contact not in contacts:
                del self.messages[left]
        here = self.messages.keys()
        self._by_contact = {c: left for c, left in self._by_contact.items() if left in here}
        self.answers = {one for one in self.answers if one.rpartition("/answer/")[0] in here}


def state_of(message: Message, contact: Contact | None) -> MessageState:
    """How it stands; `contact`: as the engine has it."""
    if contact is not None and contact.channel != MESSAGES:
        return MessageState.LIVE
    if contact is not None and contact.state in STANDS:
        return STANDS[contact.state]
    return MessageState.CLOSED if message.answered_at is None else MessageState.ANSWERED

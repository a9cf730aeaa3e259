"""Texts of customers and to them: what the journal keeps of each, and what follows. Pure.

A text that is sent is `queued`, then `sent` when the channel has taken it, then `delivered` or
`failed` as the channel tells. All texts of one customer, channel and day are one contact.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256

from acd.model import ContactId, Seconds
from ivr.channel_ports import TextId
from ivr.ports import EffectKey, PersonId, Record

RECEIVED, QUEUED = "TextReceived", "TextQueued"
"""Journal kinds: a customer has written; we are to write to one. The words are in the vault."""
SENT, DELIVERED, FAILED = "TextSent", "TextDelivered", "TextFailed"
"""Journal kinds: what became of a text to a customer."""
KINDS = (RECEIVED, QUEUED, SENT, DELIVERED, FAILED)
HOUR: Seconds = 3600.0
KEPT: Seconds = 72 * HOUR
"""So long it is known what came in, and what became of what went out."""


class TextState(StrEnum):
    """Where a text to a customer stands; exactly one at a time."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


TEXT_MOVES: dict[tuple[TextState, str], TextState] = {
    (TextState.QUEUED, SENT): TextState.SENT,
    (TextState.QUEUED, DELIVERED): TextState.DELIVERED,  # told before the answer to sending it
    (TextState.QUEUED, FAILED): TextState.FAILED,
    (TextState.SENT, DELIVERED): TextState.DELIVERED,
    (TextState.SENT, FAILED): TextState.FAILED,
}
"""What is not here is passed over: channels tell late, twice, and in any order."""


@dataclass(slots=True)
class SentText:
    """A text to a customer."""

    id: TextId
    channel: str
    person: PersonId
    contact: ContactId
    at: Seconds
    state: TextState = TextState.QUEUED
    why: str = ""
    alone: bool = False
    """Whether its channel tries nothing else when it has failed: who asked for it does."""


def field_of_text(effect: str) -> str:
    """The field of the person's in which the words of a text lie."""
    return f"text {effect}"


def address_field(channel: str) -> str:
    """The field of the person's with their address in a channel that knows no numbers."""
    return f"address {channel}"


def effect_of(channel: str, delivery: str) -> EffectKey:
    """The key of a delivery: what its sender calls it may be personal, and long."""
    return EffectKey(f"{channel}/{sha256(delivery.encode()).hexdigest()[:32]}")


def text_id(key: str) -> TextId:
    """The text that is sent for this key: the same for the same."""
    return TextId(f"txt_{sha256(key.encode()).hexdigest()[:26]}")


def contact_of(channel: str, person: PersonId, at: Seconds) -> ContactId:
    """The contact that a text belongs to. By the day of UTC: the same wherever it is worked out."""
    return ContactId(f"{channel}-{person}-{datetime.fromtimestamp(at, UTC):%Y%m%d}")


class TextBook:
    """What the journal says of texts, as far as it is needed to go on."""

    def __init__(self) -> None:
        self.texts: OrderedDict[TextId, SentText] = OrderedDict()
        self._received: OrderedDict[str, tuple[ContactId, Seconds]] = OrderedDict()
        self._to: dict[tuple[str, PersonId], deque[Seconds]] = {}
        self._day: date | None = None
        self._today: Counter[str] = Counter()

    def learn(self, record: Record) -> None:
        """Take one record in; twice does no harm."""
        self._forget(record.at)
        if record.kind == RECEIVED and record.contact:
            effect = str(record.data["effect"])
            self._received.setdefault(effect, (record.contact, record.at))
        elif record.kind == QUEUED and record.contact:
            self._queue(record, record.contact)
        elif text := self.texts.get(TextId(str(record.data.get("effect", "")))):
            text.state = TEXT_MOVES.get((text.state, record.kind), text.state)
            text.why = str(record.data.get("why", text.why))

    def received(self, effect: EffectKey) -> ContactId | None:
        """The contact to which this delivery has been told; None: it is new."""
        return found[0] if (found := self._received.get(effect)) else None

    def moves(self, text: SentText, kind: str) -> bool:
        """Whether this news changes anything."""
        return (text.state, kind) in TEXT_MOVES

    def open(self) -> list[SentText]:
        """Texts that are neither delivered nor failed, the oldest first."""
        waiting = (TextState.QUEUED, TextState.SENT)
        return [text for text in self.texts.values() if text.state in waiting]

    def in_the_last_hour(self, channel: str, person: PersonId, now: Seconds) -> int:
        """How many texts to this customer."""
        return sum(now - at < HOUR for at in self._to.get((channel, person), ()))

    def today(self, channel: str, now: Seconds) -> int:
        """How many texts since midnight."""
        return self._today[channel] if day_of(now) == self._day else 0

    def _queue(self, record: Record, contact: ContactId) -> None:
        data = record.data
        id_ = TextId(str(data["effect"]))
        if id_ in self.texts:
            return
        alone = bool(data.get("alone"))
        text = SentText(
            id_, data["channel"], data["person"], contact, record.at, alone=alone
        )  # fmt: skip
        self.texts[id_] = text
        self._to.setdefault((text.channel, text.person), deque()).append(record.at)
        if (day := day_of(record.at)) != self._day:
            self._day, self._today = day, Counter()
        self._today[text.channel] += 1

    def _forget(self, now: Seconds) -> None:
        """What is older than it is kept; of each customer's last hour, and who wrote in none."""
        while self._received and now - next(iter(self._received.values()))[1] > KEPT:
            self._received.popitem(last=False)
        while self.texts and now - next(iter(self.texts.values())).at > KEPT:
            gone = self.texts.popitem(last=False)[1]
            times = self._to.get((gone.channel, gone.person), deque())
            while times and now - times[0] > HOUR:
                times.popleft()
            if not times:
                self._to.pop((gone.channel, gone.person), None)


def day_of(at: Seconds) -> date:
    """By the midnight of this machine."""
    return datetime.fromtimestamp(at, UTC).astimezone().date()

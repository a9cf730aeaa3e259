"""A day of the journal as a trace: who came, how long their talks took, who left and when.

What a trace cannot know is put like this, and counted:

- who left had just the patience to wait as long as they did; how long their talk would have taken
  nobody knows: the mean of their queue is supposed;
- who was answered never gives up: all that is known is that they were patient enough;
- what a trace has no place for is left away: urgency, changed credits, preferred agents, places
  taken up again, parking, transfers by agents.

`at` is centre time (UTC seconds), so that opening hours hold in a replay as they did on the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from acd.commands import ContactEnd
from acd.config import Centre
from acd.match import queue_of
from acd.model import ContactId, QueueId, Rule, Seconds
from acd.simulation import Traced
from ivr.ports import Record
from ivr.since import Readable, first_since

LATE: Seconds = 3600.0
"""How much later than it happened an arrival may be recorded: after the core was away."""
A_MOMENT: Seconds = 0.001
UNKNOWN_TO_TRACES = ("Regraded", "Parked", "Transferred", "TransferCompleted")
STORY = (
    "Arrived", "Offered", "OfferAnswered", "LegEnded", "Overflowed", "ContactEnded",
    *UNKNOWN_TO_TRACES,
)  # fmt: skip
"""The kinds of record that a trace is made of."""


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """The contacts of a day in order of time; how many were left out, why; how many simplified."""

    contacts: list[Traced]
    left_out: Mapping[str, int]
    simplified: int
    supposed: int
    """Contacts whose talk is supposed to be as long as the mean."""


@dataclass(slots=True)
class _Seen:
    """A contact as its records tell of it."""

    arrived: Mapping[str, Any]
    offers: dict[str, Seconds] = field(default_factory=dict)
    """Offers that the contact may be answered by, and when they were made."""
    began: dict[str, Seconds] = field(default_factory=dict)
    """Talks that go on."""
    talked: Seconds | None = None
    rang: Seconds = 0.0
    sent_on: bool = False
    simplified: bool = False
    how: str = ""
    ended: Seconds = 0.0

    @property
    def is_over(self) -> bool:
        return bool(self.how) and not self.began


async def read(journal: Readable, start: Seconds, end: Seconds, centre: Centre) -> RecordedDay:
    """The contacts that entered from `start` until before `end`."""
    seen: dict[ContactId, _Seen] = {}
    open_: set[ContactId] = set()
    async for record in journal.read(await first_since(journal, start), STORY):
        if record.at > end + LATE and not open_:
            break
        contact = record.contact
        if contact is None:
            continue
        if record.kind == "Arrived" and start <= record.data["entered_at"] < end:
            if contact not in seen:
                seen[contact] = _Seen(record.data)
                open_.add(contact)
        elif contact in seen:
            _take(seen[contact], record, centre)
            if seen[contact].is_over:
                open_.discard(contact)
    return _day(seen, centre)


def _take(seen: _Seen, record: Record, centre: Centre) -> None:
    kind, data, at = record.kind, record.data, record.at
    offer = str(data.get("offer", ""))
    if kind == "Offered" and data.get("rule") != Rule.CONSULT:
        seen.offers[offer] = at
    elif kind == "OfferAnswered" and offer in seen.offers:
        seen.began[offer] = at
        seen.rang = seen.rang if seen.talked is not None else at - seen.offers[offer]
    elif kind == "LegEnded" and offer in seen.began:
        seen.talked = (seen.talked or 0.0) + at - seen.began.pop(offer)
    elif kind == "Overflowed" and data["to"] not in centre.queues:
        seen.sent_on = True
    elif kind == "ContactEnded":
        seen.how, seen.ended = str(data["how"]), at
    elif kind in UNKNOWN_TO_TRACES:
        by_rules = kind == "Transferred" and not seen.began and seen.talked is None
        seen.simplified |= not by_rules
        if kind == "TransferCompleted":
            seen.offers[offer] = seen.began[offer] = at


def _day(seen: Mapping[ContactId, _Seen], centre: Centre) -> RecordedDay:
    left_out = Counter(why for one in seen.values() if (why := _left_out(one)))
    kept = {id_: one for id_, one in seen.items() if not _left_out(one)}
    talks: dict[str, list[Seconds]] = {}
    for one in kept.values():
        if one.talked is not None:
            talks.setdefault(one.arrived["queue"], []).append(one.talked)
    means = {queue: fmean(lengths) for queue, lengths in talks.items()}
    of_all = fmean(means.values()) if means else 0.0
    contacts = [
        _traced(id_, one, means.get(one.arrived["queue"], of_all), centre)
        for id_, one in kept.items()
    ]
    return RecordedDay(
        sorted(contacts, key=lambda contact: contact.at),
        left_out,
        sum(one.simplified or _has_more(one.arrived) for one in kept.values()),
        sum(one.talked is None for one in kept.values()),
    )


def _left_out(seen: _Seen) -> str:
    """Why a trace has no line for this contact; empty: it has one."""
    if seen.arrived.get("due_at") is not None:
        return "not live: e-mails, messages, tickets"
    if not seen.is_over:
        return "not over yet, or no record of how it ended"
    if seen.how == ContactEnd.LEFT:
        return "left before they waited"
    if seen.how not in (ContactEnd.SERVED, ContactEnd.ABANDONED):
        return f"ended as {seen.how}"
    if seen.how == ContactEnd.SERVED and seen.talked is None:
        return "answered by phones that ring without us"
    return ""


def _has_more(arrived: Mapping[str, Any]) -> bool:
    return any(arrived.get(key) for key in ("urgency", "repeat", "preferred", "resumes"))


def _traced(id_: ContactId, seen: _Seen, supposed: Seconds, centre: Centre) -> Traced:
    arrived, at = seen.arrived, seen.arrived["entered_at"]
    left = seen.how == ContactEnd.ABANDONED and seen.talked is None and not seen.sent_on
    ring = queue_of(centre, QueueId(arrived["queue"])).ring_seconds
    return Traced(
        id_, at, QueueId(arrived["queue"]),
        round(supposed if seen.talked is None else seen.talked, 3),
        round(seen.ended - at, 3) if left else None,
        arrived.get("channel", "voice"), arrived.get("class_", ""), arrived.get("skills", {}),
        max(0.0, min(round(seen.rang, 3), ring - A_MOMENT)),  # an answer may win against its end
    )  # fmt: skip

"""What the journal's records say of one contact, and the timeline entries that follow from them.

Records may tell of the same thing twice or out of order (the engine ignores such facts, too):
a move that the contact's table does not allow changes nothing here, the entry is still written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import CALLED_BACK, ContactId, Rule, Seconds
from acd.states import CONTACT_MOVES, ContactState
from ivr.ports import PersonId, Record
from ivr.tickets.life import TicketId

CUSTOMER, HOTLINE = "customer", "hotline"

SHOWN: dict[str, tuple[str, ...]] = {
    "CallStarted": ("dialled", "language"),
    "StepTaken": ("step", "outcome"),
    "KeyPressed": ("key",),
    "Arrived": ("queue", "class_", "language"),
    "Reached": (),
    "Returned": (),
    "TakenByFallback": (),
    "Moved": ("channel",),
    "Parked": ("until",),
    "BecameLive": (),
    "Transferred": ("queue",),
    "Held": (),
    "Resumed": (),
    "Regraded": ("credit", "who"),
    "PickedUp": ("agent", "who"),
    "ConsultAsked": ("agent",),
    "TransferCompleted": ("offer",),
    "Overflowed": ("to", "why"),
    "Offered": ("offer", "agent", "waited", "rule"),
    "Withdrawn": ("offer", "agent", "reason"),
    "OfferAnswered": ("offer",),
    "OfferEnded": ("offer", "how"),
    "LegEnded": ("offer",),
    "Said": ("request", "key"),
    "NumberLeft": (),
    "DestinationRung": ("to", "effect"),
    "DestinationEnded": ("to", "how", "seconds", "effect"),
    "CallerTurnedAway": ("how",),
    "CallbackPromised": ("queue", "to", "not_before", "until", "attempts", "joins"),
    "MessageLeft": ("queue", "recording", "seconds", "effect"),
    "RecordingKept": ("of", "recording", "seconds", "effect"),
    "TicketNoted": ("type", "queue", "effect"),
    "ValuesTold": ("values", "effect"),
    "SurveyAnswered": ("key", "score", "second", "of", "agent", "queue", "effect"),
    "ContactEnded": ("how",),
    "CallEnded": ("cause",),
    "AgentLoggedIn": ("queues", "ready"),
    "AgentPaused": ("reason",),
    "AgentReady": (),
    "AgentLoggedOff": (),
    "PhoneChanged": ("reachable",),
}
"""The kinds that make a timeline entry, and what of their data it shows: nothing else gets out."""

ASKS_FOR_A_PERSON = (
    "Arrived", "NumberLeft", "CallbackPromised", "MessageLeft", "TicketNoted",
)  # fmt: skip
NOTED, TOLD = "ticket_noted", "values_told"
"""The kinds of entries whose words lie in the vault, in the field `field_of_words`."""

_BY_CUSTOMER = (
    "CallStarted", "KeyPressed", "Arrived", "NumberLeft", "MessageLeft", "RecordingKept",
    "SurveyAnswered", "ValuesTold",
)  # fmt: skip
_BY_AGENT = ("OfferAnswered", "LegEnded")
_CLOSES_OFFER = ("OfferEnded", "LegEnded")
_ENDS = ("CallerLeft", "ContactEnded", "CallEnded")

_MOVES: dict[str, tuple[str, ...]] = {
    "Reached": ("reach", "back"),
    "Returned": ("back",),
    "TakenByFallback": ("answer",),
    "Parked": ("park",),
    "Transferred": ("transfer",),
    "Held": ("hold",),
    "Resumed": ("resume",),
    "TransferCompleted": ("resume",),
    "Offered": ("reach", "offer"),  # who was parked may have come back by the clock alone
    "OfferEnded": ("offer over", "back"),
    "OfferAnswered": ("answer",),
    "LegEnded": ("answer", "leg ended"),  # a talk may be learned of by its end alone
    "CallerLeft": ("leave",),
    "ContactEnded": ("leave",),
    "CallEnded": ("leave",),
}

"""Tried in turn: what the contact's table does not allow is passed over."""

_LEARNED: dict[str, tuple[str, ...]] = {
    "CallStarted": ("person", "dialled", "language"),
    "Arrived": ("queue", "class_", "language", "channel", "entered_at"),
    "MessageLeft": ("person", "queue"),
    "TicketNoted": ("person", "queue"),
    "Moved": ("channel",),
    "Transferred": ("queue",),
    "Offered": ("offer", "agent"),
    "OfferAnswered": ("offer",),
    "TransferCompleted": ("offer",),
    "ContactEnded": ("how",),
}


@dataclass(slots=True)
class ContactStory:
    """One contact as far as the journal has told. `state` is None while the menu has it."""

    id: str
    """`con_` and a ULID: the name outside. `reference` is the contact's own id."""
    reference: ContactId
    started_at: Seconds
    person: PersonId | None = None
    channel: str = "voice"
    dialled: str = ""
    language: str = ""
    queue: str = ""
    class_: str = ""
    state: ContactState | None = None
    offer: str | None = None
    agent: str | None = None
    """Who rings or talks; after the end, who talked last."""
    entered_at: Seconds | None = None
    answered_at: Seconds | None = None
    ended_at: Seconds | None = None
    how: str = ""
    """How it ended (`acd.commands.ContactEnd`); empty while it goes on."""
    ticket: TicketId | None = None


@dataclass(slots=True)
class Entry:
    """One line of a timeline, and one live event."""

    kind: str
    at: Seconds
    who: str
    """`customer`, `hotline`, `operator`, or an agent's id."""
    contact: str | None = None
    ticket: TicketId | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    person: PersonId | None = None
    sealed: bytes | None = None
    """What an operator wrote, under this person's key: it may be personal."""
    journal: int | None = None
    """The journal record it tells of; None for what was done here."""


def offer_of(record: Record) -> str | None:
    """The offer that the record is about; some records name nothing else."""
    offer = record.data.get("offer")
    return offer if isinstance(offer, str) else None


def learn(contact: ContactStory, record: Record) -> None:
    """Bring the contact up to what this record says."""
    if record.kind in _CLOSES_OFFER and offer_of(record) != contact.offer:
        return  # late news of an earlier offer
    if record.kind == "CallEnded" and contact.channel == CALLED_BACK:
        return  # the call is over, the contact is not
    if record.kind == "Offered" and record.data.get("rule") == Rule.CONSULT:
        return  # another agent is asked for advice
    talks = contact.state in (ContactState.TALKING, ContactState.HELD)
    if record.kind == "OfferAnswered" and talks and offer_of(record) != contact.offer:
        return  # the agent who was asked for advice
    for name in _LEARNED.get(record.kind, ()):
        if (value := record.data.get(name)) is not None:
            setattr(contact, name, value)
    _move(contact, record)
    if record.kind in (*_CLOSES_OFFER, "Returned"):
        contact.offer = None
        contact.agent = None if record.kind == "OfferEnded" else contact.agent
    elif record.kind == "OfferAnswered" and contact.answered_at is None:
        contact.answered_at = record.at
    elif record.kind in _ENDS:
        contact.ended_at = contact.ended_at or record.at


def _move(contact: ContactStory, record: Record) -> None:
    if contact.state is None:
        if record.kind == "Arrived":
            waits = record.data.get("waits", False)
            contact.state = ContactState.WAITING if waits else ContactState.ARRIVING
        elif record.kind in _ENDS:
            contact.state, contact.how = ContactState.ENDED, contact.how or "left"
        return
    for move in _MOVES.get(record.kind, ()):
        contact.state = CONTACT_MOVES.get((contact.state, move), contact.state)


def entry_of(record: Record, contact: ContactStory | None) -> Entry | None:
    """The record as a line of the timeline; None for kinds that tell people nothing."""
    if record.kind not in SHOWN:
        return None
    data = {n.rstrip("_"): record.data[n] for n in SHOWN[record.kind] if n in record.data}
    return Entry(
        kind=snake(record.kind),
        at=record.at,
        who=_who(record, contact),
        contact=contact.id if contact else None,
        ticket=contact.ticket if contact else None,
        data=data,
        person=record.data.get("person") if snake(record.kind) in (NOTED, TOLD) else None,
        journal=record.seq,
    )


def field_of_note(effect: str) -> str:
    """The field of the person's in which it lies what a flow wrote on a ticket."""
    return f"ticket {effect}"


def field_of_values(effect: str) -> str:
    """The field of the person's in which it lies what a flow tells the agent."""
    return f"values {effect}"


def field_of_words(entry: Entry) -> str | None:
    """Where the words of an entry lie in the vault; None: it has none there."""
    places = {NOTED: field_of_note, TOLD: field_of_values}
    place = places.get(entry.kind)
    return place(str(entry.data["effect"])) if place else None


def snake(kind: str) -> str:
    """`OfferAnswered` as `offer_answered`, the form outside."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()


def _who(record: Record, contact: ContactStory | None) -> str:
    if record.kind.startswith(("Agent", "Phone")):
        return str(record.data.get("agent", HOTLINE))
    if record.kind in _BY_CUSTOMER:
        return CUSTOMER
    if record.kind in _BY_AGENT and contact and contact.agent:
        return contact.agent
    return HOTLINE

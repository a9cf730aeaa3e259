"""What the journal's records say of one contact, and the timeline entries that follow from them.

Records may tell of the same thing twice or out of order (the engine ignores such facts, too):
a move that the contact's table does not allow changes nothing here, the entry is still written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import CALLED_BACK, CALLED_OUT, CHATS, ContactId, Medium, Rule, Seconds, medium_of
from acd.states import CONTACT_MOVES, ContactState
from ivr.chats import BEGUN, ENDED, RATED, SAID, Who, field_of_chat
from ivr.messages import ANSWERED, OWED, field_of_answer, field_of_message
from ivr.ports import PersonId, Record
from ivr.texts import QUEUED, RECEIVED, field_of_text
from ivr.tickets import call_history
from ivr.tickets.life import TicketId
from ivr.tickets.shown import SHOWN

CUSTOMER, HOTLINE = "customer", "hotline"

ASKS_FOR_A_PERSON = (
    "Arrived", "NumberLeft", "CallbackPromised", "MessageLeft", "TicketNoted", "AgentCalled",
    RECEIVED, QUEUED,
)  # fmt: skip
TEXTS = (RECEIVED, QUEUED)
"""Work for a ticket that is open: when the contact's own is closed, they are for another."""

_BY_CUSTOMER = (
    "CallStarted", "KeyPressed", "Arrived", "NumberLeft", "MessageLeft", "RecordingKept",
    "SurveyAnswered", "ValuesTold", "CallerProved", "PassRedeemed", "OnlineAccepted", RECEIVED,
    BEGUN, RATED,
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
    "TakenOver": ("resume", "answer"),
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
    "CalledOut": ("queue", "language"),
    "AgentCalled": ("person", "agent"),
    "MessageLeft": ("person", "queue"),
    OWED: ("person", "queue"),
    "TicketNoted": ("person", "queue"),
    RECEIVED: ("person", "channel", "queue"),
    QUEUED: ("person", "channel", "queue"),
    BEGUN: ("person",),
    "Moved": ("channel",),
    "PassRedeemed": ("person", "channel"),
    "Transferred": ("queue",),
    "Offered": ("offer", "agent"),
    "OfferAnswered": ("offer",),
    "TransferCompleted": ("offer",),
    "TakenOver": ("offer", "agent"),
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
    # what `ivr.tickets.call_history` counts; lengths of time are seconds
    outcome: str = ""
    """How the call came out (`OUTCOMES` there); empty while it goes on."""
    waited: Seconds | None = None
    """From asking for a person to the first one, a promise, or the end."""
    talked: Seconds = 0.0
    """With agents, time on hold included."""
    talk_since: Seconds | None = None
    held: Seconds = 0.0
    held_since: Seconds | None = None
    elsewhere: Seconds = 0.0
    """Talked with telephones that are no agents'."""
    agents: str = ""
    """Who talked, in their order, with a space between."""
    consulted: str = ""
    transfers: int = 0
    overflowed: str = ""
    promise: str = ""
    """What they were promised or left: `callback`, `message`, `number`."""
    dispositions: str = ""
    """What each agent's talk came to, as `agent=code`, with a space between."""
    called_back: str = ""
    """The contact that keeps the callback which the house promised for this lost call."""
    call_ended_at: Seconds | None = None
    cause: str = ""
    """The hang-up cause (Q.850)."""
    fault: str = ""
    """What of ours failed in this call: `menu`, the script was away."""


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
    call_history.note(contact, record)
    if record.kind in _CLOSES_OFFER and offer_of(record) != contact.offer:
        return  # late news of an earlier offer
    if record.kind == "CallEnded" and _goes_on_elsewhere(contact):
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
    elif record.kind in _ENDS or _ends_in_the_flow(contact, record):
        contact.ended_at = contact.ended_at or record.at
    call_history.count(contact, record)


def _ends_in_the_flow(contact: ContactStory, record: Record) -> bool:
    """Whether a chat is over that never asked for a person."""
    return record.kind == ENDED and contact.entered_at is None and contact.channel == CHATS


def _goes_on_elsewhere(contact: ContactStory) -> bool:
    return contact.channel == CALLED_BACK or medium_of(contact.channel) is not Medium.VOICE


def _move(contact: ContactStory, record: Record) -> None:
    if contact.state is None:
        if record.kind == "CalledOut":
            contact.state, contact.channel = ContactState.WAITING, CALLED_OUT
        elif record.kind == "Arrived":
            waits = record.data.get("waits", False)
            contact.state = ContactState.WAITING if waits else ContactState.ARRIVING
        elif record.kind == BEGUN:
            contact.channel = CHATS
        elif record.kind in TEXTS:
            contact.state, contact.how = ContactState.ENDED, "left"
            contact.ended_at, contact.outcome = record.at, call_history.PROMISED
        elif record.kind in _ENDS or _ends_in_the_flow(contact, record):
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
        person=record.data.get("person") if snake(record.kind) in PLACES else None,
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
    place = PLACES.get(entry.kind)
    return place(str(entry.data["effect"])) if place else None


def snake(kind: str) -> str:
    """`OfferAnswered` as `offer_answered`, the form outside."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()


PLACES: Mapping[str, Callable[[str], str]] = {
    "ticket_noted": field_of_note, "values_told": field_of_values,
    "text_received": field_of_text, "text_queued": field_of_text, "chat_said": field_of_chat,
    "message_left": field_of_message, "message_answered": field_of_answer,
}  # fmt: skip
"""The kinds of entries whose words lie in the vault: in which field, by their effect."""


_IN_CHATS = {Who.CUSTOMER: CUSTOMER, Who.HOUSE: HOTLINE}


def _who(record: Record, contact: ContactStory | None) -> str:
    if record.kind == QUEUED:
        return str(record.data.get("who") or HOTLINE)
    if record.kind in (SAID, ENDED):
        return _IN_CHATS.get(
            record.data["who"], str(record.data.get("agent") or record.data["who"])
        )
    if record.kind.startswith(("Agent", "Phone", "Desk")):
        return str(record.data.get("agent", HOTLINE))
    if record.kind in _BY_CUSTOMER:
        return CUSTOMER
    if record.kind in ("Disposed", ANSWERED):
        return str(record.data["agent"])
    if record.kind in _BY_AGENT and contact and contact.agent:
        return contact.agent
    return HOTLINE

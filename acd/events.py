"""What the engine is told, in the past tense.

*Facts* come from the telephone side and may come late, twice or out of order: a fact that changes
nothing is ignored. *Requests*
come from people and may be refused with `ForbiddenMove`: see `acd.requests`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from acd.equipment import DeskChanged, LinkChanged, PhoneChanged, TrunksChanged
from acd.model import AgentId, ContactId, OfferId, QueueId, Seconds
from acd.plain import as_plain
from acd.requests import (
    AgentLoggedIn,
    AgentLoggedOff,
    AgentPaused,
    AgentReady,
    CalledOut,
    ColleagueAsked,
    ConsultAsked,
    Disposed,
    PickedUp,
    Regraded,
    Request,
    RingingTaken,
    TransferCompleted,
)

__all__ = [
    "AgentLoggedIn", "AgentLoggedOff", "AgentPaused", "AgentReady", "Arrived", "BecameLive",
    "CalledOut", "CallerLeft", "ColleagueAsked", "ConsultAsked", "ConsultDropped", "DeskChanged",
    "Disposed", "Event", "Held", "LegEnded", "LinkChanged", "Moved", "OfferAnswered", "OfferEnd",
    "OfferEnded", "Parked", "PhoneAnswered", "PhoneChanged", "PickedUp", "Reached", "Regraded",
    "Request", "Resumed", "Returned", "RingingTaken", "Started", "TakenByFallback", "TakenOver",
    "TimePassed", "TransferCompleted", "Transferred", "TrunksChanged", "from_plain",
    "is_event_kind", "to_plain",
]  # fmt: skip


class OfferEnd(StrEnum):
    """How the leg of an offer ended without a talk."""

    DECLINED = "declined"
    BUSY = "busy"
    RANG_OUT = "rang out"
    UNREACHABLE = "unreachable"
    RELEASED = "released"  # withdrawn, stale, or vanished while nobody looked


# ---- facts


@dataclass(frozen=True, slots=True)
class Started:
    """A new run of the engine. Its epoch is larger than any before."""

    epoch: int
    desks: bool = True
    """False: agents' desks are closed until `DeskChanged` opens them, and chats are offered there,
    whatever the telephone side does. True: nobody tells of desks, all count as open."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A customer asked for a person. Not offered before `Reached`, unless it `waits` already."""

    contact: ContactId
    queue: QueueId
    entered_at: Seconds
    channel: str = "voice"
    class_: str = "standard"
    language: str = "zh"
    skills: dict[str, int] = field(default_factory=dict)
    waits: bool = False
    urgency: str = ""
    repeat: bool = False
    """The customer asked for the same a short while ago, and the ticket may still be open."""
    preferred: AgentId | None = None
    due_at: Seconds | None = None
    """When a deferred contact was promised to be served; None: a live contact."""
    resumes: ContactId | None = None
    """A contact that was cut off: its place is taken up, within the grace time."""
    by_pass: bool = False
    """Who resumes has a pass, which was judged already, or is called by the house that cut them
    off: the grace time is no limit."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The contact is in the waiting loop; repeated every few seconds while it is."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class Returned:
    """The contact waits again, after a talk that the agent did not end. Its key is the same."""

    contact: ContactId
    offer: OfferId | None = None
    """The offer of that talk; None when the telephone side could not tell."""
    nobody: bool = False
    """The agent handed the contact on, and it was not answered: back to them first, if free."""


@dataclass(frozen=True, slots=True)
class TakenByFallback:
    """Phones that ring without us have the contact. It is offered nothing until it returns."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class PhoneAnswered:
    """The agent's phone was answered, and before its gate the agent is told what the call is about,
    or asked to accept it. That may take so many `seconds`."""

    contact: ContactId
    offer: OfferId
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The agent's leg passed the gate: they talk."""

    contact: ContactId
    offer: OfferId


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """The leg of an offer is confirmed gone, and nobody talked."""

    offer: OfferId
    how: OfferEnd


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The agent's leg of a talk is gone: wrap-up begins."""

    contact: ContactId
    offer: OfferId


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller's channel is gone. `lost`: found missing, with no record of how it ended.

    `channel`: which one; news of a channel that the contact has left change nothing.
    """

    contact: ContactId
    lost: bool = False
    channel: str = ""
    cut_off: bool = False
    """Out of a talk, with the telephone side itself: the place is kept, as of who waits."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The contact goes on in another channel, with the same key. A ringing phone may still win.

    `waits`: only if no agent has it yet.
    """

    contact: ContactId
    channel: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Parked:
    """The customer cannot be reached just now: skipped, key kept, until `Reached` or `until`."""

    contact: ContactId
    until: Seconds | None = None
    limit: Seconds | None = None
    """After so long the waiting episode is over; None: as the queue's `park_limit` says."""
    channel: str = ""
    """Where the customer was; news from the telephone of a contact that is online change nothing.
    Empty: it holds wherever the contact is."""


@dataclass(frozen=True, slots=True)
class BecameLive:
    """The customer of a deferred contact is there now: from here on the order key counts."""

    contact: ContactId


@dataclass(frozen=True, slots=True)
class Transferred:
    """The contact waits for another queue, with the same key. `skills` None: the same as before."""

    contact: ContactId
    queue: QueueId
    skills: dict[str, int] | None = None
    offer: OfferId | None = None
    """The talk out of which it was sent; None: it was in none. News of any other talk is late."""


@dataclass(frozen=True, slots=True)
class Held:
    """The agent put the caller on hold. `offer`: in this talk; None: in whichever there is.

    `number`: each hold and each resume of a talk has one, from 1 on; what is told twice, or later
    than what came after it, changes nothing. 0: it has none, and cannot come late.
    """

    contact: ContactId
    offer: OfferId | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Resumed:
    """The agent speaks with the caller again. `offer`, `number`: as of `Held`.

    `alone`: whoever was consulted is needed no more.
    """

    contact: ContactId
    offer: OfferId | None = None
    number: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The agent who was consulted, or to whom the contact was handed on, has it now.

    `agent`: for whoever reads the journal; the engine goes by the offer.
    """

    contact: ContactId
    offer: OfferId
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class ConsultDropped:
    """Whoever asked for this agent needs them no more, and they have not answered."""

    contact: ContactId
    offer: OfferId
    """That of the consultation."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened but time."""


Event = (
    Started | LinkChanged | TimePassed | PhoneChanged | DeskChanged | TrunksChanged
    | Arrived | Reached | Returned | TakenByFallback | CallerLeft
    | PhoneAnswered | OfferAnswered | OfferEnded | LegEnded
    | Moved | Parked | BecameLive | Transferred | Held | Resumed | TakenOver | ConsultDropped
    | Request
)  # fmt: skip

EVENT_VERSION = 1
_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in Event.__args__}


def to_plain(event: Event) -> tuple[str, int, dict[str, Any]]:
    """The event as `(kind, version, data)`, the form that the journal keeps."""
    return type(event).__name__, EVENT_VERSION, as_plain(event)


def from_plain(kind: str, version: int, data: dict[str, Any]) -> Event:
    """The event back from its journal form; every version ever written stays readable."""
    if version > EVENT_VERSION:
        raise ValueError(f"journal event {kind} has version {version}, this program reads up to 1")
    event = _KINDS[kind](**data)
    if isinstance(event, OfferEnded):
        return OfferEnded(event.offer, OfferEnd(event.how))
    if isinstance(event, AgentLoggedIn):
        return AgentLoggedIn(event.agent, tuple(event.queues), event.ready)
    return event


def is_event_kind(kind: str) -> bool:
    """Whether a journal record of this kind is one for the engine (others tell a call's story)."""
    return kind in _KINDS

"""What the engine is told, in the past tense.

*Facts* come from the telephone side and may come late, twice or out of order: a fact that changes
nothing is ignored. *Requests* come from people and may be refused with `ForbiddenMove`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from acd.model import AgentId, ContactId, OfferId, QueueId, Seconds


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


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """Whether the telephone side can be commanded. Without it nothing is offered."""

    up: bool


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


@dataclass(frozen=True, slots=True)
class TakenByFallback:
    """Phones that ring without us have the contact. It is offered nothing until it returns."""

    contact: ContactId


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
    """The caller's channel is gone. `lost`: found missing, with no record of how it ended."""

    contact: ContactId
    lost: bool = False


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """Whether an agent's phone can be rung."""

    agent: AgentId
    reachable: bool


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened but time."""


# ---- requests


@dataclass(frozen=True, slots=True)
class AgentLoggedIn:
    agent: AgentId
    queues: tuple[QueueId, ...] = ()
    ready: bool = True


@dataclass(frozen=True, slots=True)
class AgentPaused:
    agent: AgentId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentReady:
    """Back from a break, or done with wrap-up before its time."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentLoggedOff:
    agent: AgentId


Request = AgentLoggedIn | AgentPaused | AgentReady | AgentLoggedOff
Event = (
    Started | LinkChanged | Arrived | Reached | Returned | TakenByFallback
    | OfferAnswered | OfferEnded | LegEnded | CallerLeft | PhoneChanged | TimePassed
    | AgentLoggedIn | AgentPaused | AgentReady | AgentLoggedOff
)  # fmt: skip

EVENT_VERSION = 1
_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in Event.__args__}


def to_plain(event: Event) -> tuple[str, int, dict[str, Any]]:
    """The event as `(kind, version, data)`, the form that the journal keeps."""
    return type(event).__name__, EVENT_VERSION, asdict(event)


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

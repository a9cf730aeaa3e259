"""What people ask of the engine. A request may be refused with `ForbiddenMove`; nothing changes."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import AgentId, ContactId, OfferId, QueueId, Seconds

AUTOMATIC = "automatic"
"""Who regrades when no person does. An automatic regrade may only raise the credit."""


@dataclass(frozen=True, slots=True)
class AgentLoggedIn:
    """`queues`: those of this log-in; none: all of the agent's queues in the centre file."""

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


@dataclass(frozen=True, slots=True)
class Regraded:
    """A contact's credit changes. A person who does it says why."""

    contact: ContactId
    credit: Seconds
    who: str = AUTOMATIC
    why: str = ""


@dataclass(frozen=True, slots=True)
class PickedUp:
    """A supervisor hands a waiting contact to an agent who is free, out of order."""

    contact: ContactId
    agent: AgentId
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class ConsultAsked:
    """The agent who has the contact wants to speak with another agent, who must be free."""

    contact: ContactId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The consulted agent takes the contact over. `offer`: that of the consultation."""

    contact: ContactId
    offer: OfferId


AgentRequest = AgentLoggedIn | AgentPaused | AgentReady | AgentLoggedOff
ContactRequest = Regraded | PickedUp | ConsultAsked | TransferCompleted
Request = AgentRequest | ContactRequest

"""What people ask of the engine. A request may be refused with `ForbiddenMove`; nothing changes."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import AgentId, ContactId, OfferId, QueueId, Seconds

NO_TALK = OfferId("")
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
    old: Seconds | None = None
    """The credit before; None: written down by an older version. The engine goes by its own."""
    rules: str = ""
    """The version of the rules in force; empty as above."""


@dataclass(frozen=True, slots=True)
class PickedUp:
    """A supervisor hands a waiting contact to an agent who is free, out of order."""

    contact: ContactId
    agent: AgentId
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class RingingTaken:
    """An agent who is free takes what rings at a colleague."""

    contact: ContactId
    agent: AgentId
    who: str
    """Who asked for it: the agent at their telephone, or somebody for them."""


@dataclass(frozen=True, slots=True)
class CalledOut:
    """An agent, who must be free, calls somebody: a new contact, that is theirs alone."""

    contact: ContactId
    agent: AgentId
    queue: QueueId
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class ConsultAsked:
    """The agent who has the contact wants to speak with another agent, who must be free.

    `leaves`: they do not wait for the answer; whoever answers takes the contact over.
    """

    contact: ContactId
    agent: AgentId
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class ColleagueAsked:
    """The agent who has the contact wants to speak with a colleague of this queue, whoever is next
    in the order of the contact's own key. `wait`: names what stands in line for it."""

    contact: ContactId
    queue: QueueId
    wait: ContactId


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The consulted agent takes the contact over. `offer`: that of the consultation."""

    contact: ContactId
    offer: OfferId


@dataclass(frozen=True, slots=True)
class Disposed:
    """What a talk came to, by a code of its queue. Said again, the last holds.

    `offer`: the talk; empty: one that is long over. `agent`: whose talk it was. `who`: who says so,
    when it is not that agent; then `why`, too.
    """

    contact: ContactId
    agent: AgentId
    queue: QueueId
    code: str
    offer: OfferId = NO_TALK
    who: str = ""
    why: str = ""


AgentRequest = AgentLoggedIn | AgentPaused | AgentReady | AgentLoggedOff
ContactRequest = (
    Regraded
    | PickedUp
    | RingingTaken
    | CalledOut
    | ConsultAsked
    | ColleagueAsked
    | TransferCompleted
    | Disposed
)
Request = AgentRequest | ContactRequest

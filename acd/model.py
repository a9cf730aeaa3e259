"""The nouns of call distribution: contacts, agents, offers, and the key that orders contacts.

All times are seconds of centre time (UTC, whole milliseconds); all lengths of time are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType

from acd.states import AgentState, ContactState

ContactId = NewType("ContactId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
OfferId = NewType("OfferId", str)
"""`epoch.seq.n`: the engine's epoch, the contact's number in the journal, the n-th offer of it."""

Seconds = float


@dataclass(slots=True)
class Contact:
    """One request for service. `entered_at` and `seq` never change; `credit` only by a regrade."""

    id: ContactId
    queue: QueueId
    entered_at: Seconds
    seq: int
    channel: str = "voice"
    class_: str = "standard"
    credit: Seconds = 0.0
    language: str = "zh"
    skills: dict[str, int] = field(default_factory=dict)
    state: ContactState = ContactState.ARRIVING
    offer: OfferId | None = None
    """The offer that rings or talks now; None otherwise."""
    offers_made: int = 0
    talked: OfferId | None = None
    """The offer of the last talk."""
    rests: dict[AgentId, Seconds] = field(default_factory=dict)
    """Agents who declined this contact, and until when they are not offered it again."""

    @property
    def order_key(self) -> tuple[Seconds, int]:
        """Smaller is served first among the contacts that an agent may serve now."""
        return (self.entered_at - self.credit, self.seq)


@dataclass(slots=True)
class Agent:
    """A person who serves contacts, in exactly one of the six agent states."""

    id: AgentId
    queues: tuple[QueueId, ...]
    state: AgentState = AgentState.LOGGED_OFF
    since: Seconds = 0.0
    idle_since: Seconds = 0.0
    """When the agent last became free for work; the longest idle is chosen first."""
    reason: str = ""
    reachable: bool = False
    """Whether the agent's phone can be rung at all (registered, not busy with another call)."""
    pause_after: str | None = None
    """A break asked for while talking: taken when the talk and its wrap-up are over."""
    log_off_after: bool = False
    offer: OfferId | None = None
    wrap_up_ends: Seconds | None = None
    rests_until: Seconds = 0.0
    """After a busy or unreachable phone: no offers before this time."""


@dataclass(slots=True)
class OfferMade:
    """A contact ringing at an agent (or talking, once answered)."""

    id: OfferId
    contact: ContactId
    agent: AgentId
    made_at: Seconds
    rings_until: Seconds
    """When to withdraw it; once withdrawn, when to ask again if its end is not confirmed."""
    answered_at: Seconds | None = None
    withdrawn: str = ""
    """Why the offer was taken back, while the end of its leg is still to be confirmed."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Where contacts of one kind wait, with the queue's own rules."""

    id: QueueId
    ring_seconds: Seconds = 15.0
    wrap_up_seconds: Seconds = 10.0


@dataclass(frozen=True, slots=True)
class Centre:
    """The rules of the house as the engine needs them: queues, classes' credits, agents' queues."""

    queues: dict[QueueId, Queue]
    credits: dict[str, Seconds]
    agents: dict[AgentId, tuple[QueueId, ...]]

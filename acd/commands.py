"""What the engine asks for. Somebody else does it; failures come back as events."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from acd.model import AgentId, ContactId, OfferId, QueueId, Rule, Seconds


class ContactEnd(StrEnum):
    """How a contact ended."""

    SERVED = "served"
    ABANDONED = "abandoned"  # the caller left while waiting
    LEFT = "left"  # the caller left before reaching the queue
    EXPIRED = "expired"  # parked for longer than the queue allows
    NOT_REACHED = "not reached"  # called by an agent, and never on the line
    LOST = "lost"  # neither channel nor record of an end: never called abandoned


class Offer(NamedTuple):
    """Ring this agent for this contact."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    ring_seconds: Seconds
    rule: Rule = Rule.ORDER
    asked_by: OfferId | None = None
    """The talk whose agent asks for this one; None: nobody, the engine itself."""
    leaves: bool = False
    """Whether that agent leaves the talk at once."""
    in_line: bool = False
    """Whether that agent has waited in line for whoever is next."""


class Withdraw(NamedTuple):
    """Take an offer back: void it on the caller's channel, then end the agent's leg."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    reason: str
    consulted: bool = False
    """The agent was asked for advice: what the caller is offered besides is not touched."""


class Close(NamedTuple):
    """The contact is over: write down how."""

    contact: ContactId
    how: ContactEnd


class Overflow(NamedTuple):
    """By the queue's rules this contact should go elsewhere. It keeps waiting until it does."""

    contact: ContactId
    to: str
    """Another queue, a channel, `callback` or `message`."""
    why: str


class Undisposed(NamedTuple):
    """Nobody has said in time what this talk came to: the agent is not ready. Write it down."""

    contact: ContactId
    agent: AgentId
    offer: OfferId
    queue: QueueId


Command = Offer | Withdraw | Close | Overflow | Undisposed

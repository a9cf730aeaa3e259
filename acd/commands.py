"""What the engine asks for. Somebody else does it; failures come back as events."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from acd.model import AgentId, ContactId, OfferId, Rule, Seconds


class ContactEnd(StrEnum):
    """How a contact ended."""

    SERVED = "served"
    ABANDONED = "abandoned"  # the caller left while waiting
    LEFT = "left"  # the caller left before reaching the queue
    EXPIRED = "expired"  # parked for longer than the queue allows
    LOST = "lost"  # neither channel nor record of an end: never called abandoned


class Offer(NamedTuple):
    """Ring this agent for this contact."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    ring_seconds: Seconds
    rule: Rule = Rule.ORDER


class Withdraw(NamedTuple):
    """Take an offer back: void it on the caller's channel, then end the agent's leg."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    reason: str


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


Command = Offer | Withdraw | Close | Overflow

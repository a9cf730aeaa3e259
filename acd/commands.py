"""What the engine asks for. Somebody else does it; failures come back as events."""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import AgentId, ContactId, OfferId, Seconds


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this agent for this contact."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    ring_seconds: Seconds


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take an offer back: void it on the caller's channel, then end the agent's leg."""

    offer: OfferId
    contact: ContactId
    agent: AgentId
    reason: str


Command = Offer | Withdraw

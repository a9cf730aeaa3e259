"""Since when each agent has what they have: how long a contact takes of them, ring to wrap-up."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from acd.model import Agent, AgentId, Medium, OfferId, Seconds


class Began(NamedTuple):
    """When an offer began to ring, and what it takes of the agent."""

    at: Seconds
    medium: Medium


class Handling:
    """What agents have, by its offer."""

    def __init__(self) -> None:
        self._since: dict[AgentId, dict[OfferId, Began]] = {}

    def began(self, agent: AgentId, offer: OfferId, medium: Medium, now: Seconds) -> None:
        self._since.setdefault(agent, {}).setdefault(offer, Began(now, medium))

    def over(self, agent: AgentId, held: Container[OfferId]) -> list[Began]:
        """What the agent has no more, forgotten by this."""
        known = self._since.get(agent, {})
        gone = [known.pop(offer) for offer in list(known) if offer not in held]
        if not known:
            self._since.pop(agent, None)
        return gone

    def plain(self) -> list[list[Any]]:
        """All of it as plain data (JSON)."""
        return [
            [agent, offer, began.at, began.medium]
            for agent, offers in self._since.items() for offer, began in offers.items()
        ]  # fmt: skip

    def restore(self, plain: Mapping[str, Any], agents: Mapping[AgentId, Agent]) -> None:
        """From `since`, by offer; or from `busy_since` of older versions, by agent alone: that was
        when what they have had for longest began."""
        for agent, offer, at, medium in plain.get("since", ()):
            self.began(AgentId(agent), OfferId(offer), Medium(medium), at)
        for name, at in plain.get("busy_since", {}).items():
            works = agents[AgentId(name)].works if name in agents else {}
            for offer, work in list(works.items())[:1]:
                self.began(AgentId(name), offer, work.medium, at)

"""Which telephone each agent sits at: their own, or another of the house (hot-desking).

One agent sits at a telephone. What was is read from the journal when the core starts.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.model import AgentId
from ivr.ports import Journal, Note

SEATED, LEFT = "AgentSeated", "AgentLeftSeat"
"""Journal kinds: from here on the agent is rung at this telephone; at their own again."""


class Seats:
    """Who sits where. Whoever changes it writes it down first."""

    def __init__(self) -> None:
        self._phones: dict[AgentId, str] = {}

    @property
    def taken(self) -> Mapping[AgentId, str]:
        """The telephone of each agent who does not sit at their own."""
        return self._phones

    async def remember(self, journal: Journal) -> None:
        """As it was when the process before this one ended."""
        async for record in journal.read(0, (SEATED, LEFT)):
            agent = AgentId(record.data["agent"])
            if record.kind == SEATED:
                self.sit(agent, record.data["phone"])
            else:
                self.leave(agent)

    def phone_of(self, agent: AgentId) -> str:
        """The telephone that is rung for this agent."""
        return self._phones.get(agent, agent)

    def agent_at(self, phone: str) -> AgentId | None:
        """Who is rung there; None: its own agent sits elsewhere."""
        for agent, where in self._phones.items():
            if where == phone:
                return agent
        own = AgentId(phone)
        return None if own in self._phones else own

    def sit(self, agent: AgentId, phone: str) -> None:
        """At this telephone from now on; at their own, that is no seat."""
        for other in [other for other, where in self._phones.items() if where == phone]:
            del self._phones[other]
        self._phones.pop(agent, None)
        if phone != agent:
            self._phones[agent] = phone

    def leave(self, agent: AgentId) -> None:
        """At their own telephone again."""
        self._phones.pop(agent, None)


def seated(agent: AgentId, phone: str) -> Note:
    """For the journal."""
    return Note(None, SEATED, {"agent": agent, "phone": phone})


def left(agent: AgentId) -> Note:
    """For the journal."""
    return Note(None, LEFT, {"agent": agent})

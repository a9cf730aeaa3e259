"""Many agents and many contacts in one instant: recovery, the start of a shift.

To give each contact in turn the first agent who will do can miss: the agent may be the only one
for somebody behind. So first the set of contacts that are matched is chosen, the lexicographically
smallest in order of their keys (each contact in turn is in it if all before it stay in it: the
matched sets are a matroid, so this greedy way is exact). Then, in the same order, each gets the
agent whom its queue's strategy puts first among those that leave the others of the set an agent.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)
A = TypeVar("A", bound=Hashable)


class Matching(Generic[C, A]):
    """Contacts matched with agents, each agent with one contact at most."""

    def __init__(self) -> None:
        self.options: dict[C, Sequence[A]] = {}
        """Of each matched contact: its agents, the best first."""
        self.agent_of: dict[C, A] = {}
        self.contact_of: dict[A, C] = {}

    def add(self, contact: C, options: Sequence[A]) -> bool:
        """Match this contact too, if all that are matched keep an agent; whether it could be."""
        self.options[contact] = options
        if self._find(contact, set()):
            return True
        del self.options[contact]
        return False

    def improve(self) -> None:
        """Give each in turn the best agent that leaves all others matched."""
        fixed: set[A] = set()
        for contact in self.options:
            for agent in self.options[contact]:
                if agent not in fixed and self._give(contact, agent, fixed):
                    break
            fixed.add(self.agent_of[contact])

    def _give(self, contact: C, agent: A, fixed: Collection[A]) -> bool:
        """Give this agent to the contact, if who has it now finds another."""
        before = self.agent_of[contact]
        if agent == before:
            return True
        owner = self.contact_of.get(agent)
        self._set(contact, agent)
        del self.contact_of[before]
        if owner is None or self._find(owner, {agent, *fixed}):
            return True
        self._set(contact, before)
        self._set(owner, agent)
        return False

    def _find(self, contact: C, tried: set[A]) -> bool:
        """An augmenting path from this contact, breadth first; `tried` agents are not touched."""
        came_from: dict[A, C] = {}
        line = [contact]
        for one in line:
            for agent in self.options[one]:
                if agent in tried:
                    continue
                tried.add(agent)
                came_from[agent] = one
                owner = self.contact_of.get(agent)
                if owner is None:
                    self._shift(agent, came_from, contact)
                    return True
                line.append(owner)
        return False

    def _shift(self, agent: A, came_from: dict[A, C], start: C) -> None:
        while True:
            contact = came_from[agent]
            before = self.agent_of.get(contact)
            self._set(contact, agent)
            if contact == start or before is None:
                return
            agent = before

    def _set(self, contact: C, agent: A) -> None:
        self.agent_of[contact], self.contact_of[agent] = agent, contact

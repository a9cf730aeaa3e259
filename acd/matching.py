"""Many agents and many contacts in one instant: recovery, the start of a shift.

To give each contact in turn the first agent who will do can miss: the agent may be the only one
for somebody behind. So first the set of contacts that are matched is chosen, the lexicographically
smallest in order of their keys (each contact in turn is in it if all before it stay in it: the
matched sets are a matroid, so this greedy way is exact). Then, in the same order, each gets the
agent whom its queue's strategy puts first among those that leave the others of the set an agent.
There is one such set and one such way to give, however they are found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)
A = TypeVar("A", bound=Hashable)


class Options(Generic[A]):
    """Agents who may serve some contacts, the best first. Contacts who ask the same share one."""

    __slots__ = ("_passed", "agents", "ids")

    def __init__(self, agents: Sequence[A]) -> None:
        self.agents = agents
        self.ids = frozenset(agents)
        self._passed = 0

    def without(self, gone: Collection[A]) -> Iterator[A]:
        """In order, who is not gone. Who is gone once must stay so until `start_again`."""
        agents = self.agents
        while self._passed < len(agents) and agents[self._passed] in gone:
            self._passed += 1
        return (agents[at] for at in range(self._passed, len(agents)) if agents[at] not in gone)

    def start_again(self) -> None:
        self._passed = 0


class Matching(Generic[C, A]):
    """Contacts matched with agents, each agent with one contact at most."""

    def __init__(self) -> None:
        self.options: dict[C, Options[A]] = {}
        """Of each matched contact."""
        self.agent_of: dict[C, A] = {}
        self.contact_of: dict[A, C] = {}
        self._closed: set[A] = set()
        """From these no way leads to an agent without a contact, and none ever will."""
        self._left: set[A] = set()
        """Agents without a contact, once all who can be matched are."""

    def add(self, contact: C, options: Options[A]) -> bool:
        """Match this contact too, if all that are matched keep an agent; whether it could be."""
        self.options[contact] = options
        tried: set[A] = set()
        if self._find(contact, self._not_matched, tried, self._closed):
            return True
        self._closed |= tried
        del self.options[contact]
        return False

    def improve(self) -> None:
        """Give each in turn the best agent that leaves all others matched."""
        every = {id(options): options for options in self.options.values()}.values()
        for options in every:
            self._left |= options.ids - self.contact_of.keys()
            options.start_again()
        fixed: set[A] = set()
        for contact, options in self.options.items():
            tried: set[A] = set()
            for agent in options.without(fixed):
                if agent == self.agent_of[contact] or self._give(contact, agent, tried, fixed):
                    break
            fixed.add(self.agent_of[contact])

    def _give(self, contact: C, agent: A, tried: set[A], fixed: set[A]) -> bool:
        """Give this agent to the contact, if who has it now finds another."""
        if agent in tried:
            return False
        before, owner = self.agent_of[contact], self.contact_of.get(agent)
        tried.add(agent)
        self._left.add(before)
        if owner is not None and not self._find(owner, self._left_over, tried, fixed):
            self._left.remove(before)
            return False
        if self.contact_of[before] == contact:
            del self.contact_of[before]
        self._set(contact, agent)
        return True

    def _not_matched(self, options: Options[A]) -> A | None:
        return next(options.without(self.contact_of), None)

    def _left_over(self, options: Options[A]) -> A | None:
        if options.ids.isdisjoint(self._left):
            return None
        return next(agent for agent in options.agents if agent in self._left)

    def _find(
        self, start: C, free: Callable[[Options[A]], A | None], tried: set[A], no: Collection[A]
    ) -> bool:
        """An agent for this contact, by moving others on; agents who were tried lead nowhere."""
        came_from: dict[C, tuple[C, A]] = {}
        line = [start]
        for one in line:
            agent = free(self.options[one])
            if agent is not None:
                self._shift(one, agent, came_from)
                return True
            for agent in self.options[one].agents:
                if agent not in tried and agent not in no:
                    tried.add(agent)
                    owner = self.contact_of[agent]
                    came_from[owner] = one, agent
                    line.append(owner)
        return False

    def _shift(self, contact: C, agent: A, came_from: dict[C, tuple[C, A]]) -> None:
        """The contact takes this agent, and leaves its own to the one that it came from."""
        self._set(contact, agent)
        while contact in came_from:
            contact, agent = came_from.pop(contact)
            self._set(contact, agent)

    def _set(self, contact: C, agent: A) -> None:
        self.agent_of[contact], self.contact_of[agent] = agent, contact
        self._left.discard(agent)

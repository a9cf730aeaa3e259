"""Agents whom a queue keeps back for a class: who is free, who is with whom, counted as it changes.

So many agents of a queue are free or with the class that has the reserve before others get the
rest; but never the last agent of a queue, so that no class is shut out. To ask is a few
subtractions, however many agents and offers there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple, TypeVar

from acd.model import Agent, AgentId, Medium, OfferMade, QueueId

Key = TypeVar("Key")
NONE: Set[Medium] = frozenset()


class ByThen(NamedTuple):
    """What offers that are not made yet will have changed."""

    fewer: Mapping[tuple[QueueId, Medium], int]
    """So many agents less will be free."""
    more: Mapping[tuple[QueueId, str], int]
    """So many offers more will ring, by queue and class."""


class Reserves:
    """The reserves of all classes, and the counts that they go by. False: no class has one."""

    def __init__(self, numbers: Mapping[str, int], offers: Iterable[OfferMade]) -> None:
        self._numbers = numbers
        self._here: dict[AgentId, Iterable[QueueId]] = {}
        """The queues of each agent who is logged in."""
        self._staff: Counter[QueueId] = Counter()
        self._open: dict[tuple[AgentId, Medium], Iterable[QueueId]] = {}
        self._free: Counter[tuple[QueueId, Medium]] = Counter()
        self._with: Counter[tuple[QueueId, str]] = Counter()
        """Offers that ring or talk, by queue and class."""
        self._more: set[QueueId] = set()
        """Queues with one more such offer since `loosened` was asked last."""
        self.bound: dict[QueueId, set[Medium]] = {}
        """Queues in which somebody was kept back since `loosened` was asked last, and from what."""
        for offer in offers:
            self.offered(offer)

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def keep_back(self, queue: QueueId, medium: Medium, class_: str) -> bool:
        """Whether the queue's free agents must stay free of this class now. Remembers that so."""
        free = self._free[queue, medium]
        most = self._staff[queue] - 1
        for name, number in self._numbers.items():
            if name != class_ and free + self._with[queue, name] - 1 < min(number, most):
                self.bound.setdefault(queue, set()).add(medium)
                return True
        return False

    def will_keep_back(self, queue: QueueId, medium: Medium, class_: str, by_then: ByThen) -> bool:
        """The same after offers that are not made yet. Remembers nothing."""
        free = self._free[queue, medium] - by_then.fewer.get((queue, medium), 0)
        most, more = self._staff[queue] - 1, by_then.more
        return any(
            name != class_
            and free + self._with[queue, name] + more.get((queue, name), 0) - 1 < min(number, most)
            for name, number in self._numbers.items()
        )

    def free_in(self, agent: AgentId, medium: Medium) -> Iterable[QueueId]:
        """The queues in which this agent counts as free for this medium."""
        return self._open.get((agent, medium), ())

    def loosened(self, agent: Agent) -> list[AgentId]:
        """Something about this agent has changed, or an offer has been made: idle agents who may
        take now what they were kept back from. The agent need not be of the offer's queue: they may
        be consulted."""
        queues = self.bound.keys() & (agent.queues.keys() | self._more)
        self._more.clear()
        if not queues:
            return []
        for queue in queues:
            del self.bound[queue]
        return self._open_in(queues)

    def kept_back_for(self, queue: QueueId, class_: str) -> Set[Medium]:
        """By which media others may come to this queue with one more of this class at an agent."""
        return self.bound.get(queue, NONE) if class_ in self._numbers else NONE

    def who_may_be_let_loose(self) -> list[AgentId]:
        """Idle agents from whom somebody is kept back."""
        return self._open_in(self.bound.keys()) if self.bound else []

    def _open_in(self, queues: Set[QueueId]) -> list[AgentId]:
        return [id_ for (id_, _), own in self._open.items() if not queues.isdisjoint(own)]

    # ---------------------------------------------------------------- what changes

    def came(self, agent: Agent) -> None:
        """The agent has logged in, with these queues."""
        self._here[agent.id] = queues = tuple(agent.queues)
        self._staff.update(queues)

    def left(self, agent: AgentId) -> None:
        """The agent is logged in no more."""
        _less(self._staff, self._here.pop(agent, ()))

    def opened(self, agent: Agent, medium: Medium) -> None:
        """The agent has room for a contact of this medium."""
        self.closed(agent.id, medium)
        self._open[agent.id, medium] = queues = tuple(agent.queues)
        self._free.update((queue, medium) for queue in queues)

    def closed(self, agent: AgentId, medium: Medium) -> None:
        """The agent has no room for such a contact."""
        _less(self._free, ((queue, medium) for queue in self._open.pop((agent, medium), ())))

    def offered(self, offer: OfferMade) -> None:
        self._with[offer.queue, offer.class_] += 1
        self._more.add(offer.queue)

    def over(self, offer: OfferMade) -> None:
        """Nobody rings or talks by this offer any more."""
        _less(self._with, [(offer.queue, offer.class_)])


def _less(counts: Counter[Key], gone: Iterable[Key]) -> None:
    """One less of each; of what there is none, nothing is kept."""
    for key in gone:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]

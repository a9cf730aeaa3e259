"""Many agents and many contacts in one instant: recovery, the start of a shift.

To give each contact in turn the first agent who will do can miss: the agent may be the only one
for somebody behind. So first it is settled who is matched: in order of their keys each contact for
whom there is a place while all before it keep one; others are moved on for it, one by one along a
chain. Then, in the same order, each gets the agent whom its queue's strategy puts first among
those that leave the others a place. There is one such way to give, however it is found.

While what an agent has keeps others out by number alone (one call; calls beside chats with `mix`),
the sets that can be matched are a matroid: this greedy way finds the lexicographically smallest.
Where a call keeps out chats and later mail, and chats a call, to find it can take for ever: there a
chain that moves one contact of each agent is all that is tried (docs/decisions/0024).
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

C = TypeVar("C", bound=Hashable)
A = TypeVar("A", bound=Hashable)

Asks = tuple[Any, ...]
"""What the contacts of one agent take of them, in order of their keys. Only compared."""


Room = Callable[[Asks], bool]
"""Whether contacts who ask for this can all be taken."""


def one_each(asks: Asks) -> bool:
    """The room of agents who take one contact, whatever it asks for."""
    return len(asks) <= 1


class Options(Generic[A]):
    """Agents who may serve some contacts, the best first. Contacts who ask the same share one."""

    __slots__ = ("_more", "_passed", "_places", "agents", "ask", "ids")

    def __init__(
        self,
        agents: Sequence[A],
        ask: Hashable = None,
        places: Iterable[tuple[A, int]] | None = None,
    ) -> None:
        """`places`: the same agents, each once for every contact of this instant that they might
        have before (0, 1, ...), for with more at hand an agent stands further behind."""
        self.agents = agents
        self.ask = ask
        self.ids = frozenset(agents)
        self._places: list[tuple[A, int]] = []
        self._more = iter([(agent, 0) for agent in agents] if places is None else places)
        self._passed = 0

    def without(self, full: Collection[A]) -> Iterator[A]:
        """In order, who is not full. Who was full at the head of the order is not looked at again
        until `start_again`."""
        agents = self.agents
        while self._passed < len(agents) and agents[self._passed] in full:
            self._passed += 1
        return (agents[at] for at in range(self._passed, len(agents)) if agents[at] not in full)

    def start_again(self) -> None:
        self._passed = 0

    def in_turn(self, given: Mapping[A, int]) -> Iterator[A]:
        """In order, by the number of contacts that each has been given; it only grows."""
        at, none_yet = self._passed, True
        while place := self._place(at):
            agent, before = place
            if given.get(agent, 0) == before:
                yield agent
                none_yet = False
            at += 1
            if none_yet and given.get(agent, 0) > before:
                self._passed = at

    def _place(self, at: int) -> tuple[A, int] | None:
        while len(self._places) <= at:
            place = next(self._more, None)
            if place is None:
                return None
            self._places.append(place)
        return self._places[at]


class Matching(Generic[C, A]):
    """Contacts matched with agents, each agent with as many as there is room for."""

    def __init__(self, room_of: Callable[[A], Room] = lambda agent: one_each) -> None:
        self.options: dict[C, Options[A]] = {}
        """Of each matched contact, in order."""
        self.agent_of: dict[C, A] = {}
        self._contacts_of: dict[A, list[C]] = {}
        self._room_of = room_of
        self._asks_of: dict[A, Asks] = {}
        self._swaps: dict[tuple[Room, Asks, Hashable, int], tuple[int, ...]] = {}
        self._turns: dict[C, int] = {}
        self._full: dict[Hashable, set[A]] = defaultdict(set)
        """Agents without room for one more who asks for this."""
        self._closed: dict[Hashable, set[A]] = defaultdict(set)
        """From these no way leads to a place for who asks for this, and none ever will."""
        self._every: dict[int, Options[A]] = {}
        self._refused = False
        """Whether a way was found that crosses itself, and could not be gone."""
        self._left: dict[Hashable, set[A]] | None = None
        """Agents with room, once all who can be matched are."""
        self._fixed: set[C] = set()
        """Contacts that are not moved any more."""
        self._firm: set[A] = set()
        """Agents who have only those."""

    def add(self, contact: C, options: Options[A]) -> bool:
        """Match this contact too, if all that are matched keep a place; whether it could be."""
        self._turns[contact] = len(self._turns)
        self.options[contact] = self._every[id(options)] = options
        self._refused = False
        tried: dict[Hashable, set[A]] = defaultdict(set)
        if self._find([contact], {}, tried):
            return True
        for ask, agents in tried.items() if not self._refused else ():
            self._closed[ask] |= agents
        del self.options[contact]
        return False

    def improve(self) -> None:
        """Give each in turn the best agent that leaves all others matched."""
        self._closed.clear()
        for agent in self._contacts_of:
            self._settle(agent)
        self._left = defaultdict(set)
        for options in self._every.values():
            self._left[options.ask] |= options.ids - self._full[options.ask]
            options.start_again()
        given: dict[A, int] = {}
        for contact, options in self.options.items():
            tried: dict[Hashable, set[A]] = defaultdict(set)
            for agent in options.in_turn(given):
                if agent == self.agent_of[contact] or self._give(contact, agent, tried):
                    break
            agent = self.agent_of[contact]
            given[agent] = given.get(agent, 0) + 1
            self._fixed.add(contact)
            self._settle(agent)

    def _give(self, contact: C, agent: A, tried: dict[Hashable, set[A]]) -> bool:
        """Give this agent to the contact, if whoever is in the way finds another place."""
        ask = self.options[contact].ask
        if agent in tried[ask] or (agent in self._firm and agent in self._full[ask]):
            return False
        before = self.agent_of[contact]
        self._move((), [contact])
        self._settle(before)
        came_from: dict[C, tuple[C, A]] = {}
        if self._fits(contact, agent) and self._go(contact, agent, came_from):
            return True
        line = self._in_the_way(contact, [agent], came_from, tried)
        if self._find(line, came_from, tried):
            return True
        self._put(contact, before)
        self._settle(before)
        return False

    # ---------------------------------------------------------------- ways

    def _find(
        self, line: list[C], came_from: dict[C, tuple[C, A]], tried: dict[Hashable, set[A]]
    ) -> bool:
        """A place for one of these, by moving others on; agents who were tried lead nowhere."""
        for one in line:
            for agent in self._with_room(one):
                if self._go(one, agent, came_from):
                    return True
            line += self._in_the_way(one, self.options[one].agents, came_from, tried)
        return False

    def _with_room(self, one: C) -> Iterator[A]:
        options = self.options[one]
        if self._left is None:
            found = options.without(self._full[options.ask])
        elif options.ids.isdisjoint(self._left[options.ask]):
            return iter(())
        else:
            left = self._left[options.ask]
            found = (agent for agent in options.agents if agent in left)
        return (agent for agent in found if self._fits(one, agent))

    def _in_the_way(
        self, one: C, agents: Iterable[A], came_from: dict[C, tuple[C, A]],
        tried: dict[Hashable, set[A]],
    ) -> list[C]:  # fmt: skip
        """Whoever can be moved from one of these agents, so that there is a place for this one."""
        ask, turn = self.options[one].ask, self._turns[one]
        seen, no, firm = tried[ask], self._closed[ask], self._firm
        found: list[C] = []
        for agent in agents:
            if agent not in seen and agent not in no and agent not in firm:
                seen.add(agent)
                there = self._contacts_of.get(agent, ())
                for at in self._who_gives_way(agent, there, ask, turn) if there else ():
                    other = there[at]
                    if other not in came_from and other not in self._fixed:
                        came_from[other] = one, agent
                        found.append(other)
        return found

    def _who_gives_way(
        self, agent: A, there: Sequence[C], ask: Hashable, turn: int
    ) -> Sequence[int]:
        """Which of these contacts could leave their place to one with this ask and turn."""
        if len(there) == 1:
            return (0,)
        room, asks, at = self._room_of(agent), self._asks_of[agent], self._place_of(turn, there)
        known = self._swaps.get((room, asks, ask, at))
        if known is None:
            both = (*asks[:at], ask, *asks[at:])
            others = [n for n in range(len(both)) if n != at]
            gone = [n for n in others if room(both[:n] + both[n + 1 :])]
            known = self._swaps[room, asks, ask, at] = tuple([n - (n > at) for n in gone])
        return known

    def _go(self, contact: C, agent: A, came_from: Mapping[C, tuple[C, A]]) -> bool:
        """The contact takes this place, and leaves its own to the one that it came from."""
        way = [(contact, agent)]
        while contact in came_from:
            contact, agent = came_from[contact]
            way.append((contact, agent))
        before = {one: self.agent_of[one] for one, _ in way if one in self.agent_of}
        self._move(way, before)
        agents = {agent for _, agent in way}
        if len(agents) < len(way) and not all(self._room_of(a)(self._asks(a)) for a in agents):
            self._move(before.items(), dict(way))
            self._refused = True
            return False
        for agent in agents.union(before.values()):
            self._settle(agent)
        return True

    def _move(self, way: Iterable[tuple[C, A]], before: Iterable[C]) -> None:
        for one in before:
            self._contacts_of[self.agent_of.pop(one)].remove(one)
        for one, agent in way:
            self._put(one, agent)

    # ---------------------------------------------------------------- room

    def _put(self, contact: C, agent: A) -> None:
        self.agent_of[contact] = agent
        insort(self._contacts_of.setdefault(agent, []), contact, key=self._turns.__getitem__)

    def _asks(self, agent: A) -> Asks:
        return tuple([self.options[one].ask for one in self._contacts_of.get(agent, ())])

    def _place_of(self, turn: int, there: Sequence[C]) -> int:
        """Before whom of these it is this one's turn."""
        return sum([self._turns[one] < turn for one in there])

    def _fits(self, contact: C, agent: A) -> bool:
        """Whether there is room for this contact, too."""
        there = self._contacts_of.get(agent)
        if not there:
            return True
        ask, asks = self.options[contact].ask, self._asks_of[agent]
        at = self._place_of(self._turns[contact], there)
        return self._room_of(agent)((*asks[:at], ask, *asks[at:]))

    def _settle(self, agent: A) -> None:
        """Something about this agent has changed: are they full, and for whom?"""
        asks = self._asks_of[agent] = self._asks(agent)
        room = self._room_of(agent)
        for ask, full in self._full.items():
            ways = ((*asks[:at], ask, *asks[at:]) for at in range(len(asks), -1, -1))
            is_full = not any(map(room, ways))
            if is_full:
                full.add(agent)
            elif agent in full:
                full.remove(agent)
                self._start_again()
            if self._left is not None:
                (self._left[ask].discard if is_full else self._left[ask].add)(agent)
        if asks and self._fixed.issuperset(self._contacts_of[agent]):
            self._firm.add(agent)
        else:
            self._firm.discard(agent)

    def _start_again(self) -> None:
        """Somebody was passed over who has room again."""
        if self._left is None:
            for options in self._every.values():
                options.start_again()

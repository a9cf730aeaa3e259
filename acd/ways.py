"""Every way to serve a few at once: for a reserve it may hang on who gets whom.

An offer changes whom a reserve keeps back: it takes an agent of all the agent's queues, and brings
the class of the contact what is kept for it. So which agent one gets can shut out or let in
another. Here the next contact is always the first in order who can come next in some of the ways
to have served those before; the other ways are dropped. What comes out is the first run of offers
that can be made one after another, and of the ways to make it that of the best agents in turn.

To find it at any size is set packing. So only so much is looked at (docs/decisions/0024).
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from acd.floor import Floor
from acd.free import First, Free, Thing
from acd.lines import Demand, Line
from acd.matching import Options
from acd.model import AgentId, Contact, Medium, OfferMade, QueueId, Seconds
from acd.reserves import ByThen
from acd.rooms import ASKS, Ask, Rooms

MOST_LOOKS = 20_000
"""After so many looks at a contact or an agent in one of the ways it is given up for this instant:
about a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Way:
    """Who has been given what so far."""

    asks: Mapping[AgentId, tuple[Ask, ...]] = field(default_factory=dict)
    fewer: Mapping[tuple[QueueId, Medium], int] = field(default_factory=dict)
    """So many agents less are free."""
    last: tuple[Way, AgentId] | None = None
    """The way before the last offer, and to whom that was."""

    def agents(self) -> list[AgentId]:
        """Who has been given the first contact, the second, and so on."""
        found: list[AgentId] = []
        way = self
        while way.last:
            way, agent = way.last
            found.append(agent)
        return found[::-1]


NOTHING_YET = Way()


class Ahead:
    """The reserves as they will be after offers that are not made yet."""

    def __init__(self, floor: Floor, free: Free) -> None:
        self._floor, self._room_of = floor, free.rooms.of
        self._more: Counter[tuple[QueueId, str]] = Counter()

    def keeps_back(self, way: Way, demand: Demand, class_: str) -> bool:
        """Whether a reserve keeps the free agents back from such a contact."""
        trade, by_then = demand.trade, ByThen(way.fewer, self._more)
        return self._floor.reserves.will_keep_back(trade.queue, trade.medium, class_, by_then)

    def comes(self, contact: Contact) -> None:
        """This contact is next, whoever gets it."""
        self._more[contact.queue, contact.class_] += 1

    def given(self, way: Way, agent: AgentId, ask: Ask) -> Way | None:
        """The way with one contact more; None: the agent has no room for it."""
        room, before = self._room_of(agent), way.asks.get(agent, ())
        asks = (*before, ask)
        if not room(asks):
            return None
        fewer = dict(way.fewer)
        for medium in self._floor.openings:
            more = ASKS[medium, False]
            if (not before or room((*before, more))) and not room((*asks, more)):
                for queue in self._floor.reserves.free_in(agent, medium):
                    fewer[queue, medium] = fewer.get((queue, medium), 0) + 1
        return Way({**way.asks, agent: asks}, fewer, (way, agent))


Taken = tuple[Thing, Contact]
"""What comes next."""
Step = tuple[Thing, Contact, AgentId]
"""The same, and who gets it."""


def _ask(demand: Demand, thing: Thing) -> Ask:
    return ASKS[demand.trade.medium, isinstance(thing, OfferMade)]


def may_let_in(floor: Floor, contact: Contact, now: Seconds) -> bool:
    """Whether it may hang on who gets this contact, which comes alone, if somebody is let in."""
    media = floor.reserves.kept_back_for(contact.queue, contact.class_)
    if not media:
        return False
    medium, rooms = floor.demand(contact, now).trade.medium, Rooms(floor)
    return any(
        not floor.reserves.free_in(agent, other)
        or rooms.of(agent)((ASKS[medium, False], ASKS[other, False]))
        for agent in floor.openings[medium].agents
        for other in media
    )


def can_be_made(floor: Floor, free: Free, steps: Iterable[Step], kept_back: list[Line]) -> bool:
    """Whether these offers can be made in turn, and none of these lines might be let in by any."""
    ahead, way = Ahead(floor, free), NOTHING_YET
    for thing, contact, agent in steps:
        demand = floor.demands.of(contact)
        if isinstance(thing, Line) and ahead.keeps_back(way, demand, contact.class_):
            return False
        after = ahead.given(way, agent, _ask(demand, thing))
        if after is None:
            return False
        way = after
        if not isinstance(thing, OfferMade):
            ahead.comes(contact)
    return all(ahead.keeps_back(NOTHING_YET, line.demand, line.class_) for line in kept_back)


class TooManyWays(Exception):
    """There are more ways than can be looked at."""


class Looks:
    """How many looks are left in this instant."""

    def __init__(self) -> None:
        self.left = MOST_LOOKS

    def one_less(self) -> None:
        """Raises `TooManyWays` when none is left."""
        if not self.left:
            raise TooManyWays
        self.left -= 1


class Search:
    """All ways to serve what may come first, then what may come next, and so on."""

    def __init__(self, floor: Floor, free: Free, firsts: Iterable[First], looks: Looks) -> None:
        self.taken: list[Taken] = []
        """Who comes, in turn; they are in no line any more."""
        self._floor, self._free = floor, free
        self._firsts = sorted(firsts)
        self._ahead = Ahead(floor, free)
        self._ways = [NOTHING_YET]
        self._known: dict[tuple[QueueId, Medium, str], list[Way]] = {}
        """The ways in which contacts of a queue, medium and class are let in."""
        self._looks = looks

    def run(self) -> list[Step]:
        """Every offer, in turn. `TooManyWays`: the contacts in `taken` have to be put back."""
        while self._step():
            pass
        agents = self._ways[0].agents()
        return [(*taken, agent) for taken, agent in zip(self.taken, agents, strict=True)]

    def _step(self) -> bool:
        """Find who comes next; False: nobody can."""
        later: list[First] = []
        for number, first in enumerate(self._firsts):
            let_in = self._let_in(first[3])
            if not let_in:
                later.append(first)
                continue
            contact, options = self._free.look(first[3])
            ask = _ask(self._floor.demands.of(contact), first[3])
            ways = [*self._with(let_in, options, ask)]
            if ways:
                self._ways = ways
                self._known.clear()
                self._firsts = [*later, *self._firsts[number + 1 :]]
                self._take(first[3], contact)
                return True
            if len(let_in) < len(self._ways):
                later.append(first)  # who finds no room now will not find any later
        self._firsts = later
        return False

    def _take(self, thing: Thing, contact: Contact) -> None:
        self.taken.append((thing, contact))
        if isinstance(thing, OfferMade):
            return
        self._floor.leave(contact)
        self._ahead.comes(contact)
        if isinstance(thing, Line) and thing.first:
            insort(self._firsts, thing.first)

    def _let_in(self, thing: Thing) -> list[Way]:
        """The ways in which no reserve keeps it back."""
        if not isinstance(thing, Line):
            return self._ways
        trade = thing.demand.trade
        kind = (trade.queue, trade.medium, thing.class_)
        if kind not in self._known:
            self._known[kind] = [way for way in self._ways if self._is_let_in(way, thing)]
        return self._known[kind]

    def _is_let_in(self, way: Way, line: Line) -> bool:
        self._looks.one_less()
        return not self._ahead.keeps_back(way, line.demand, line.class_)

    def _with(self, ways: Iterable[Way], options: Options[AgentId], ask: Ask) -> Iterator[Way]:
        """These ways with one contact more, the best first; of those that come to the same, one."""
        seen: set[frozenset[tuple[AgentId, tuple[Ask, ...]]]] = set()
        for way in ways:
            options.start_again()
            given = {agent: len(asks) for agent, asks in way.asks.items()}
            for agent in options.in_turn(given):
                self._looks.one_less()
                after = self._ahead.given(way, agent, ask)
                if after and (what := frozenset(after.asks.items())) not in seen:
                    seen.add(what)
                    yield after

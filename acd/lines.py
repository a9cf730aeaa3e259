"""Waiting contacts in lines, so that only the head of a line is ever looked at.

A *demand* is what contacts have in common for whom the same agents will do; a *line* holds the
contacts of one demand, class and credit. Who is first in a line has both the smallest order key
and the longest wait: if an agent may not serve the head yet, nobody behind it either. (Deferred
contacts are ordered by their promise, not by their wait: where the wait matters each is a line of
its own.) Demands that differ in levels alone are of one *trade*, which keeps the heads of its
lines in order. So an agent's next contact is the first that will do of the heads of the trades
within the agent's skills: a few are looked at for each trade, however many contacts wait.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

from acd.model import DEFERRED, AgentId, Contact, ContactId, Lane, Medium, QueueId, Seconds

STALE_SHARE = 2
"""A heap is made anew when it is more than so many times as long as its line."""
RANK = {Lane.LIVE: 0, Lane.DEFERRED: 1}

Levels = tuple[tuple[str, int], ...]
"""Skills that are asked for, each with its level."""
DemandTerms = tuple[QueueId, Medium, Lane, Levels]
Stage = tuple[Seconds, Levels]
"""From when on which levels are enough."""


def demand_terms(contact: Contact) -> DemandTerms:
    """What makes a demand, in the order of the fields of `Demand`."""
    skills = tuple(sorted(contact.skills.items())) if contact.skills else ()
    return (contact.queue, contact.medium, contact.lane, skills)


class Trade:
    """Demands of one queue and medium that are never without the same skills."""

    __slots__ = ("able", "first", "heads", "medium", "queue", "skills")

    def __init__(self, queue: QueueId, medium: Medium, skills: frozenset[str]) -> None:
        self.queue = queue
        self.medium = medium
        self.skills = skills
        self.able: dict[AgentId, Seconds] = {}
        """Agents who are here and have the skills, and from which wait on contacts come to them."""
        self.heads: list[Head] = []
        """Of all lines of the trade, in order."""
        self.first: Head | None = None
        """Of the heads: where every search begins."""


class Demand:
    """What some contacts ask for, and the lines of those who wait for it."""

    __slots__ = ("lane", "lines", "one_by_one", "rank", "stages", "trade")

    def __init__(self, trade: Trade, lane: Lane, stages: list[Stage], by_wait: bool) -> None:
        """`by_wait`: whether more agents may serve a contact the longer it has waited."""
        self.trade = trade
        self.lane = lane
        self.rank = RANK[lane]
        self.one_by_one = by_wait and lane is DEFERRED
        self.stages = stages
        self.lines: dict[object, Line] = {}
        """Only lines with somebody in them."""


class Line:
    """Contacts of one demand, class and credit. Removed ones stay in the heap for a while."""

    __slots__ = ("barred", "class_", "demand", "first", "head", "heap", "name", "size")

    def __init__(
        self, demand: Demand, name: object, class_: str, barred: Mapping[AgentId, Seconds]
    ) -> None:
        self.demand = demand
        self.name = name
        self.class_ = class_
        self.barred = barred
        """Agents who are not to get these contacts now, and until when."""
        self.heap: list[tuple[Seconds, int, ContactId]] = []
        self.size = 0
        self.head: Contact
        self.first: Head | None = None


Head = tuple[int, Seconds, int, Line]
"""The head of a line by lane and order key. No two heads are equal."""


class Lines:
    """Where every waiting contact stands."""

    def __init__(self) -> None:
        self._places: dict[ContactId, tuple[Contact, Line]] = {}

    def __contains__(self, contact: ContactId) -> bool:
        return contact in self._places

    def __iter__(self) -> Iterator[Contact]:
        return (contact for contact, _ in self._places.values())

    def __len__(self) -> int:
        return len(self._places)

    def add(self, contact: Contact, demand: Demand) -> None:
        """Put a contact into its line: one of its own while some agent is not to get it."""
        alone = contact.rests or demand.one_by_one
        name = contact.id if alone else (contact.class_, contact.credit)
        line = demand.lines.get(name)
        if line is None:
            line = demand.lines[name] = Line(demand, name, contact.class_, contact.rests)
        self._places[contact.id] = (contact, line)
        heappush(line.heap, (*contact.order_key, contact.id))
        line.size += 1
        if line.heap[0][2] == contact.id:
            self._settle(line)

    def remove(self, contact: Contact) -> None:
        """Take a contact out of its line; nothing happens when it is in none."""
        found = self._places.pop(contact.id, None)
        if found is None:
            return
        line = found[1]
        line.size -= 1
        if line.size == 0:
            del line.demand.lines[line.name]
            _drop_head(line)
        elif line.head is contact:
            self._settle(line)
        elif len(line.heap) > STALE_SHARE * line.size + 64:
            line.heap = [entry for entry in line.heap if self._is_in(entry[2], line)]
            heapify(line.heap)

    def _is_in(self, contact: ContactId, line: Line) -> bool:
        found = self._places.get(contact)
        return found is not None and found[1] is line

    def _settle(self, line: Line) -> None:
        """Find the head of a line that somebody is in."""
        heap, demand, places = line.heap, line.demand, self._places
        found = places.get(heap[0][2])
        while found is None or found[1] is not line:
            heappop(heap)
            found = places.get(heap[0][2])
        _drop_head(line)
        at, seq, _ = heap[0]
        line.head = found[0]
        line.first = (demand.rank, at, seq, line)
        heads = demand.trade.heads
        insort(heads, line.first)
        demand.trade.first = heads[0]


def _drop_head(line: Line) -> None:
    if line.first:
        trade = line.demand.trade
        heads = trade.heads
        del heads[bisect_left(heads, line.first) if heads[0] is not line.first else 0]
        trade.first, line.first = heads[0] if heads else None, None

"""The place of a waiting contact: 1 + the number ahead that compete for the same agents.

Two contacts compete if some agent may serve both, and with the one in hand not the other as well.
Contacts that ask for the same form one demand, so that agents are compared by demand and not by
contact.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from acd.config import Centre, Skills
from acd.lines import Levels
from acd.match import queue_of, stages_of
from acd.model import Agent, AgentId, Medium, QueueId, Seconds
from acd.prediction import Standing
from acd.sharing import Sharing

OrderKey = tuple[Seconds, int]
MOST_DEMANDS = 10_000
"""So many demands are remembered with their agents; beyond, they are looked up anew."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What contacts ask for: a queue, levels by skill in the order of their names, a medium."""

    queue: QueueId
    skills: Levels = ()
    medium: Medium = Medium.VOICE

    @classmethod
    def of(cls, queue: QueueId, skills: Skills, medium: Medium = Medium.VOICE) -> Demand:
        return cls(queue, tuple(sorted(skills.items())) if skills else (), medium)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Demand:
        return cls.of(plain["queue"], dict(plain["skills"]), Medium(plain["medium"]))


Waiting = Mapping[Demand, Sequence[OrderKey]]
"""The keys of those who wait, in order, by what they ask for."""
Places = Callable[[int], float]
"""How many contacts these agents take at once."""
Ahead = tuple[int, bool, int, int]
"""How many of one demand are ahead, whether it is the contact's own, who may serve it now, and at
whom of these it comes first."""


class Rivals(NamedTuple):
    """Those who wait with one demand, seen from another at one moment."""

    keys: Sequence[OrderKey]
    alike: bool
    bits: int
    """Who may serve the first of them by now,"""
    first: int
    """and at whom of these they come before the other demand."""


class Competition:
    """Who competes with whom, among the agents who are here."""

    def __init__(self, centre: Centre) -> None:
        """By these rules; none of the agents is here yet."""
        self._centre = centre
        self._members = tuple(centre.agents.values())
        self._sharing = Sharing(self._members)
        self._bit = self._sharing.bit
        self._here: dict[QueueId, dict[Seconds, int]] = {}
        """Who is here for a queue, by the wait from which on its contacts come to them."""
        self._fitting: dict[Demand, list[tuple[Seconds, int]]] = {}
        """Whose levels will do, from which wait on."""
        self._rivals: dict[Demand, list[Rivals]] = {}
        self._rivals_at = -math.inf
        """Found out once for all who ask while nothing happens, as thousands may."""

    def forget(self) -> None:
        """Others wait than before, or other agents are here."""
        self._rivals.clear()

    def see(self, agent: Agent) -> None:
        """The desk, the telephone or the contacts of an agent may have changed."""
        self._sharing.see(agent)
        self.forget()

    def comes(self, agent: AgentId, queues: Mapping[QueueId, Seconds]) -> None:
        """The agent takes contacts of these queues from now on; busy or free does not matter."""
        self.forget()
        for queue, after in queues.items():
            here = self._here.setdefault(queue, {})
            wait = self._wait(agent, queue, after)
            here[wait] = here.get(wait, 0) | self._bit[agent]

    def goes(self, agent: AgentId, queues: Mapping[QueueId, Seconds]) -> None:
        """The agent is logged off, on a break, or about to be after this talk. `queues`: those with
        which they came."""
        self.forget()
        for queue, after in queues.items():
            here, wait = self._here[queue], self._wait(agent, queue, after)
            here[wait] &= ~self._bit[agent]
            if not here[wait]:
                del here[wait]  # a wait at which nobody comes is no mark

    def _wait(self, agent: AgentId, queue: QueueId, after: Seconds) -> Seconds:
        partner = self._centre.is_partner(self._centre.agents[agent])
        return max(after, queue_of(self._centre, queue).partner_after) if partner else after

    def able(self, demand: Demand) -> int:
        """How many agents may serve the demand: now, or once a contact has waited for it (a second
        queue, a partner team, skills that relax)."""
        return self._bits(demand).bit_count()

    def place(self, demand: Demand, key: OrderKey, waiting: Waiting) -> int:
        """The place of a contact with this key, which may be among those waiting or not."""
        competing = self._competing(demand, waiting)
        return 1 + sum(bisect_left(waiting[other], key) for other in competing)

    def standing(
        self,
        demand: Demand,
        key: OrderKey,
        waiting: Waiting,
        free: int,
        now: Seconds,
        credit: Seconds = 0.0,
        worth: float = 1.0,
    ) -> Standing:
        """What `acd.estimate` asks for; `free`: how many of the able agents are free; `worth`: how
        many chats are done in the time of a call."""
        ahead = [
            (bisect_left(one.keys, key), one.alike, one.bits, one.first)
            for one in self._rivals_of(demand, waiting, now) if one.keys and one.keys[0] < key
        ]  # fmt: skip
        place, head = 1 + sum(count for count, *_ in ahead), now - key[0]

        def places(bits: int) -> float:
            return self._sharing.places(bits, demand.medium, worth)

        phases = tuple(self._phases(demand, head - credit, ahead, places))
        return Standing(place, places(self._bits(demand)), phases, free, head)

    def _phases(
        self, demand: Demand, waited: Seconds, ahead: Sequence[Ahead], places: Places
    ) -> Iterator[tuple[Seconds, float, float]]:
        """From now on, and whenever more agents will do: see `Standing`."""
        marks = {wait for wait, _ in self._fits(demand)} | self._here.get(demand.queue, {}).keys()
        for mark in [waited, *sorted(mark for mark in marks if mark > waited)]:
            mine = self._bits(demand, mark)
            yield mark - waited, places(mine), _load(mine, ahead, places)

    def _rivals_of(self, demand: Demand, waiting: Waiting, now: Seconds) -> list[Rivals]:
        if now != self._rivals_at:
            self._rivals_at = now
            self.forget()
        if demand not in self._rivals:
            self._rivals[demand] = list(self._look(demand, waiting, now))
        return self._rivals[demand]

    def _look(self, demand: Demand, waiting: Waiting, now: Seconds) -> Iterator[Rivals]:
        for other in self._competing(demand, waiting):
            keys = waiting[other]
            bits = self._bits(other, now - keys[0][0])
            first = bits & self._sharing.contested(demand.medium, other.medium)
            yield Rivals(keys, other == demand, bits, first)

    def _competing(self, demand: Demand, waiting: Waiting) -> Iterator[Demand]:
        """Of those who wait, what is asked for by whoever competes."""
        mine = self._bits(demand)
        for other, keys in waiting.items():
            contested = self._sharing.contested(demand.medium, other.medium)
            if keys and (other == demand or self._bits(other) & contested & mine):
                yield other

    def _bits(self, demand: Demand, waited: Seconds = math.inf) -> int:
        """The agents who may serve the demand after this wait, a bit each: thousands are compared
        in one step."""
        here = fits = 0
        for wait, bits in self._here.get(demand.queue, {}).items():
            here |= bits if wait <= waited else 0
        for wait, bits in self._fits(demand):
            fits = bits if wait <= waited else fits
        return here & fits & self._sharing.within_reach(demand.medium)

    def _fits(self, demand: Demand) -> list[tuple[Seconds, int]]:
        found = self._fitting.get(demand)
        if found is None:
            if len(self._fitting) >= MOST_DEMANDS:
                self._fitting.clear()
            stages = stages_of(demand.skills, queue_of(self._centre, demand.queue))
            found = [(wait, self._with(demand.medium, asked)) for wait, asked in stages]
            self._fitting[demand] = found
        return found

    def _with(self, medium: Medium, asked: Levels) -> int:
        """Who takes such contacts at all, and has the levels."""
        bits = 0
        for member in self._members:
            levels = all(member.skills.get(skill, 0) >= level for skill, level in asked)
            if levels and member.capacity.of(medium) > 0:
                bits |= self._bit[member.id]
        return bits


def _load(mine: int, ahead: Iterable[Ahead], places: Places) -> float:
    """The place in a line before these agents alone that would move as fast.

    Others who are ahead bring their own agents along, and never keep away those who can serve
    nobody but us.
    """
    same, others, theirs, taken = 1, 0, 0, 0
    for count, alike, bits, first in ahead:
        if alike or bits == first == mine:
            same += count
        elif first & mine:
            others += count
            theirs |= bits
            taken |= first
    able = places(mine)
    together = (same + others) * able / max(1.0, places(mine | theirs))
    only_ours = places(mine & ~taken)
    alone = same * able / only_ours if only_ours else math.inf
    return min(alone, max(same, together))

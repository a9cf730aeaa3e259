"""The place of a waiting contact: 1 + the number ahead that compete for the same agents.

Two contacts compete if some agent may serve both. Contacts that ask for the same form one demand,
so that agents are compared by demand and not by contact.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acd.config import Centre, Member, Skills
from acd.lines import Levels
from acd.match import queue_of, stages_of
from acd.model import AgentId, Medium, QueueId, Seconds
from acd.prediction import Standing

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


class Competition:
    """Who competes with whom, among the agents who are here."""

    def __init__(self, centre: Centre) -> None:
        """By these rules; none of the agents is here yet."""
        self._centre = centre
        self._members = tuple(centre.agents.values())
        self._bit = {member.id: 1 << i for i, member in enumerate(self._members)}
        self._here: dict[QueueId, int] = {}
        self._fitting: dict[Demand, int] = {}

    def comes(self, agent: AgentId, queues: Iterable[QueueId]) -> None:
        """The agent takes contacts of these queues from now on; busy or free does not matter."""
        for queue in queues:
            self._here[queue] = self._here.get(queue, 0) | self._bit[agent]

    def goes(self, agent: AgentId, queues: Iterable[QueueId]) -> None:
        """The agent is logged off, on a break, or about to be after this talk. `queues`: those with
        which they came."""
        for queue in queues:
            self._here[queue] &= ~self._bit[agent]

    def able(self, demand: Demand) -> int:
        """How many agents may serve the demand: now, or once a contact has waited for it (a second
        queue, a partner team, skills that relax)."""
        return self._bits(demand).bit_count()

    def place(self, demand: Demand, key: OrderKey, waiting: Waiting) -> int:
        """The place of a contact with this key, which may be among those waiting or not."""
        return 1 + sum(count for count, _ in self._ahead(demand, key, waiting))

    def standing(
        self, demand: Demand, key: OrderKey, waiting: Waiting, free: int, now: Seconds
    ) -> Standing:
        """What `acd.estimate` asks for; `free`: how many of the able agents are free."""
        ahead = list(self._ahead(demand, key, waiting))
        place = 1 + sum(count for count, _ in ahead)
        return Standing(place, self.able(demand), self._load(demand, ahead), free, now - key[0])

    def _load(self, demand: Demand, ahead: Iterable[tuple[int, int]]) -> float:
        """The place in a line before this demand's agents alone that would move as fast.

        Others who are ahead bring their own agents along, and never keep away those who can serve
        nobody but us.
        """
        mine = self._bits(demand)
        same, others, theirs = 1, 0, 0
        for count, bits in ahead:
            if bits == mine:
                same += count
            else:
                others += count
                theirs |= bits
        able = mine.bit_count()
        together = (same + others) * able / max(1, (mine | theirs).bit_count())
        only_ours = (mine & ~theirs).bit_count()
        alone = same * able / only_ours if only_ours else math.inf
        return min(alone, max(same, together))

    def _ahead(self, demand: Demand, key: OrderKey, waiting: Waiting) -> Iterator[tuple[int, int]]:
        """By competing demand: how many are ahead, and the agents who may serve them."""
        mine = self._bits(demand)
        for other, keys in waiting.items():
            if keys and keys[0] < key:
                theirs = self._bits(other)
                if theirs & mine or other == demand:
                    yield bisect_left(keys, key), theirs

    def _bits(self, demand: Demand) -> int:
        """The agents who may serve the demand, a bit each: thousands are compared in one step."""
        found = self._fitting.get(demand)
        if found is None:
            if len(self._fitting) >= MOST_DEMANDS:
                self._fitting.clear()
            _, asked = stages_of(demand.skills, queue_of(self._centre, demand.queue))[-1]
            fits = (_fits(member, demand.medium, asked) for member in reversed(self._members))
            found = self._fitting[demand] = int("".join("01"[one] for one in fits) or "0", 2)
        return found & self._here.get(demand.queue, 0)


def _fits(member: Member, medium: Medium, asked: Levels) -> bool:
    """Whether the agent takes such contacts at all, and has the levels."""
    levels = all(member.skills.get(skill, 0) >= level for skill, level in asked)
    return levels and member.capacity.of(medium) > 0

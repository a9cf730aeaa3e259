"""A crowd before the routing engine: many agents, many who wait, and a clock to time decisions by.

Everybody who is offered answers at once. Whatever happens between two timed events (answers,
callers who leave, the next arrival) is not timed; all of it is real work of the engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from acd import events
from acd.commands import Command, Offer
from acd.config import Centre, Class, Member, Queue, Relax
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId, Seconds

QUEUE = QueueId("support")
CLASSES = {"standard": Class(), "vip": Class(credit=90)}
SKILLS_OF_AN_AGENT = 8
MOST_ASKED = 3
MOST_SETS = 2000
HIGHEST = 10
WAIT: Seconds = 3600.0
"""About how long everybody waits, however many they are: most have seen all steps of relaxing."""
RARE = "rare"
EXPERT = AgentId("expert")
SOME = 50


@dataclass(frozen=True, slots=True)
class Size:
    """How many wait, how many agents there are, and how many skills in all."""

    waiting: int
    agents: int
    skills: int


class Crowd:
    """One engine with a centre of this size; the same seed gives the same crowd."""

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        self.engine = Engine(_centre(size, seed))
        self._random = Random(seed)
        self._sets = list(_requirement_sets(self.engine.centre.agents.values(), self._random))
        self._talks: dict[AgentId, Offer] = {}
        self._busy: list[AgentId] = []
        self._arrived = 0
        self._now: Seconds = 0.0
        self._pace = WAIT / max(size.waiting, size.agents)
        self.tell(events.Started(1))
        self.tell(events.LinkChanged(True))
        for agent in self.engine.centre.agents:
            self.tell(events.PhoneChanged(agent, True))
            self.tell(events.AgentLoggedIn(agent))

    # ---------------------------------------------------------------- what is not timed

    def gather(self) -> None:
        """Everybody is there: all agents talk and so many wait, or nobody waits and half talk."""
        agents = self.size.agents if self.size.waiting else self.size.agents // 2
        for _ in range(agents + 1):
            self.tell(self.arrival({}))
        self.fill()

    def fill(self) -> None:
        """Let contacts arrive until as many wait as shall."""
        while len(self.engine.lines) < self.size.waiting:
            self.tell(self.arrival())

    def arrival(self, skills: dict[str, int] | None = None) -> events.Arrived:
        """The next contact, which asks for these skills or for some that an agent has."""
        self._now += self._pace
        self._arrived += 1
        asked = self._random.choice(self._sets) if skills is None else skills
        class_ = self._random.choice(list(CLASSES))
        id_ = ContactId(f"c{self._arrived}")
        return events.Arrived(id_, QUEUE, self._now, class_=class_, skills=asked, waits=True)

    def hang_up(self, agent: AgentId | None = None) -> events.LegEnded | None:
        """The caller of this agent, or of any, is gone: what is left to tell. None: all idle."""
        if agent is None and not self._busy:
            return None
        agent = agent or self._random.choice(self._busy)
        self._busy.remove(agent)
        offer = self._talks.pop(agent)
        self.tell(events.CallerLeft(offer.contact))
        return events.LegEnded(offer.contact, offer.offer)

    def answer(self, commands: Iterable[Command]) -> int:
        """Every agent who is offered a contact answers; how many were."""
        offers = [command for command in commands if isinstance(command, Offer)]
        for offer in offers:
            self._talks[offer.agent] = offer
            self._busy.append(offer.agent)
            self.tell(events.OfferAnswered(offer.contact, offer.offer))
        return len(offers)

    def tell(self, event: events.Event) -> None:
        self.answer(self.engine.handle(event, self._now))

    # ---------------------------------------------------------------- what is timed

    def timed(self, events: Sequence[events.Event]) -> tuple[int, int]:
        """What the engine says to these events, one after the other: offers, and nanoseconds.

        Everybody who is offered answers when the time has been taken: it is processor time.
        """
        handle, now = self.engine.handle, self._now
        began = time.process_time_ns()
        said = [handle(event, now) for event in events]
        took = time.process_time_ns() - began
        return sum(map(self.answer, said)), took

    @property
    def some(self) -> int:
        """So many decisions in a row leave the crowd what it is: one of 200 who wait at most."""
        waiting = self.size.waiting or self.size.agents
        return max(1, min(SOME, self.size.agents // 10, waiting // 200))


Timed = Iterator[tuple[int, int]]
"""Decisions that were timed together: how many, and all their nanoseconds of processor time."""


def all_busy(crowd: Crowd, turns: int, at_once: int) -> Timed:
    """All agents talk, many wait: an agent is free, and gets the next contact."""
    for _ in range(turns // at_once):
        gone = [crowd.hang_up() for _ in range(at_once)]
        yield crowd.timed([event for event in gone if event is not None])
        crowd.fill()


def idle_agents(crowd: Crowd, turns: int, at_once: int) -> Timed:
    """Half of the agents are idle, nobody waits: a contact arrives, and gets the best agent."""
    for _ in range(turns // at_once):
        yield crowd.timed([crowd.arrival() for _ in range(at_once)])
        for _ in range(at_once):
            event = crowd.hang_up()
            if event is not None:
                crowd.tell(event)


def rare_skill(crowd: Crowd, turns: int, at_once: int) -> Timed:
    """All agents talk, many wait, and the only one whom the free agent can serve is the last."""
    for _ in range(turns):
        crowd.tell(crowd.arrival({RARE: HIGHEST}))
        event = crowd.hang_up(EXPERT)
        assert event is not None
        yield crowd.timed([event])


def _centre(size: Size, seed: int) -> Centre:
    random = Random(seed)
    skills = [f"skill-{n}" for n in range(size.skills)]
    members = {EXPERT: Member(EXPERT, {QUEUE: 0.0}, {RARE: HIGHEST})}
    for n in range(size.agents):
        own = random.sample(skills, min(SKILLS_OF_AN_AGENT, len(skills)))
        levels = {skill: random.randint(1, HIGHEST) for skill in own}
        members[AgentId(f"a{n:05d}")] = Member(AgentId(f"a{n:05d}"), {QUEUE: 0.0}, levels)
    relax = (Relax(30, dict.fromkeys(skills, 3)), Relax(60, dict.fromkeys(skills, 1)))
    queue = Queue(QUEUE, wrap_up_seconds=0, relax=relax)
    return Centre({QUEUE: queue}, members, CLASSES)


def _requirement_sets(members: Iterable[Member], random: Random) -> Iterator[dict[str, int]]:
    """What contacts ask for: one to three skills that some agent has, at any levels."""
    skilled = [sorted(member.skills) for member in members if RARE not in member.skills]
    for _ in range(MOST_SETS):
        own = random.choice(skilled)
        asked = random.sample(own, random.randint(1, min(MOST_ASKED, len(own))))
        yield {skill: random.randint(1, HIGHEST) for skill in asked}

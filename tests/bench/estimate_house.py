"""The estimate as callers hear it: days of `waiting_line` lived through by the engine itself.

The house has what centres have: wrap-up (or none), skills that relax, second queues, agents who log
in to some of their queues, colleagues who are asked for advice, phones that ring for seconds or are
not answered. `acd.waits` is told by the engine, and counts what came true; here it is judged by the
truth. That of a caller who left is found in a copy of the house, in which this one caller stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any

from acd.commands import Command, Offer, Withdraw
from acd.config import Centre, Class, Member, Queue, Relax
from acd.engine import Engine
from acd.estimate import Measured, Range
from acd.events import (
    Arrived,
    CallerLeft,
    Event,
    LegEnded,
    LinkChanged,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    PhoneChanged,
    Started,
    TimePassed,
)
from acd.model import AgentId, ContactId, OfferId, QueueId, Rule
from acd.requests import AgentLoggedIn, AgentPaused, AgentReady, ColleagueAsked
from acd.states import ContactState, ForbiddenMove
from acd.waits import Waits
from tests.bench import waiting_line
from tests.bench.asks import Ask, coverage
from tests.bench.command import say
from tests.bench.waiting_line import SHAPES, Caller, Plan

SKILL = "billing"
WRAP_UPS = (0.0, 10.0, 30.0)
LONGEST = 4 * 3600.0
"""As in `acd.estimate`: what is longer was ended by the house, and is not compared."""
NEXT_DAY = 24 * 3600.0
ONE_IN = 25
"""So few callers are judged: a copy of the house for each who leaves takes its time."""
ARRIVES, LEAVES, ANSWERS, ENDS, ASKS, GOES, COMES = range(7)


@dataclass(frozen=True, slots=True)
class Habits:
    """What a caller and whoever talks with them do besides."""

    skills: dict[str, int]
    rings: float
    """Seconds until a phone is answered that rings for this caller."""
    declined: bool
    """Whether the first agent does not take it."""
    advice: float
    """So long into the talk a colleague is asked for; 0: not at all."""
    advised: float


def centre(made: Plan, random: Random) -> tuple[Centre, dict[AgentId, tuple[QueueId, ...]]]:
    """The plan's agents with skills and second queues, and the queues of those who choose some."""
    wrap_up = random.choice(WRAP_UPS)
    names = [QueueId(str(queue)) for queue in range(len(made.handle))]
    relax = (Relax(90.0, {SKILL: 3}), Relax(240.0, {SKILL: 0}))
    queues = {name: Queue(name, wrap_up_seconds=wrap_up, relax=relax) for name in names}
    members: list[Member] = []
    chosen: dict[AgentId, tuple[QueueId, ...]] = {}
    for number, own in enumerate(made.agents):
        id_ = AgentId(f"{number:02}")
        after = {names[queue]: 0.0 for queue in own}
        if len(names) > len(own) and random.random() < 0.3:
            after |= {name: 60.0 for name in names if name not in after}
        elif len(own) > 1 and random.random() < 0.2:
            chosen[id_] = (names[random.choice(own)],)
        level = 9 if number == 0 else random.choice((0, 0, 4, 6, 8))
        members.append(Member(id_, after, {SKILL: level} if level else {}))
    classes = {"standard": Class(), "vip": Class(credit=made.credit)}
    return Centre(queues, {member.id: member for member in members}, classes), chosen


def habits(random: Random) -> Habits:
    """Of one caller, drawn before the day begins: the same in every copy of the house."""
    skills = {SKILL: random.choice((3, 5, 7))} if random.random() < 0.3 else {}
    advice = random.uniform(20, 60) if random.random() < 0.1 else 0.0
    rings, declined = random.uniform(1.5, 6.0), random.random() < 0.03
    return Habits(skills, rings, declined, advice, random.uniform(20, 120))


class House:
    """A few days of one centre. `said` has what those were told who are judged."""

    def __init__(self, made: Plan, days: Sequence[Sequence[Caller]], random: Random) -> None:
        """`days`: who calls; each day's time begins at 0."""
        rules, chosen = centre(made, random)
        self.engine = Engine(rules)
        self.engine.waits = Waits(rules)
        self.said: list[Ask] = []
        self.one_in = 1
        """One caller in so many is judged."""
        begins = [day * NEXT_DAY for day in range(len(days))]
        self._callers = [
            replace(caller, at=begin + caller.at)
            for begin, calling in zip(begins, days, strict=True) for caller in calling
        ]  # fmt: skip
        self._habits = [habits(random) for _ in self._callers]
        self._open: dict[int, tuple[int, Range]] = {}
        self._over: dict[int, float] = {}
        """When each caller was answered, or left."""
        self._to_come: list[tuple[float, int, int, str]] = []
        """When, what, the number of the caller (of the agent, for GOES and COMES), the offer."""
        self._tell(0.0, Started(1))
        self._tell(0.0, LinkChanged(up=True))
        for agent in rules.agents:
            self._tell(0.0, PhoneChanged(agent, True), AgentLoggedIn(agent, chosen.get(agent, ())))
        self._to_come += [(caller.at, ARRIVES, i, "") for i, caller in enumerate(self._callers)]
        self._to_come += [
            (begin + at, COMES if comes else GOES, agent, "")
            for begin in begins for at, agent, comes in made.shifts
        ]  # fmt: skip
        heapify(self._to_come)

    def run(self) -> None:
        while self._to_come:
            self._step()

    @property
    def measured(self) -> Measured:
        """What the estimates have counted themselves, of all callers."""
        found = self.engine.waits.estimates.values() if self.engine.waits else ()
        known = sum(one.measured.known for one in found)
        return Measured(known, sum(one.measured.within for one in found))

    # ---------------------------------------------------------------- what happens

    def _step(self) -> None:
        due = self.engine.next_deadline()
        if due is not None and due < self._to_come[0][0]:
            self._tell(due, TimePassed())
            return
        now, what, number, offer = heappop(self._to_come)
        if what == ARRIVES:
            self._arrive(number, now)
        elif what == LEAVES:
            self._leave(number, now)
        elif what == ANSWERS:
            self._answer(number, OfferId(offer), now)
        elif what == ENDS:
            self._end(number, OfferId(offer), now)
        elif what == ASKS:
            self._ask(number, now)
        else:
            agent = AgentId(f"{number:02}")
            with suppress(ForbiddenMove):
                self._tell(now, AgentReady(agent) if what == COMES else AgentPaused(agent))

    def _arrive(self, i: int, now: float) -> None:
        caller, id_ = self._callers[i], ContactId(str(i))
        class_ = "vip" if caller.credit else "standard"
        skills = self._habits[i].skills
        queue = QueueId(str(caller.queue))
        self._tell(now, Arrived(id_, queue, now, class_=class_, skills=skills, waits=True))
        contact, waits = self.engine.contacts[id_], self.engine.waits
        if contact.state is ContactState.WAITING:
            heappush(self._to_come, (now + caller.patience, LEAVES, i, ""))
            found = waits.range(self.engine, contact, now) if waits else None
            if waits and found and i % self.one_in == 0:
                self._open[i] = (waits.place(contact), found)

    def _leave(self, i: int, now: float) -> None:
        if i in self._over:
            return
        if i in self._open:
            self._judge(i, self._when_it_stays(i))
        self._over[i] = now
        self._tell(now, CallerLeft(ContactId(str(i))))

    def _answer(self, i: int, offer: OfferId, now: float) -> None:
        made = self.engine.offers.get(offer)
        if made is None or made.withdrawn:
            return
        if made.rule is Rule.CONSULT:
            self._tell(now, OfferAnswered(made.contact, offer))
            heappush(self._to_come, (now + self._habits[i].advised, ENDS, i, offer))
            return
        habit = self._habits[i]
        if habit.declined and offer.endswith(".1"):
            self._tell(now, OfferEnded(offer, OfferEnd.DECLINED))
            return
        self._over[i] = now
        self._judge(i, now)
        wrap_up = self.engine.queue(made.queue).wrap_up_seconds
        talk = max(self._callers[i].handle - wrap_up, 5.0)
        heappush(self._to_come, (now + talk, ENDS, i, offer))
        if habit.advice and habit.advice < talk:
            heappush(self._to_come, (now + habit.advice, ASKS, i, ""))
        self._tell(now, OfferAnswered(made.contact, offer))

    def _end(self, i: int, offer: OfferId, now: float) -> None:
        made, contact = self.engine.offers[offer], ContactId(str(i))
        ended = LegEnded(contact, offer)
        self._tell(now, *([ended] if made.rule is Rule.CONSULT else [CallerLeft(contact), ended]))

    def _ask(self, i: int, now: float) -> None:
        """The agent waits in line for a colleague of the queue."""
        contact = self.engine.contacts[ContactId(str(i))]
        with suppress(ForbiddenMove):
            self._tell(now, ColleagueAsked(contact.id, contact.queue, ContactId(f"asks {i}")))

    def _tell(self, now: float, *events: Event) -> None:
        for command in self.engine.handle_all(events, now):
            self._carry_out(command, now)

    def _carry_out(self, command: Command, now: float) -> None:
        if isinstance(command, Offer):
            i = int(command.contact)
            heappush(self._to_come, (now + self._habits[i].rings, ANSWERS, i, command.offer))
        elif isinstance(command, Withdraw):
            self._tell(now, OfferEnded(command.offer, OfferEnd.RELEASED))

    # ---------------------------------------------------------------- what is true

    def _judge(self, i: int, answered: float | None) -> None:
        place, found = self._open.pop(i, (0, None))
        caller = self._callers[i]
        wait = LONGEST if answered is None else answered - caller.at
        if found and wait < LONGEST:
            day = int(caller.at // NEXT_DAY)
            at, credit = caller.at - day * NEXT_DAY, caller.credit
            self.said.append(Ask("", 0, day, False, credit, place, at, found, wait, 0.0, 0.0))

    def _when_it_stays(self, i: int) -> float | None:
        """When this caller would have been answered, everybody else unchanged."""
        waits, said, self.engine.waits, self.said = self.engine.waits, self.said, None, []
        shared = (self._callers, self._habits, self.engine.centre)
        other = deepcopy(self, {id(one): one for one in shared})
        self.engine.waits, self.said = waits, said
        other._open.clear()
        while other._to_come and i not in other._over:
            other._step()
        return other._over.get(i)


# ---------------------------------------------------------------- figures


def lived(shape: str, number: int, seed: int, days: int = 2, one_in: int = ONE_IN) -> House:
    """One centre, after its days."""
    name = f"{seed} {shape} {number}"
    made = waiting_line.plan(shape, Random(name))
    calling = [waiting_line.callers(made, Random(f"{name} {day}")) for day in range(days)]
    house = House(made, calling, Random(f"{name} house"))
    house.one_in = one_in
    house.run()
    return house


def by_engine(runs: int, seed: int) -> dict[str, Any]:
    """By shape and together: what was true of those who are judged, what was measured of all."""
    asks: list[Ask] = []
    known, within = Counter[str](), Counter[str]()
    for shape in SHAPES:
        for number in range(runs):
            house = lived(shape, number, seed)
            asks += [replace(ask, shape=shape, run=number) for ask in house.said]
            known[shape] += house.measured.known
            within[shape] += house.measured.within
        say(f"{shape}: {known[shape]} waits")
    return {
        "overall": coverage(asks, seed) | _measured(known.total(), within.total()),
        "shapes": {
            shape: coverage([ask for ask in asks if ask.shape == shape], seed)
            | _measured(known[shape], within[shape])
            for shape in SHAPES
        },
    }


def _measured(known: int, within: int) -> dict[str, Any]:
    return {"measured_n": known, "measured": round(within / known, 4) if known else None}

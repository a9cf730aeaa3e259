"""The coupling test: the same scenario with and without changes of channel gives the same offers.

A scenario draws everything beforehand: who comes when and needs what, which offer is declined, how
long talks last. Played undisturbed and disturbed (moves to other channels, parking and coming back
at the same instant, a crash with a restart from the snapshot), who is offered to whom and when must
be the same. Every agent takes one contact at a time, whatever its medium.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from acd import events, snapshot
from acd.commands import Command, Offer, Withdraw
from acd.config import Capacity, Centre, Class, Member, Queue, Relax, Strategy, Team
from acd.engine import Engine
from acd.events import Event, OfferEnd
from acd.model import AgentId, ContactId, QueueId
from acd.requests import AgentLoggedIn
from acd.states import ContactState

QUEUES = (QueueId("cards"), QueueId("loans"))
ONE_AT_A_TIME = Capacity(voice=1, chat=1, mail=1, interruptible=frozenset())
CHANNELS = ("voice", "callback", "web chat", "sms", "email")
SOON = 0.25

Offered = tuple[float, ContactId, AgentId]


@dataclass(frozen=True)
class Customer:
    arrived: events.Arrived
    declined: tuple[bool, ...]
    """Which of the offers of this contact are declined; none after these."""
    rings: float
    talks: float


@dataclass(frozen=True)
class Disturbance:
    at: float
    kind: str
    contact: ContactId
    channel: str = ""


@dataclass(frozen=True)
class Scenario:
    centre: Centre
    customers: tuple[Customer, ...]
    log_ins: tuple[tuple[float, AgentId], ...]
    disturbances: tuple[Disturbance, ...]


def scenario(dice: Random) -> Scenario:
    agents = [AgentId(f"a{n}") for n in range(dice.randint(1, 4))]
    customers = tuple(_customer(dice, n, agents) for n in range(dice.randint(2, 10)))
    ids = [customer.arrived.contact for customer in customers]
    disturbed = tuple(
        Disturbance(
            dice.randrange(0, 240) + 0.125,
            dice.choice(["move", "move", "move", "park", "crash"]),
            dice.choice(ids),
            dice.choice(CHANNELS),
        )
        for _ in range(dice.randint(1, 20))
    )
    log_ins = tuple((float(dice.randrange(0, 60)), agent) for agent in agents)
    return Scenario(_centre(dice, agents), customers, log_ins, disturbed)


def _customer(dice: Random, n: int, agents: list[AgentId]) -> Customer:
    at = float(dice.randrange(0, 120))
    arrived = events.Arrived(
        ContactId(f"c{n}"),
        dice.choice(QUEUES),
        at,
        dice.choice(CHANNELS[:4]),
        dice.choice(["standard", "standard", "vip"]),
        skills={s: dice.randint(1, 9) for s in ("billing", "english") if dice.random() < 0.4},
        waits=True,
        preferred=dice.choice(agents) if dice.random() < 0.2 else None,
    )
    declined = tuple(dice.random() < 0.3 for _ in range(3))
    return Customer(arrived, declined, dice.choice([0.5, 2.0, 7.5]), dice.choice([5.5, 20.5, 61.5]))


def _centre(dice: Random, agents: list[AgentId]) -> Centre:
    def queue(id_: QueueId) -> Queue:
        return Queue(
            id_,
            wrap_up_seconds=dice.choice([0.0, 4.0]),
            strategy=dice.choice(list(Strategy)),
            relax=dice.choice([(), (Relax(20.0, {"billing": 3}), Relax(50.0, {"english": 0}))]),
            partner_after=dice.choice([0.0, 15.0]),
            hold_for_preferred=dice.choice([0.0, 10.0]),
            offer_elsewhere_after=dice.choice([None, 5.0]),
        )

    def member(id_: AgentId) -> Member:
        queues = {q: dice.choice([0.0, 0.0, 12.0]) for q in QUEUES if dice.random() < 0.8}
        skills = {"billing": dice.randint(0, 10), "english": dice.randint(0, 10)}
        team = dice.choice(["house", "house", "outside"])
        return Member(id_, queues or {QUEUES[0]: 0.0}, skills, team, ONE_AT_A_TIME)

    return Centre(
        queues={id_: queue(id_) for id_ in QUEUES},
        agents={id_: member(id_) for id_ in agents},
        classes={"standard": Class(), "vip": Class(credit=30.0, reserve=dice.randint(0, 1))},
        teams={"house": Team(), "outside": Team(partner=True)},
        seed=dice.randrange(9),
    )


class Played:
    """One run. `offers`: who was offered to whom, and when."""

    def __init__(self, scenario: Scenario, disturbed: bool) -> None:
        self.scenario, self.engine = scenario, Engine(scenario.centre)
        self.offers: list[Offered] = []
        self.disturbances = 0
        self.customers = {c.arrived.contact: c for c in scenario.customers}
        self.made = dict.fromkeys(self.customers, 0)
        self.numbers = count()
        self.ahead: list[tuple[float, int, Event | Disturbance]] = []
        for agent in scenario.centre.agents:
            self._later(0.0, events.PhoneChanged(agent, True))
        for at, agent in scenario.log_ins:
            self._later(at, AgentLoggedIn(agent))
        for customer in scenario.customers:
            self._later(customer.arrived.entered_at, customer.arrived)
        for disturbance in scenario.disturbances if disturbed else ():
            self._later(disturbance.at, disturbance)
        self._run()

    def _later(self, at: float, what: Event | Disturbance) -> None:
        heapq.heappush(self.ahead, (at, next(self.numbers), what))

    def _run(self) -> None:
        self._tell(events.Started(1), 0.0)
        self._tell(events.LinkChanged(True), 0.0)
        while True:
            wakes = self.engine.next_deadline()
            if wakes is not None and (not self.ahead or wakes < self.ahead[0][0]):
                if wakes > 2000.0:
                    return
                self._tell(events.TimePassed(), wakes)
            elif self.ahead:
                at, _, what = heapq.heappop(self.ahead)
                if isinstance(what, Disturbance):
                    self._disturb(what)
                else:
                    self._tell(what, at)
            else:
                return

    def _tell(self, event: Event, now: float) -> None:
        if isinstance(event, events.LegEnded):
            self._tell(events.CallerLeft(event.contact), now)
        for command in self.engine.handle(event, now):
            self._carry_out(command, now)

    def _carry_out(self, command: Command, now: float) -> None:
        if isinstance(command, Withdraw):
            self._later(now + SOON, events.OfferEnded(command.offer, OfferEnd.RELEASED))
        if not isinstance(command, Offer):
            return
        self.offers.append((now, command.contact, command.agent))
        customer, n = self.customers[command.contact], self.made[command.contact]
        self.made[command.contact] += 1
        rung = now + customer.rings
        if n < len(customer.declined) and customer.declined[n]:
            self._later(rung, events.OfferEnded(command.offer, OfferEnd.DECLINED))
            return
        self._later(rung, events.OfferAnswered(command.contact, command.offer))
        self._later(rung + customer.talks, events.LegEnded(command.contact, command.offer))

    def _disturb(self, disturbance: Disturbance) -> None:
        contact = self.engine.contacts.get(disturbance.contact)
        if disturbance.kind == "crash":
            plain = json.loads(json.dumps(snapshot.dump(self.engine)))
            self.engine = snapshot.load(self.scenario.centre, plain, disturbance.at)
        elif contact is None or contact.state not in (ContactState.WAITING, ContactState.RINGING):
            return
        elif disturbance.kind == "move":
            self._tell(events.Moved(contact.id, disturbance.channel), disturbance.at)
        elif contact.state is ContactState.WAITING:
            self._tell(events.Parked(contact.id), disturbance.at)
            self._tell(events.Reached(contact.id), disturbance.at)
        self.disturbances += 1


def difference(scenario: Scenario) -> str:
    """Empty if both runs offered the same; else where they part."""
    calm, disturbed = Played(scenario, False), Played(scenario, True)
    for one, other in zip(calm.offers, disturbed.offers, strict=False):
        if one != other:
            return f"undisturbed {one}, disturbed {other}"
    if len(calm.offers) != len(disturbed.offers):
        return f"undisturbed {len(calm.offers)} offers, disturbed {len(disturbed.offers)}"
    return ""


def smaller(scenario: Scenario) -> Iterator[Scenario]:
    """The same scenario with something left out: to find the smallest that fails."""
    for name in ("customers", "disturbances"):
        some = getattr(scenario, name)
        for n in range(len(some)):
            yield replace(scenario, **{name: some[:n] + some[n + 1 :]})


def smallest(scenario: Scenario) -> Scenario:
    while found := next((s for s in smaller(scenario) if difference(s)), None):
        scenario = found
    return scenario

"""The end of a day: with everybody at work and nobody late, all are served, and nothing is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, is_dataclass
from hashlib import sha256
from random import Random

from acd import events, requests, snapshot
from acd.arrivals import REMEMBER_SECONDS
from acd.events import OfferEnd
from acd.model import Agent, Contact, ContactId
from acd.states import ContactState
from tests.reference import oracle
from tests.reference.centres import RICH
from tests.reference.day import Day, Told
from tests.reference.invariants import watch
from tests.reference.shift import WEIGHTS, Shift

CACHES = {"demands"}
"""Kept for the next contact that asks for the same; bounded by the rules, and by a number."""
Watch = Callable[[Day, Told], None]
QUIET = 60
"""After so many deadlines at which nothing rang nothing will."""
ROUNDS = 600
"""More than enough to serve everybody, and far too few for an offer that is made for ever."""


def whole_day(seed: int, steps: int, watch: Watch = watch) -> Shift:
    """One random day, and its end."""
    dice, day = Random(seed), Shift(watch)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    for _ in range(steps):
        day.act(dice.choices(names, weights)[0], dice)
    ends_well(day)
    return day


def digest(seed: int, steps: int) -> str:
    """What a day came to, to be compared between processes."""
    said: list[str] = []
    day = whole_day(seed, steps, lambda day, told: said.append(str(told.commands)))
    plain = json.dumps([snapshot.dump(day.engine), said])
    return sha256(plain.encode()).hexdigest()


def ends_well(day: Shift) -> None:
    """I10, I12: whoever can be served is, after a bounded number of offers. I30: all is gone."""
    _all_news_arrive(day)
    _everybody_works(day)
    quiet = rounds = 0
    while quiet < QUIET:
        quiet = 0 if _one_round(day) else quiet + 1
        rounds += 1
        assert rounds < ROUNDS, f"still rings after {ROUNDS} rounds"
    for contact in oracle.waiting(day.engine):
        for agent in day.engine.agents.values():
            assert not _would_do(day, agent, contact), f"{contact.id} was never offered"
    _all_go_home(day)
    assert not day.engine.contacts and not day.engine.offers and not day.engine.kept
    _nothing_is_left(day)


def _all_news_arrive(day: Shift) -> None:
    if day.centre is not RICH:
        day.use(RICH)
    while day.late:
        day.tell(day.late.pop(0))
    day.tell(events.LinkChanged(True))
    for offer in day.withdrawals:
        leg = day.legs.get(offer)
        if leg is None or not leg.talks:
            day.legs.pop(offer, None)
            day.tell(events.OfferEnded(offer, OfferEnd.RELEASED))
    day.withdrawals.clear()


def _everybody_works(day: Shift) -> None:
    for agent in sorted(RICH.agents):
        day.tell(events.PhoneChanged(agent, True))
        day.tell(events.DeskChanged(agent, True))
        day.tell(requests.AgentLoggedIn(agent))
        day.tell(requests.AgentReady(agent))
    for contact, where in day.where.items():
        if where in ("coming", "away", "after", "handed"):
            day.where[contact] = "loop"
        if where != "gone":
            day.tell(events.Reached(contact))


def _one_round(day: Shift) -> bool:
    """Whoever rings is answered and served; then time passes. Whether anything happened."""
    happened = False
    for offer in list(day.withdrawals):
        day.withdrawals.remove(offer)
        if offer in day.legs and not day.legs[offer].talks:
            del day.legs[offer]
            day.tell(events.OfferEnded(offer, OfferEnd.RELEASED))
            happened = True
    for offer, leg in list(day.legs.items()):
        happened = True
        if not leg.talks and offer not in day.withdrawals:
            leg.talks = True
            day.tell(events.OfferAnswered(leg.contact, offer))
        elif leg.talks:
            day.legs.pop(offer, None)
            day.tell(events.LegEnded(leg.contact, offer))
            if day.is_served(leg):
                day.where[leg.contact] = "gone"
                day.tell(events.CallerLeft(leg.contact))
    deadline = day.engine.next_deadline()
    if deadline is not None and not day.legs:
        day.now = max(day.now, deadline)
    day.tell(events.TimePassed())
    return happened


def _would_do(day: Shift, agent: Agent, contact: Contact) -> bool:
    may = oracle.may_serve(day.centre, agent, contact, day.now)
    return may and not oracle.hold(day.engine, day.centre, agent, contact, day.now)


def _all_go_home(day: Shift) -> None:
    for contact in [ContactId(id_) for id_ in day.engine.contacts]:
        assert day.engine.contacts[contact].state is not ContactState.ENDED
        day.tell(events.CallerLeft(contact))
    for agent in sorted(day.engine.agents):
        day.tell(requests.AgentLoggedOff(agent))
        day.now += 64.0
        day.tell(events.TimePassed())
    for offer in list(day.engine.offers):
        day.tell(events.OfferEnded(offer, OfferEnd.RELEASED))


def _nothing_is_left(day: Shift) -> None:
    """Later still: the engine holds no more than a new one does, wherever it keeps it."""
    day.now += REMEMBER_SECONDS + 4096.0
    day.tell(events.TimePassed())
    last = ContactId("the last")
    day.arrived += 1
    day.tell(events.Arrived(last, next(iter(RICH.queues)), day.now))
    day.tell(events.CallerLeft(last))
    day.now += 4096.0
    day.tell(events.TimePassed())
    assert day.engine.next_deadline() is None
    assert len(day.engine.ended) == 1
    new = Shift(lambda day, told: None)
    left = {name: size(value) for name, value in vars(day.engine).items() if name not in CACHES}
    for name, count in left.items():
        assert count <= size(getattr(new.engine, name)) + 4, f"{name} holds {count}"


def size(value: object) -> int:
    """How many things there are in a value of plain containers, one level down."""
    if isinstance(value, dict | list | set | tuple):
        return len(value)
    if is_dataclass(value) and not isinstance(value, type):
        return len(astuple(value))
    inner = getattr(value, "__dict__", {})
    return sum(len(v) for v in inner.values() if isinstance(v, dict | list | set))

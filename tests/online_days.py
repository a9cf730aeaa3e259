"""Random days of calls and chats in one line: is what callers are told of the chat true?

    python -m tests.online_days --seed 1 --days 200

`acd.simulation` lives each day. Callers who would be asked are followed twice, in copies of the
house: staying on the telephone, and moved into the chat at that moment; everybody else does the
same in both. Nothing of the arithmetic that is judged is used to judge it. Exit status 1 when fewer
than `AT_LEAST` of them were served sooner in the chat.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from acd.config import Capacity, Centre, Class, Member, Queue, Relax, Team
from acd.engine import Engine
from acd.events import AgentPaused, AgentReady, DeskChanged, Event, Moved
from acd.model import CALLS, CHATS, Agent, AgentId, Contact, ContactId, QueueId, Seconds
from acd.simulation import ARRIVED, LEFT, Simulation, Traced
from acd.states import AgentState, ContactState, ForbiddenMove
from acd.waits import Waits
from ivr.online_offer import Offer, Rules, offer_to
from ivr.online_wait import OneLook
from voice.phrases import waiting_time_said

SUPPORT, SALES = QueueId("support"), QueueId("sales")
EITHER = Capacity()
AT_LEAST = 0.98
"""So many of those who would be asked have to be served sooner in the chat."""
KNOWN_FROM: Seconds = 1800.0
"""Nobody is asked before: too little would be known."""
ONE_IN = 0.3
"""So many of those who would be asked are followed."""
TO_BE_SERVED: Seconds = 4 * 3600.0
"""Who is not served by then in a copy is said to wait so long."""
RULES = Rules(CHATS)
KINDS = ("default", "mixing", "apart", "closed", "blend", "any")
"""Houses: everybody three chats or a call; both at once; one or the other; as the first, with most
desks closed; as the first, with some who chat only; agents of all kinds."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A caller who would have been offered the chat, and what is true."""

    day: str
    kind: str
    offer: Offer
    stays: Seconds
    """The wait from the offer on, of who stays."""
    goes: Seconds
    """The same of who goes."""

    @property
    def sooner(self) -> bool:
        return self.goes < self.stays

    @property
    def kept(self) -> bool:
        """Whether the chat took no longer than the words of the offer say."""
        said = waiting_time_said(self.offer.online)
        return said is None or self.goes <= said


@dataclass(slots=True)
class Day:
    """One day of one house; `run` it, then read `followed`."""

    seed: int | str
    kind: str = ""
    most: int = 4
    """So many are followed: each takes two copies of the house."""
    hours: float = 3.0
    followed: list[Followed] = field(default_factory=list)
    looks: int = 0
    """How often it was looked how it stands for a caller,"""
    offers: int = 0
    """and how often they would have been asked."""
    trace: list[Traced] = field(default_factory=list)

    def run(self) -> Day:
        random = Random(f"online {self.seed}")
        self.kind = self.kind or random.choice(KINDS)
        centre = _centre(self.kind, random)
        engine = Engine(centre)
        self.trace = _trace(centre, self.hours * 3600.0, random)
        engine.waits = Waits(centre)
        lived = Lived(engine)
        lived.run(self._watched(lived, random))
        return self

    def _watched(self, lived: Lived, random: Random) -> Iterator[Traced]:
        """The contacts one by one; between two of them agents come and go, callers are asked."""
        yield self.trace[0]
        _close_desks(lived, self.kind, self.trace[0].at, random)
        for number, contact in enumerate(self.trace[1:], 1):
            lived.until(contact.at)
            if random.random() < 0.03:
                _change(lived, contact.at, random)
            if contact.at > KNOWN_FROM:
                self._ask(lived, number, contact.at, random)
            yield contact

    def _ask(self, lived: Lived, number: int, now: Seconds, random: Random) -> None:
        """One of those who wait, as if it were looked at them now."""
        waiting = [one for one in lived.engine.contacts.values() if _is_caller(one)]
        if not waiting:
            return
        asked = random.choice(waiting)
        self.looks += 1
        offer = offer_to(RULES, OneLook(lived.engine, now).sight_of(asked), now)
        self.offers += offer is not None
        if offer and len(self.followed) < self.most and random.random() < ONE_IN:
            rest = self.trace[number:]
            stays, goes = (lived.ahead(rest, asked.id, now, moved) for moved in (False, True))
            self.followed.append(Followed(str(self.seed), self.kind, offer, stays, goes))


class Lived(Simulation):
    """A simulation that can be looked into, and followed ahead in a copy."""

    @property
    def engine(self) -> Engine:
        return self._engine

    def until(self, at: Seconds) -> None:
        self._go_on(at, ARRIVED)

    def tell(self, now: Seconds, *events: Event) -> None:
        self._tell(now, *events)

    def ahead(
        self, trace: Sequence[Traced], contact: ContactId, now: Seconds, moved: bool
    ) -> Seconds:
        """How long this caller waits from now on: on the telephone, or moved into the chat. They do
        not give up, whatever the trace says of their patience."""
        waits, self._engine.waits = self._engine.waits, None
        other = deepcopy(self, {id(self._engine.centre): self._engine.centre})
        self._engine.waits = waits
        number = other._numbers[contact]
        other._to_come = [one for one in other._to_come if one[1::2] != (LEFT, number)]
        if moved:
            other._tell(now, Moved(contact, CHATS, waits=True))
        for one in trace:
            if other._results[number].started is not None or one.at > now + TO_BE_SERVED:
                break
            other._go_on(one.at, ARRIVED)
            other._arrive(one)
        else:
            other._go_on(now + TO_BE_SERVED, ARRIVED)
        started = other._results[number].started
        return TO_BE_SERVED if started is None else started - now


def _is_caller(contact: Contact) -> bool:
    return contact.channel == CALLS and contact.state is ContactState.WAITING


# ---------------------------------------------------------------- houses, and what happens in them


def _centre(kind: str, random: Random) -> Centre:
    agents = random.randint(4, 12)
    relax = (Relax(60.0, {"billing": 3}), Relax(150.0, {"billing": 0}))
    queues = {
        name: Queue(
            name, wrap_up_seconds=random.choice((0.0, 15.0)), relax=relax, partner_after=60.0
        )
        for name in (SUPPORT, SALES)
    }
    teams = {"house": Team(), "outside": Team(partner=True)}
    two = random.random() < 0.4
    staff = [_member(number, kind, two, random) for number in range(agents)]
    classes = {"standard": Class(), "vip": Class(credit=90.0)}
    if random.random() < 0.2:
        classes["vip"] = Class(credit=90.0, reserve=1)
    return Centre(queues, {one.id: one for one in staff}, classes, teams=teams)


def _member(number: int, kind: str, two: bool, random: Random) -> Member:
    after = {SUPPORT: 0.0}
    if two:
        after = random.choice(({SUPPORT: 0.0}, {SALES: 0.0}, {SUPPORT: 0.0, SALES: 0.0},
                               {SUPPORT: 0.0, SALES: 60.0}))  # fmt: skip
    level = random.choice((0, 0, 3, 5))
    team = "outside" if random.random() < 0.15 else "house"
    capacity = _capacity(kind, number, random)
    skills = {"billing": level} if level else {}
    return Member(AgentId(f"a{number:02}"), after, skills, team, capacity)


def _capacity(kind: str, number: int, random: Random) -> Capacity:
    chats = random.choice((2, 3, 4))
    only = random.choice((Capacity(voice=0, chat=chats), Capacity(chat=0)))
    kinds = {
        "default": EITHER, "closed": EITHER, "mixing": Capacity(mix=True), "apart": only,
        "blend": Capacity(voice=0, chat=chats) if number % 4 == 0 else EITHER,
        "any": random.choice((EITHER, only, Capacity(mix=True), Capacity(chat=1))),
    }  # fmt: skip
    return kinds[kind]


def _close_desks(lived: Lived, kind: str, now: Seconds, random: Random) -> None:
    share = {"closed": 0.6, "any": 0.15}.get(kind, 0.0)
    for agent in sorted(lived.engine.agents):
        if random.random() < share:
            lived.tell(now, DeskChanged(agent, False))


def _change(lived: Lived, now: Seconds, random: Random) -> None:
    """An agent goes on a break, comes back, or opens or closes the desk."""
    agents = lived.engine.agents
    agent = agents[random.choice(sorted(agents))]
    try:
        if random.random() < 0.2:
            lived.tell(now, DeskChanged(agent.id, not agent.desk))
        elif not _works(agent):
            lived.tell(now, AgentReady(agent.id))
        elif sum(map(_works, agents.values())) > 2:
            lived.tell(now, AgentPaused(agent.id, "break"))
    except ForbiddenMove:
        return  # in wrap-up: another time


def _works(agent: Agent) -> bool:
    return agent.state is not AgentState.NOT_READY and agent.pause_after is None


def _trace(centre: Centre, seconds: Seconds, random: Random) -> list[Traced]:
    """Calls and chats of a busy day: lines grow and shrink."""
    voice, chat = random.uniform(90.0, 240.0), random.uniform(100.0, 500.0)
    calls = sum(one.capacity.voice > 0 for one in centre.agents.values()) or 1
    share = random.uniform(0.05, 0.5)
    queues = [q for q in (SUPPORT, SALES) if any(q in one.queues for one in centre.agents.values())]
    load = random.uniform(0.8, 1.3) * calls / voice
    trace, at = list[Traced](), 0.0
    while at < seconds:
        at += random.expovariate(load * (1.0 + 0.5 * (int(at) % 3600 < 900)))
        is_chat = random.random() < share
        handle = random.lognormvariate(0.0, 0.8) * (chat if is_chat else voice) / 1.38
        trace.append(Traced(
            ContactId(f"c{len(trace)}"), round(at, 3), random.choice(queues), round(handle, 3),
            patience=round(random.expovariate(1 / 900.0), 3),
            channel=CHATS if is_chat else CALLS,
            class_="vip" if random.random() < 0.1 else "standard",
            skills={"billing": random.choice((3, 5))} if random.random() < 0.2 else {},
            answer_after=round(random.uniform(1.0, 5.0), 3),
        ))  # fmt: skip
    return trace


# ---------------------------------------------------------------- many days


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--days", type=int, default=200)
    said = asked.parse_args()
    followed = defaultdict[str, list[Followed]](list)
    looks = offers = 0
    for number in range(said.days):
        day = Day(f"{said.seed} {number}", KINDS[number % len(KINDS)]).run()
        followed[day.kind] += day.followed
        looks, offers = looks + day.looks, offers + day.offers
    everybody = [one for each in followed.values() for one in each]
    print(f"{said.days} days, seed {said.seed}: {looks} looks, {offers} would be asked")
    for kind, each in [*followed.items(), ("all", everybody)]:
        print(_line(kind, each))
    for one in everybody:
        if not one.sooner:
            print(one)
    sys.exit(sum(one.sooner for one in everybody) < AT_LEAST * len(everybody))


def _line(kind: str, followed: Sequence[Followed]) -> str:
    sooner, kept = (
        sum(each) for each in ((f.sooner for f in followed), (f.kept for f in followed))
    )
    later = sum(f.goes > f.stays for f in followed)
    certain = sum(f.offer.online == 0.0 for f in followed)
    return (
        f"{kind:8} {len(followed)} followed ({certain} with room at once): {sooner} sooner in the "
        f"chat, {later} later; {kept} waited there no longer than was said"
    )


if __name__ == "__main__":
    main()

"""The stage for examples of routing: a centre in a few words, an engine, and whom it rings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acd.commands import Command, Offer
from acd.config import Centre, Class, Member, Queue, Team
from acd.engine import Engine
from acd.events import (
    Arrived,
    LegEnded,
    LinkChanged,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    PhoneChanged,
    Started,
    TimePassed,
)
from acd.model import AgentId, ContactId, OfferId, QueueId
from acd.requests import AgentLoggedIn

SUPPORT, SALES = QueueId("support"), QueueId("sales")
ANN, BOB, CHO, DAN = (AgentId(name) for name in ("ann", "bob", "cho", "dan"))
ONE, TWO, THREE = ContactId("one"), ContactId("two"), ContactId("three")

Pairs = list[tuple[ContactId, AgentId]]


def house(
    *members: Member, classes: Mapping[str, Class] | None = None, sales: Mapping[str, Any] = {},
    **support: Any,
) -> Centre:  # fmt: skip
    """Two queues, `support` with the given rules, and these agents."""
    return Centre(
        queues={SUPPORT: Queue(SUPPORT, **support), SALES: Queue(SALES, **sales)},
        agents={member.id: member for member in members},
        classes=classes or {"standard": Class(), "vip": Class(credit=60.0)},
        teams={"house": Team(), "outside": Team(partner=True)},
    )


def member(id_: AgentId, *, after: float = 0.0, **more: Any) -> Member:
    """An agent of support, after this wait."""
    return Member(id_, more.pop("queues", {SUPPORT: after}), **more)


class Stage:
    """An engine and what it has said. Agents are ready since 0, 1, ... in the order given."""

    def __init__(self, centre: Centre, *ready: AgentId) -> None:
        self.engine = Engine(centre)
        self.tell(Started(1), 0.0)
        self.tell(LinkChanged(True), 0.0)
        for second, agent in enumerate(ready):
            self.comes(agent, float(second))

    def tell(self, event: Any, now: float) -> list[Command]:
        return self.engine.handle(event, now)

    def comes(self, agent: AgentId, now: float) -> Pairs:
        self.tell(PhoneChanged(agent, True), now)
        return rung(self.tell(AgentLoggedIn(agent), now))

    def arrives(self, contact: ContactId, now: float, **more: Any) -> Pairs:
        terms: dict[str, Any] = {"queue": SUPPORT, "entered_at": now, "waits": True} | more
        return rung(self.tell(Arrived(contact, **terms), now))

    def offer(self, contact: ContactId) -> OfferId:
        found = self.engine.contacts[contact].offer
        assert found, f"{contact} does not ring"
        return found

    def answers(self, contact: ContactId, now: float) -> OfferId:
        offer = self.offer(contact)
        self.tell(OfferAnswered(contact, offer), now)
        return offer

    def ends(self, contact: ContactId, how: OfferEnd, now: float) -> Pairs:
        return rung(self.tell(OfferEnded(self.offer(contact), how), now))

    def hangs_up_of(self, contact: ContactId, now: float) -> Pairs:
        """The talk's leg ends, whether or not its contact is still there; then time is told."""
        [offer] = [o.id for o in self.engine.offers.values() if o.contact == contact]
        return rung(self.tell(LegEnded(contact, offer), now)) + self.at(now)

    def hangs_up(self, contact: ContactId, now: float) -> Pairs:
        return rung(self.tell(LegEnded(contact, self.offer(contact)), now))

    def tell_time(self, now: float) -> list[Command]:
        return self.tell(TimePassed(), now)

    def at(self, now: float) -> Pairs:
        return rung(self.tell_time(now))

    def wakes(self, now: float) -> Pairs:
        """Exactly at this time does the engine want to be woken, and then it rings these."""
        assert self.engine.next_deadline() == now
        return self.at(now)


def rung(commands: Sequence[Command]) -> Pairs:
    """Who is rung for whom."""
    return [(c.contact, c.agent) for c in commands if isinstance(c, Offer)]

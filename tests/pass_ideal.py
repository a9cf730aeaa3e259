"""One ideal queue, which knows no channels, beside a core: who is next, and whom it has lost.

It knows who came when, with what credit, where each customer is, and what each agent takes. Who is
offered must stand before everybody whom that agent could have taken; every customer has one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from acd.model import AgentId, ContactId, OfferId, QueueId
from acd.states import AgentState, ContactState
from tests.hop_house import HopHouse
from tests.hop_lines import ROOM

LEFT_ALONE = 10.0
"""Seconds for which a contact does not come again to the agent who declined it."""

PARK_LIMIT = 1800.0
"""Seconds for which the place of a page that is gone is kept at least."""


class Where(StrEnum):
    """Where a customer is."""

    PHONE = "on the telephone"
    CHAT = "in the chat"
    APP = "in the app"
    CALLBACK = "waits to be called"
    UNSEEN = "in the chat, whose page is gone"
    MOVES = "between two channels"
    AWAY = "gone, with a place that is kept"
    TALKS = "with an agent"
    GONE = "gone"


PRESENT = (Where.PHONE, Where.CHAT, Where.APP, Where.CALLBACK)
ONLINE = (Where.CHAT, Where.APP)
"""Where agents need their page for it."""


@dataclass
class Customer:
    """Somebody who waits, as the ideal queue knows them."""

    number: int
    phone: str | None
    queue: QueueId
    class_: str
    contact: ContactId
    entered_at: float
    seq: int
    credit: float
    where: Where
    began: float
    """When the call began that this contact is of, or was promised."""
    by: str = ""
    """Their browser."""
    hops: int = 0
    left_at: float = 0.0
    secret: tuple[str, str] | None = None
    """A pass that was kept, and where it leads."""
    spent: list[tuple[str, str]] = field(default_factory=list)
    with_agent: tuple[AgentId, OfferId] | None = None
    back_to: Where = Where.PHONE
    """Where they talk."""

    @property
    def key(self) -> tuple[float, int]:
        return (self.entered_at - self.credit, self.seq)


@dataclass
class Deeds:
    """What every kind of deed of a day has."""

    dice: Random
    house: HopHouse
    ideal: Ideal
    did: Counter[str] = field(default_factory=Counter)
    """What has happened, and how often."""

    before: list[Customer] = field(default_factory=list)
    """Who waited before this deed."""

    def one(self, *where: Where) -> Customer | None:
        """Any customer who is there."""
        found = [one for one in self.ideal.live() if one.where in where]
        return self.dice.choice(found) if found else None

    async def between(self) -> None:
        """In the middle of a deed: whoever is offered from here on is judged by what is now."""
        await self.house.settle()
        self.ideal.look(self.before)
        self.before = self.ideal.waiting()

    def fault(self, what: str) -> None:
        self.ideal.faults.append(what)


class Ideal:
    """`look` after each deed: `faults` has what should not be."""

    def __init__(self, house: HopHouse) -> None:
        self.house = house
        self.customers: list[Customer] = []
        self.faults: list[str] = []
        self.offers = 0
        """So many were made, each compared with everybody who waited."""
        self.barred: dict[tuple[AgentId, int], float] = {}
        """Until when whoever declined a customer is not rung for them."""
        self.linked = True
        """Whether telephones can be rung at all."""
        self._read = 0

    def live(self) -> list[Customer]:
        return [one for one in self.customers if one.where is not Where.GONE]

    def waiting(self) -> list[Customer]:
        """Who could be rung for now."""
        return [one for one in self.live() if self._waits(one)]

    def _waits(self, one: Customer) -> bool:
        contact = self.house.engine.contacts.get(one.contact)
        there = contact is not None and contact.state is ContactState.WAITING
        return one.where in PRESENT and there

    def _takes(self, agent: AgentId, one: Customer) -> bool:
        calls, chats = ROOM[agent]
        if one.where in ONLINE:
            room = chats if self.house.engine.agents[agent].desk else 0
        else:
            room = calls if self.linked else 0
        return room > 0 and self.barred.get((agent, one.number), 0.0) <= self.house.clock.at

    # ---------------------------------------------------------------- what is looked at

    def look(self, before: Iterable[Customer]) -> None:
        """`before`: who waited before the deed."""
        self._forget_unseen()
        waiting = self.waiting()
        still = [one for one in before if one in waiting]
        for agent, contact in self._offered():
            self._is_first(agent, contact, still)
        self._nobody_idles(waiting)
        self._each_has_one_place()

    def _forget_unseen(self) -> None:
        """Whose page is gone for longer than the queue keeps anybody has given up."""
        for one in self.live():
            late = self.house.clock.at - one.left_at >= PARK_LIMIT
            if one.where is Where.UNSEEN and late and one.contact not in self.house.engine.contacts:
                one.where = Where.GONE

    def _offered(self) -> Iterator[tuple[AgentId, ContactId]]:
        records = self.house.journal.records
        for record in records[self._read :]:
            if record.kind == "Offered" and record.contact:
                yield AgentId(record.data["agent"]), record.contact
        self._read = len(records)

    def _is_first(self, agent: AgentId, contact: ContactId, still: list[Customer]) -> None:
        self.offers += 1
        found = [one for one in self.customers if one.contact == contact]
        if not found or found[0].where is Where.GONE:
            self.faults.append(f"{contact} rings at {agent}, and nobody is there")
            return
        passed = [one for one in still if one.key < found[0].key and self._takes(agent, one)]
        if passed:
            told = ", ".join(f"{one.number} {one.where}" for one in passed)
            self.faults.append(f"{agent} rings for {found[0].number}; before them: {told}")

    def _nobody_idles(self, waiting: list[Customer]) -> None:
        engine = self.house.engine
        for id_ in ROOM:
            agent = engine.agents.get(id_)
            if agent and agent.state is AgentState.READY and not agent.works:
                left = [one.number for one in waiting if self._takes(id_, one)]
                if left:
                    self.faults.append(f"{id_} is free, and {left} wait")

    def _each_has_one_place(self) -> None:
        engine = self.house.engine
        theirs = {one.contact: one for one in self.live()}
        for contact in engine.contacts.values():
            one = theirs.get(contact.id)
            if one is None:
                self.faults.append(f"{contact.id} ({contact.channel}) is nobody's place")
            elif contact.order_key != one.key:
                told = f"{one.number} {one.where} has the key {contact.order_key}, not {one.key}"
                self.faults.append(told)
        seqs = [each.seq for each in engine.contacts.values()]
        if len(seqs) != len(set(seqs)):
            self.faults.append(f"a place was doubled: {sorted(seqs)}")
        for one in self.live():
            if one.where is not Where.AWAY and one.contact not in engine.contacts:
                self.faults.append(f"{one.number} {one.where} has lost the place")
        for one in (each for each in self.live() if each.where is Where.AWAY):
            if one.contact in engine.contacts:
                self.faults.append(f"{one.number} is gone, and {one.contact} waits on")

"""A random day of customers who go from channel to channel by passes, beside one ideal queue.

The ideal queue knows no channels: who came when, with what credit. Customers move up to five times,
are cut off and come back by a pass, ask twice, show passes that are spent; supervisors regrade; the
core dies, also between a redemption and its record. Whoever is offered to the agent must be first
in the ideal queue; nobody may be lost, or served twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from acd import events
from acd.model import AgentId, ContactId
from acd.requests import AgentLoggedIn, AgentPaused, AgentReady, Regraded
from ivr.pass_desk import CannotIssue
from ivr.passes import AFTER_SECONDS, Form, PassRefused
from tests.fakes_passes import ANN, CENTRE, CHANNELS, PassHouse

MOST_HOPS = 5
DEEDS = ("comes", "moves", "moves", "cut off", "returns", "spent", "regraded", "dies", "dies in it",
         "served")  # fmt: skip


@dataclass
class Customer:
    """Somebody who waits, as the ideal queue knows them, and where they are."""

    number: int
    entered_at: float
    credit: float
    contact: ContactId
    hops: int = 0
    away: tuple[float, str, str] | None = None
    """Since when; the pass that brings them back, and where to."""
    spent: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> tuple[float, int]:
        return (self.entered_at - self.credit, self.number)


class PassDay:
    """`play` it; the faults that were seen, the first of them ends the day."""

    def __init__(self, seed: str, deeds: int = 60) -> None:
        self.dice, self.deeds, self.house = Random(seed), deeds, PassHouse()
        self.here: list[Customer] = []
        self.came, self.served, self.too_late, self.moves = 0, 0, 0, 0
        self.faults: list[str] = []

    async def play(self) -> list[str]:
        await self.house.begin()
        await self.house.tell(events.PhoneChanged(ANN, True), AgentLoggedIn(ANN, ready=False))
        for _ in range(self.deeds):
            if not self.faults:
                self.house.wait(self.dice.choice((0, 1, 7, 60)))
                await self._do(self.dice.choice(DEEDS))
        while self.here and not self.faults:
            await self._do("returns")
            await self._do("served")
        if not self.faults and self.came != self.served + self.too_late:
            self.faults.append(f"{self.came} came, {self.served} were served")
        self.house.running.cancel()
        return self.faults

    async def _do(self, deed: str) -> None:
        someone = [one for one in self.here if one.away is None]
        away = [one for one in self.here if one.away]
        if deed == "comes":
            await self._comes()
        elif deed == "dies":
            await self.house.again()
        elif deed == "returns" and away:
            await self._returns(self.dice.choice(away))
        elif deed == "served":
            await self._served()
        elif someone and deed != "returns":
            one = self.dice.choice(someone)
            if deed == "regraded":
                one.credit += 30.0
                regraded = Regraded(one.contact, one.credit, "boss", "promised")
                await self.house.distributor.record(regraded)
            elif deed == "spent":
                await self._spent(one)
            elif deed == "cut off":
                await self._cut_off(one)
            elif one.hops < MOST_HOPS:
                await self._moves(one, dies=deed == "dies in it")

    async def _comes(self) -> None:
        self.came += 1
        class_ = self.dice.choice(("standard", "vip"))
        contact, now = ContactId(f"k{self.came}"), self.house.clock.now()
        await self.house.comes(contact, class_)
        credit = CENTRE.credit(class_)
        self.here.append(Customer(self.came, now, credit, contact))

    async def _issue(self, one: Customer) -> tuple[str, str] | None:
        channel = self.dice.choice(list(CHANNELS))
        try:
            secret = await self.house.issue(one.contact, self.dice.choice(list(Form)), channel)
        except CannotIssue:
            return None
        return secret.text, channel

    async def _moves(self, one: Customer, *, dies: bool) -> None:
        made = await self._issue(one)
        if made is None:
            return
        secret, channel = made
        by = f"tab {one.number}"
        if dies:  # the pass is closed, and then the core dies
            known, _ = await self.house.desk.look(secret)
            await self.house.book.redeem(known.id, by, self.house.clock.now())
            await self.house.again()
        for turn in range(self.dice.randint(1, 3)):
            done = await self.house.desk.redeem(secret, channel, by)
            if done.contact != one.contact or done.again is not (dies or turn > 0):
                self.faults.append(f"{one.number}: another contact, or told as new: {done}")
        one.hops += 1
        self.moves += 1
        one.spent.append(made)
        self._check_key(one)
        if (there := self.house.engine.contacts[one.contact].channel) != channel:
            self.faults.append(f"{one.number} is in {there}, not in {channel}")

    def _check_key(self, one: Customer) -> None:
        """Contacts are numbered as they come: the whole order key is known here."""
        key = self.house.contact(one.contact).order_key
        if key != one.key:
            self.faults.append(f"{one.number} has the key {key}, not {one.key}")

    async def _spent(self, one: Customer) -> None:
        """An old pass is shown again."""
        for secret, channel in one.spent[-2:]:
            try:
                await self.house.desk.redeem(secret, channel, "somebody else")
                self.faults.append(f"{one.number}: a pass was good twice")
            except PassRefused:
                pass

    async def _cut_off(self, one: Customer) -> None:
        if made := await self._issue(one):
            await self.house.tell(events.CallerLeft(one.contact))
            one.away = (self.house.clock.now(), *made)

    async def _returns(self, one: Customer) -> None:
        assert one.away
        since, secret, channel = one.away
        self.house.wait(self.dice.choice((0, 0, 0, 400, 700, AFTER_SECONDS)))
        known, why = await self.house.desk.look(secret)
        try:
            one.contact = (await self.house.desk.redeem(secret, channel)).contact
            one.away = None
            one.spent.append((secret, channel))
            self._check_key(one)
            if self.house.clock.now() - since >= AFTER_SECONDS or why:
                self.faults.append(f"{one.number} came back too late")
        except PassRefused as refusal:
            late = self.house.clock.now() >= (known.until or since + AFTER_SECONDS)
            if not late and self.house.clock.now() - since < AFTER_SECONDS:
                self.faults.append(f"{one.number} was refused: {refusal}")
            self.here.remove(one)
            self.too_late += 1

    async def _served(self) -> None:
        """The agent takes whoever is first."""
        await self.house.tell(AgentLoggedIn(ANN) if self._is_off() else AgentReady(ANN))
        ringing = [c.id for c in self.house.engine.contacts.values() if c.offer]
        wanted = min((c for c in self.here if c.away is None), key=lambda c: c.key, default=None)
        if ringing != ([wanted.contact] if wanted else []):
            told = f"{wanted.number} is first" if wanted else "nobody waits"
            self.faults.append(f"{told}, {ringing} rings")
            return
        if wanted:
            await self.house.answers(wanted.contact)
            offer = self.house.contact(wanted.contact).offer
            assert offer
            await self.house.tell(AgentPaused(ANN), events.LegEnded(wanted.contact, offer))
            await self.house.tell(events.CallerLeft(wanted.contact))
            self.here.remove(wanted)
            self.served += 1
        else:
            await self.house.tell(AgentPaused(ANN))

    def _is_off(self) -> bool:
        return AgentId(ANN) in self.house.engine.agents and (
            self.house.engine.agents[ANN].state == "logged off"
        )

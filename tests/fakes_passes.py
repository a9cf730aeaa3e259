"""Passes in memory, and a house whose callers may go on online by them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from acd import events
from acd.commands import Offer, Withdraw
from acd.config import Capacity, Centre, Class, Member, Queue
from acd.engine import Engine
from acd.model import AgentId, Contact, ContactId, QueueId, Seconds
from ivr.distributor import Distributor
from ivr.pass_book import PassBook, SecretTaken, TooManyOpen
from ivr.pass_desk import Order, PassDesk
from ivr.pass_secrets import Secret
from ivr.passes import MOST_OPEN, Form, Pass, PassId, PassState
from ivr.ports import PersonId, StoreFailed
from ivr.recovery import recover
from ivr.whose import Whose
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault

SUPPORT, ANN = QueueId("support"), AgentId("ann")
ONE_AT_A_TIME = Capacity(voice=1, chat=1, interruptible=frozenset())
CENTRE = Centre(
    queues={SUPPORT: Queue(SUPPORT)},
    classes={"standard": Class(), "vip": Class(credit=90.0)},
    agents={ANN: Member(ANN, {SUPPORT: 0.0}, capacity=ONE_AT_A_TIME)},
)
CHANNELS = {"webchat": "no", "app": "pin"}
KEY = "the key of the hash"
ONE, TWO, THREE = ContactId("c-1"), ContactId("c-2"), ContactId("c-3")


@dataclass
class MemoryPasses:
    """A `PassBook`; while `failing` is set, it takes nothing."""

    kept: dict[str, Pass] = field(default_factory=dict)
    """By digest."""
    tried: dict[ContactId, int] = field(default_factory=dict)
    failing: str = ""
    meanwhile: Callable[[], None] | None = None
    """Happens while a pass is being redeemed."""
    dies_before_told: bool = False

    async def keep(self, made: Pass, digest: str) -> None:
        self._check()
        if digest in self.kept:
            raise SecretTaken
        mine = [one for one in await self.of(made.contact) if one.state is PassState.OPEN]
        codes = [one for one in mine if made.form is one.form is Form.CODE]
        if len(mine) - len(codes) >= MOST_OPEN:
            raise TooManyOpen
        for code in codes:
            self._put(code.moved("void", made.made_at))
        self.kept[digest] = made

    async def find(self, digest: str) -> Pass | None:
        self._check()
        return self.kept.get(digest)

    async def redeem(self, id_: PassId, by: str, now: Seconds) -> bool:
        self._check()
        if self.meanwhile:
            self.meanwhile()
        [this] = [one for one in self.kept.values() if one.id == id_]
        if this.state is not PassState.OPEN:
            return False
        for one in await self.of(this.contact):
            if one.id == id_:
                self._put(replace(one.moved("redeem", now), by=by, told=False))
            elif one.state is PassState.OPEN:
                self._put(one.moved("void", now))
        return True

    async def told(self, id_: PassId, into: ContactId) -> None:
        self._check()
        if self.dies_before_told:
            raise StoreFailed("killed")
        [this] = [one for one in self.kept.values() if one.id == id_]
        self._put(replace(this, told=True, into=into))

    async def untold(self) -> Sequence[Pass]:
        return [one for one in self.kept.values() if not one.told]

    async def open(self) -> Sequence[Pass]:
        return [one for one in self.kept.values() if one.state is PassState.OPEN]

    async def of(self, contact: ContactId) -> Sequence[Pass]:
        return [one for one in self.kept.values() if one.contact == contact]

    async def expire(self, ids: Iterable[PassId], now: Seconds) -> None:
        wanted = set(ids)
        for one in await self.open():
            if one.id in wanted:
                self._put(one.moved("expire", now))

    async def forget(self, before: Seconds) -> Sequence[Pass]:
        old = {
            digest: one
            for digest, one in self.kept.items()
            if one.told and one.closed_at is not None and one.closed_at < before
        }
        for digest in old:
            del self.kept[digest]
        return list(old.values())

    async def tries(self, who: ContactId, now: Seconds) -> int:
        self.tried[who] = self.tried.get(who, 0) + 1
        return self.tried[who]

    async def forgive(self, who: ContactId) -> None:
        self.tried.pop(who, None)

    def _put(self, changed: Pass) -> None:
        digest = next(d for d, one in self.kept.items() if one.id == changed.id)
        self.kept[digest] = changed

    def _check(self) -> None:
        if self.failing:
            raise StoreFailed(self.failing)


class PassHouse:
    """A core with an agent and callers; `begin` it, and `again` after it has died."""

    def __init__(self, book: PassBook | None = None) -> None:
        self.journal, self.vault, self.audit = MemoryJournal(), MemoryVault(), MemoryAudit()
        self.clock, self.engine = StandingClock(), Engine(CENTRE)
        self.book: PassBook = book or MemoryPasses()

    async def begin(self) -> None:
        self.distributor = Distributor(self.engine, self.journal, self, self.vault, self.clock)
        self.running = asyncio.create_task(self.distributor.run())
        self.desk = PassDesk(
            self.book, self.distributor, self.audit, self.clock, lambda: KEY, CHANNELS,
            Whose(self.journal),
        )  # fmt: skip
        await self.tell(events.Started(self.engine.epoch + 1), events.LinkChanged(True))
        await self.desk.begin()

    async def again(self) -> None:
        """`kill -9`, and the next start: what was not written is gone."""
        self.running.cancel()
        self.engine = (await recover(self.journal, CENTRE)).engine
        await self.begin()

    async def tell(self, *told: events.Event) -> None:
        await self.distributor.record(*told)

    async def offer(self, offer: Offer) -> None:
        """The agent's telephone rings for as long as the test likes."""

    async def withdraw(self, offer: Withdraw) -> None:
        self.distributor.post(events.OfferEnded(offer.offer, events.OfferEnd.RELEASED))

    def wait(self, seconds: Seconds) -> None:
        self.clock.at += seconds

    async def comes(self, contact: ContactId = ONE, class_: str = "standard") -> None:
        """Somebody calls, and waits."""
        now = self.clock.now()
        await self.tell(events.Arrived(contact, SUPPORT, now, class_=class_, waits=True))

    async def leaves(self, contact: ContactId = ONE) -> None:
        await self.tell(events.CallerLeft(contact, channel="voice"))

    async def leaves_channel(self, contact: ContactId) -> None:
        """The customer gives up, wherever they are."""
        await self.tell(events.CallerLeft(contact))

    async def agent_comes(self) -> None:
        await self.tell(events.AgentLoggedIn(ANN), events.PhoneChanged(ANN, True))

    async def answers(self, contact: ContactId = ONE) -> None:
        """The agent to whom the contact is offered picks up."""
        offer = self.contact(contact).offer
        assert offer
        await self.tell(events.OfferAnswered(contact, offer))

    def contact(self, id_: ContactId = ONE) -> Contact:
        return self.engine.contacts[id_]

    async def issue(
        self, contact: ContactId = ONE, form: Form = Form.LINK, channel: str = "webchat",
        level: str | None = None, person: PersonId | None = None,
    ) -> Secret:  # fmt: skip
        order = Order(contact, channel, form, level, person)
        _made, secret = await self.desk.issue(order)
        return secret

    def line(self) -> list[str]:
        """Who waits, in the order in which they will be served, each with its channel."""
        return [f"{contact.id} {contact.channel}" for contact in self.engine.waiting()]

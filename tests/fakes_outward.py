"""The telephone side of calls that we make, in memory, and a house that calls by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acd import events
from acd.commands import Offer, Withdraw
from acd.config import Queue
from acd.engine import Engine
from acd.model import CALLED_BACK, AgentId, Contact, ContactId, OfferId, QueueId
from acd.waits import Waits
from ivr.callback_dialler import CallbackDialler
from ivr.callback_ledger import CallbackLedger
from ivr.callback_plan import CallbackSettings
from ivr.callback_states import Callback
from ivr.callbacks import record_data
from ivr.dialling import NotDialled, Refusal, Route, Routing
from ivr.distributor import Distributor, Entry
from ivr.outgoing_calls import OutgoingCalls
from ivr.outward import BothWays, Dialling, Told
from ivr.outward_offers import OutwardOffers
from ivr.ports import EffectKey, Note
from ivr.promises import PROMISED, Promise
from ivr.recovery import recover
from tests.centres import centre
from tests.fakes_calls import HOURS, NOON_ON_SUNDAY, StandingClock
from tests.fakes_rules import RulesBy
from tests.fakes_stores import MemoryJournal, MemoryVault

SUPPORT, ANN, BEN = QueueId("support"), AgentId("ann"), AgentId("ben")
CENTRE = centre({SUPPORT: Queue(SUPPORT)}, {"standard": 0.0}, {ANN: (SUPPORT,), BEN: (SUPPORT,)})
ONE, NUMBER = ContactId("c-1"), "+8613800138000"
HOUR = 3600.0
DAYS = 48 * HOUR


@dataclass
class FakeOutward:
    """`ivr.outward.Outward` whose telephones are the test's: what is dialled stays open until
    `ends`, or is picked up."""

    rung: list[tuple[Offer, str]] = field(default_factory=list)
    dialled: list[Dialling] = field(default_factory=list)
    told: list[tuple[OfferId, Told]] = field(default_factory=list)
    voided: list[OfferId] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    picked_up: set[str] = field(default_factory=set)
    ends: dict[str, asyncio.Future[Told | None]] = field(default_factory=dict)

    async def ring_agent(self, offer: Offer, about: str) -> None:
        self.rung.append((offer, about))

    async def void(self, offer: Withdraw) -> None:
        self.voided.append(offer.offer)

    async def dial(self, dialling: Dialling) -> Told | None:
        assert not self.alive, "somebody is dialled already"
        self.dialled.append(dialling)
        self.alive.add(dialling.id)
        end: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()
        self.ends[dialling.id] = end
        return await end

    async def lives(self, dialling: str) -> bool | None:
        return dialling in self.alive

    async def hang_up(self, dialling: str) -> bool:
        if dialling in self.picked_up:
            return False
        self.end(dialling, Told.NO_ANSWER)
        return True

    async def tell_agent(self, offer: OfferId, how: Told) -> None:
        self.told.append((offer, how))

    def answer(self, dialling: str) -> None:
        """Somebody or something picks up."""
        self.picked_up.add(dialling)
        self.ends[dialling].set_result(None)

    def end(self, dialling: str, how: Told) -> None:
        """The channel is gone."""
        self.alive.discard(dialling)
        if dialling in self.ends and not self.ends[dialling].done():
            self.ends[dialling].set_result(how)


class Callers:
    """The switchboard of a house into which nobody calls: legs that it is to end end."""

    def __init__(self, post: Callable[[events.Event], None]) -> None:
        self._post = post

    async def offer(self, offer: Offer) -> None:
        raise AssertionError("nobody calls")

    async def withdraw(self, offer: Withdraw) -> None:
        self._post(events.OfferEnded(offer.offer, events.OfferEnd.RELEASED))


class CallingHouse:
    """A core with one promise; `begin` it, and `again` after it has died."""

    def __init__(self, **plan: Any) -> None:
        self.journal, self.vault, self.clock = MemoryJournal(), MemoryVault(), StandingClock()
        self.settings = CallbackSettings(**plan)
        self.engine = Engine(CENTRE)
        self.refusal: Refusal | None = None
        self.rules: Routing = RulesBy(self.routes)

    async def begin(self) -> None:
        if self.engine.waits is None:
            self.engine.waits = Waits(CENTRE)
        self.phones = BothWays(Callers(lambda e: self.distributor.post(e)), self.engine.contacts)
        self.distributor = Distributor(
            self.engine, self.journal, self.phones, self.vault, self.clock
        )
        self.running = asyncio.create_task(self.distributor.run())
        ledger = CallbackLedger(
            self.distributor, self.journal, self.clock, self.settings, lambda: HOURS
        )
        self.outward = getattr(self, "outward", FakeOutward())
        self.dialler = CallbackDialler(
            ledger, self.engine, self.vault, self.clock, self.rules, self.outward
        )
        self.calls = OutgoingCalls(self.distributor, self.vault, self.rules, self.outward, "en")
        await self.calls.remember(self.journal)
        self.phones.outward = self.offers = OutwardOffers(
            self.distributor, self.outward, self.dialler, self.calls
        )
        await self.tell(
            events.Started(self.engine.epoch + 1), events.LinkChanged(True),
            events.PhoneChanged(ANN, True), events.PhoneChanged(BEN, True),
        )  # fmt: skip

    async def dies(self) -> None:
        """`kill -9`: what was not written is gone. Telephones go on as they were."""
        self.running.cancel()
        for ends in self.outward.ends.values():
            if not ends.done():
                ends.cancel()
        self.engine = (await recover(self.journal, CENTRE)).engine
        await self.begin()

    async def routes(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        if self.refusal:
            raise NotDialled(self.refusal)
        return (Route("main", f"{number}@trunk.main", "+861012345678"),)

    async def tell(self, *entries: Entry) -> None:
        await self.distributor.record(*entries)

    async def promise(self, contact: ContactId = ONE, attempts: int = 2) -> Promise:
        """Somebody was promised a callback at noon, and has hung up."""
        to = await self.vault.person_for_number(NUMBER)
        at = self.clock.at
        promise = Promise(
            EffectKey(f"{contact}/s/1"), contact, SUPPORT, to, to, at, at, at + DAYS, attempts, 30
        )
        await self.tell(
            events.Arrived(contact, SUPPORT, at, channel=CALLED_BACK),
            events.Parked(contact, limit=DAYS),
            Note(contact, PROMISED, record_data(promise)),
        )
        return promise

    async def settle(self) -> None:
        """Until everything that was set off has been done."""
        for _ in range(40):
            await asyncio.sleep(0)

    async def look(self, after: float = 0.0) -> None:
        self.clock.at += after
        await self.dialler.look()
        await self.settle()

    async def accepts(self, agent: AgentId = ANN) -> OfferId:
        """The agent logs in, is rung, and picks up."""
        await self.tell(events.AgentLoggedIn(agent))
        await self.settle()
        offer = self.outward.rung[-1][0]
        assert offer.agent == agent
        await self.tell(events.OfferAnswered(ONE, offer.offer))
        await self.waits(offer.offer)
        return offer.offer

    async def waits(self, offer: OfferId) -> None:
        """The agent's leg says that it waits for the customer."""
        self.offers.hear({
            "Event": "UserEvent", "UserEvent": "AcdDial", "Contact": ONE, "Offer": offer,
            "Channel": "PJSIP/ann-1",
        })  # fmt: skip
        await self.settle()

    async def logs(self, kind: str, dialling: str) -> None:
        """The telephone side's own record says so."""
        await self.tell(Note(ONE, kind, {"dialling": dialling}))

    contact_queue = SUPPORT

    @property
    def callback(self) -> Callback:
        return self.dialler.book.open[ONE]

    @property
    def contact(self) -> Contact:
        return self.engine.contacts[ONE]

    @property
    def state(self) -> str:
        """Where the contact stands, by the engine."""
        return self.contact.state.value

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [dict(one.data) for one in self.journal.records if one.kind == kind]


__all__ = ["ANN", "BEN", "HOUR", "NOON_ON_SUNDAY", "NUMBER", "ONE", "CallingHouse", "FakeOutward"]

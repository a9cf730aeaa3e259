"""A core with chats on memory stores: customers with pages, agents with desks, no telephones."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from acd import events
from acd.commands import Offer, Withdraw
from acd.config import Capacity, Centre, Class, Condition, Member, OverflowRule, Queue
from acd.engine import Engine
from acd.model import CHATS, AgentId, Contact, ContactId, QueueId
from acd.schedule import weekly
from acd.states import ForbiddenMove
from acd.waits import Waits
from ivr.chat_flow import Walks
from ivr.chat_parts import Answer, ChatParts, KnownTo, of_chats
from ivr.chat_settings import ChatSettings
from ivr.distributor import Distributor
from ivr.outward import BothWays
from ivr.pass_desk import Order, PassDesk
from ivr.passes import Form
from ivr.ports import CoreRefused, PersonId, Record
from ivr.recovery import recover
from ivr.whose import Whose
from tests.fakes_calls import StandingClock
from tests.fakes_files import MemoryFiles
from tests.fakes_passes import KEY, MemoryPasses
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault

SUPPORT, SALES, NIGHT, SPILLS = (QueueId(q) for q in ("support", "sales", "night", "spills"))
ANN, BEN = AgentId("ann"), AgentId("ben")
TWO_CHATS = Capacity(voice=1, chat=2)
CENTRE = Centre(
    queues={
        SUPPORT: Queue(SUPPORT), SALES: Queue(SALES),
        SPILLS: Queue(SPILLS, overflow=(OverflowRule(Condition(waited=20.0), SALES),
                                        OverflowRule(Condition(waited=10.0), "message"))),
        NIGHT: Queue(NIGHT, hours=weekly("UTC", {"mon-fri": "09:00-18:00"})),
    },
    classes={"standard": Class()},
    agents={
        ANN: Member(ANN, {SUPPORT: 0.0}, capacity=TWO_CHATS),
        BEN: Member(BEN, {SUPPORT: 0.0, SALES: 0.0}, capacity=TWO_CHATS),
    },
)  # fmt: skip
SETTINGS = ChatSettings(url="https://chat.example", queue="support", away_seconds=30.0)


def by_of(name: str) -> str:
    """Whoever has this page."""
    return sha256(name.encode()).hexdigest()


LI, WU = by_of("li"), by_of("wu")


class NamingVault(MemoryVault):
    """With names of people as they look outside."""

    async def new_person(self) -> PersonId:
        person = PersonId(f"per_{next(self._ids):026d}")
        self.fields[person] = {}
        return person


class ChatHouse:
    """`begin` it, and `again` after it has died."""

    def __init__(self, centre: Centre = CENTRE) -> None:
        self.centre = centre
        self.asked: dict[str, Answer] = {}
        """What else the core can be asked."""
        self.journal, self.vault, self.audit = MemoryJournal(), NamingVault(), MemoryAudit()
        self.clock, self.engine, self.book = StandingClock(), Engine(centre), MemoryPasses()
        self.engine.waits = Waits(centre)
        self.settings, self.shelf = SETTINGS, MemoryFiles(self.clock.now)
        self.walks: Walks | None = None
        """What flows that ask in chats are walked with."""
        self.rung: list[Offer] = []
        """Telephones that were rung, and"""
        self.ended: list[Withdraw] = []
        """those that were to stop."""

    async def begin(self) -> None:
        phones = BothWays(self, self.engine.contacts, self.engine.offers)
        self.distributor = Distributor(self.engine, self.journal, phones, self.vault, self.clock)
        self.passes = PassDesk(
            self.book, self.distributor, self.audit, self.clock, lambda: KEY, {CHATS: "no"},
            Whose(self.journal),
        )  # fmt: skip
        stores = self.vault, self.journal, self.clock
        core = KnownTo(
            self.distributor, *stores, self.passes, self.shelf, self.asked, walks=self.walks
        )
        self.chats: ChatParts = await of_chats(self.settings, ("zh", "en"), core)
        phones.chats = self.chats.offers
        self.running = asyncio.create_task(self.distributor.run())
        await self.tell(events.Started(self.engine.epoch + 1, desks=False))
        self.chats.flow.resume()

    async def again(self) -> None:
        """`kill -9`, and the next start: what was not written is gone."""
        self.running.cancel()
        self.chats.flow.stop()
        self.engine = (await recover(self.journal, self.centre)).engine
        await self.begin()
        await self.settled()

    async def offer(self, offer: Offer) -> None:
        self.rung.append(offer)

    async def withdraw(self, offer: Withdraw) -> None:
        self.ended.append(offer)
        self.distributor.post(events.OfferEnded(offer.offer, events.OfferEnd.RELEASED))

    # ---------------------------------------------------------------- what happens

    async def tell(self, *told: events.Event) -> None:
        await self.distributor.record(*told)

    async def settled(self) -> None:
        """Until what was begun is done: withdrawals come back as events."""
        for _ in range(3):
            await asyncio.sleep(0)
            await self.tell(events.TimePassed())

    async def passes_by(self, seconds: float) -> None:
        """Time passes, and the chats are looked at."""
        self.clock.at += seconds
        await self.settled()
        await self.chats.look(self.clock.at)
        await self.settled()

    async def link_up(self, up: bool = True) -> None:
        await self.tell(events.LinkChanged(up))

    async def agent_comes(self, agent: AgentId = ANN, desk: bool = True) -> None:
        await self.tell(events.AgentLoggedIn(agent))
        if desk:
            await self.ask("chat desk", agent=agent, open=True)

    async def calls(self, name: str) -> ContactId:
        """Somebody waits on the telephone."""
        contact = ContactId(name)
        arrived = events.Arrived(contact, SUPPORT, self.clock.now(), language="en", waits=True)
        await self.tell(arrived)
        return contact

    async def pass_for(self, contact: ContactId, person: PersonId | None = None) -> str:
        made, secret = await self.passes.issue(Order(contact, CHATS, Form.LINK, person=person))
        assert made.contact == contact
        return secret.text

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        """As the core is asked; a move that the engine forbids is a refusal."""
        try:
            return await self.chats.known[what](fields)
        except ForbiddenMove as refusal:
            raise CoreRefused(str(refusal)) from refusal

    async def begins(self, by: str = LI, **more: str) -> ContactId:
        """A customer begins to chat."""
        asked = {"by": by, "language": "en", "queue": "", "name": ""} | more
        return ContactId((await self.ask("chat begin", **asked))["contact"])

    async def accepts(self, agent: AgentId = ANN) -> ContactId:
        """The agent accepts the first chat that rings at their desk."""
        [first, *_] = (await self.ask("chat list", agent=agent))["offers"]
        taken = await self.ask("chat accept", agent=agent, offer=first["offer"])
        return ContactId(taken["contact"])

    # ---------------------------------------------------------------- what is there

    def contact(self, id_: ContactId) -> Contact:
        return self.engine.contacts[id_]

    def lines(self, contact: ContactId) -> list[str]:
        """What the journal has of this chat's lines, with the words from the vault."""
        return [self._line(one) for one in self.of(contact, "ChatSaid")]

    def _line(self, record: Record) -> str:
        data = record.data
        if "phrase" in data:
            return f"{data['number']} house {data['phrase']}"
        field = f"chat {data['effect']}"
        return f"{data['number']} {data['who']} {self.vault.fields[data['person']][field]}"

    def of(self, contact: ContactId, kind: str) -> list[Record]:
        records = self.journal.records
        return [one for one in records if one.kind == kind and one.contact == contact]

    async def state(self, by: str = LI) -> str:
        return str((await self.ask("chat state", by=by))["state"])

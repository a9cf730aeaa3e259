"""Agents who sit down at any telephone: by number and PIN, one at each, kept by a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd import events
from acd.commands import Offer, Withdraw
from acd.config import Queue
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId
from acd.states import AgentState
from ivr.directory import Directory
from ivr.distributor import Distributor
from ivr.hot_desks import Came, HotDesks
from ivr.pin_requests import person_of_agent
from ivr.pins import VaultPins, kept
from ivr.seats import Seats
from ivr.site_file import SiteFile
from tests.centres import centre
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault

SUPPORT = QueueId("support")
ANN, BOB, CID = AgentId("ann"), AgentId("bob"), AgentId("cid")
PIN, WRONG = "4813", "9926"
SITE = SiteFile.model_validate({
    "phones": {"ann": {}, "bob": {}, "desk-7": {}},
    "directory": {"801": {"agent": "ann"}, "802": {"agent": "bob"}, "803": {"queue": "support"}},
})  # fmt: skip


class NoPhones:
    """Nobody is rung here."""

    async def offer(self, offer: Offer) -> None: ...

    async def withdraw(self, offer: Withdraw) -> None: ...


class Side:
    """The telephone side: every phone can be rung, and what colleagues' calls are told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def reachable(self, phone: str) -> bool:
        return True

    async def tell(self, agent: AgentId, phone: str) -> None:
        self.told.append((agent, phone))


class House:
    """Ann and Bob have a PIN; nobody is logged in."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        rules = centre({SUPPORT: Queue(SUPPORT)}, {}, dict.fromkeys((ANN, BOB, CID), (SUPPORT,)))
        self.engine, self.journal = Engine(rules), journal or MemoryJournal()
        self.vault, self.audit, clock = MemoryVault(), MemoryAudit(), StandingClock()
        self.distributor = Distributor(self.engine, self.journal, NoPhones(), self.vault, clock)
        self.seats, self.side, self.pins = Seats(), Side(), VaultPins(self.vault, clock)
        directory = Directory(SITE, self.engine, {}, self.seats)
        self.desks = HotDesks(
            self.distributor, self.seats, directory, self.pins, self.vault, self.audit, clock,
            tuple(SITE.accounts), self.side,
        )  # fmt: skip

    async def begin(self) -> None:
        for agent in (ANN, BOB):
            await self.pins.keep(await person_of_agent(self.vault, agent), kept(PIN))
        await self.distributor.record(events.LinkChanged(up=True))

    async def comes(self, phone: str, number: str, pin: str = PIN, call: str = "c1") -> Came:
        return await self.desks.come(phone, number, pin, call)

    def state(self, agent: AgentId) -> AgentState:
        return self.engine.agents[agent].state


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    found = House()
    work = asyncio.create_task(found.distributor.run())
    await found.begin()
    yield found
    work.cancel()


async def until_left(house: House, agent: AgentId) -> None:
    """The agent's seat is given up by the loop that looks after that."""
    work = asyncio.create_task(house.desks.run())
    async with asyncio.timeout(5):
        while agent in house.seats.taken:
            await asyncio.sleep(0.01)
    work.cancel()


async def test_an_agent_with_the_right_pin_is_logged_in_and_rung_there(house: House) -> None:
    assert await house.comes("desk-7", "801") is Came.IN
    assert house.seats.phone_of(ANN) == "desk-7" and house.seats.agent_at("desk-7") == ANN
    assert house.seats.agent_at("ann") is None, "their own telephone is nobody's meanwhile"
    assert house.state(ANN) is AgentState.READY
    assert not house.engine.agents[ANN].reachable, "the phone is in the call of the code"
    [written] = house.audit.entries
    assert (written.action, written.details) == ("seat taken", {"agent": ANN, "phone": "desk-7"})
    assert PIN not in str(house.journal.records) + str(house.audit.entries)


@pytest.mark.parametrize(
    ("phone", "number", "pin"),
    [("desk-7", "801", WRONG), ("desk-7", "999", PIN), ("desk-7", "803", PIN),
     ("desk-7", "801", ""), ("stranger", "801", PIN), ("desk-7", "cid", PIN)],
)  # fmt: skip
async def test_whoever_proves_nothing_sits_nowhere_and_is_not_told_why(
    house: House, phone: str, number: str, pin: str
) -> None:
    assert await house.comes(phone, number, pin) is Came.WRONG
    assert house.seats.taken == {} and house.audit.entries == []
    assert {house.state(agent) for agent in (ANN, BOB, CID)} == {AgentState.LOGGED_OFF}


async def test_three_tries_a_call_and_five_in_all(house: House) -> None:
    for call in ("c1", "c1", "c1"):
        assert await house.comes("desk-7", "801", WRONG, call) is Came.WRONG
    assert await house.comes("desk-7", "801", PIN, "c1") is Came.WRONG, "no fourth in one call"
    assert await house.comes("desk-7", "801", WRONG, "c2") is Came.WRONG
    assert await house.comes("bob", "801", WRONG, "c3") is Came.LOCKED, "over all telephones"
    assert await house.comes("desk-7", "801", PIN, "c4") is Came.LOCKED
    assert await house.comes("desk-7", "802", PIN, "c4") is Came.IN, "nobody else is locked"


async def test_whoever_sat_there_is_logged_off_and_one_agent_sits_at_a_telephone(
    house: House,
) -> None:
    await house.comes("desk-7", "801")
    assert await house.comes("desk-7", "802") is Came.IN
    assert house.state(ANN) is AgentState.LOGGED_OFF
    assert house.seats.taken == {BOB: "desk-7"}


async def test_who_has_a_contact_is_not_moved_away_from_it(house: House) -> None:
    await house.comes("desk-7", "801")
    told = (
        events.PhoneChanged(ANN, reachable=True),
        events.Arrived(ContactId("one"), SUPPORT, 0.0, waits=True),
    )
    await house.distributor.record(*told)
    assert house.state(ANN) is AgentState.OFFERED
    assert await house.comes("desk-7", "802") is Came.BUSY
    assert await house.comes("bob", "801") is Came.BUSY
    assert house.seats.taken == {ANN: "desk-7"}


async def test_going_logs_off_there_and_the_own_telephone_rings_again(house: House) -> None:
    await house.comes("bob", "801")
    assert await house.desks.go("bob") is Came.OUT
    assert house.state(ANN) is AgentState.LOGGED_OFF
    assert await house.desks.go("bob") is Came.NOBODY
    await until_left(house, ANN)
    async with asyncio.timeout(5):
        while not (house.engine.agents[BOB].reachable and house.engine.agents[ANN].reachable):
            await asyncio.sleep(0.01)
    assert house.seats.agent_at("bob") == BOB and house.seats.phone_of(ANN) == "ann"


async def test_whoever_is_logged_off_by_command_has_left_too(house: House) -> None:
    await house.comes("desk-7", "801")
    await house.distributor.record(events.AgentLoggedOff(ANN))
    await until_left(house, ANN)
    assert house.seats.phone_of(ANN) == "ann"


async def test_coming_to_the_own_telephone_is_logging_in(house: House) -> None:
    await house.comes("desk-7", "801")
    assert await house.comes("ann", "801") is Came.IN
    assert house.seats.taken == {} and house.state(ANN) is AgentState.READY


async def test_a_restart_finds_everybody_where_they_sat(house: House) -> None:
    await house.comes("desk-7", "801")
    await house.comes("ann", "802")
    again = Seats()
    await again.remember(house.journal)
    assert again.taken == house.seats.taken == {ANN: "desk-7", BOB: "ann"}
    await house.distributor.record(events.AgentLoggedOff(ANN))
    await until_left(house, ANN)
    later = Seats()
    await later.remember(house.journal)
    assert later.taken == {BOB: "ann"}


async def test_colleagues_calls_follow_and_are_told_again_after_a_lost_link(house: House) -> None:
    await house.comes("desk-7", "801")
    work = asyncio.create_task(house.desks.run())
    async with asyncio.timeout(5):
        while not house.side.told:
            await asyncio.sleep(0.01)
    assert house.side.told == [("ann", "desk-7")]
    work.cancel()
    house.side.told.clear()
    work = asyncio.create_task(house.desks.run())  # another process, or another Asterisk
    async with asyncio.timeout(5):
        while not house.side.told:
            await asyncio.sleep(0.01)
    assert house.side.told == [("ann", "desk-7")]
    work.cancel()


async def test_what_cannot_be_written_down_is_not_done(house: House) -> None:
    house.audit.failing = "disk full"
    assert await house.comes("desk-7", "801") is Came.FAILED
    assert house.seats.taken == {} and house.state(ANN) is AgentState.LOGGED_OFF

"""A lost call is made good by one promise, whoever asks and however often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd import events
from acd.config import Queue
from acd.engine import Engine
from acd.model import CALLED_BACK, AgentId, ContactId, QueueId
from acd.states import ContactState
from ivr.callback_plan import CallbackSettings
from ivr.callbacks import CallbackDesk
from ivr.distributor import Distributor
from ivr.lost_call_requests import NO_NUMBER, LostCallRequests
from ivr.ports import CoreRefused, PersonId, Record, StoreFailed
from ivr.promises import PROMISED
from ivr.recovery import recover
from tests.centres import centre
from tests.fakes_calls import HOURS, StandingClock
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault

SUPPORT, ANN = QueueId("support"), AgentId("ann")
CENTRE = centre({SUPPORT: Queue(SUPPORT)}, {"standard": 0.0, "vip": 90.0}, {ANN: (SUPPORT,)})
LOST = ContactId("c-1")
CALLER = PersonId("per_caller")
NUMBER = "+8613800138000"


class NoPhones:
    """Nobody may be rung."""

    async def offer(self, offer: object) -> None:
        raise AssertionError("a promise rings nobody")

    async def withdraw(self, offer: object) -> None:
        raise AssertionError("there is nothing to withdraw")


class House:
    """A core in which a caller gave up; `dies` begins it anew from its stores."""

    def __init__(self) -> None:
        self.journal, self.audit, self.clock = MemoryJournal(), MemoryAudit(), StandingClock()
        self.vault = MemoryVault({CALLER: {"number": NUMBER}, PersonId("per_hidden"): {}})
        self.settings = CallbackSettings()
        self.engine = Engine(CENTRE)
        self.languages: tuple[str, ...] = ("zh", "en")

    async def begin(self) -> None:
        self.distributor = Distributor(
            self.engine, self.journal, NoPhones(), self.vault, self.clock
        )
        self.running = asyncio.create_task(self.distributor.run())
        self.desk = CallbackDesk(
            self.distributor, self.vault, self.clock, self.settings, lambda: dict(HOURS)
        )
        await self.desk.remember(self.journal)
        self.requests = LostCallRequests(
            self.desk, self.vault, self.audit, self.journal, self.engine, self.languages
        )
        await self.distributor.record(events.Started(self.engine.epoch + 1))

    async def dies(self) -> None:
        self.running.cancel()
        self.engine = (await recover(self.journal, CENTRE)).engine
        await self.begin()

    async def gives_up(self, contact: ContactId = LOST) -> None:
        now = self.clock.now()
        comes = events.Arrived(contact, SUPPORT, now, class_="vip", waits=True)
        await self.distributor.record(comes, events.CallerLeft(contact, channel="voice"))

    async def take(self, **fields: Any) -> dict[str, Any]:
        usual = {
            "contact": LOST, "person": CALLER, "queue": "support", "class": "vip",
            "language": "en", "who": "operator", "why": "waited long",
        }  # fmt: skip
        return dict(await self.requests.known["callback lost"](usual | fields))

    def records(self, *kinds: str) -> list[Record]:
        return [record for record in self.journal.records if record.kind in kinds]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    await made.begin()
    await made.gives_up()
    yield made
    made.running.cancel()


async def test_a_lost_call_is_promised_a_callback_by_the_plan_of_its_queue(house: House) -> None:
    assert await house.take() == {"contact": "c-1-callback", "lost": "c-1", "made": True}
    [promise] = house.desk.open()
    assert (promise.to, promise.by, promise.queue, promise.attempts) == (
        CALLER, CALLER, "support", house.settings.attempts,
    )  # fmt: skip
    waits = house.engine.contacts[ContactId("c-1-callback")]
    assert (waits.state, waits.channel, waits.class_) == (
        ContactState.PARKED, CALLED_BACK, "vip",
    )  # fmt: skip


@pytest.mark.parametrize("asked", ["", "zh"])
async def test_a_house_without_chinese_promises_no_call_in_chinese(
    house: House, asked: str
) -> None:
    house.languages = ("en",)
    await house.dies()
    await house.take(language=asked)
    assert house.engine.contacts[ContactId("c-1-callback")].language == "en"


async def test_within_the_grace_time_the_place_of_the_wait_is_taken_up(house: House) -> None:
    entered = house.clock.at
    house.clock.at += 120
    await house.take()
    assert house.engine.contacts[ContactId("c-1-callback")].entered_at == entered


async def test_the_callback_asks_of_agents_what_the_lost_call_did(house: House) -> None:
    two = ContactId("c-2")
    comes = events.Arrived(two, SUPPORT, house.clock.now(), skills={"billing": 5}, waits=True)
    await house.distributor.record(comes, events.CallerLeft(two, channel="voice"))
    await house.take(contact=two)
    assert house.engine.contacts[ContactId("c-2-callback")].skills == {"billing": 5}


async def test_asked_again_it_tells_of_the_same_promise(house: House) -> None:
    first, again = await asyncio.gather(house.take(), house.take())
    assert (first["made"], again["made"]) == (True, False)
    assert first["contact"] == again["contact"]
    assert len(house.records(PROMISED)) == len(house.audit.entries) == 1


async def test_a_core_that_began_anew_remembers_even_when_the_callback_is_over(
    house: House,
) -> None:
    await house.take()
    await house.distributor.record(events.CallerLeft(ContactId("c-1-callback")))
    await house.dies()
    assert (await house.take())["made"] is False
    assert len(house.records(PROMISED)) == 1


async def test_two_lost_calls_of_one_caller_are_one_callback(house: House) -> None:
    other = ContactId("c-2")
    await house.gives_up(other)
    one, two = await house.take(), await house.take(contact=other)
    assert one["contact"] == two["contact"] and two["made"]
    assert len(house.desk.open()) == 1
    assert {record.contact for record in house.records("LostCallTaken")} == {LOST, other}
    assert ContactId("c-2-callback") not in {record.contact for record in house.journal.records}


async def test_the_deed_is_audited_before_it_is_done_and_not_done_without(house: House) -> None:
    house.audit.failing = "disk full"
    with pytest.raises(CoreRefused, match="disk full"):
        await house.take()
    assert house.records(PROMISED) == []
    house.audit.failing = ""
    await house.take()
    [entry] = house.audit.entries
    assert (entry.who, entry.action, entry.subject, entry.reason) == (
        "operator", "call back lost call", "c-1", "waited long",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"person": "per_hidden"}, NO_NUMBER),
        ({"person": None}, NO_NUMBER),
        ({"queue": "nowhere"}, "queue="),
        ({"contact": " "}, "contact="),
    ],
)
async def test_what_cannot_be_promised_is_refused_with_the_reason(
    house: House, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why):
        await house.take(**fields)
    assert (house.records(PROMISED), house.audit.entries) == ([], [])


async def test_a_number_that_the_house_does_not_call_is_refused(house: House) -> None:
    house.running.cancel()
    house.settings = CallbackSettings(prefixes=("+44",))
    await house.begin()
    with pytest.raises(CoreRefused, match="does not call such numbers") as refusal:
        await house.take()
    assert NUMBER not in str(refusal.value)


async def test_a_caller_who_still_waits_is_not_lost(house: House) -> None:
    here = ContactId("c-3")
    await house.distributor.record(events.Arrived(here, SUPPORT, house.clock.now(), waits=True))
    with pytest.raises(CoreRefused, match="not lost"):
        await house.take(contact=here)


async def test_a_store_that_fails_promises_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(person: PersonId, field_name: str) -> str | None:
        raise StoreFailed("the vault is away")

    monkeypatch.setattr(house.vault, "open", away)
    with pytest.raises(CoreRefused, match="vault is away"):
        await house.take()
    assert house.records(PROMISED) == []

"""Who calls again within the grace time is asked, and goes on at the old place if they say so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd import events
from acd.model import CALLS, CHATS, ContactId
from ivr.call import take_call
from ivr.callback_states import CONFIRMED
from ivr.matter import Matter
from ivr.neighbours import Neighbours
from ivr.ports import CallFacts, EffectKey, Note, PersonId, StoreFailed
from ivr.promises import Wish
from tests.fakes import FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of
from tests.fakes_recovery import SUPPORT, RecoveryHouse, number

ONE, AGAIN = ContactId("c-1"), ContactId("c-again")
STRAIGHT = "{first: person, steps: {person: {do: queue}}}"


class Kept:
    """`Returns` with one place for everybody."""

    def __init__(self, found: ContactId | None = ONE, fault: Exception | None = None) -> None:
        self.found, self.fault = found, fault

    async def find(self, facts: CallFacts, person: PersonId | None, queue: str) -> ContactId | None:
        if self.fault:
            raise self.fault
        return self.found

    def words(self, found: ContactId, language: str) -> str:
        return f"again, in {language}?"


async def walked(folder: Path, line: FakeLine, kept: Kept) -> FakeAcceptance:
    acceptance, neighbours = FakeAcceptance(), Neighbours(returns=kept)
    flow = flow_of(STRAIGHT, folder)
    await take_call(line, flow, acceptance, StandingClock(), HOURS, neighbours)
    return acceptance


@pytest.mark.parametrize(
    ("acts", "takes"),
    [(["1"], True), (["2"], False), (["", "1"], True), (["", ""], False), (["9"], False)],
)
async def test_only_the_key_takes_the_place_up_and_everybody_waits(
    acts: list[str], takes: bool, tmp_path: Path
) -> None:
    line = FakeLine(*acts)
    acceptance = await walked(tmp_path, line, Kept())
    assert acceptance.resumed == [ONE if takes else None]
    assert line.queued is not None
    assert "again, in zh?" in line.heard


@pytest.mark.parametrize("kept", [Kept(None), Kept(fault=StoreFailed("locked"))])
async def test_who_has_no_place_or_cannot_be_looked_up_is_asked_nothing(
    kept: Kept, tmp_path: Path
) -> None:
    line = FakeLine()
    acceptance = await walked(tmp_path, line, kept)
    assert acceptance.resumed == [None] and line.heard == []


# ---------------------------------------------------------------- which place


@pytest.fixture
async def house() -> AsyncIterator[RecoveryHouse]:
    made = RecoveryHouse()
    await made.begin()
    await made.comes_back()
    yield made
    made.running.cancel()


async def finds(house: RecoveryHouse, caller: str | None, queue: str = SUPPORT) -> ContactId | None:
    facts = CallFacts(AGAIN, "4000", caller)
    return await house.returns.find(facts, await house.distributor.begin(facts), queue)


async def test_a_place_is_found_within_the_grace_time_by_the_number_in_its_queue(
    house: RecoveryHouse,
) -> None:
    await house.calls(ONE, number(1))
    assert await finds(house, number(1)) is None  # they still wait
    await house.hangs_up(ONE)
    assert await finds(house, number(1)) == ONE
    assert await finds(house, number(2)) is None
    assert await finds(house, None) is None
    assert await finds(house, number(1), "sales") is None
    house.clock.at += 301
    assert await finds(house, number(1)) is None


async def test_a_place_is_taken_up_once(house: RecoveryHouse) -> None:
    await house.calls(ONE, number(1))
    await house.hangs_up(ONE)
    await house.calls("new", number(9))
    await house.calls("again", number(1))
    await house.calls("and-again", number(1))
    assert house.line() == ["again voice", "new voice", "and-again voice"]


async def test_two_who_take_the_same_place_at_once_have_it_once(house: RecoveryHouse) -> None:
    await house.calls(ONE, number(1))
    await house.hangs_up(ONE)
    await house.calls("new", number(9))

    async def takes(name: str) -> None:
        facts = CallFacts(ContactId(name), "4000", number(1))
        await house.distributor.enqueue(facts, SUPPORT, "standard", "en", None, Matter(resumes=ONE))
        await house.tell(events.Reached(facts.contact))

    await asyncio.gather(takes("a"), takes("b"))
    assert house.line() == ["a voice", "new voice", "b voice"]


async def test_after_a_restart_the_place_is_known(house: RecoveryHouse) -> None:
    await house.calls(ONE, number(1))
    await house.hangs_up(ONE)
    await house.dies()
    assert await finds(house, number(1)) == ONE


async def test_who_comes_back_into_the_line_within_one_call_is_not_asked(
    house: RecoveryHouse,
) -> None:
    await house.calls(ONE, number(1))
    await house.hangs_up(ONE)
    await house.calls(AGAIN, number(1), resume=False)
    assert await finds(house, number(1)) is None


@pytest.mark.parametrize("dies", [False, True])
async def test_who_was_called_back_and_was_cut_off_finds_their_place(
    house: RecoveryHouse, dies: bool
) -> None:
    """Begun on the page: until they are called back nobody knows them by a number."""
    now = house.clock.now()
    await house.tell(events.Arrived(ONE, SUPPORT, now, channel=CHATS, waits=True))
    wish = Wish(EffectKey("c-1/call-me"), CallFacts(ONE, "", None), SUPPORT, "en", number(1))
    await house.callbacks.promise(wish)
    assert await finds(house, number(1)) is None, "they wait to be called"
    confirmed = Note(ONE, CONFIRMED, {"dialling": "1.1.1"})
    await house.tell(events.Moved(ONE, CALLS), confirmed, events.Reached(ONE))
    assert await finds(house, number(1)) is None, "they are on the line"
    await house.tell(events.CallerLeft(ONE, channel=CALLS))
    if dies:
        await house.dies()
    assert await finds(house, number(1)) == ONE


async def test_of_several_places_the_best_is_offered(house: RecoveryHouse) -> None:
    for name in ("c-1", "c-2"):
        await house.calls(name, number(1), resume=False)
    for name in ("c-2", "c-1"):
        await house.hangs_up(name)
    assert await finds(house, number(1)) == "c-1"


async def test_who_was_served_has_no_place(house: RecoveryHouse) -> None:
    await house.calls(ONE, number(1))
    await house.tell(events.TakenByFallback(ONE))
    await house.hangs_up(ONE)
    assert await finds(house, number(1)) is None


async def test_old_calls_are_forgotten(house: RecoveryHouse) -> None:
    for n in range(1100):
        await house.in_the_menu(f"m-{n}", number(n))
    house.clock.at += 5 * 3600
    await house.calls(ONE, number(1))
    await house.hangs_up(ONE)
    assert await finds(house, number(1)) == ONE
    assert sum(map(len, house.returns._calls.values())) < 10

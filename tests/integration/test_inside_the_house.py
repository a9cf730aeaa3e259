"""Agents among themselves on the real Asterisk: internal numbers, and what rings at a colleague."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from ivr.ports import CoreRefused
from tests import rig
from tests.before_gate_stage import STRAIGHT, Stage, ended, staged
from tests.flow_house import flow_house
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

CENTRE = {
    "queues": {name: {"wrap_up_seconds": 0, "ring_seconds": 20} for name in ("support", "sales")},
    "agents": {
        "a1": {"queues": ["support"]}, "a2": {"queues": ["support"]}, "a3": {"queues": ["sales"]},
    },
}  # fmt: skip
SITE: Mapping[str, Any] = {
    "plan": {f"a{n}": {"secret": f"s{n}"} for n in (1, 2, 3)},
    "destinations": {"reception": {"phone": "d4", "secret": "s4"}},
    "directory": {
        "801": {"agent": "a1"}, "802": {"agent": "a2"}, "803": {"queue": "sales"},
        "804": {"destination": "reception"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with flow_house(STRAIGHT, CENTRE, {"4000": "support"}, **SITE) as instance:
        yield instance


@pytest_asyncio.fixture
async def stage(asterisk: Instance) -> AsyncIterator[Stage]:
    async with staged(asterisk) as found:
        yield found


@asynccontextmanager
async def desks(asterisk: Instance, *names: str) -> AsyncIterator[list[Phone]]:
    """These telephones, registered."""
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(rig.phone(asterisk, name)) for name in names]
        for phone in phones:
            await phone.register()
        yield phones


async def rings_at_one(stage: Stage, caller: Phone, one: Phone) -> rig.Event:
    """A caller of support rings at a1; a2 is ready besides."""
    await stage.ready("a1")
    told = await stage.calls(caller, "4000")
    await one.rings()
    await stage.until_agent("a1", state="offered")
    await stage.ready("a2")
    return told


# ---------------------------------------------------------------- taken from a colleague


async def test_a_colleague_takes_what_rings_by_the_code_and_talks(
    stage: Stage, caller: Phone
) -> None:
    async with desks(stage.asterisk, "a1", "a2") as (one, two):
        told = await rings_at_one(stage, caller, one)
        code = await two.call("*8801")
        assert code.up.is_set()
        await ended(code, 3)
        leg = await two.rings(5)
        await ended(one.calls[-1], 2)
        leg.answer()
        await stage.together(told)
        await stage.until_agent("a2", state="talking")
        await stage.until_agent("a1", state="ready")
        [taken] = await stage.story(told, "RingingTaken")
        assert (taken.data["agent"], taken.data["who"]) == ("a2", "a2 by their telephone")
        await caller.calls[0].hang_up()


async def test_a_colleague_takes_what_rings_by_command(stage: Stage, caller: Phone) -> None:
    async with desks(stage.asterisk, "a1", "a2") as (one, two):
        told = await rings_at_one(stage, caller, one)
        answer = await stage.core.ask("agent pickup", agent="a2", colleague="a1", who="boss")
        assert answer["contact"] == told["Contact"]
        leg = await two.rings(5)
        leg.answer()
        await stage.together(told)
        assert stage.ami.count("AcdClaimed", Contact=told["Contact"]) == 1
        await caller.calls[0].hang_up()


async def _state(stage: Stage, contact: str) -> str:
    found = (await stage.core.ask("contacts"))["contacts"]
    return next((str(one["state"]) for one in found if one["contact"] == contact), "")


async def test_a_supervisor_hands_who_waits_to_an_agent_of_another_queue(
    stage: Stage, caller: Phone
) -> None:
    async with desks(stage.asterisk, "a3") as (three,):
        await stage.ready("a3")
        told = await stage.calls(caller, "4000")
        contact, sue = told["Contact"], {"who": "sue", "why": "knows her"}
        async with asyncio.timeout(5):
            while await _state(stage, contact) != "waiting":
                await asyncio.sleep(0.02)
        regraded = await stage.core.ask("contact regrade", contact=contact, credit=90, **sue)
        assert (regraded["old"], regraded["credit"]) == (0.0, 90.0)
        handed = await stage.core.ask("contact hand", contact=contact, agent="a3", **sue)
        assert handed["agent"] == "a3"
        leg = await three.rings(5)
        [work] = (await stage.core.ask("agent work", agent="a3"))["works"]
        assert "handed over by a supervisor" in work["why"]
        leg.answer()
        await stage.together(told)
        [record] = await stage.story(told, "Regraded")
        assert (record.data["old"], record.data["credit"], record.data["who"]) == (0, 90, "sue")
        with pytest.raises(CoreRefused, match="is with a3"):
            await stage.core.ask("contact hand", contact=contact, agent="a3", **sue)
        await caller.calls[0].hang_up()


async def test_who_serves_another_queue_takes_nothing_and_it_rings_on(
    stage: Stage, caller: Phone
) -> None:
    async with desks(stage.asterisk, "a1", "a3") as (one, three):
        await stage.ready("a1")
        await stage.ready("a3")
        await stage.calls(caller, "4000")
        leg = await one.rings()
        with pytest.raises(CoreRefused, match="may not serve"):
            await stage.core.ask("agent pickup", agent="a3", colleague="a1", who="boss")
        await ended(await three.call("*8801"), 4)
        with pytest.raises(TimeoutError):
            await three.rings(1)
        assert not leg.ended.is_set()
        await caller.calls[0].hang_up()


async def test_a_phone_hears_that_nothing_rings_there(stage: Stage) -> None:
    async with desks(stage.asterisk, "a2") as (two,):
        code = await two.call("*8801")
        await ended(code, 5)
        assert len(two.heard) > 20, "a sentence was said"


async def test_many_taken_in_the_instant_of_the_answer_have_one_owner_each(
    stage: Stage, caller: Phone
) -> None:
    """Whoever was first has the caller, and nobody else talks."""
    async with desks(stage.asterisk, "a1", "a2") as (one, two):
        for late in range(6):
            told = await rings_at_one(stage, caller, one)
            leg = one.calls[-1]
            two.ring = lambda call: call.answer()
            asked = asyncio.create_task(
                stage.core.ask("agent pickup", agent="a2", colleague="a1", who="boss")
            )
            await asyncio.sleep(late * 0.006)
            leg.answer()
            await asyncio.gather(asked, return_exceptions=True)
            await stage.together(told)
            await asyncio.sleep(0.7)
            assert stage.ami.count("AcdClaimed", Contact=told["Contact"]) == 1
            states = sorted([(await stage.agent(name))["state"] for name in ("a1", "a2")])
            assert states == ["ready", "talking"], late
            await caller.calls[-1].hang_up()
            for name in ("a1", "a2"):
                await stage.until_agent(name, state="ready")
                await stage.core.ask("agent logout", agent=name)
            while not one.rung.empty():
                one.rung.get_nowait()


# ---------------------------------------------------------------- internal numbers


async def test_one_phone_calls_another_and_both_are_offered_nothing(
    stage: Stage, caller: Phone
) -> None:
    async with desks(stage.asterisk, "a1", "a2") as (one, two):
        await stage.ready("a1")
        calling = asyncio.create_task(two.call("801"))
        leg = await one.rings()
        leg.answer()
        call = await calling
        assert call.up.is_set()
        await stage.until_agent("a1", phone="out of reach")
        await stage.calls(caller, "4000")
        with pytest.raises(TimeoutError):
            await one.rings(1)
        await call.hang_up()
        await ended(leg, 3)
        assert await one.rings(5), "the caller who waits"
        await caller.calls[0].hang_up()


async def test_a_phone_that_rings_or_talks_is_busy_for_colleagues(
    stage: Stage, caller: Phone
) -> None:
    async with desks(stage.asterisk, "a1", "a2") as (one, two):
        await rings_at_one(stage, caller, one)
        assert (await two.call("801")).failed == 486
        await caller.calls[0].hang_up()


async def test_out_of_a_talk_no_number_or_code_of_the_house_is_dialled(
    stage: Stage, caller: Phone
) -> None:
    async with desks(stage.asterisk, "a1", "a2") as (one, two):
        await stage.ready("a1")
        told = await stage.calls(caller, "4000")
        (await one.rings()).answer()
        await stage.together(told)
        for number in ("802", "*8802", "*70", "*71", "4000"):
            assert (await one.call(number)).failed == 486, number
        assert two.rung.empty() and not one.calls[0].ended.is_set()
        await caller.calls[0].hang_up()


async def test_a_queue_and_a_destination_have_numbers_and_nothing_else_is_dialled(
    stage: Stage, caller: Phone
) -> None:
    async with desks(stage.asterisk, "a2", "d4") as (two, reception):
        seen = len(stage.ami.events)
        queued = await two.call("803")
        told = await stage.ami.event("AcdWaiting", since=seen)
        assert told["Queue"] == "sales"
        [row] = await stage.story(told, "Arrived")
        assert row.data["queue"] == "sales"
        await queued.hang_up()
        calling = asyncio.create_task(two.call("804"))
        (await reception.rings()).answer()
        await (await calling).hang_up()
        assert (await two.call("999")).failed == 404
        assert (await two.call("*9801")).failed == 404
        assert (await caller.call("801")).failed == 404, "callers from outside dial no such number"
        assert (await caller.call("*8801")).failed == 404


async def test_the_directory_tells_who_is_there(stage: Stage) -> None:
    async with desks(stage.asterisk, "a1", "d4"):
        await stage.ready("a1")
        async with asyncio.timeout(10):
            while True:
                found = (await stage.core.ask("directory"))["directory"]
                seen = {entry["name"]: (entry["numbers"], entry["presence"]) for entry in found}
                if seen["reception"][1] == "free":
                    break
                await asyncio.sleep(0.05)
    assert seen["a1"] == (["801"], "ready") and seen["a2"] == (["802"], "logged off")
    assert seen["sales"] == (["803"], "unstaffed") and seen["support"] == ([], "staffed")

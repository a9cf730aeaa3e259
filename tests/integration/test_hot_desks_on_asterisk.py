"""Agents who sit down at another telephone, on the real Asterisk with the core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from ivr.pins import kept
from tests import rig
from tests.before_gate_stage import STRAIGHT, Stage, ended, staged
from tests.flow_house import flow_house
from tests.integration.test_inside_the_house import desks
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "ring_seconds": 20}},
    "agents": {name: {"queues": ["support"]} for name in ("a1", "a2", "a3")},
}
SITE: Mapping[str, Any] = {
    "plan": {f"a{n}": {"secret": f"s{n}"} for n in (1, 2, 3, 9)},
    "directory": {"801": {"agent": "a1"}, "802": {"agent": "a2"}},
}
PIN, WRONG = "4813", "9926"
KEY_SECONDS = 0.12


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with flow_house(STRAIGHT, CENTRE, {"4000": "support"}, **SITE) as instance:
        yield instance


@pytest_asyncio.fixture
async def stage(asterisk: Instance) -> AsyncIterator[Stage]:
    async with staged(asterisk) as found:
        for agent in ("a1", "a2"):
            await gives_pin(found, agent)
        yield found


async def gives_pin(stage: Stage, agent: str) -> None:
    pin = kept(PIN)
    told = {"agent": agent, "who": "boss", "why": "a test"}
    await stage.core.ask("pin set", **told, salt=pin.salt, digest=pin.digest)


async def dials(phone: Phone, number: str, *pins: str) -> None:
    """The code, the number, and as many PINs; returns when the call is over."""
    call = await phone.call("*70")
    await asyncio.sleep(0.3)
    for keys in (number, *pins):
        for key in f"{keys}#":
            await call.press(key)
            await asyncio.sleep(KEY_SECONDS)
        await asyncio.sleep(1.6)  # the sentence that follows, of a second
    await ended(call, 25)


async def sits_at(stage: Stage, agent: str) -> str:
    """Where the directory says that the agent is rung."""
    found = (await stage.core.ask("directory"))["directory"]
    return str(next(entry["phone"] for entry in found if entry["name"] == agent))


async def test_an_agent_is_rung_where_they_sat_down_also_after_a_restart_until_they_go(
    asterisk: Instance, caller: Phone
) -> None:
    async with (
        desks(asterisk, "a1", "a9") as (own, desk),
        staged(asterisk, logs_off=False) as stage,
    ):
        await gives_pin(stage, "a1")
        await dials(desk, "801", PIN)
        await stage.until_agent("a1", state="ready", phone="reachable")
        assert await sits_at(stage, "a1") == "a9"
        told = await stage.calls(caller, "4000")
        (await desk.rings()).answer()
        await stage.together(told)
        await caller.calls[-1].hang_up()
        await stage.until_agent("a1", state="ready", phone="reachable")
        assert own.rung.empty()
    async with desks(asterisk, "a1", "a9") as (own, desk), staged(asterisk) as again:
        assert await sits_at(again, "a1") == "a9"
        await again.until_agent("a1", phone="reachable")
        told = await again.calls(caller, "4000")
        (await desk.rings()).answer()
        await again.together(told)
        await caller.calls[-1].hang_up()
        await again.until_agent("a1", state="ready", phone="reachable")
        await ended(await desk.call("*71"), 8)
        await again.until_agent("a1", state="logged off")
        async with asyncio.timeout(5):
            while await sits_at(again, "a1") != "a1":
                await asyncio.sleep(0.05)
        await again.ready("a1")
        told = await again.calls(caller, "4000")
        assert await own.rings()
        await caller.calls[-1].hang_up()


async def test_a_wrong_pin_is_counted_and_locks_and_is_written_nowhere(
    asterisk: Instance, stage: Stage
) -> None:
    async with desks(asterisk, "a9") as (desk,):
        await dials(desk, "802", WRONG, WRONG, WRONG)
        assert (await stage.agent("a2"))["state"] == "logged off"
        await dials(desk, "802", WRONG, WRONG)
        await dials(desk, "802", PIN)
        assert (await stage.agent("a2"))["state"] == "logged off", "locked by the fifth"
        assert await sits_at(stage, "a2") == "a2"
        told = {"agent": "a2", "who": "boss", "why": "a test"}
        await stage.core.ask("pin unlock", **told)
        await dials(desk, "802", PIN)
        await stage.until_agent("a2", state="ready")
        assert await sits_at(stage, "a2") == "a9"
        told_by_event = [event for event in stage.ami.events if event["Event"] == "UserEvent"]
        seen = str(told_by_event) + str(rig.cel(asterisk))
        assert WRONG not in seen and PIN not in seen
        await ended(await desk.call("*71"), 8)


async def test_colleagues_reach_an_agent_where_they_sit(asterisk: Instance, stage: Stage) -> None:
    async with desks(asterisk, "a1", "a3", "a9") as (own, other, desk):
        await dials(desk, "801", PIN)
        await stage.until_agent("a1", state="ready", phone="reachable")
        async with asyncio.timeout(5):
            while await stage.ami.get("", "GLOBAL(SEAT_a1)") != "a9":
                await asyncio.sleep(0.05)
        calling = asyncio.create_task(other.call("801"))
        (await desk.rings()).answer()
        await (await calling).hang_up()
        assert own.rung.empty()
        await ended(await desk.call("*71"), 8)

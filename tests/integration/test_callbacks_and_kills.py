"""`kill -9` of the core in every state of a callback: the customer is dialled once, and talks."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.cli.pid_file import PidFile
from tests.flow_stage import FlowStage, flow_stage, write_flow
from tests.integration.test_callbacks_on_asterisk import (
    ALIVE,
    FLOW,
    MOBILE,
    OURS,
    TRUNKS,
    confirms,
)
from tests.outside import Outside
from tests.phones import Call, Phone
from tests.trunk_peer import believed
from tests.way_stage import way_stage

pytestmark = [pytest.mark.once, pytest.mark.asterisk]

AGENT = "agent-1001"
STATES = ("agent rings", "customer rings", "asked", "talking")


def furnish(data: Path) -> None:
    steps: Any = FLOW["steps"]
    write_flow(data, "shop", steps)
    site = {
        "phones": {AGENT: {"secret": "s1"}},
        "numbers": {"4000": {"flow": "shop", "language": "en"}},
        "trunks": {"alive": TRUNKS["alive"]},
        "outbound": {"allow": ["+86"], "caller_id": OURS},
        "callbacks": {"minutes_between": 60},
    }
    (data / "site.yaml").write_text(yaml.safe_dump(site))
    centre = {
        "queues": {"support": {"wrap_up_seconds": 0}},
        "agents": {AGENT: {"queues": ["support"]}},
    }
    (data / "centre.yaml").write_text(yaml.safe_dump(centre))


async def promised(stage: FlowStage) -> str:
    """A customer calls, is promised a callback, and hangs up."""
    server = ("127.0.0.1", stage.house.settings.ports.sip)
    contact = ""
    async with Phone(server, MOBILE) as caller:
        call = await caller.call("4000")
        async with asyncio.timeout(20):
            while not contact:
                await call.press("1")
                found = (await stage.house.core.ask("callbacks"))["callbacks"]
                contact = found[0]["contact"] if found else ""
                await asyncio.sleep(0.3)
        await call.hang_up()
    return contact


async def kill(stage: FlowStage) -> None:
    """The core dies in the middle, and is back."""
    before = PidFile(stage.house.settings.run / "core.pid").running()
    assert before
    os.kill(before, signal.SIGKILL)

    async def anew() -> bool:
        now = PidFile(stage.house.settings.run / "core.pid").running()
        return now not in (None, before) and bool((await stage.house.core.ask("status"))["link"])

    await stage.house.until(anew, 40)


async def one_callback(stage: FlowStage, agent: Phone, outside: Outside, when: str) -> None:
    """A callback in which the core is killed in this state."""
    contact = await promised(stage)
    leg = await agent.rings(20)
    if when == "agent rings":
        await asyncio.gather(kill(stage), later(leg))
    else:
        leg.answer()
    call = await outside.rings(20)
    if when == "customer rings":
        await kill(stage)
    if when == "asked":
        call.answer()
        await asyncio.wait_for(call.up.wait(), 5)
        await kill(stage)
        await presses(call)
    else:
        await confirms(call)
        await presses(call)
    if when == "talking":
        await kill(stage)
    await stage.house.until_agent(AGENT, lambda one: one["state"] == "talking", 20)
    assert not call.ended.is_set() and not leg.ended.is_set(), "the talk goes on"
    await call.hang_up()
    await asyncio.wait_for(leg.ended.wait(), 10)
    await stage.house.until_agent(AGENT, lambda one: one["state"] == "ready", 20)
    kinds = [one.kind for one in await stage.house.records() if one.contact == contact]
    assert kinds.count("CallbackDialled") == 1 and "CallbackFailed" not in kinds
    ends = await stage.house.records("ContactEnded")
    assert [one.data["how"] for one in ends if one.contact == contact] == ["served"]
    assert outside.rung.empty() and agent.rung.empty(), "nobody was rung twice"


async def later(leg: Call) -> None:
    """The agent picks up while nobody of ours is there."""
    await asyncio.sleep(0.2)
    leg.answer()


async def presses(call: Call) -> None:
    """The key, until it was heard: what is said before it is as long as it is."""
    for _ in range(3):
        await call.press("1")
        await asyncio.sleep(0.3)


async def test_the_core_may_die_in_any_state_of_a_callback() -> None:
    async with flow_stage(furnish) as stage:
        server = ("127.0.0.1", stage.house.settings.ports.sip)
        async with Phone(server, AGENT, "s1") as agent, Outside(server, ALIVE) as outside:
            await agent.register()
            await believed(stage.house.asterisk, "alive")
            await stage.house.core.ask("agent login", agent=AGENT)
            for when in STATES:
                await one_callback(stage, agent, outside, when)


async def test_who_was_on_the_line_when_core_and_asterisk_died_is_called_as_promised() -> None:
    """In the menu, where nobody but the two knew of them: nobody will tell that this call ended."""
    centre = {
        "queues": {"support": {"wrap_up_seconds": 0}},
        "agents": {AGENT: {"queues": ["support"]}},
    }
    customer = "+8613800138000"
    async with way_stage(centre, FLOW) as stage:
        house = stage.house
        phone = await stage.phone(customer)
        call = await phone.call("4000")
        await stage.presses_until(call, "1", "CallbackPromised")
        await asyncio.wait_for(call.ended.wait(), 30)
        await house.until(stage.is_due, 20)
        await phone.call("4000")

        async def is_on_line() -> bool:
            return len(await house.records("CallStarted")) == 2 and not await stage.is_due()

        await house.until(is_on_line, 20)
        killed = house.asterisk.adopt()
        assert killed
        house.kill_python()
        os.kill(killed.pid, signal.SIGKILL)
        phone.calls.clear()  # there is nobody to hang up on
        await house.start()
        await house.until(stage.is_due, 20)
        desk = await stage.agents_phone(AGENT)
        await house.core.ask("agent login", agent=AGENT)
        (await desk.rings(40)).answer()
        called = await stage.is_called()
        await house.until_agent(AGENT, lambda one: one["state"] == "talking", 20)
        await called.hang_up()
        assert len(await house.records("CallbackDialled")) == 1

"""Keys that lead waiting callers back into the flow, with the whole core on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_waiting_callers import CENTRE, core, waits
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

FLOW = {
    "first": "person",
    "steps": {
        "person": {
            "do": "queue",
            "say": {"zh": "按一回拨。", "en": "To be called back press 1."},
            "keys": {"1": "ring_me"},
        },
        "ring_me": {
            "do": "callback",
            "at_most": 9,
            "seconds": 20,
            "say": {"zh": "{number}？", "en": "{number}?"},
            "another": {"zh": "号码？", "en": "Which?"},
            "then": {
                "promised": "bye",
                **dict.fromkeys(
                    ("declined", "silence", "no_match", "full", "failed"), "person"
                ),
                "too_many": "wait_on",
            },
        },
        "wait_on": {"do": "queue"},
        "bye": {"do": "goodbye", "say": {"zh": "再见。", "en": "Goodbye."}},
    },
}  # fmt: skip
DECLINES, ACCEPTS = "0", "1"


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with keys_house() as instance:
        yield instance


@contextmanager
def keys_house() -> Iterator[Instance]:
    """An Asterisk with one agent, and one number that leads to the flow."""
    with flow_house(FLOW, CENTRE) as instance:
        yield instance


@pytest_asyncio.fixture
async def later(asterisk: Instance) -> AsyncIterator[Phone]:
    async with rig.phone(asterisk, "15551235") as phone:
        yield phone


async def contact(client: CoreClient, told: rig.Event) -> dict[str, Any]:
    """What the core says of a caller; nothing when it knows none."""
    contacts = (await client.ask("contacts"))["contacts"]
    return next((dict(one) for one in contacts if one["contact"] == told["Contact"]), {})


async def comes_to(client: CoreClient, told: rig.Event, state: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while (known := await contact(client, told)).get("state") != state:
            await asyncio.sleep(0.02)
    return known


async def is_asked(ami: rig.Ami, told: rig.Event) -> None:
    """Until the flow asks the caller about the callback."""
    async with asyncio.timeout(10):
        while (
            await ami.get(told["Channel"], "STEP") != "ring_me"
            or await ami.get(told["Channel"], "HOTLINE_SCRIPT") == ""
        ):
            await asyncio.sleep(0.02)


async def presses_one(ami: rig.Ami, caller: Phone, told: rig.Event) -> None:
    seen = len(ami.events)
    await caller.calls[0].press("1")
    await ami.event("AcdLeft", since=seen, Contact=told["Contact"], By="1")


async def test_who_accepts_a_callback_while_waiting_has_the_place_of_the_arrival(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        key = (await comes_to(client, told, "waiting"))["key"]
        await presses_one(ami, caller, told)
        await comes_to(client, told, "parked")
        await is_asked(ami, told)
        await caller.calls[0].press(ACCEPTS)
        await asyncio.wait_for(caller.calls[0].ended.wait(), 15)
        await ami.event("AcdGone", Contact=told["Contact"])
        [promise] = (await client.ask("callbacks"))["callbacks"]
        kept = await contact(client, told)
        assert promise["contact"] == told["Contact"]
        assert (kept["state"], kept["key"]) == ("parked", key)


@pytest.mark.parametrize("in_the_music", [False, True])
async def test_a_key_works_in_the_music_and_while_something_is_said(
    asterisk: Instance, ami: rig.Ami, caller: Phone, in_the_music: bool
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        await comes_to(client, told, "waiting")
        if in_the_music:
            await ami.event("AcdSaid", Contact=told["Contact"], Req="joined")
        await presses_one(ami, caller, told)
        await is_asked(ami, told)
        assert ami.count("AcdSaid", Contact=told["Contact"], Key="1") == (not in_the_music)
        assert ami.count("AcdKey", Contact=told["Contact"], Key="1") == in_the_music


async def test_who_declines_waits_at_the_same_place_and_is_served_first(
    asterisk: Instance, ami: rig.Ami, caller: Phone, later: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        key = (await comes_to(client, told, "waiting"))["key"]
        other = await waits(ami, later)
        await comes_to(client, other, "waiting")
        await presses_one(ami, caller, told)
        await is_asked(ami, told)
        seen = len(ami.events)
        await caller.calls[0].press(DECLINES)
        await ami.event("AcdWaiting", since=seen, Contact=told["Contact"])
        assert (await comes_to(client, told, "waiting"))["key"] == key
        await client.ask("agent login", agent="a1")
        leg = await agent.rings()
        leg.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        assert ami.count("BridgeEnter", Uniqueid=other["Contact"]) == 0
        await client.ask("agent logout", agent="a1")


async def test_a_key_while_an_agents_phone_rings_ends_the_ringing_and_the_next_answer_talks(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        await client.ask("agent login", agent="a1")
        leg = await agent.rings()
        await presses_one(ami, caller, told)
        await asyncio.wait_for(leg.ended.wait(), 5)
        await is_asked(ami, told)
        await comes_to(client, told, "parked")
        await caller.calls[0].press(DECLINES)
        again = await agent.rings()
        again.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        await client.ask("agent logout", agent="a1")


@pytest.mark.parametrize("ahead", [0.0, 0.02, 0.05, 0.08, 0.1, 0.11, 0.12, 0.15])
async def test_a_key_in_the_instant_of_an_answer_cuts_no_talk(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone, ahead: float
) -> None:
    """The key goes down `ahead` seconds before the answer; it is heard 100 ms later."""
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        await client.ask("agent login", agent="a1")
        leg = await agent.rings()
        pressing = asyncio.create_task(caller.calls[0].press("1"))
        await asyncio.sleep(ahead)
        leg.answer()
        await pressing
        await rig.until(
            lambda: (
                ami.count("AcdClaimed", Contact=told["Contact"])
                or ami.count("AcdLeft", Contact=told["Contact"])
            )
        )
        if ami.count("AcdClaimed", Contact=told["Contact"]):
            await ami.event("BridgeEnter", Uniqueid=told["Contact"])
            await comes_to(client, told, "talking")
            await asyncio.sleep(0.6)  # as long as a refused key is tried again
            assert ami.count("AcdLeft", Contact=told["Contact"]) == 0
            assert ami.count("BridgeLeave", Uniqueid=told["Contact"]) == 0
        else:
            await comes_to(client, told, "parked")
            await is_asked(ami, told)
            assert ami.count("AcdClaimed", Contact=told["Contact"]) == 0
        assert not caller.calls[0].ended.is_set()
        await client.ask("agent logout", agent="a1")


async def test_a_dialogue_goes_on_when_our_processes_come_back_and_keeps_the_place(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        key = (await comes_to(client, told, "waiting"))["key"]
        await presses_one(ami, caller, told)
        await is_asked(ami, told)
        await comes_to(client, told, "parked")
    async with core(asterisk) as client:
        known = await comes_to(client, told, "parked")
        await is_asked(ami, told)
        async with asyncio.timeout(10):
            while not (await client.ask("callbacks"))["callbacks"]:
                await caller.calls[0].press(ACCEPTS)
                await asyncio.sleep(0.5)
        assert known["key"] == key == (await contact(client, told))["key"]


async def test_with_our_processes_away_a_key_leads_back_to_waiting(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        key = (await comes_to(client, told, "waiting"))["key"]
    seen = len(ami.events)
    await presses_one(ami, caller, told)
    await ami.event("AcdWaiting", wait=15, since=seen, Contact=told["Contact"])
    assert not caller.calls[0].ended.is_set()
    assert await ami.get(told["Channel"], "STEP") == "person"
    async with core(asterisk) as client:
        assert (await comes_to(client, told, "waiting"))["key"] == key

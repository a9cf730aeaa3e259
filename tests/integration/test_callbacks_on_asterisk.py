"""Promised callbacks are dialled: the core on a real Asterisk, with telephones at its trunks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_transfer_on_asterisk import records
from tests.integration.test_waiting_callers import core
from tests.outside import Deaf, Outside, dialled, silent
from tests.phones import Call, Phone
from tests.ports import reserved_port
from tests.trunk_peer import believed

pytestmark = pytest.mark.asterisk

MOBILE, OURS = "13800138000", "+861012345678"
DEAD, ALIVE = reserved_port(), reserved_port()
CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0}, "sales": {"wrap_up_seconds": 0}},
    "agents": {"a1": {"queues": ["support", "sales"]}},
}
ASKS = {
    "do": "callback",
    "say": {"zh": "拨打{number}？", "en": "{number}?"},
    "another": {"zh": "请输入号码。", "en": "Which?"},
    "then": {"promised": "bye"} | dict.fromkeys(
        ("declined", "silence", "no_match", "full", "failed"), "person"
    ),
}  # fmt: skip
BYE = {"do": "goodbye", "say": {"zh": "再见。", "en": "Bye."}}
FLOW = {"first": "ring_me", "steps": {"ring_me": ASKS, "person": {"do": "queue"}, "bye": BYE}}
CALLBACKS = {"ring_seconds": 5, "minutes_between": 60, "queues": {"sales": {"first": "customer"}}}
TRUNKS = {
    name: {"address": f"127.0.0.1:{port}", "caller_ids": [OURS], "incoming": False}
    for name, port in (("dead", DEAD), ("alive", ALIVE))
}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    """4000 promises a callback with the agent first, 4001 with the customer first."""
    outbound = {"allow": ["+86"], "caller_ids": {"support": OURS}, "trunks": ["dead", "alive"]}
    with flow_house(
        FLOW, CENTRE, {"4000": "support", "4001": "sales"},
        callbacks=CALLBACKS, trunks=TRUNKS, outbound=outbound,
    ) as instance:  # fmt: skip
        yield instance


@pytest_asyncio.fixture
async def caller(asterisk: Instance) -> AsyncIterator[Phone]:
    async with rig.phone(asterisk, MOBILE) as phone:
        yield phone


@pytest_asyncio.fixture(params=["silent"])
async def outside(asterisk: Instance, request: pytest.FixtureRequest) -> AsyncIterator[Outside]:
    """Who is called by the second trunk. The first one says nothing at all, or takes no calls."""
    server = ("127.0.0.1", asterisk.settings.ports.sip)
    async with AsyncExitStack() as stack:
        if request.param == "silent":
            stack.enter_context(silent(DEAD))
        else:
            await stack.enter_async_context(Deaf(server, DEAD))
        phone = await stack.enter_async_context(Outside(server, ALIVE))
        await believed(asterisk, "alive")
        await believed(asterisk, "dead", answers=request.param != "silent")
        yield phone


@pytest_asyncio.fixture
async def client(asterisk: Instance, ami: rig.Ami) -> AsyncIterator[CoreClient]:
    """A core; what a test leaves of promises is cancelled."""
    async with core(asterisk) as asked:
        yield asked
    async with core(asterisk) as asked:
        for one in (await asked.ask("callbacks"))["callbacks"]:
            await asked.ask("callback cancel", contact=one["contact"], who="test")
        await asked.ask("agent logout", agent="a1")


async def promised(client: CoreClient, ami: rig.Ami, caller: Phone, number: str = "4000") -> str:
    """The caller is promised a callback and hangs up; the contact that keeps the place."""
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    call = await caller.call(number)
    contact = ""
    async with asyncio.timeout(15):
        while not contact:
            await call.press("1")
            found = (await client.ask("callbacks"))["callbacks"]
            contact = found[0]["contact"] if found else ""
            await asyncio.sleep(0.2)
    await call.hang_up()
    return contact


async def accepted(agent: Phone) -> Call:
    """The agent's telephone rings for the callback, and is answered."""
    leg = await agent.rings()
    leg.answer()
    return leg


async def confirms(call: Call) -> None:
    """A person picks up, and presses 1 when they are asked."""
    call.answer()
    async with asyncio.timeout(10):
        await call.up.wait()
    await asyncio.sleep(1.2)  # what is said lasts one second here
    await call.press("1")


def written(asterisk: Instance) -> str:
    """All that Asterisk has written down so far."""
    folders = asterisk.folders
    beside = folders.cel.parent.glob(f"{folders.cel.name}*")
    files = [*beside, *(folders.run / "log").glob("messages*")]
    assert folders.cel in files
    return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)


async def told(asterisk: Instance, contact: str, kind: str, count: int = 1) -> list[dict[str, Any]]:
    story = await records(asterisk, contact, kind, count)
    return [dict(one.data) for one in story if one.kind == kind]


@pytest.mark.parametrize("outside", ["silent", "deaf"], indirect=True)
async def test_the_agent_accepts_the_customer_is_dialled_by_the_second_trunk_and_they_talk(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, caller: Phone, agent: Phone,
    outside: Outside,
) -> None:  # fmt: skip
    contact = await promised(client, ami, caller)
    await client.ask("agent login", agent="a1")
    leg = await accepted(agent)
    began = time.monotonic()
    call = await outside.rings()
    took = time.monotonic() - began
    assert took <= 3, "the first trunk takes no call"
    assert dialled(call) == f"+86{MOBILE}"
    assert call.invite and f"<sip:{OURS}@" in call.invite["From"]
    await confirms(call)
    [offered] = await told(asterisk, contact, "Offered")
    await ami.event("BridgeEnter", Uniqueid=f"acd-{offered['offer']}")
    agents = (await client.ask("agents"))["agents"]
    assert [one["state"] for one in agents] == ["talking"]
    paused = await client.ask("recording pause", of="a1")
    assert paused == {"contact": contact, "recording": "paused"}, "their channel is found"
    await client.ask("recording resume", of="a1")
    assert MOBILE not in written(asterisk), "neither the log nor the record has the number"
    await call.hang_up()
    await asyncio.wait_for(leg.ended.wait(), 5)
    assert (await told(asterisk, contact, "ContactEnded"))[0]["how"] == "served"
    assert len(await told(asterisk, contact, "CallbackDialled")) == 1
    assert len(await told(asterisk, contact, "OutwardConfirmed")) == 1
    print(f"from accepting to ringing at the customer: {took:.2f} s")


@pytest.mark.parametrize("how", ["busy", "no answer", "nobody pressed the key", "hung up"])
async def test_who_is_not_reached_is_tried_again_by_the_plan_and_the_agent_is_free(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, caller: Phone, agent: Phone,
    outside: Outside, how: str,
) -> None:  # fmt: skip
    contact = await promised(client, ami, caller)
    await client.ask("agent login", agent="a1")
    leg = await accepted(agent)
    call = await outside.rings()
    if how == "busy":
        call.decline()
    elif how == "hung up":
        call.answer()
        await asyncio.sleep(0.5)
        await call.hang_up()
    elif how != "no answer":
        call.answer()
    async with asyncio.timeout(25):  # asked twice, four seconds each
        while (await client.ask("callbacks"))["callbacks"][0]["state"] != "promised":
            await asyncio.sleep(0.05)
    failed = await told(asterisk, contact, "CallbackFailed")
    assert [one["why"] for one in failed] == [how]
    await asyncio.wait_for(leg.ended.wait(), 20)
    async with asyncio.timeout(5):
        while (await client.ask("agents"))["agents"][0]["state"] != "ready":
            await asyncio.sleep(0.05)
    [kept] = (await client.ask("callbacks"))["callbacks"]
    assert (kept["state"], kept["made"], kept["why"]) == ("promised", 1, how)
    assert agent.rung.empty(), "not offered again before its time"


@pytest.mark.parametrize("pause", [0.0, 0.15, 0.3])
async def test_a_customer_who_confirms_as_the_agent_hangs_up_has_talked_or_waits_at_their_place(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, caller: Phone, agent: Phone,
    outside: Outside, pause: float,
) -> None:  # fmt: skip
    contact = await promised(client, ami, caller)
    await client.ask("agent login", agent="a1")
    leg = await accepted(agent)
    call = await outside.rings()
    call.answer()
    async with asyncio.timeout(10):
        await call.up.wait()
    await asyncio.sleep(1.2)  # what is said lasts one second here
    await asyncio.gather(call.press("1"), hangs_up(leg, pause))
    async with asyncio.timeout(25):
        while agent.rung.empty() and not call.ended.is_set():
            await asyncio.sleep(0.05)
    if pause == 0.0:
        assert not call.ended.is_set(), "nobody has talked with them yet"
    if not call.ended.is_set():
        again = await accepted(agent)
        await told(asterisk, contact, "OfferAnswered", 2)
        await call.hang_up()
        await asyncio.wait_for(again.ended.wait(), 5)
    assert [one["how"] for one in await told(asterisk, contact, "ContactEnded")] == ["served"]
    assert len(await told(asterisk, contact, "CallbackDialled")) == 1


async def hangs_up(leg: Call, pause: float) -> None:
    await asyncio.sleep(pause)
    await leg.hang_up()


async def test_with_the_customer_first_they_wait_at_their_place_and_are_offered(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, caller: Phone, agent: Phone,
    outside: Outside,
) -> None:  # fmt: skip
    contact = await promised(client, ami, caller, "4001")
    await client.ask("agent login", agent="a1", queues=["sales"])
    call = await outside.rings()
    assert agent.rung.empty(), "the agent is not rung before the customer is there"
    await confirms(call)
    waiting = await ami.event("AcdWaiting", Contact=contact)
    promise = (await told(asterisk, contact, "CallbackPromised"))[0]
    assert abs(int(waiting["Entered"]) / 1000 - promise["at"]) < 2, "the place that was kept"
    leg = await accepted(agent)
    await ami.event("AcdClaimed", Contact=contact)
    await leg.hang_up()
    await asyncio.wait_for(call.ended.wait(), 10)
    assert (await told(asterisk, contact, "ContactEnded"))[0]["how"] == "served"


async def test_whoever_is_cancelled_or_calls_in_is_not_dialled(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, caller: Phone, agent: Phone,
    outside: Outside,
) -> None:  # fmt: skip
    contact = await promised(client, ami, caller)
    again = await caller.call("4000")
    await client.ask("agent login", agent="a1")
    await asyncio.sleep(2.5)
    assert agent.rung.empty() and outside.rung.empty(), "the customer is on the line"
    await again.hang_up()
    leg = await agent.rings()
    await client.ask("callback cancel", contact=contact, who="test")
    await asyncio.wait_for(leg.ended.wait(), 5)
    assert (await client.ask("callbacks"))["callbacks"] == [] and outside.rung.empty()

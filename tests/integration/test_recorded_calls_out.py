"""Talks that the house places are recorded as those of callers are: the customer is told first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from ivr.ports import RecordingId
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_agents_call import MOBILE, state
from tests.integration.test_callbacks_on_asterisk import (
    ASKS,
    BYE,
    CENTRE,
    OURS,
    confirms,
    told,
)
from tests.integration.test_waiting_callers import core
from tests.outside import Outside
from tests.phones import Call, Phone
from tests.ports import reserved_port
from tests.speaking import HEARD, mouth, of_ear, of_sound, strength
from tests.trunk_peer import believed

pytestmark = pytest.mark.asterisk

LINE = reserved_port()
ANNOUNCED, AGENT, CUSTOMER, EARLIER = 1000.0, 520.0, 700.0, 930.0
"""In hertz: what every prompt of the dialplan is here, and what people say."""
STEPS: dict[str, Any] = {
    "person": {"do": "queue", "then": {"talked": "ring_me"}},
    "ring_me": {**ASKS, "then": dict.fromkeys(ASKS["then"], "bye")},
    "bye": BYE,
}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    trunk = {"address": f"127.0.0.1:{LINE}", "caller_ids": [OURS], "incoming": False}
    with flow_house(
        {"first": "person", "steps": STEPS}, CENTRE, {"4000": "support"}, trunks={"line": trunk},
        outbound={"allow": ["+86"], "caller_id": OURS}, recording={"others": "always"},
    ) as instance:  # fmt: skip
        yield instance


@pytest_asyncio.fixture
async def outside(asterisk: Instance) -> AsyncIterator[Outside]:
    async with Outside(("127.0.0.1", asterisk.settings.ports.sip), LINE) as phone:
        await believed(asterisk, "line")
        yield phone


@pytest_asyncio.fixture
async def client(asterisk: Instance, ami: rig.Ami, agent: Phone) -> AsyncIterator[CoreClient]:
    async with core(asterisk) as asked:
        await asked.ask("agent login", agent="a1")
        await state(asked, "ready", "reachable")
        yield asked
        await asked.ask("agent logout", agent="a1")


async def opened(asterisk: Instance, recording: str) -> np.ndarray:
    """One direction of a sealed part."""
    settings = asterisk.settings
    database = await open_database(settings.database_url("core"), "core", read_only=True)
    try:
        kept = SealedRecordings(database, KeyRing(settings.secrets), settings.data)
        sound = await kept.open(RecordingId(recording))
    finally:
        await database.close()
    assert sound is not None
    return of_sound(sound)


async def talk(call: Call, leg: Call, hertz: float) -> None:
    """The agent has spoken all along; the customer, once they can hear the agent, says this."""
    async with mouth(leg) as agent, mouth(call) as customer:
        says = asyncio.create_task(agent.say(AGENT, 8.0))
        async with asyncio.timeout(10):
            while strength(of_ear(call.phone.heard), AGENT) < HEARD:
                await asyncio.sleep(0.05)
        await customer.say(hertz, 1.0)
        says.cancel()


def first_heard(samples: np.ndarray, hertz: float) -> int:
    """In which tenth of a second this tone is first heard; -1: never."""
    tenths = range(len(samples) // 800)
    return next((n for n in tenths if strength(samples[n * 800 :][:800], hertz) > HEARD), -1)


async def check(
    asterisk: Instance, contact: str, sides: list[tuple[float, float]], policy: str = "always"
) -> None:
    """The parts of this contact's recording, in order: what the customer has said in each, and what
    they have not."""
    parts = await told(asterisk, contact, "TalkRecorded", len(sides))
    assert [one["part"] for one in parts] == list(range(1, len(sides) + 1))
    began = await told(asterisk, contact, "RecordingBegan", len(sides))
    assert [(one["part"], one["policy"], one["consent"]) for one in began] == [
        (part["part"], policy, "told") for part in parts
    ]  # fmt: skip
    for part, (said, other) in zip(parts, sides, strict=True):
        sound = await opened(asterisk, part["customer"])
        assert strength(sound, said) > HEARD > strength(sound, other)
        assert strength(await opened(asterisk, part["agent"]), AGENT) > HEARD


async def test_whom_the_house_calls_is_told_of_the_recording_before_the_agent_is_heard(
    asterisk: Instance, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    asked = await client.ask("agent call", agent="a1", number=MOBILE, queue="support")
    leg = await agent.rings()
    leg.answer()
    call = await outside.rings()
    call.answer()
    await talk(call, leg, CUSTOMER)
    await call.hang_up()
    await asyncio.wait_for(leg.ended.wait(), 5)
    heard = of_ear(outside.heard)
    assert 0 <= first_heard(heard, ANNOUNCED) < first_heard(heard, AGENT)
    await check(asterisk, asked["contact"], [(CUSTOMER, ANNOUNCED)])
    assert (await told(asterisk, asked["contact"], "ContactEnded"))[0]["how"] == "served"


async def test_a_customer_who_is_called_back_is_recorded_in_the_next_part(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    async with rig.phone(asterisk, "13800138000") as caller:
        await ami.set("", "GLOBAL(AGI_NEXT)", "0")
        call = await caller.call("4000")
        leg = await agent.rings()
        leg.answer()
        await talk(call, leg, EARLIER)
        await leg.hang_up()
        contact = ""
        async with asyncio.timeout(15):
            while not contact:
                await call.press("1")
                found = (await client.ask("callbacks"))["callbacks"]
                contact = found[0]["contact"] if found else ""
                await asyncio.sleep(0.2)
        await call.hang_up()
    leg = await agent.rings()
    leg.answer()
    call = await outside.rings()
    await confirms(call)
    await talk(call, leg, CUSTOMER)
    await call.hang_up()
    await asyncio.wait_for(leg.ended.wait(), 5)
    await check(asterisk, contact, [(EARLIER, CUSTOMER), (CUSTOMER, EARLIER)])


async def test_who_hangs_up_while_told_of_the_recording_was_not_reached(
    asterisk: Instance, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    asked = await client.ask("agent call", agent="a1", number=MOBILE)
    leg = await agent.rings()
    leg.answer()
    call = await outside.rings()
    call.answer()
    async with mouth(call):
        async with asyncio.timeout(10):
            while strength(of_ear(outside.heard), ANNOUNCED) < HEARD:
                await asyncio.sleep(0.02)
    await call.hang_up()
    await asyncio.wait_for(leg.ended.wait(), 8)
    ended = await told(asterisk, asked["contact"], "ContactEnded")
    assert [one["how"] for one in ended] == ["not reached"]
    await state(client, "ready")
    assert await told(asterisk, asked["contact"], "NotRecorded") == [{"why": "not told"}]


async def test_keys_of_whom_the_house_calls_are_told_to_nobody_in_a_pause(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    asked = await client.ask("agent call", agent="a1", number=MOBILE, queue="support")
    leg = await agent.rings()
    leg.answer()
    call = await outside.rings()
    call.answer()
    await talk(call, leg, CUSTOMER)
    await call.press("7")
    await ami.event("DTMFEnd", Digit="7", Direction="Received")
    await client.ask("recording pause", of="a1", who="ann")
    for key in "4929":
        await call.press(key)
    await asyncio.sleep(0.3)  # nothing tells that they have come in
    await client.ask("recording resume", of="a1", who="ann")
    await call.press("8")
    await ami.event("DTMFEnd", Digit="8", Direction="Received")
    assert {ami.count("DTMFEnd", Digit=key) for key in "492"} == {0}
    await call.hang_up()
    await asyncio.wait_for(leg.ended.wait(), 5)
    kinds = await told(asterisk, asked["contact"], "RecordingPaused")
    assert len(kinds) == 1


@pytest.mark.parametrize("own", [True, False], ids=["own call", "callback"])
@pytest.mark.parametrize("leg", ["gone", "never there for them"])
async def test_who_picks_up_as_the_agent_hangs_up_waits_for_nobody(
    asterisk: Instance, ami: rig.Ami, outside: Outside, caller: Phone, own: bool, leg: str
) -> None:
    """Whoever was promised a call waits at their place; to the others it is said. `leg`: the
    agent's channel is gone, or goes between two steps of ours."""
    there = await rig.in_queue(asterisk, ami, caller) if leg != "gone" else None
    contact = f"call-{own}-{len(leg)}"
    await ami.do(
        "Originate", ("CONTACT", contact), ("CALL", "9.9.9"), ("QUEUE", "support"), ("LANG", "en"),
        ("LEG", there[1]["Channel"] if there else "PJSIP/a1-00000099"), ("RING_SECONDS", "20"),
        ("OWN_CALL", "1" if own else ""), ("ROUTE_1", f"{MOBILE}@trunk.line"), ("FROM_1", OURS),
        Channel="Local/s@acd-way/n", ChannelId=f"out-{contact}", OtherChannelId=f"out-{contact};2",
        Context="acd-called", Exten="s", Priority="1", Timeout="20000", Async="true",
    )  # fmt: skip
    call = await outside.rings()
    call.answer()
    if own:
        await asyncio.wait_for(call.ended.wait(), 12)
        assert ami.count("AcdWaiting", Contact=contact) == 0
    else:
        await ami.event("AcdWaiting", Contact=contact)
        await call.hang_up()
    if there:
        await there[0].hang_up()


async def test_an_agent_who_hangs_up_just_then_leaves_nobody_waiting(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    for pause in (0.0, 0.02, 0.1):
        asked = await client.ask("agent call", agent="a1", number=MOBILE)
        leg = await agent.rings()
        leg.answer()
        call = await outside.rings()
        call.answer()
        await asyncio.sleep(pause)
        await leg.hang_up()
        await asyncio.wait_for(call.ended.wait(), 15)
        ended = await told(asterisk, asked["contact"], "ContactEnded")
        assert len(ended) == 1
        assert ami.count("AcdWaiting", Contact=asked["contact"]) == 0
        await state(client, "ready")

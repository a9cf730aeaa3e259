"""An agent calls somebody: their phone, then the customer's, on the real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from ivr.ports import CoreRefused
from tests import rig
from tests.integration.test_callbacks_on_asterisk import CENTRE, told
from tests.integration.test_longest_call import hears_tone
from tests.integration.test_waiting_callers import core
from tests.outside import Outside, dialled
from tests.phones import Phone
from tests.ports import reserved_port
from tests.trunk_peer import believed

pytestmark = pytest.mark.asterisk

MOBILE, OTHER = "13800138001", "13800138002"
OURS, THEIRS = "+861012345678", "+861012345679"
LINE = reserved_port()


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    trunk = {"address": f"127.0.0.1:{LINE}", "caller_ids": [OURS, THEIRS], "incoming": False}
    outbound = {
        "allow": ["+86"], "caller_id": OURS, "caller_ids": {"sales": THEIRS}, "longest_call": 60,
    }  # fmt: skip
    with rig.asterisk(
        phones=1, centre=CENTRE, numbers={"4000": {"language": "en"}},
        trunks={"line": trunk}, outbound=outbound,
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


async def state(client: CoreClient, wanted: str, phone: str = "") -> None:
    """Until the agent is in this state."""
    async with asyncio.timeout(10):
        while True:
            [one] = (await client.ask("agents"))["agents"]
            if one["state"] == wanted and phone in ("", one["phone"]):
                return
            await asyncio.sleep(0.05)


async def test_the_agent_is_rung_then_the_customer_who_sees_the_queues_number(
    asterisk: Instance, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    asked = await client.ask("agent call", agent="a1", number=MOBILE, queue="sales")
    leg = await agent.rings()
    assert outside.rung.empty(), "the agent is there first"
    leg.answer()
    call = await outside.rings()
    assert dialled(call) == f"+86{MOBILE}"
    assert call.invite and f"<sip:{THEIRS}@" in call.invite["From"]
    await state(client, "talking")
    call.answer()
    await told(asterisk, asked["contact"], "OutwardConfirmed")
    with pytest.raises(CoreRefused, match="talking"):
        await client.ask("agent call", agent="a1", number=MOBILE)
    await asyncio.sleep(0.5)
    assert not call.ended.is_set() and not leg.ended.is_set(), "they talk"
    await call.hang_up()
    await asyncio.wait_for(leg.ended.wait(), 5)
    assert (await told(asterisk, asked["contact"], "ContactEnded"))[0]["how"] == "served"
    assert len(await told(asterisk, asked["contact"], "LegEnded")) == 1, "one wrap-up"
    await state(client, "ready")


async def test_a_call_of_the_house_ends_when_its_time_is_over_and_both_sides_are_told_before(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    """Three seconds in place of minutes."""
    await ami.set("", "GLOBAL(OUT_LIMIT)", "L(3000:2000)")
    try:
        asked = await client.ask("agent call", agent="a1", number=MOBILE)
        leg = await agent.rings()
        leg.answer()
        call = await outside.rings()
        call.answer()
        told_of = await ami.event("AcdConfirmed", Contact=asked["contact"])
        assert await ami.get(told_of["Channel"], "SHARED(LIMIT)") == "L(3000:2000)"
        await ami.event("BridgeEnter", Uniqueid=told_of["Uniqueid"])
        began, before = asyncio.get_running_loop().time(), (len(agent.heard), len(outside.heard))
        await asyncio.wait_for(leg.ended.wait(), 6)
        assert 2.5 < asyncio.get_running_loop().time() - began < 4.0
        assert hears_tone(agent, before[0]) and hears_tone(outside, before[1])
        end = await ami.event("AcdAfter", Contact=asked["contact"])
        assert end["End"].endswith("~16~limit~SUCCESS"), "an end like any other"
        await asyncio.wait_for(call.ended.wait(), 8)
        assert (await told(asterisk, asked["contact"], "ContactEnded"))[0]["how"] == "served"
        assert len(await told(asterisk, asked["contact"], "LegEnded")) == 1, "one wrap-up"
    finally:
        await ami.set("", "GLOBAL(OUT_LIMIT)", "L(3600000:60000)")


async def test_a_customer_whom_we_called_is_given_to_a_number_by_the_agents_telephone(
    asterisk: Instance, ami: rig.Ami, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    """Their line is one that the house has made; a second line is that of any talk."""
    asked = await client.ask("agent call", agent="a1", number=MOBILE)
    leg = await agent.rings()
    leg.answer()
    customer = await outside.rings()
    assert (await agent.call(OTHER)).failed == 486, "nobody is there yet to ask about"
    customer.answer()
    confirmed = await ami.event("AcdConfirmed", Contact=asked["contact"])
    await ami.event("BridgeEnter", Uniqueid=confirmed["Uniqueid"])
    assert await leg.offer_again("sendonly") == 200
    second = await agent.call(OTHER)
    assert second.up.is_set(), second.failed
    number = await outside.rings()
    assert dialled(number) == f"+86{OTHER}"
    number.answer()
    await asyncio.wait_for(number.up.wait(), 5)
    entered = len(ami.events)
    assert await leg.refer(OTHER, replaces=second) == 202
    await ami.event("BridgeEnter", since=entered, Uniqueid=confirmed["Uniqueid"])
    await asyncio.wait_for(second.ended.wait(), 5)
    await told(asterisk, asked["contact"], "DestinationRung")
    assert not customer.ended.is_set() and not number.ended.is_set(), "they talk"
    await number.hang_up()
    await asyncio.wait_for(customer.ended.wait(), 10)
    assert (await told(asterisk, asked["contact"], "ContactEnded"))[0]["how"] == "served"
    assert len(await told(asterisk, asked["contact"], "LegEnded")) == 1, "one wrap-up"


async def test_who_does_not_answer_leaves_the_agent_ready_and_nobody_waiting(
    asterisk: Instance, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    asked = await client.ask("agent call", agent="a1", number=MOBILE)
    leg = await agent.rings()
    leg.answer()
    (await outside.rings()).decline()
    await asyncio.wait_for(leg.ended.wait(), 10)
    assert await told(asterisk, asked["contact"], "CallFailed") == [{"why": "busy"}]
    ended = await told(asterisk, asked["contact"], "ContactEnded")
    assert [one["how"] for one in ended] == ["not reached"]
    await state(client, "ready")


async def test_an_agent_who_hangs_up_while_it_rings_ends_the_ringing(
    asterisk: Instance, client: CoreClient, agent: Phone, outside: Outside
) -> None:
    asked = await client.ask("agent call", agent="a1", number=MOBILE)
    leg = await agent.rings()
    leg.answer()
    call = await outside.rings()
    await leg.hang_up()
    await asyncio.wait_for(call.ended.wait(), 5)
    ended = await told(asterisk, asked["contact"], "ContactEnded")
    assert [one["how"] for one in ended] == ["not reached"]


async def test_what_the_rules_refuse_rings_nobody(client: CoreClient, agent: Phone) -> None:
    for number in ("+14155550100", "+8616812345678", "abc", ""):
        with pytest.raises(CoreRefused):
            await client.ask("agent call", agent="a1", number=number)
    assert agent.rung.empty()

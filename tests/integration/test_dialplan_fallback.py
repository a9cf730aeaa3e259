"""The core is silent: the fallback phones ring for whoever is first in order, behind the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from tests import rig
from tests.phones import Call, Phone

pytestmark = pytest.mark.asterisk

NUMBERS = {"4000": {"queue": "support"}, "4001": {"queue": "support", "class": "vip"}}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=3, fallback=["a1", "a2"], numbers=NUMBERS) as instance:
        yield instance


@pytest_asyncio.fixture
async def ami(asterisk: Instance) -> AsyncIterator[rig.Ami]:
    """The core has been silent for longer than it may."""
    async with rig.short_script(asterisk), rig.ami(asterisk) as line:
        await line.set("", "GLOBAL(FALLBACK_AFTER)", "1")
        yield line
        await line.set("", "GLOBAL(FALLBACK_AFTER)", "3600")


async def waiting(ami: rig.Ami, phone: Phone, number: str = "4000") -> tuple[Call, rig.Event]:
    """A caller in the waiting loop."""
    call = await phone.call(number)
    return call, await ami.event("AcdWaiting", CallerIDNum=phone.name)


async def test_the_oldest_order_key_rings_first_and_talks(asterisk: Instance, ami: rig.Ami) -> None:
    await ami.set("", "GLOBAL(FALLBACK_AFTER)", "3600")
    async with (
        rig.phone(asterisk, "a1") as agent, rig.phone(asterisk, "1551") as young,
        rig.phone(asterisk, "1552") as old, rig.phone(asterisk, "1553") as vip,
    ):  # fmt: skip
        await agent.register()
        _, last = await waiting(ami, old)
        await waiting(ami, young)
        call, first = await waiting(ami, vip, "4001")  # 90 s of credit: before both
        await ami.set("", "GLOBAL(FALLBACK_AFTER)", "1")
        leg = await agent.rings()
        told = await ami.event("AcdFallback")
        assert told["Contact"] == first["Contact"]
        leg.answer()
        await ami.event("BridgeEnter", Uniqueid=first["Contact"])
        await leg.hang_up()
        after = await ami.event("AcdAfter", Contact=first["Contact"])
        assert after["End"].startswith("fallback~16")
        await rig.until(call.ended.is_set)
        second = await ami.event("AcdFallback", since=ami.events.index(told) + 1)
        assert second["Contact"] == last["Contact"]
        assert await agent.rings()


async def test_the_cores_return_leaves_ring_and_talk_of_the_fallback_alone(
    asterisk: Instance, ami: rig.Ami
) -> None:
    async with (
        rig.phone(asterisk, "a1") as fallback, rig.phone(asterisk, "a3") as agent,
        rig.phone(asterisk, "1554") as caller,
    ):  # fmt: skip
        await fallback.register()
        await agent.register()
        call, told = await waiting(ami, caller)
        leg = await fallback.rings()
        for n in (1, 2):  # once while it rings, once while they talk
            await ami.set(told["Channel"], "SHARED(OFFER)", f"1.7.{n}")
            await ami.originate("a3", f"1.7.{n}", told["Channel"], told["Contact"])
            (await agent.rings()).answer()
            stale = await ami.event("AcdStale", Offer=f"1.7.{n}")
            assert stale["Why"] == "talking"
            if n == 1:
                leg.answer()
                await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        assert not call.ended.is_set() and not leg.ended.is_set()
        assert await ami.get(told["Channel"], "BUSY") == "fallback"
        await ami.set(told["Channel"], "AFTER", "queue")
        talked = len(ami.events)
        await leg.hang_up()
        await ami.event("AcdAfter", Contact=told["Contact"])
        again = await ami.event("AcdWaiting", since=talked, Contact=told["Contact"])
        assert again["Entered"] == told["Entered"]


async def test_a_fallback_talk_lost_by_the_network_puts_the_caller_back(
    asterisk: Instance, ami: rig.Ami
) -> None:
    async with rig.phone(asterisk, "a2") as fallback, rig.phone(asterisk, "1555") as caller:
        await fallback.register()
        _, told = await waiting(ami, caller)
        (await fallback.rings()).answer()
        bridged = await ami.event("BridgeEnter", CallerIDNum="a2")
        await ami.do("Hangup", Channel=bridged["Channel"], Cause="38")
        back = await ami.event("AcdBack", Contact=told["Contact"])
        assert (back["Entered"], back["End"]) == (told["Entered"], "fallback~38~talk~")
        await ami.event("AcdSaid", Contact=told["Contact"])


async def test_a_phone_in_a_talk_is_not_rung_and_the_other_one_is(
    asterisk: Instance, ami: rig.Ami
) -> None:
    async with (
        rig.phone(asterisk, "a1") as one, rig.phone(asterisk, "a2") as two,
        rig.phone(asterisk, "1556") as first, rig.phone(asterisk, "1557") as second,
    ):  # fmt: skip
        await one.register()
        await two.register()
        await waiting(ami, first)
        (await one.rings()).answer()
        assert await two.rings()
        await rig.until(two.calls[0].ended.is_set)
        await waiting(ami, second)
        (await two.rings()).answer()
        await rig.until(lambda: ami.count("AcdFallback") == 2)
        assert len(one.calls) == 1


async def test_who_waits_looks_less_often_while_the_core_is_dead_and_as_before_after(
    asterisk: Instance, ami: rig.Ami
) -> None:
    async with rig.phone(asterisk, "1558") as old, rig.phone(asterisk, "1559") as young:
        _, first = await waiting(ami, old)
        await waiting(ami, young)
        await ami.becomes("", "GLOBAL(ACD_TURN)", "3.6")
        assert await ami.get("", "GLOBAL(ACD_TELL)") == "56"
        await ami.set("", "GLOBAL(FALLBACK_AFTER)", "3600")
        told = len(ami.events)
        await ami.set("", "GLOBAL(ACD_ALIVE)", "1")
        await ami.becomes("", "GLOBAL(ACD_TURN)", "1.8")
        assert await ami.get("", "GLOBAL(ACD_TELL)") == "14"
        await ami.event("AcdWaiting", since=told, Contact=first["Contact"], wait=20)

"""A talk that may not last longer: both sides are told before, and it ends like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from adapters.asterisk.instance import Instance
from adapters.sipp.ear import sound
from tests import rig
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

TONE = 880
LIMIT = "L(3000:2000)"
"""In place of minutes: three seconds, told when two are left."""


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=1, numbers={"4000": {"longest_call": 2}}) as instance:
        yield instance


def hears_tone(phone: Phone, since: int) -> bool:
    """Whether the loudest of what came to this telephone is the tone."""
    samples = sound(phone.heard[since:]).astype(float)
    if not len(samples) or np.abs(samples).max() < 1000:
        return False
    spectrum = np.abs(np.fft.rfft(samples))
    return bool(abs(np.argmax(spectrum) * 8000 / len(samples) - TONE) < 20)


@pytest.mark.parametrize("after", ["", "queue"])
async def test_a_talk_ends_when_its_time_is_over_and_both_sides_are_told_before(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone, after: str
) -> None:
    call, told = await rig.in_queue(asterisk, ami, caller)
    assert await ami.get(told["Channel"], "SHARED(LIMIT)") == "L(120000:60000)"
    await ami.set(told["Channel"], "SHARED(LIMIT)", LIMIT)
    await ami.set(told["Channel"], "AFTER", after)
    offer = f"1.1.{len(after)}"
    await ami.set(told["Channel"], "SHARED(OFFER)", offer)
    await ami.originate("a1", offer, told["Channel"], told["Contact"])
    leg = await agent.rings()
    leg.answer()
    await ami.event("BridgeEnter", Uniqueid=told["Contact"])
    began, talked = asyncio.get_running_loop().time(), len(ami.events)
    before = len(caller.heard), len(agent.heard)
    await asyncio.wait_for(leg.ended.wait(), 6)
    took = asyncio.get_running_loop().time() - began
    assert 2.5 < took < 4.0
    told_end = await ami.event("AcdAfter", Contact=told["Contact"])
    assert told_end["End"] == f"{offer}~16~limit~SUCCESS", "an end like any other"
    assert hears_tone(agent, before[1]) and hears_tone(caller, before[0])
    assert ami.count("AcdBack", Contact=told["Contact"]) == 0
    if after == "queue":
        await ami.event("AcdWaiting", since=talked, Contact=told["Contact"])
    else:
        await asyncio.wait_for(call.ended.wait(), 8)


async def test_the_time_of_a_talk_goes_on_through_hold_and_begins_anew_with_the_next_agent(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    call, told = await rig.in_queue(asterisk, ami, caller)
    channel, clock = told["Channel"], asyncio.get_running_loop().time
    await ami.set(channel, "SHARED(LIMIT)", "L(5000:1000)")
    await ami.set(channel, "SHARED(OFFER)", "1.2.1")
    await ami.originate("a1", "1.2.1", channel, told["Contact"])
    leg = await agent.rings()
    leg.answer()
    await ami.event("BridgeEnter", Uniqueid=told["Contact"])
    began = clock()
    for place, says in (("hold", "AcdHeld"), ("talk", "AcdResumed")):
        await to_desk(ami, place, says)
    await ami.set(channel, "SHARED(HEIR)", "1.2.2")
    await ami.do(
        "Originate", ("CALLER", channel), ("CONTACT", told["Contact"]), ("OFFER", "1.2.2"),
        ("OF", "1.2.1"), ("AGENT", "a1"), Channel="PJSIP/a1", ChannelId="acd-1.2.2", Async="true",
        Context="acd-aside", Exten="s", Priority="1", Timeout="15000",
    )  # fmt: skip
    await to_desk(ami, "consult", "AcdHeld")
    second = await agent.rings()
    second.answer()
    await ami.event("AcdConsulted", Contact=told["Contact"])
    await to_desk(ami, "swap", "AcdResumed")
    await asyncio.wait_for(leg.ended.wait(), 7)
    assert 4.5 < clock() - began < 6.5, "hold and consultation counted"
    await ami.event("AcdTaken", Contact=told["Contact"])
    began = clock()
    await asyncio.wait_for(second.ended.wait(), 7)
    assert 4.5 < clock() - began < 6.5, "a talk of its own"
    end = await ami.event("AcdAfter", Contact=told["Contact"])
    assert end["End"] == "1.2.2~16~limit~SUCCESS"
    await asyncio.wait_for(call.ended.wait(), 8)


async def to_desk(ami: rig.Ami, place: str, says: str) -> None:
    """Send the leg of 1.2.1 there, as the core does."""
    since = len(ami.events)
    await ami.do(
        "Redirect", Channel="acd-1.2.1", Context="acd-desk", Exten=place, Priority="1"
    )  # fmt: skip
    await ami.event(says, since=since, Offer="1.2.1")

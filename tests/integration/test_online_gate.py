"""The line of a customer who is online ends by the gate of the waiting loop, without any script."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from adapters.asterisk.instance import Instance
from tests import rig
from tests.phones import Phone

pytestmark = [pytest.mark.once, pytest.mark.asterisk]


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=1) as instance:
        yield instance


async def test_a_line_whose_customer_is_online_ends_with_a_goodbye_and_needs_no_script(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    call, told = await rig.in_queue(asterisk, ami, caller)
    seen = len(ami.events)
    await ami.set(told["Channel"], "LEAD", "r1~online")
    await asyncio.wait_for(call.ended.wait(), 15)
    await ami.event("AcdGone", Contact=told["Contact"], Cause="16")
    assert not any(event.get("UserEvent") == "AcdLeft" for event in ami.events[seen:])


@pytest.mark.parametrize("ahead", [0.0, 0.5, 1.0, 1.5, 1.8, 2.0])
async def test_the_end_of_such_a_line_cuts_no_talk(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone, ahead: float
) -> None:
    """The loop is asked so long before the agent answers; it looks every 1.8 seconds."""
    call, told = await rig.in_queue(asterisk, ami, caller)
    offer = f"9.{round(ahead * 10)}.1"
    await ami.set("", "GLOBAL(ACD_EPOCH)", "9")
    await ami.set(told["Channel"], "SHARED(OFFER)", offer)
    await ami.originate("a1", offer, told["Channel"], told["Contact"])
    leg = await agent.rings()
    await ami.set(told["Channel"], "LEAD", "r1~online")
    await asyncio.sleep(ahead)
    leg.answer()
    await rig.until(
        lambda: ami.count("AcdClaimed", Offer=offer) or ami.count("AcdStale", Offer=offer)
    )
    if ami.count("AcdClaimed", Offer=offer):
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        await asyncio.sleep(3.0)
        assert ami.count("BridgeLeave", Uniqueid=told["Contact"]) == 0
        assert not call.ended.is_set()
    else:
        await asyncio.wait_for(call.ended.wait(), 15)
    await ami.set("", "GLOBAL(ACD_EPOCH)", "0")

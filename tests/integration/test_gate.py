"""The offer gate: of all that can happen in the instant of an answer, nothing cuts a talk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.asterisk.instance import Instance
from tests import rig
from tests.bench.lanes import KINDS, lanes, run
from tests.phones import Call

pytestmark = [pytest.mark.once, pytest.mark.asterisk]

LANES = 4
RACES = 40


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=2 * LANES) as instance:
        yield instance


async def test_races_cut_no_talk_bridge_none_twice_and_lose_no_caller(asterisk: Instance) -> None:
    async with lanes(asterisk, LANES, seed=7) as all_lanes:
        tally = await run(all_lanes, RACES)
    assert tally.faults == {}, tally.examples
    assert tally.races.total() == RACES
    assert set(tally.races) == set(KINDS)


async def refused(ami: rig.Ami, leg: Call, offer: str) -> str:
    """Answer, and why the gate did not open."""
    leg.answer()
    told = await ami.event("AcdStale", Offer=offer)
    await leg.hang_up()
    await ami.event("AcdLegEnd", Offer=offer, Phase="stale")
    return told["Why"]


async def test_an_old_epoch_a_void_offer_and_a_gone_caller_are_refused(
    asterisk: Instance, ami: rig.Ami
) -> None:
    async with rig.phone(asterisk, "1555") as caller, rig.phone(asterisk, "a1") as agent:
        await agent.register()
        call, told = await rig.in_queue(asterisk, ami, caller)
        await ami.set("", "GLOBAL(ACD_EPOCH)", "900")
        why = []
        for offer, on_channel in (("899.1.1", "899.1.1"), ("900.1.2", "900.1.3"), ("900.1.4", "")):
            await ami.set(told["Channel"], "SHARED(OFFER)", on_channel)
            await ami.originate("a1", offer, told["Channel"], told["Contact"])
            why.append(await refused(ami, await agent.rings(), offer))
        await ami.set(told["Channel"], "SHARED(OFFER)", "900.1.5")
        await ami.originate("a1", "900.1.5", told["Channel"], told["Contact"])
        leg = await agent.rings()
        await call.hang_up()
        await ami.event("AcdGone", Contact=told["Contact"])
        why.append(await refused(ami, leg, "900.1.5"))
    assert why == ["epoch", "offer", "offer", "gone"]
    assert ami.count("AcdClaimed") == 0


async def test_an_offer_set_during_a_talk_is_refused(asterisk: Instance, ami: rig.Ami) -> None:
    async with (
        rig.phone(asterisk, "1556") as caller, rig.phone(asterisk, "a1") as one,
        rig.phone(asterisk, "a2") as two,
    ):  # fmt: skip
        await one.register()
        await two.register()
        _, told = await rig.in_queue(asterisk, ami, caller)
        for phone, offer in ((one, "901.1.1"), (two, "901.1.2")):
            await ami.set(told["Channel"], "SHARED(OFFER)", offer)
            await ami.originate(phone.name, offer, told["Channel"], told["Contact"])
            leg = await phone.rings()
            if phone is one:
                leg.answer()
                await ami.event("BridgeEnter", Uniqueid="acd-901.1.1")
            else:
                assert await refused(ami, leg, offer) == "talking"
        assert not one.calls[0].ended.is_set()

"""A caller who falls out of one bridge is pulled into the next only when they are out of it.

Asterisk keeps one place behind a bridge for a channel. Pulled too soon, a caller loses it, and is
hung up with whichever leg leaves next: seen once in some thirty conferences that ended and were
followed by a consultation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from adapters.asterisk.instance import Instance
from ivr.home import ROOT
from tests import rig
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

ON_THE_WAY = "SHARED(BRIDGED)"


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=1) as instance:
        yield instance


async def held(asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone, offer: str) -> str:
    """The caller's channel, on hold by the agent's leg of this offer."""
    _, told = await rig.in_queue(asterisk, ami, caller)
    channel = told["Channel"]
    await ami.set(channel, "SHARED(OFFER)", offer)
    await ami.originate("a1", offer, channel, told["Contact"])
    (await agent.rings()).answer()
    await ami.event("BridgeEnter", Uniqueid=told["Contact"])
    assert await ami.get(channel, ON_THE_WAY) == "1"
    await to_desk(ami, offer, "hold", "AcdHeld")
    await ami.becomes(channel, ON_THE_WAY, "")
    return channel


async def to_desk(ami: rig.Ami, offer: str, place: str, says: str) -> int:
    """Send the leg there, as the core does; how many events were told before."""
    since = len(ami.events)
    await ami.do(
        "Redirect", Channel=f"acd-{offer}", Context="acd-desk", Exten=place, Priority="1"
    )  # fmt: skip
    await ami.event(says, since=since, Offer=offer)
    return since


async def test_a_caller_who_is_on_the_way_out_is_waited_for(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    channel = await held(asterisk, ami, caller, agent, "1.1.1")
    await ami.set(channel, ON_THE_WAY, "1")
    since = await to_desk(ami, "1.1.1", "talk", "AcdResumed")
    with pytest.raises(AssertionError, match="no event BridgeEnter"):
        await ami.event("BridgeEnter", wait=0.3, since=since, Channel=channel)
    await ami.set(channel, ON_THE_WAY, "")
    await ami.event("BridgeEnter", wait=1.0, since=since, Channel=channel)


async def test_and_not_for_ever(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    channel = await held(asterisk, ami, caller, agent, "1.2.1")
    await ami.set(channel, ON_THE_WAY, "1")
    since = await to_desk(ami, "1.2.1", "talk", "AcdResumed")
    await ami.event("BridgeEnter", since=since, Channel=channel)


def test_whoever_pulls_a_caller_into_a_bridge_says_so_before() -> None:
    for file in (ROOT / "asterisk-config").glob("extensions*.conf"):
        lines = [line for line in file.read_text().splitlines() if not line.startswith(" ;")]
        for before, line in pairwise(lines):
            if re.search(r"\bBridge\(\$\{CALLER\}", line):
                assert "Set(SHARED(BRIDGED,${CALLER})=1)" in before, (file.name, line)

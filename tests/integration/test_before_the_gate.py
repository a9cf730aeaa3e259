"""What agents hear and are asked before they are connected, on the real Asterisk with the core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from adapters.sipp.ear import sound
from tests import rig
from tests.before_gate_stage import (
    ABROAD,
    DESK,
    ITSELF,
    MOBILE,
    OURS,
    RING_SECONDS,
    Stage,
    before_gate,
    ended,
    staged,
)
from tests.outside import Outside, dialled
from tests.phones import Phone
from tests.ports import reserved_port
from tests.trunk_peer import believed

pytestmark = pytest.mark.asterisk

PORT = reserved_port()


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with before_gate(PORT) as instance:
        yield instance


@pytest_asyncio.fixture
async def stage(asterisk: Instance) -> AsyncIterator[Stage]:
    async with staged(asterisk) as found:
        yield found


@pytest_asyncio.fixture
async def mobile(asterisk: Instance) -> AsyncIterator[Outside]:
    async with Outside(("127.0.0.1", asterisk.settings.ports.sip), PORT) as phone:
        await believed(asterisk, "alive")
        yield phone


def loudness(phone: Phone) -> float:
    return float(np.abs(sound(phone.heard).astype(np.int32)).max(initial=0))


# ---------------------------------------------------------------- the announcement


async def test_an_agent_hears_what_it_is_about_and_only_then_the_caller(
    stage: Stage, caller: Phone, agent: Phone
) -> None:
    await stage.announcement()
    told = await stage.calls(caller, DESK)
    await stage.ready("a1")
    leg = await agent.rings()
    await asyncio.sleep(RING_SECONDS - 1)  # picked up late: its end is after the time to ring
    leg.answer()
    await stage.ahead(told)
    began = asyncio.get_running_loop().time()
    caller.heard.clear()
    await stage.together(told)
    assert asyncio.get_running_loop().time() - began > 2, "longer than the rest of the ringing"
    assert loudness(agent) > 1000, "the announcement was heard"
    assert len(caller.heard) > 50 and loudness(caller) > 1000, "the music went on"
    assert (await stage.agent("a1"))["state"] == "talking"
    await leg.hang_up()
    await stage.ami.event("AcdAfter", Contact=told["Contact"])


async def test_a_caller_who_leaves_ends_the_announcement_and_the_agent_stays_ready(
    stage: Stage, caller: Phone, agent: Phone
) -> None:
    await stage.announcement()
    told = await stage.calls(caller, DESK)
    await stage.ready("a1")
    leg = await agent.rings()
    leg.answer()
    await stage.ahead(told)
    await caller.calls[0].hang_up()
    await ended(leg, 1.5)
    await stage.until_agent("a1", state="ready")
    assert stage.ami.count("AcdClaimed", Contact=told["Contact"]) == 0


async def test_who_puts_the_phone_down_at_the_announcement_has_declined(
    stage: Stage, caller: Phone, agent: Phone
) -> None:
    await stage.announcement()
    told = await stage.calls(caller, DESK)
    await stage.ready("a1")
    leg = await agent.rings()
    leg.answer()
    await stage.ahead(told)
    await leg.hang_up()
    assert await stage.how_ended(told) == "declined"
    await stage.until_agent("a1", state="ready")
    with pytest.raises(TimeoutError):
        await agent.rings(1)
    assert not caller.calls[0].ended.is_set()


async def test_a_colleague_may_take_it_from_who_listens_to_the_announcement(
    stage: Stage, caller: Phone, agent: Phone
) -> None:
    await stage.announcement()
    told = await stage.calls(caller, DESK)
    await stage.ready("a1")
    leg = await agent.rings()
    leg.answer()
    await stage.ahead(told)
    async with rig.phone(stage.asterisk, "a4") as colleague:
        await colleague.register()
        await stage.ready("a4")
        await stage.core.ask("agent pickup", agent="a4", colleague="a1", who="boss")
        await ended(leg, 1.5)
        await stage.until_agent("a1", state="ready")
        (await colleague.rings()).answer()
        await stage.together(told)
        await stage.until_agent("a4", state="talking")
        assert stage.ami.count("AcdClaimed", Contact=told["Contact"]) == 1
        await caller.calls[0].hang_up()


async def test_without_our_processes_the_announced_agent_is_connected_all_the_same(
    asterisk: Instance, caller: Phone, agent: Phone
) -> None:
    async with rig.ami(asterisk) as line:
        async with staged(asterisk) as stage:
            await stage.announcement()
            told = await stage.calls(caller, DESK)
            await stage.ready("a1")
            leg = await agent.rings()
            leg.answer()
            await stage.ahead(told)
            stage.ami.events.clear()
        assert not leg.ended.is_set()
        await line.event("BridgeEnter", Uniqueid=told["Uniqueid"])
    await leg.hang_up()
    await caller.calls[0].hang_up()


# ---------------------------------------------------------------- a phone that picks up by itself


async def test_a_phone_is_asked_to_pick_up_by_itself_and_the_agent_hears_a_beep_first(
    stage: Stage, caller: Phone
) -> None:
    async with rig.phone(stage.asterisk, "a2") as phone:
        await phone.register()
        told = await stage.calls(caller, ITSELF)
        await stage.ready("a2")
        leg = await phone.rings()
        assert leg.invite and "answer-after=0" in leg.invite["Call-Info"]
        assert "info=alert-autoanswer" in leg.invite["Alert-Info"]
        leg.answer()
        await stage.ahead(told)
        await stage.together(told)
        assert loudness(phone) > 1000
        await leg.hang_up()
        await stage.ami.event("AcdAfter", Contact=told["Contact"])


async def test_no_other_phone_is_asked_to(stage: Stage, caller: Phone, agent: Phone) -> None:
    await stage.calls(caller, DESK)
    await stage.ready("a1")
    leg = await agent.rings()
    assert leg.invite and "answer-after" not in str(leg.invite)
    assert "alert-autoanswer" not in str(leg.invite)


# ---------------------------------------------------------------- a phone that is a number outside


async def test_an_agent_outside_accepts_by_the_key_and_talks(
    stage: Stage, caller: Phone, mobile: Outside
) -> None:
    await stage.ready("a3")
    told = await stage.calls(caller, ABROAD)
    leg = await mobile.rings()
    assert leg.invite and dialled(leg) == MOBILE and OURS in leg.invite["From"]
    assert caller.name not in str(leg.invite), "the caller's number stays here"
    leg.answer()
    await stage.ahead(told)
    await asyncio.sleep(0.5)
    await leg.press("1")
    await stage.together(told)
    await stage.until_agent("a3", state="talking")
    [counted] = await stage.story(told, "AgentRungOutside")
    assert (counted.data["agent"], counted.data["trunk"]) == ("a3", "alive")
    assert MOBILE[1:] not in str(await stage.story(told, "Offered"))
    await leg.hang_up()
    after = await stage.ami.event("AcdAfter", Contact=told["Contact"])
    assert after["End"].split("~")[1] == "16", "ended as a talk of the house ends"
    await stage.until_agent("a3", state="ready")


async def test_a_voicemail_presses_no_key_and_gets_no_caller(
    stage: Stage, caller: Phone, mobile: Outside
) -> None:
    await stage.ready("a3")
    told = await stage.calls(caller, ABROAD)
    leg = await mobile.rings()
    leg.answer()
    await stage.ahead(told)
    await leg.press("5")
    await ended(leg, 15)
    await stage.until_agent("a3", state="not ready", reason="no answer")
    assert await stage.how_ended(told) == "rang out"
    assert stage.ami.count("AcdClaimed", Contact=told["Contact"]) == 0
    assert not caller.calls[0].ended.is_set(), "the caller waits on"


async def test_a_caller_who_leaves_ends_the_question(
    stage: Stage, caller: Phone, mobile: Outside
) -> None:
    await stage.ready("a3")
    told = await stage.calls(caller, ABROAD)
    leg = await mobile.rings()
    leg.answer()
    await stage.ahead(told)
    await caller.calls[0].hang_up()
    await ended(leg, 1.5)
    await stage.until_agent("a3", state="ready")


async def test_a_number_that_is_busy_or_says_no_is_as_a_phone_of_the_house(
    stage: Stage, caller: Phone, mobile: Outside
) -> None:
    await stage.ready("a3")
    told = await stage.calls(caller, ABROAD)
    (await mobile.rings()).decline("486 Busy Here")
    assert await stage.how_ended(told) == "busy"
    await stage.until_agent("a3", state="ready")
    leg = await mobile.rings(10)  # after the rest of a busy phone
    assert not leg.ended.is_set()
    await ended(leg, RING_SECONDS + 3)
    await stage.until_agent("a3", state="not ready", reason="no answer")


async def test_an_agent_outside_is_consulted_only_once_the_key_is_pressed(
    stage: Stage, caller: Phone, agent: Phone, mobile: Outside
) -> None:
    await stage.announcement()
    told = await stage.calls(caller, DESK)
    await stage.ready("a1")
    leg = await agent.rings()
    leg.answer()
    await stage.together(told)
    await stage.until_agent("a1", state="talking")
    await stage.ready("a3")
    seen = len(stage.ami.events)
    await stage.core.ask("talk consult", agent="a1", to_agent="a3")
    asked = await mobile.rings()
    asked.answer()
    await stage.ami.event("AcdAhead", since=seen, Contact=told["Contact"])
    await asyncio.sleep(0.5)
    assert stage.ami.count("AcdConsulted", Contact=told["Contact"]) == 0
    await asked.press("1")
    await stage.ami.event("AcdConsulted", Contact=told["Contact"])
    await stage.core.ask("talk complete", agent="a1")
    await stage.ami.event("AcdTaken", Contact=told["Contact"], Agent="a3")
    await stage.until_agent("a3", state="talking")
    await caller.calls[0].hang_up()
    await ended(asked, 3)

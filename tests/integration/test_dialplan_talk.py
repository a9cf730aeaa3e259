"""The talk, what comes after it, and what the record says of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from adapters.asterisk.instance import Instance
from adapters.asterisk.telephony import AMI_USER
from tests import rig
from tests.phones import Phone

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=2) as instance:
        yield instance


async def talk(ami: rig.Ami, agent: Phone, told: rig.Event, offer: str) -> None:
    """Caller and agent in a talk."""
    await ami.set(told["Channel"], "SHARED(OFFER)", offer)
    await ami.originate(agent.name, offer, told["Channel"], told["Contact"])
    (await agent.rings()).answer()
    await ami.event("BridgeEnter", Uniqueid=told["Contact"])


async def test_nothing_of_the_caller_reaches_the_agent_before_the_bridge(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    _, told = await rig.in_queue(asterisk, ami, caller)
    await ami.set(told["Channel"], "SHARED(OFFER)", "1.1.1")
    await ami.originate("a1", "1.1.1", told["Channel"], told["Contact"])
    leg = await agent.rings()
    assert agent.heard == []
    leg.answer()
    await ami.event("AcdClaimed", Contact=told["Contact"], Offer="1.1.1")


@pytest.mark.parametrize(("after", "tone"), [("", True), ("survey", True), ("queue", False)])
async def test_after_the_talk_comes_what_was_set_before_it(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone, after: str, tone: bool
) -> None:
    call, told = await rig.in_queue(asterisk, ami, caller)
    await ami.set(told["Channel"], "AFTER", after)
    await talk(ami, agent, told, "1.2.1")
    talked = len(ami.events)
    await agent.calls[0].hang_up()
    heard = await ami.event("AcdAfter", Contact=told["Contact"], After=after)
    assert heard["End"] == "1.2.1~16~talk~SUCCESS"
    if after == "queue":
        again = await ami.event("AcdWaiting", since=talked, Contact=told["Contact"])
        assert again["Entered"] == told["Entered"]
        return
    if after == "survey":
        await asyncio.sleep(0.3)
        await call.press("5")
    await asyncio.wait_for(call.ended.wait(), 8)
    surveys = [row[2] for row in rig.cel(asterisk, told["Contact"]) if row[0] == "ACD_SURVEY"]
    assert surveys == ([f"{told['Contact']}|5"] if after == "survey" else [])


async def test_an_end_that_nobody_asked_for_gives_the_place_back(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    _, told = await rig.in_queue(asterisk, ami, caller)
    await talk(ami, agent, told, "1.3.1")
    talked = len(ami.events)
    await ami.do("Hangup", Channel="acd-1.3.1", Cause="38")
    back = await ami.event("AcdBack", Contact=told["Contact"])
    assert (back["Entered"], back["End"]) == (told["Entered"], "1.3.1~38~talk~SUCCESS")
    again = await ami.event("AcdWaiting", since=talked, Contact=told["Contact"])
    assert again["Entered"] == told["Entered"]
    said = await ami.event("AcdSaid", Contact=told["Contact"])
    assert said["Req"].startswith("back-")


async def test_the_link_cut_while_a_leg_rings_does_not_keep_them_from_talking(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    _, told = await rig.in_queue(asterisk, ami, caller)
    core = await rig.login(asterisk)
    await core.set(told["Channel"], "SHARED(OFFER)", "1.4.1")
    await core.originate("a1", "1.4.1", told["Channel"], told["Contact"])
    leg = await agent.rings()
    await core.close()
    leg.answer()
    await ami.event("BridgeEnter", Uniqueid="acd-1.4.1")
    assert not caller.calls[0].ended.is_set()


async def test_of_a_call_the_core_is_told_only_what_it_has_a_use_for(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    core = await rig.login(asterisk, AMI_USER)
    _, told = await rig.in_queue(asterisk, ami, caller)
    await ami.set(told["Channel"], "AFTER", "queue")
    await core.set(told["Channel"], "SHARED(OFFER)", "1.6.1")
    await core.originate("a1", "1.6.1", told["Channel"], told["Contact"])
    (await agent.rings()).answer()
    await ami.event("BridgeEnter", Uniqueid=told["Contact"])
    await core.do("Hangup", Channel="acd-1.6.1", Cause="38")
    await core.event("AcdBack")
    await core.event("DeviceStateChange", Device="PJSIP/a1", State="NOT_INUSE")
    await caller.calls[0].hang_up()
    await core.event("AcdGone")
    names = Counter(event.get("UserEvent", event["Event"]) for event in core.events)
    assert names.pop("DeviceStateChange") < 10  # ringing, in use, free; and the registration's
    assert names == {
        "FullyBooted": 1, "AcdWaiting": 2, "OriginateResponse": 1, "AcdClaimed": 1,
        "AcdLegEnd": 1, "Hangup": 1, "AcdBack": 1, "AcdGone": 1,
    }  # fmt: skip
    assert len(ami.events) > 3 * len(core.events)
    await core.close()


async def test_lists_are_answered_whole(asterisk: Instance, ami: rig.Ami, caller: Phone) -> None:
    _, told = await rig.in_queue(asterisk, ami, caller)
    core = await rig.login(asterisk, AMI_USER)
    await core.do("Status")
    await core.event("Status", Uniqueid=told["Contact"])
    await core.event("StatusComplete")
    await core.do("DeviceStateList")
    await core.event("DeviceStateChange", Device="PJSIP/a1")
    await core.event("DeviceStateListComplete")
    await core.close()


async def test_a_telephone_that_holds_leaves_the_caller_to_the_music_of_the_queue(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    await ami.set("", "GLOBAL(MUSIC_support_zh)", "silence")  # another than that of all
    try:
        _, told = await rig.in_queue(asterisk, ami, caller)
        assert (told["Queue"], told["Lang"]) == ("support", "zh")
        await talk(ami, agent, told, "1.7.1")
        seen = len(ami.events)
        assert await agent.calls[0].offer_again("sendonly") == 200
        music = await ami.event("MusicOnHoldStart", since=seen, Uniqueid=told["Contact"])
        assert music["Class"] == "silence"
        assert await ami.get("acd-1.7.1", "CHANNEL(rtp,hold)") == "1"
        await agent.calls[0].offer_again("sendrecv")
        await ami.event("MusicOnHoldStop", since=seen, Uniqueid=told["Contact"])
    finally:
        await ami.set("", "GLOBAL(MUSIC_support_zh)", "")


async def test_the_end_of_whoever_lost_their_handler_on_the_way_into_the_talk_is_told(
    asterisk: Instance, ami: rig.Ami, agent: Phone, caller: Phone
) -> None:
    call, told = await rig.in_queue(asterisk, ami, caller)
    await talk(ami, agent, told, "1.6.8")
    await ami.set(told["Channel"], "CHANNEL(hangup_handler_wipe)", "")
    await agent.calls[0].hang_up()
    await rig.until(call.ended.is_set)
    gone = await ami.event("AcdGone", Contact=told["Contact"])
    assert gone["Talked"] == "1.6.8"
    assert ami.count("AcdGone") == 1


# ---- the record


async def test_a_talk_as_long_as_it_likes_leaves_no_warning_in_asterisks_log(
    asterisk: Instance, ami: rig.Ami, agent: Phone, caller: Phone
) -> None:
    before = asterisk.folders.log.stat().st_size if asterisk.folders.log.exists() else 0
    call, told = await rig.in_queue(asterisk, ami, caller)
    await talk(ami, agent, told, "1.6.9")
    await call.hang_up()
    await ami.event("AcdGone", Contact=told["Contact"])
    with asterisk.folders.log.open("rb") as log:
        log.seek(before)
        assert b"syntax error" not in log.read()


async def test_nothing_personal_stands_in_the_record(
    asterisk: Instance, ami: rig.Ami, agent: Phone
) -> None:
    async with rig.phone(asterisk, "13912345678") as caller:
        call, told = await rig.in_queue(asterisk, ami, caller, name="Canary Name")
        await talk(ami, agent, told, "1.5.1")
        await call.hang_up()
        await rig.until(lambda: [r for r in rig.cel(asterisk, told["Contact"]) if r[0] == "HANGUP"])
    whole = asterisk.folders.cel.read_bytes()
    whole += b"".join(p.read_bytes() for p in asterisk.folders.cel.parent.iterdir())
    for personal in (b"13912345678", b"Canary"):
        at = whole.find(personal)
        assert at == -1, f"{personal!r} stands in {whole[max(0, at - 300) : at + 300]!r}"

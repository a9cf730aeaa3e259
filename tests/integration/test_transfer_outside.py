"""A flow rings a number outside: the whole core on a real Asterisk, with two trunks of our own, of
which the first takes no calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapters.asterisk.instance import Instance
from tests import rig
from tests.flow_house import flow_house
from tests.flow_stage import flow_stage, write_flow
from tests.integration.test_talk_on_asterisk import ANN, BOB, answered, talk
from tests.integration.test_transfer_on_asterisk import (
    STEPS,
    back,
    calls,
    comes_to,
    ends,
    records,
)
from tests.integration.test_waiting_callers import CENTRE, core
from tests.outside import Outside, dialled
from tests.phones import Call, Phone
from tests.ports import reserved_port
from tests.trunk_peer import Peer, believed, free_place

pytestmark = pytest.mark.asterisk

NUMBER, OURS = "+8613800138000", "+861012345678"
FULL, ALIVE, ALONE = free_place("127.0.0.2"), reserved_port(), reserved_port()
"""`ALIVE` is the trunk of the installation that tests of this file share: who counts calls has
another one to themselves."""


def site_by(port: int) -> dict[str, Any]:
    """Numbers outside are rung by a trunk that is full, then by the one at this port."""
    return {
        "destinations": {"reception": {"number": NUMBER, "seconds": 6}},
        "trunks": {
            "full": {"address": f"{FULL[0]}:{FULL[1]}", "caller_ids": [OURS], "incoming": False},
            "alive": {"address": f"127.0.0.1:{port}", "caller_ids": [OURS], "incoming": False},
        },
        "outbound": {"allow": ["+86"], "caller_id": OURS, "trunks": ["full", "alive"]},
    }


SITE, SITE_ALONE = site_by(ALIVE), site_by(ALONE)


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with flow_house({"first": next(iter(STEPS)), "steps": STEPS}, CENTRE, **SITE) as instance:
        yield instance


@pytest_asyncio.fixture
async def ami(asterisk: Instance) -> AsyncIterator[rig.Ami]:
    async with rig.ami(asterisk) as line, core(asterisk):
        await line.set("", "GLOBAL(AGI_NEXT)", "0")
        yield line


@pytest_asyncio.fixture
async def full(asterisk: Instance) -> AsyncIterator[Peer]:
    async with Peer(FULL, invite="503 Service Unavailable") as peer:
        await believed(asterisk, "full")
        yield peer


@pytest_asyncio.fixture
async def mobile(asterisk: Instance, full: Peer) -> AsyncIterator[Outside]:
    async with Outside(("127.0.0.1", asterisk.settings.ports.sip), ALIVE) as phone:
        await believed(asterisk, "alive")
        yield phone


async def rings_for(ami: rig.Ami, told: rig.Event, mobile: Outside) -> Call:
    """The call that this caller's flow makes. To a trunk that was away Asterisk still repeats an
    older one, until it can be told that nobody wants it any more."""
    while True:
        call = await mobile.rings()
        leg = await ami.get(told["Channel"], "SHARED(OUT_LEG)")
        assert call.invite
        if leg and await ami.get(leg, "CHANNEL(pjsip,call-id)") == call.invite["Call-ID"]:
            return call


async def test_the_number_talks_by_the_trunk_that_takes_the_call_and_the_caller_goes_on(
    asterisk: Instance, ami: rig.Ami, caller: Phone, full: Peer, mobile: Outside
) -> None:
    told = await calls(ami, caller)
    call = await rings_for(ami, told, mobile)
    assert call.invite and dialled(call) == NUMBER
    assert OURS in call.invite["From"] and caller.name not in str(call.invite)
    assert len(full.of("INVITE")) == 1, "the first trunk was asked, once"
    call.answer()
    await ami.event("BridgeEnter", Uniqueid=told["Uniqueid"])
    await call.hang_up()
    await comes_to(ami, told, "more")
    story = await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)
    assert ends(story) == [("reception", "done")]
    [counted] = [one.data for one in story if one.kind == "DestinationDialled"]
    assert (counted["to"], counted["trunk"]) == ("reception", "full")
    assert NUMBER[1:] not in str(story), "the journal has no number"
    assert await ami.get(told["Channel"], "ROUTE_1") in ("", None)
    await caller.calls[0].hang_up()


async def test_a_caller_handed_on_to_a_number_goes_on_when_its_time_is_over(
    asterisk: Instance, ami: rig.Ami, caller: Phone, full: Peer, mobile: Outside
) -> None:
    """Three seconds in place of minutes."""
    await ami.set("", "GLOBAL(OUT_LIMIT)", "L(3000:2000)")
    try:
        told = await calls(ami, caller)
        call = await rings_for(ami, told, mobile)
        call.answer()
        await asyncio.wait_for(call.ended.wait(), 6)
        await comes_to(ami, told, "more")
        story = await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)
        assert ends(story) == [("reception", "done")]
        await caller.calls[0].hang_up()
    finally:
        await ami.set("", "GLOBAL(OUT_LIMIT)", "")


async def test_a_number_that_is_busy_is_not_tried_by_another_trunk(
    asterisk: Instance, ami: rig.Ami, caller: Phone, full: Peer
) -> None:
    full.invite = "486 Busy Here"
    async with Outside(("127.0.0.1", asterisk.settings.ports.sip), ALIVE) as mobile:
        told = await calls(ami, caller)
        await comes_to(ami, told, "busy")
        assert mobile.rung.empty() and len(full.of("INVITE")) == 1
        found = await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)
        assert ends(found) == [("reception", "busy")]
        await caller.calls[0].hang_up()


async def test_a_number_that_no_trunk_takes_is_unreachable(
    asterisk: Instance, ami: rig.Ami, caller: Phone, full: Peer
) -> None:
    told = await calls(ami, caller)
    await comes_to(ami, told, "away")
    found = await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)
    assert ends(found) == [("reception", "unreachable")]
    await caller.calls[0].hang_up()


async def test_a_caller_who_hangs_up_ends_the_ring_outside(
    asterisk: Instance, ami: rig.Ami, caller: Phone, mobile: Outside
) -> None:
    told = await calls(ami, caller)
    call = await rings_for(ami, told, mobile)
    await caller.calls[0].hang_up()
    await asyncio.wait_for(call.ended.wait(), 5)
    story = await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)
    assert ends(story) == [("reception", "left")]


# ---------------------------------------------------------------- kill -9


def furnish(data: Path) -> None:
    write_flow(data, "shop", STEPS)
    site = yaml.safe_load((data / "site.yaml").read_text())
    site |= {**SITE_ALONE, "numbers": {"4000": {"flow": "shop", "language": "en"}}}
    (data / "site.yaml").write_text(yaml.safe_dump(site))


async def test_a_talk_outside_outlives_our_process_and_nobody_is_rung_twice() -> None:
    async with flow_stage(furnish) as stage, Peer(FULL, invite="503 Service Unavailable") as full:
        server = ("127.0.0.1", stage.house.settings.ports.sip)
        async with Outside(server, ALONE) as mobile:
            await believed(stage.house.asterisk, "alive")
            number = "+12025550101"
            _, [hand] = await stage.callers([number], "4000")
            call = await mobile.rings()
            call.answer()
            await asyncio.wait_for(call.up.wait(), 5)
            await back(stage, call)
            await call.hang_up()
            await stage.watch.until(number, lambda seen: seen.steps[-1][1] == "more", 15)
            await hand.keys("1")
            await stage.house.until_states(20, waiting=1)
            seen = stage.watch.calls[number]
            assert (await stage.trails())[seen.contact] == ["desk:done", "more:1", "person:waiting"]
            kept = await stage.house.records("DestinationEnded")
            assert [one.data["how"] for one in kept] == ["done"]
            assert len(await stage.house.records("DestinationDialled")) == 1, "counted once"
            assert mobile.rung.empty() and len(full.of("INVITE")) <= 1, "rung once"


# ---------------------------------------------------------------- an agent hands on


@pytest.mark.parametrize("killed", [False, True])
async def test_an_agent_hands_a_caller_on_to_a_number_or_gets_them_back(killed: bool) -> None:
    """Row 31 of docs/ownership.md, and 29."""
    async with talk(site=SITE_ALONE) as it, Peer(FULL, invite="503 Service Unavailable"):
        async with Outside(("127.0.0.1", it.house.settings.ports.sip), ALONE) as mobile:
            await believed(it.house.asterisk, "alive")
            await it.ask("transfer", to_number="138 0013 8000")
            call = await mobile.rings()
            assert dialled(call) == NUMBER and call.invite and OURS in call.invite["From"]
            if killed:
                it.house.kill_python()
                call.answer()
                await asyncio.wait_for(call.up.wait(), 5)
                await it.house.start_calls()
                await it.until_contact("after")
                assert not call.ended.is_set(), "the talk goes on"
            else:
                call.decline("486 Busy Here")
                await answered(it.phones[BOB])
                await it.until_together("caller", BOB)
                await it.house.core.ask("talk transfer", agent=BOB, to_destination="reception")
                call = await mobile.rings()
                call.answer()
                await asyncio.wait_for(call.up.wait(), 5)
                await it.until_agents(ann="wrap-up", bob="wrap-up")
            await call.hang_up()
        await it.served_once()
        told = await it.house.records("DestinationDialled")
        names = ["outside number"] if killed else ["outside number", "reception"]
        assert [one.data["to"] for one in told] == names
        assert told[0].data["agent"] == ANN and "138" not in str(told[0].data)
        rung = [one.invite.encode() for one in mobile.calls if one.invite]
        assert mobile.rung.empty(), ("nobody is rung twice", rung)

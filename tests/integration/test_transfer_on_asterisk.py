"""A flow rings a telephone that is no agent's, with the whole core on a real Asterisk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapters.asterisk.instance import Instance
from adapters.cli.pid_file import PidFile
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr.ports import Record
from tests import rig
from tests.flow_house import flow_house
from tests.flow_stage import FlowStage, flow_stage, write_flow
from tests.integration.test_waiting_callers import CENTRE, core
from tests.phones import Call, Phone

pytestmark = pytest.mark.asterisk

DESK, SECRET = "2001", "s001"
DESTINATIONS = {"reception": {"phone": DESK, "secret": SECRET, "seconds": 5}}
WORD = {"zh": "请按键。", "en": "Please."}


def menu(leads: str) -> dict[str, Any]:
    then = {"1": leads, "silence": "bye", "no_match": "bye"}
    return {"do": "menu", "say": WORD, "tries": 1, "seconds": 8, "then": then}


STEPS: dict[str, Any] = {
    "desk": {
        "do": "transfer", "to": "reception", "say": WORD,
        "then": {"done": "more", "busy": "busy", "no_answer": "gone", "unreachable": "away"},
    },
    "more": menu("person"), "busy": menu("person"), "gone": menu("person"), "away": menu("person"),
    "person": {"do": "queue"},
    "bye": {"do": "goodbye", "say": WORD},
}  # fmt: skip


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    flow = {"first": next(iter(STEPS)), "steps": STEPS}
    with flow_house(flow, CENTRE, destinations=DESTINATIONS) as instance:
        yield instance


@pytest_asyncio.fixture
async def ami(asterisk: Instance) -> AsyncIterator[rig.Ami]:
    async with rig.ami(asterisk) as line, core(asterisk):
        await line.set("", "GLOBAL(AGI_NEXT)", "0")
        yield line


@pytest_asyncio.fixture
async def desk(asterisk: Instance) -> AsyncIterator[Phone]:
    async with rig.phone(asterisk, DESK) as phone:
        await phone.register()
        yield phone
        await phone.register(expires=0)


async def calls(ami: rig.Ami, caller: Phone) -> rig.Event:
    """What is told of the caller's channel, once the call is answered."""
    seen = len(ami.events)
    await caller.call("4000")
    return await ami.event("Newchannel", since=seen, CallerIDNum=caller.name)


async def comes_to(ami: rig.Ami, told: rig.Event, step: str) -> None:
    async with asyncio.timeout(15):
        while await ami.get(told["Channel"], "STEP") != step:
            await asyncio.sleep(0.02)


async def records(asterisk: Instance, contact: str, kind: str, count: int) -> list[Record]:
    """What the journal has of this contact, once there are so many."""
    database = await open_database(asterisk.settings.database_url("core"), "core", read_only=True)
    try:
        async with asyncio.timeout(10):
            while True:
                found = [record async for record in JournalReader(database).read(0, ())]
                own = [record for record in found if record.contact == contact]
                if len([one for one in own if one.kind == kind]) >= count:
                    return own
                await asyncio.sleep(0.05)
    finally:
        await database.close()


def ends(told: list[Record]) -> list[tuple[str, str]]:
    kinds = ("DestinationEnded",)
    return [(one.data["to"], one.data["how"]) for one in told if one.kind in kinds]


async def test_the_telephone_talks_and_the_caller_goes_on_when_it_hangs_up(
    asterisk: Instance, ami: rig.Ami, caller: Phone, desk: Phone
) -> None:
    told = await calls(ami, caller)
    call = await desk.rings()
    assert call.invite and "15551234" in call.invite["From"], "it sees who calls"
    call.answer()
    await ami.event("BridgeEnter", Uniqueid=told["Uniqueid"])
    await caller.calls[0].press("1")  # to the other side: no answer to anything of ours
    await call.hang_up()
    await comes_to(ami, told, "more")
    await caller.calls[0].press("1")
    await comes_to(ami, told, "person")
    await records(asterisk, told["Uniqueid"], "StepTaken", 3)
    story = await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)
    taken = [
        f"{one.data['step']}:{one.data['outcome']}" for one in story if one.kind == "StepTaken"
    ]
    assert taken == ["desk:done", "more:1", "person:waiting"]
    assert ends(story) == [("reception", "done")]
    [ended] = [one for one in story if one.kind == "DestinationEnded"]
    assert 0 <= ended.data["seconds"] <= 5
    kinds = [one.kind for one in story]
    assert kinds.count("DestinationRung") == 1 and "Offered" not in kinds


@pytest.mark.parametrize("status", ["486 Busy Here", "603 Decline"])
async def test_a_telephone_that_is_busy_or_says_no(
    asterisk: Instance, ami: rig.Ami, caller: Phone, desk: Phone, status: str
) -> None:
    told = await calls(ami, caller)
    (await desk.rings()).decline(status)
    await comes_to(ami, told, "busy")
    assert ends(await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)) == [
        ("reception", "busy")
    ]


async def test_a_telephone_that_nobody_answers_rings_out_and_the_caller_hears_no_silence(
    asterisk: Instance, ami: rig.Ami, caller: Phone, desk: Phone
) -> None:
    told = await calls(ami, caller)
    await desk.rings()
    await comes_to(ami, told, "gone")
    gaps = [after.at - before.at for before, after in pairwise(caller.heard)]
    assert len(caller.heard) > 200 and max(gaps) < 0.5, "packets come all the time"
    assert ends(await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)) == [
        ("reception", "no_answer")
    ]


async def test_a_telephone_that_is_not_registered_is_unreachable(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    told = await calls(ami, caller)
    await comes_to(ami, told, "away")
    assert ends(await records(asterisk, told["Uniqueid"], "DestinationEnded", 1)) == [
        ("reception", "unreachable")
    ]


@pytest.mark.parametrize(("answers", "how"), [(False, "left"), (True, "done")])
async def test_a_caller_who_hangs_up_frees_the_telephone_and_is_told_of(
    asterisk: Instance, ami: rig.Ami, caller: Phone, desk: Phone, answers: bool, how: str
) -> None:
    told = await calls(ami, caller)
    call = await desk.rings()
    if answers:
        call.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Uniqueid"])
    await caller.calls[0].hang_up()
    await asyncio.wait_for(call.ended.wait(), 5)
    await ami.event("AcdGone", Contact=told["Uniqueid"])
    story = await records(asterisk, told["Uniqueid"], "CallEnded", 1)
    assert ends(story) == [("reception", how)]
    taken = [one.data["outcome"] for one in story if one.kind == "StepTaken"]
    assert taken == ["caller gone"]


# ---------------------------------------------------------------- kill -9


def furnish(data: Path) -> None:
    write_flow(data, "shop", STEPS)
    site = yaml.safe_load((data / "site.yaml").read_text())
    site |= {"destinations": DESTINATIONS, "numbers": {"4000": {"flow": "shop", "language": "en"}}}
    (data / "site.yaml").write_text(yaml.safe_dump(site))


async def back(stage: FlowStage, answers: Call) -> None:
    """The core is killed and comes back; the telephone has not lost the call."""
    before = PidFile(stage.house.settings.run / "core.pid").running()
    assert before
    os.kill(before, signal.SIGKILL)

    async def anew() -> bool:
        now = PidFile(stage.house.settings.run / "core.pid").running()
        return now not in (None, before) and bool((await stage.house.core.ask("status"))["link"])

    await stage.house.until(anew, 40)
    assert not answers.ended.is_set(), "the talk goes on"


@pytest.mark.parametrize("when", ["ringing", "talking"])
async def test_a_talk_outlives_our_process_and_nobody_is_rung_twice(when: str) -> None:
    async with flow_stage(furnish) as stage:
        server = ("127.0.0.1", stage.house.settings.ports.sip)
        async with Phone(server, DESK, SECRET) as desk:
            await desk.register()
            number = "+12025550101"
            _, [hand] = await stage.callers([number], "4000")
            call = await desk.rings()
            if when == "talking":
                call.answer()
                await asyncio.wait_for(call.up.wait(), 5)
                await back(stage, call)
            else:
                before = PidFile(stage.house.settings.run / "core.pid").running()
                os.kill(before or 0, signal.SIGKILL)
                call.answer()
                await stage.house.until(lambda: stage.house.core.ask("status"), 40)
                assert not call.ended.is_set(), "the talk goes on"
            await call.hang_up()
            await stage.watch.until(number, lambda seen: seen.steps[-1][1] == "more", 15)
            await hand.keys("1")
            await stage.house.until_states(20, waiting=1)
            seen = stage.watch.calls[number]
            assert (await stage.trails())[seen.contact] == ["desk:done", "more:1", "person:waiting"]
            ended = await stage.house.records("DestinationEnded")
            assert [one.data["how"] for one in ended] == ["done"]
            assert desk.rung.empty(), "rung once"

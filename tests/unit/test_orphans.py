"""Which calls are taken back from a process that died, and how."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from adapters.asterisk.ami import Ami
from adapters.asterisk.call_facts import SCRIPT, THIS_PROCESS
from adapters.asterisk.orphans import MOST_TRIES, Orphan, orphans, take_back
from tests.fake_asterisk import WORD, FakeAmi

DEAD = {"TRY": "0", "STEP": "menu", SCRIPT: "another"}
REFUSED = "Response: Error\r\n{of}Message: Channel does not exist: PJSIP/trunk-1\r\n\r\n"


def row(
    variables: Mapping[str, str], context: str = "acd-entry", application: str = "Read"
) -> dict[str, str]:
    """A call's row of a look at all channels."""
    lines = "\n".join(f"{name}={value}" for name, value in variables.items())
    where = {"Context": context, "Exten": "4000", "Application": application}
    return {"Channel": "PJSIP/trunk-1", "Variable": lines, **where}


def test_a_call_in_the_middle_of_a_dead_script_is_an_orphan() -> None:
    assert orphans([row(DEAD)]) == [Orphan("PJSIP/trunk-1", "4000", 0)]


def test_who_has_been_talked_to_goes_on_behind_the_talk() -> None:
    after = row(DEAD, context="acd-after") | {"Exten": "flow"}
    assert orphans([after]) == [Orphan("PJSIP/trunk-1", "flow", 0, "acd-after")]


@pytest.mark.parametrize(
    "other",
    [
        row(DEAD | {SCRIPT: THIS_PROCESS}),
        row(DEAD, context="acd-wait"),
        row(DEAD, context="acd-menu"),
        row(DEAD, context="acd-agent"),
        row(DEAD, context="acd-after") | {"Exten": "plain"},
        row(DEAD, application="AGI"),
        row(DEAD, application="Wait"),
        row(DEAD | {"STEP": ""}),
        row(DEAD | {"TRY": "frozen"}),
        row(DEAD | {"TRY": str(MOST_TRIES)}),
    ],
    ids=["of this process", "waits", "in the plain menu", "an agent's leg", "hears the goodbye",
         "begins a script",
         "is tried again", "in no step yet", "frozen", "sent back often enough"],
)  # fmt: skip
def test_who_is_served_or_finds_the_way_alone_is_left_alone(other: dict[str, str]) -> None:
    assert orphans([other]) == []


@asynccontextmanager
async def linked(fake: FakeAmi) -> AsyncIterator[Ami]:
    ami = Ami("127.0.0.1", fake.port, "acd", WORD, on_event=lambda e: None, on_link=lambda up: None)
    running = asyncio.create_task(ami.run())
    async with asyncio.timeout(5):
        while not ami.up:
            await asyncio.sleep(0)
    yield ami
    running.cancel()


async def test_an_orphan_goes_back_to_where_its_script_is_run_and_the_try_is_counted() -> None:
    async with FakeAmi() as fake, linked(fake) as ami:
        await take_back(ami, [row(DEAD | {"TRY": "1"})])
        sent = [a for a in fake.actions if a["Action"] in ("Setvar", "Redirect")]
        told = [{k: v for k, v in a.items() if k != "ActionID"} for a in sent]
    assert told == [
        {"Action": "Setvar", "Variable": "GLOBAL(AGI_NEXT)", "Value": "0"},
        {"Action": "Setvar", "Channel": "PJSIP/trunk-1", "Variable": "TRY", "Value": "2"},
        {"Action": "Redirect", "Channel": "PJSIP/trunk-1", "Context": "acd-entry",
         "Exten": "4000", "Priority": "try"},
    ]  # fmt: skip


async def test_one_who_has_left_meanwhile_keeps_nobody_else_from_being_taken_back() -> None:
    gone, there = row(DEAD), row(DEAD) | {"Channel": "PJSIP/trunk-2"}
    async with FakeAmi() as fake, linked(fake) as ami:
        fake.answers["Redirect"] = lambda of: REFUSED.format(of=of).encode()
        await take_back(ami, [gone, there])
        sent = [a["Channel"] for a in fake.actions if a["Action"] == "Redirect"]
    assert sorted(sent) == ["PJSIP/trunk-1", "PJSIP/trunk-2"]

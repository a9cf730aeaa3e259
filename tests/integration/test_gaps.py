"""In a flow, too, a caller's line never falls silent: packets come all the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from adapters.asterisk.instance import Instance
from ivr.ports import Line
from tests import rig
from tests.bench.gaps import GOAL, WORD, Ear, serving

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with rig.asterisk(phones=1) as instance:
        yield instance


async def one_call(asterisk: Instance) -> dict[str, float]:
    """The longest gap in each part of a call, in milliseconds."""
    over = asyncio.Event()
    async with rig.phone(asterisk, "15551234") as phone:
        ear = Ear(phone)

        async def script(line: Line) -> None:
            with ear.part("prompts"):
                await line.say([WORD, WORD])
            with ear.part("thinking"):
                await asyncio.sleep(0.2)
            with ear.part("question"):
                await line.ask([WORD], most_keys=1, seconds=0.5)
            with ear.part("into the queue"):
                await line.join_queue("support", "standard", time.time())
                await asyncio.sleep(0.5)
            over.set()

        async with serving(asterisk, script):
            await phone.call("4000")
            await asyncio.wait_for(over.wait(), 15)
        return ear.longest()


async def test_prompts_key_waits_and_thinking_leave_no_gap(asterisk: Instance) -> None:
    calls = [await one_call(asterisk) for _ in range(2)]
    shortest = {part: min(call[part] for call in calls) for part in calls[0]}
    assert max(shortest.values()) <= GOAL, calls  # a busy machine only adds

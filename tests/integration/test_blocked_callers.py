"""A blocked caller, with the whole core on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from adapters.asterisk.config import prompt_texts
from adapters.asterisk.instance import Instance
from tests import rig
from tests.integration.test_waiting_callers import core, waits
from voice.ports import Prompt
from voice.prompts import PromptFolder, make_missing

pytestmark = pytest.mark.asterisk

NUMBER = "15551234"
LISTING = {"number": NUMBER, "reason": "a test", "who": "tests", "until": None}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    numbers = {"4000": {"flow": "straight", "language": "en"}}
    with rig.asterisk(phones=1, numbers=numbers) as instance:
        folder = instance.settings.data / "flows"
        folder.mkdir()
        (folder / "straight.yaml").write_text("first: person\nsteps: {person: {do: queue}}\n")
        words = Prompt(prompt_texts()["refused"]["en"], "en")
        store = PromptFolder(instance.settings.prompts)
        assert asyncio.run(make_missing(store, [words])).failed == []
        yield instance


async def test_a_blocked_caller_is_refused_at_once_and_comes_in_again_when_it_is_lifted(
    asterisk: Instance, ami: rig.Ami
) -> None:
    async with core(asterisk) as client:
        await client.ask("caller block", **LISTING)
        await ami.set("", "GLOBAL(AGI_NEXT)", "0")
        async with rig.phone(asterisk, NUMBER) as caller:
            call = await caller.call("4000")
            await asyncio.wait_for(call.ended.wait(), 15)
        assert ami.count("AcdWaiting") == 0
        assert (await client.ask("contacts"))["contacts"] == []
        await client.ask("caller allow", **LISTING)  # stands before the block
        async with rig.phone(asterisk, NUMBER) as caller:
            assert await waits(ami, caller)

"""`kill -9` of the core while a waiting caller is out of the line: the call and the place go on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from ivr.home import ROOT
from ivr.ports import CoreAway
from ivr.settings import environment_with
from tests import rig
from tests.integration.test_keys_while_waiting import (
    ACCEPTS,
    comes_to,
    contact,
    is_asked,
    keys_house,
    presses_one,
)
from tests.integration.test_waiting_callers import waits

pytestmark = [pytest.mark.once, pytest.mark.asterisk]


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with keys_house() as instance:
        yield instance


@asynccontextmanager
async def process(asterisk: Instance) -> AsyncIterator[CoreClient]:
    """A core of its own process, killed at the end of the block."""
    settings = asterisk.settings
    environment = environment_with({
        "HOTLINE_HOME": str(settings.home), "HOTLINE_DATA": str(settings.data),
        "HOTLINE_PORT_BASE": str(settings.ports.base),
    })  # fmt: skip
    core = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ivr", env=environment, cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    client = CoreClient(settings.core_socket)
    try:
        async with asyncio.timeout(30):
            while not await is_up(client):
                await asyncio.sleep(0.05)
        yield client
    finally:
        core.kill()
        await core.wait()


async def is_up(client: CoreClient) -> bool:
    try:
        return bool((await client.ask("status"))["link"])
    except CoreAway:
        return False


@pytest.mark.parametrize("moment", ["the key", "the question", "the answer"])
async def test_a_core_that_is_killed_takes_no_call_and_no_place_with_it(
    asterisk: Instance, moment: str
) -> None:
    number = {"the key": "15552001", "the question": "15552002", "the answer": "15552003"}[moment]
    async with rig.ami(asterisk) as ami, rig.phone(asterisk, number) as caller:
        async with process(asterisk) as client:
            told = await waits(ami, caller)
            key = (await comes_to(client, told, "waiting"))["key"]
            await presses_one(ami, caller, told)
            if moment != "the key":
                await is_asked(ami, told)
            if moment == "the answer":
                await caller.calls[0].press(ACCEPTS)
        async with process(asterisk) as client:
            mine: list[str] = []
            async with asyncio.timeout(30):  # out of the loop, too, should they be there
                while not mine:
                    if not caller.calls[0].ended.is_set():
                        await caller.calls[0].press(ACCEPTS)
                    await asyncio.sleep(0.5)
                    promises = (await client.ask("callbacks"))["callbacks"]
                    mine = [one["contact"] for one in promises if one["contact"] == told["Contact"]]
            assert (await contact(client, told))["key"] == key
            assert mine == [told["Contact"]]
            await asyncio.wait_for(caller.calls[0].ended.wait(), 20)
            kept = await contact(client, told)
            assert (kept["state"], kept["key"]) == ("parked", key)

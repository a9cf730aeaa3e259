"""Publish and roll back under fifty calls: none is dropped, none changes its version midway."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import defaultdict

import pytest

from adapters.cli.pid_file import PidFile
from adapters.sipp.callers import Callers
from ivr.settings import ROOT
from tests.house import House, house

pytestmark = pytest.mark.asterisk
MENU = """
first: menu
steps:
  menu:
    do: menu
    say: {{zh: 请稍候。, en: Please wait.}}
    seconds: 12
    tries: 1
    then: {{"1": {0}, silence: {0}, no_match: {0}}}
  {0}: {{do: queue}}
"""
"""Who presses nothing comes to the queue after some twelve seconds."""


async def flow(running: House, *words: str) -> str:
    """What `./hotline flow ...` answers while everything runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "adapters.cli", "flow", *words, cwd=ROOT,
        env={**os.environ, **running.environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    return told.decode()


async def publish(running: House, step: str) -> str:
    draft = running.settings.data / "flows" / "main.yaml"
    draft.write_text(MENU.format(step), encoding="utf-8")
    return await flow(running, "publish", "main", "--why", f"callers wait in {step}")


async def walks(running: House) -> dict[str, list[tuple[str, str]]]:
    """Of each call, the steps that it has walked, each with the version it walked them in."""
    found = defaultdict(list)
    for record in await running.records("StepTaken"):
        found[str(record.contact)].append((record.data["flow"], record.data["step"]))
    return found


def dropped(*groups: Callers) -> list[str]:
    """Who was not answered, or hung up on."""
    results = [result for group in groups for result in group.results]
    return [each.number for each in results if not each.answered_at or each.released_at]


async def test_publish_and_roll_back_under_fifty_calls() -> None:
    async with house(0) as running:
        assert "published: main/1" in await publish(running, "person")
        in_queue = await running.callers(20)
        await running.until_states(waiting=20, seconds=40)

        in_menu = await running.callers(20, first=20)
        told = await publish(running, "helpdesk")
        assert "published: main/2\n  step person is now called helpdesk" in told
        assert (await running.states())["waiting"] == 20, "too slow: nobody is in the menu any more"

        newer = await running.callers(10, first=40)
        told = await flow(running, "rollback", "main", "--why", "it was no good")
        assert "published: main/3" in told
        core = PidFile(running.settings.run / "core.pid").running()
        assert core and len(await walks(running)) <= 40, "too slow: nobody is in the new menu"
        os.kill(core, signal.SIGKILL)
        await running.until_states(waiting=50, seconds=90)

        newest = await running.callers(1, first=50)
        await running.until_states(waiting=51, seconds=40)
        walked = list((await walks(running)).values())
        assert sorted(map(tuple, walked)) == sorted(
            [(("main/1", "menu"), ("main/1", "person"))] * 40
            + [(("main/2", "menu"), ("main/2", "helpdesk"))] * 10
            + [(("main/3", "menu"), ("main/3", "person"))]
        )
        assert dropped(in_queue, in_menu, newer, newest) == []
        assert await running.records("ContactEnded") == []

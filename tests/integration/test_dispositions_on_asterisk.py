"""What a talk came to, in a whole installation: rules that come meanwhile, a kill, history."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml

from adapters.cli.run import web_ready
from ivr.ports import CoreRefused
from ivr.settings import ROOT
from tests.house import House
from tests.integration.test_talk_on_asterisk import ANN, talk

pytestmark = pytest.mark.asterisk

RULES = {
    "wrap_up_seconds": 1, "disposition_limit": 300,
    "dispositions": {"solved": {"zh": "已解决", "en": "Solved"},
                     "open": {"zh": "未解决", "en": "Open"}},
}  # fmt: skip


async def hotline(house: House, *words: str) -> Any:
    """What the command answers in JSON."""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "adapters.cli", *words, "--json"], cwd=ROOT,
        env={**os.environ, **house.environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_wrap_up_waits_for_a_disposition_over_new_rules_and_a_kill() -> None:
    async with talk(agents=1, wrap_up=0.0) as it:
        house = it.house
        file = house.settings.data / "centre.yaml"
        rules = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump(rules | {"queues": {"support": RULES}}))
        assert (await house.core.ask("rules apply"))["changed"]
        await it.caller.hang_up()
        await it.until_agents(ann="wrap-up")
        house.kill_python()
        await house.start_calls()
        await asyncio.sleep(1.5)  # longer than a wrap-up that waits for nothing
        await it.until_agents(ann="wrap-up")
        with pytest.raises(CoreRefused, match="needs a disposition"):
            await house.core.ask("agent ready", agent=ANN)
        said = await hotline(house, "talk", "disposition", ANN, "open")
        assert said[0]["code"] == "open"
        await it.until_agents(ann="ready")

        await house.until(lambda: web_ready(house.settings), 60)

        async def told(code: str) -> str:
            async def listed() -> bool:
                calls = await hotline(house, "calls", "list", "--disposition", code)
                found.extend(call["call"] for call in calls)
                return bool(calls)

            found: list[str] = []
            await house.until(listed, 60)
            return found[0]

        call = await told("open")
        why = ("--agent", ANN, "--why", "chosen by mistake")
        await hotline(house, "calls", "disposition", call, "solved", *why)
        assert await told("solved") == call
        records = await house.records("Disposed")
        assert [(one.data["code"], one.data["why"]) for one in records] == [
            ("open", ""), ("solved", "chosen by mistake")
        ]  # fmt: skip

"""The live queue_log of a whole installation has the lines that the export writes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from ivr.settings import ROOT
from tests.integration.test_talk_on_asterisk import ANN, talk

pytestmark = pytest.mark.asterisk


async def test_the_file_has_what_the_export_says_of_the_same_calls() -> None:
    async with talk(agents=1, wrap_up=0.0, site={"queue_log": "live/queue_log"}) as it:
        house = it.house
        file = house.settings.data / "live" / "queue_log"
        await house.core.ask("agent pause", agent=ANN, reason="lunch")
        await it.caller.hang_up()
        await it.until_over()

        async def told() -> bool:
            return "COMPLETECALLER" in file.read_text()

        await house.until(told, 20)
        exported = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "adapters.cli", "export", "queue-log",
                             "--since", "1h"], cwd=ROOT, env={**os.environ, **house.environment},
            capture_output=True, check=True, text=True,
        )  # fmt: skip
        live, all_of_it = file.read_text().splitlines(), exported.stdout.splitlines()
        assert {line.split("|")[4] for line in live} >= {"ENTERQUEUE", "CONNECT", "PAUSE"}
        assert live == all_of_it[-len(live) :]

"""Real calls, and what is left of them: history, call records, queue_log, and a lost caller."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.sipp.callers import fictional_numbers
from adapters.sipp.phones import Behaviour
from adapters.stores.schema import open_database
from adapters.tickets.call_queries import CallFilter, CallQueries
from ivr.ports import StoreFailed, StoreRefused
from ivr.settings import ROOT
from tests.house import House, house

pytestmark = pytest.mark.asterisk
LATELY = ("--since", "1d")


async def hotline(stage: House, *words: str, status: int = 0) -> str:
    """What a command prints."""

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "adapters.cli", *words], cwd=ROOT, text=True,
            env={**os.environ, **stage.environment}, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    done = await asyncio.to_thread(run)
    assert done.returncode == status, done.stderr
    return done.stdout if not status else done.stderr


async def over(stage: House, count: int) -> None:
    """Until so many calls are over in the history, with Asterisk's last word on each."""

    async def reached() -> bool:
        try:
            url = stage.settings.database_url("web")
            database = await open_database(url, "web", read_only=True)
        except (StoreFailed, StoreRefused):
            return False
        try:
            found = await CallQueries(database).calls(CallFilter(), 50)
            return sum(story.call_ended_at is not None for story in found) == count
        finally:
            await database.close()

    await stage.until(reached, 20)


async def gives_up(stage: House, number: int) -> None:
    """A caller waits for a moment, and hangs up."""
    callers = await stage.callers(1, number)
    await stage.until_states(waiting=1)
    await callers.leave()
    await stage.until_states(waiting=0)


async def is_served(stage: House, number: int) -> None:
    """A caller talks with the agent, who hangs up."""
    callers = await stage.callers(1, number)
    await callers.finished(20)


def by_outcome(lines: str) -> dict[str, dict[str, Any]]:
    return {row["outcome"]: row for row in map(json.loads, lines.splitlines())}


async def test_calls_are_told_listed_exported_and_a_lost_one_is_made_good(tmp_path: Path) -> None:
    async with house(agents=1) as stage:
        await gives_up(stage, 1)
        await stage.phones(stage.agents, Behaviour(rings=0.3, talks=1.2))
        await is_served(stage, 2)
        await over(stage, 2)
        await check_records(stage, tmp_path)
        await check_queue_log(stage)
        await check_history(stage)
        await check_lost(stage)
        # who calls again and is served is no longer lost
        await stage.core.ask("agent pause", agent=stage.agents[0])
        await gives_up(stage, 3)
        await over(stage, 3)
        assert len(json.loads(await hotline(stage, "calls", "lost", "--json"))) == 1
        await stage.core.ask("agent ready", agent=stage.agents[0])
        await is_served(stage, 3)
        await over(stage, 4)
        assert json.loads(await hotline(stage, "calls", "lost", "--json")) == []


async def check_records(stage: House, folder: Path) -> None:
    rows = by_outcome(await hotline(stage, "export", "cdr", *LATELY, "--format", "jsonl"))
    assert set(rows) == {"served", "abandoned"}
    served, lost = rows["served"], rows["abandoned"]
    assert served["agents"] == stage.agents and 1.0 <= served["talked"] < 5.0
    assert served["started"] <= served["picked_up"] <= served["answered"] <= served["ended"]
    assert (served["cause"], lost["cause"]) == ("16", "0") and served["ticket"].startswith("tic_")
    assert (lost["agents"], lost["talked"], lost["answered"]) == ([], 0, None)
    assert lost["waited"] > 0 and lost["picked_up"]
    assert "447700900" not in json.dumps(rows)
    file = folder / "calls.csv"
    with_numbers = ("--numbers", "--why", "billing", "--who", "cfo", "--out", str(file))
    await hotline(stage, "export", "cdr", *LATELY, "--numbers", status=1)  # without a reason
    await hotline(stage, "export", "cdr", *LATELY, *with_numbers)
    with file.open(encoding="utf-8", newline="") as lines:
        numbers = {row["number"] for row in csv.DictReader(lines)}
    assert numbers == {f"'{number}" for number in fictional_numbers(2, 1)}
    events = (await hotline(stage, "export", "cel", *LATELY, "--format", "jsonl")).splitlines()
    kinds = {json.loads(line)["kind"] for line in events}
    assert {"CHAN_START", "ANSWER", "ACD_CLAIM", "ACD_GONE", "HANGUP"} <= kinds
    assert not any("447700900" in line for line in events)


async def check_queue_log(stage: House) -> None:
    lines = (await hotline(stage, "export", "queue-log", *LATELY)).splitlines()
    told = [line.split("|") for line in lines]
    [agent] = stage.agents
    assert [(row[4], row[3]) for row in told] == [
        ("QUEUESTART", "NONE"), ("ENTERQUEUE", "NONE"), ("ABANDON", "NONE"), ("ADDMEMBER", agent),
        ("ENTERQUEUE", "NONE"), ("CONNECT", agent), ("COMPLETEAGENT", agent),
    ]  # fmt: skip
    assert told[4][1] == told[5][1] == told[6][1] != told[1][1]
    assert told[5][6].startswith("acd-") and "447700900" not in str(told)


async def check_history(stage: House) -> None:
    [number] = fictional_numbers(1, 2)
    of_one = ("--number", number, "--why", "asks about the call", "--csv")
    head, row = (await hotline(stage, "calls", "list", *of_one)).splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=True))["outcome"] == "served"
    fits = ("--agent", stage.agents[0], "--min-talk", "1", "--queue", "support")
    assert len(json.loads(await hotline(stage, "calls", "list", *fits, "--json"))) == 1
    assert json.loads(await hotline(stage, "calls", "list", "--min-talk", "60", "--json")) == []


async def check_lost(stage: House) -> None:
    [lost] = json.loads(await hotline(stage, "calls", "lost", "--json"))
    assert lost["outcome"] == "abandoned"
    take = ("calls", "callback", lost["call"], "--why", "waited", "--json")
    first = json.loads(await hotline(stage, *take))
    again = json.loads(await hotline(stage, *take))
    assert (first["made"], again["made"]) == (True, False)
    assert first["promised"] == again["promised"] == f"{lost['reference']}-callback"
    [promise] = (await stage.core.ask("callbacks"))["callbacks"]
    assert (promise["contact"], promise["to"]) == (first["promised"], lost["customer"])
    [served] = json.loads(await hotline(stage, "calls", "list", "--outcome", "served", "--json"))
    refusal = await hotline(stage, "calls", "callback", served["call"], "--why", "x", status=1)
    assert "not lost" in refusal

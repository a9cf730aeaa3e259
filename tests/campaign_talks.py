"""Random talks: hold, transfer, consultation, conference, hang-up, by real calls of many agents.

    python -m tests.campaign_talks --seed 1 --sequences 2000 --agents 20 [--kills 0.01]
    python -m tests.campaign_talks --seed 1 --shard 3 --sequences 250 --agents 20

Agents and callers are SIP telephones of the tests; the house is a real one with an Asterisk of its
own. After every step the account of the house (agents, contact) and Asterisk's (channels, bridges)
must be what `tests/talk_model.py` foretells from docs/ownership.md. `--kills` is how likely the
core is ended with `kill -9` after a step. What was done is kept below HOTLINE_DATA/campaigns, and
the next run goes on there, unless the code has changed. Shards of a seed are other sequences, each
goes on by itself, and the last line says in plain words what all of them have come to. A sequence
that differs is kept with its steps, and the campaign goes on. Meant to stay empty: `faults`,
`stuck`, `lost`. Exit status 1 if they are not.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from adapters.cli.pid_file import PidFile
from adapters.cli.run import core_ready
from adapters.sipp.callers import fictional_numbers
from ivr.settings import ROOT, load
from tests.talk_house import TalkHouse, places, talk_house
from tests.talk_lane import Lane
from tests.talk_model import Talk

MOST_FAULTS = 200
STOPS = ("rings", "asked", "line asked", "sent", "waiting")
"""Phases in which a telephone rings: such a leg is refused once the core is back (29, 56)."""
BACK_SECONDS = 60.0


class Kills:
    """Ends the core when every lane stands between two steps and no telephone rings."""

    def __init__(self, house: TalkHouse, lanes: int, chance: Random, each: float) -> None:
        self.done = 0
        self._house, self._lanes, self._chance, self._each = house, lanes, chance, each
        self._wanted = False
        self._stand = 0
        self._news = asyncio.Condition()

    async def between(self, talk: Talk) -> bool:
        """True if the core was killed here."""
        self._wanted = self._wanted or self._chance.random() < self._each
        if not self._wanted or talk.phase in STOPS:
            return False
        async with self._news:
            self._stand += 1
            before = self.done
            if self._stand == self._lanes:
                await self._kill()
            else:
                await self._news.wait_for(lambda: self.done > before)
        return True

    async def leave(self) -> None:
        """One lane fewer to wait for."""
        async with self._news:
            self._lanes -= 1
            if self._stand and self._stand == self._lanes:
                await self._kill()

    async def _kill(self) -> None:
        settings = self._house.house.settings
        file = PidFile(settings.run / "core.pid")
        pid = file.running()
        assert pid, "the core does not run"
        os.kill(pid, signal.SIGKILL)

        async def back() -> bool:
            return file.running() not in (None, pid) and await core_ready(settings)

        await self._house.house.until(back, BACK_SECONDS)
        self.done += 1
        self._wanted, self._stand = False, 0
        self._news.notify_all()


class Campaign:
    """All lanes at work on the sequences that are left; `state` is what is kept."""

    def __init__(self, state: dict[str, Any], path: Path, goal: int) -> None:
        self.state, self._path, self._goal = state, path, goal
        self._next = int(state["n"])
        self._began = time.monotonic()

    async def run(self, agents: int, kills: float) -> None:
        lanes = places(agents)
        async with talk_house(lanes) as house:
            chance = Random(f"{self.state['seed']}/{self.state['shard']}/kills/{self._next}")
            killer = Kills(house, len(lanes), chance, kills)
            ready = [Lane(house, place) for place in lanes]
            try:
                for lane in ready:
                    await lane.hands.open()
                    lane.between = killer.between if kills else lane.between
                await asyncio.gather(*(self._lane(lane, killer) for lane in ready))
            finally:
                for lane in ready:
                    await lane.hands.close()
                self.state["kills"] += killer.done
                self.state["lost"] += await lost(house)
                self._keep()

    async def _lane(self, lane: Lane, killer: Kills) -> None:
        while self._next < self._goal and len(self.state["faults"]) < MOST_FAULTS:
            number, self._next = self._next, self._next + 1
            if stuck := await self._one(lane, number):
                self.state["stuck"] += stuck
                break
        await killer.leave()

    async def _one(self, lane: Lane, number: int) -> Sequence[str]:
        chance = Random(f"{self.state['seed']}/{self.state['shard']}/{number}")
        caller = fictional_numbers(1, number % 1000)[0]
        stuck: Sequence[str] = ()
        try:
            run = await lane.play(chance, caller)
            self.state["steps"] += len(run.steps)
            took = self.state["took"]
            took += [round(each, 2) for each in run.took]
            kinds = Counter(self.state["kinds"])
            kinds.update(step.partition(": agent-")[0] for step in run.steps)
            self.state["kinds"] = dict(kinds)
        except Exception as fault:  # the campaign goes on; the fault is kept with its number
            told = f"{type(fault).__name__}: {fault} {' '.join(getattr(fault, '__notes__', []))}"
            where = {"sequence": number, "lane": lane.place.index}
            self.state["faults"].append({**where, "fault": told})
            print(f"sequence {number}: {told}", file=sys.stderr, flush=True)
            stuck = await lane.settle()
        self.state["n"] += 1
        self._keep()
        return stuck

    def _keep(self) -> None:
        now = time.monotonic()
        self.state["seconds"] += round(now - self._began, 1)
        self._began = now
        self._path.write_text(json.dumps(self.state))


async def lost(house: TalkHouse) -> list[str]:
    """Contacts that the journal leaves without an end, or ends as lost, or ends twice."""
    records = await house.house.records("Arrived", "ContactEnded")
    ends = Counter(str(r.contact) for r in records if r.kind == "ContactEnded")
    how = {str(r.contact): r.data["how"] for r in records if r.kind == "ContactEnded"}
    arrived = [str(record.contact) for record in records if record.kind == "Arrived"]
    well = {contact for contact in arrived if ends[contact] == 1 and how[contact] != "lost"}
    return [f"{c}: {ends[c]} ends, {how.get(c)}" for c in arrived if c not in well]


def code_now() -> str:
    """Of what is compared, and of what compares it."""
    folders = ("acd", "ivr", "adapters/asterisk")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    files += [path for path in (ROOT / "asterisk-config").iterdir() if path.is_file()]
    files += list((ROOT / "tests").glob("*talk*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()[:16]


def begun(path: Path, seed: int, shard: int) -> dict[str, Any]:
    code = code_now()
    if path.exists():
        state: dict[str, Any] = json.loads(path.read_text())
        if state["code"] == code:
            return state
    none: dict[str, Any] = {"n": 0, "steps": 0, "kills": 0, "seconds": 0.0, "kinds": {}}
    return {"seed": seed, "shard": shard, "code": code, **none,
            "took": [], "faults": [], "stuck": [], "lost": []}  # fmt: skip


def all_shards(folder: Path, seed: int, code: str) -> list[dict[str, Any]]:
    """What is kept of this seed, of this code alone."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob(f"talks-{seed}-*.json"))]
    return [state for state in found if state["code"] == code]


def plain(states: Sequence[dict[str, Any]]) -> str:
    """In one line what these shards have come to."""
    n, steps, kills = (sum(state[name] for state in states) for name in ("n", "steps", "kills"))
    bad = [sum(len(state[name]) for state in states) for name in ("faults", "stuck", "lost")]
    minutes = sum(state["seconds"] for state in states) / 60
    return (
        f"{len(states)} shards, {n} sequences, {steps} steps, {kills} kills, {minutes:.0f} min: "
        f"{bad[0]} differ, {bad[1]} agents stuck, {bad[2]} contacts lost"
    )


def told(state: dict[str, Any]) -> dict[str, Any]:
    """The report: the state, with the times of all steps drawn together."""
    took = sorted(state["took"])
    if not took:
        return state
    figures = {"n": len(took), "median": statistics.median(took), "max": took[-1],
               "p99": took[int(len(took) * 0.99)]}  # fmt: skip
    return {**state, "took": figures, "seconds": round(state["seconds"], 1)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", type=int, default=0)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--agents", type=int, default=20, help="four make a lane")
    parser.add_argument("--kills", type=float, default=0.0, help="chance of a kill after a step")
    parser.add_argument("--json", type=Path, help="write the report here as well")
    args = parser.parse_args()
    path = load().data / "campaigns" / f"talks-{args.seed}-{args.shard}-{args.kills}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    state = begun(path, args.seed, args.shard)
    if state["n"] < args.sequences:
        asyncio.run(Campaign(state, path, args.sequences).run(args.agents, args.kills))
    text = json.dumps(told(state), indent=1, ensure_ascii=False)
    if args.json:
        args.json.write_text(text)
    print(text)
    print(plain(all_shards(path.parent, args.seed, state["code"])))
    return 1 if state["faults"] or state["stuck"] or state["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())

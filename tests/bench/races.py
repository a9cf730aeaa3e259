"""The offer gate raced: agents' phones answer while something else happens to the same caller.

    python -m tests.bench.races --n 10000 --seed 1 --shard 0 --lanes 6

A shard's state file below HOTLINE_DATA/campaigns is written after every batch: a campaign goes on
where it stopped. Counted, and meant to stay empty: `faults` (talks cut, double bridges, callers
lost, nobody talks, stuck).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from adapters.asterisk.instance import Instance
from ivr.settings import load
from tests import rig
from tests.bench.lanes import lanes, run
from tests.bench.tally import Tally

BATCH = 10
"""Races a lane, between two savings of the state."""


async def campaign(n: int, seed: int, shard: int, count: int) -> dict[str, object]:
    """Races up to `n` for this shard, from where its state file stands."""
    path = load().data / "campaigns" / f"races-{seed}-{shard}.json"
    state = _read(path)
    with rig.asterisk(phones=2 * count) as instance:
        async with lanes(instance, count, seed * 100 + shard + state["n"]) as all_lanes:
            while state["n"] < n:
                began = time.monotonic()
                tally = await run(all_lanes, min(BATCH * count, n - state["n"]))
                _fold(state, tally, time.monotonic() - began)
                state["phantom_channels"] = await phantoms(instance)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(state, indent=1))
                print(state["n"], "races", dict(state["faults"]), file=sys.stderr, flush=True)
    return state


async def phantoms(instance: Instance) -> int:
    """Channels that Asterisk counts but does not list."""
    told = await asyncio.to_thread(instance.command, "core show channels count")
    listed = await asyncio.to_thread(instance.command, "core show channels concise")
    return int(told.split()[0]) - len(listed.splitlines())


def _read(path: Path) -> dict[str, Any]:
    fresh: dict[str, Any] = {
        "n": 0, "seconds": 0.0, "races": {}, "outcomes": {}, "faults": {}, "examples": [],
    }  # fmt: skip
    return json.loads(path.read_text()) if path.exists() else fresh


def _fold(state: dict[str, Any], tally: Tally, seconds: float) -> None:
    state["n"] += tally.races.total()
    state["seconds"] = round(state["seconds"] + seconds, 1)
    for name in ("races", "outcomes", "faults"):
        state[name] = dict(Counter(state[name]) + getattr(tally, name))
    state["examples"] += tally.examples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", type=int, default=0)
    parser.add_argument("--lanes", type=int, default=6)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    state = asyncio.run(campaign(args.n, args.seed, args.shard, args.lanes))
    text = json.dumps(state, indent=1)
    if args.json:
        args.json.write_text(text)
    print(text)
    sys.exit(1 if state["faults"] else 0)


if __name__ == "__main__":
    main()

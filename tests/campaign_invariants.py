"""Millions of events of random days, or scenarios for position invariance, in shards that resume.

    python -m tests.campaign_invariants --seed 1 --steps 1000000 [--shard 0]
    python -m tests.campaign_invariants --seed 1 --coupling 10000

After every day (or hundred scenarios) the state is written below HOTLINE_DATA/campaigns; the next
run goes on there, and begins anew when `acd/` or these tests have changed. A fault is written down
with the seed that shows it, and the campaign goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from ivr.settings import ROOT, load
from tests.reference import coupling, evening

STEPS_A_DAY = 250
SCENARIOS_AT_ONCE = 100
MOST_FAULTS = 20


def code_now() -> str:
    """A digest of what is tested and of what tests it."""
    found = hashlib.sha256()
    for folder in ("acd", "tests/reference"):
        for path in sorted((ROOT / folder).glob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def begun(path: Path, seed: int, shard: int) -> dict[str, Any]:
    code = code_now()
    if path.exists():
        state: dict[str, Any] = json.loads(path.read_text())
        if state["code"] == code:
            return state
    new = {"n": 0, "rounds": 0, "faults": [], "seconds": 0.0}
    return {"seed": seed, "shard": shard, "code": code, **new}


def seed_of(state: dict[str, Any]) -> int:
    """Every round of every shard has its own."""
    return int(state["seed"] * 10**9 + state["shard"] * 10**7 + state["rounds"])


def one_day(state: dict[str, Any]) -> int:
    try:
        return len(evening.whole_day(seed_of(state), STEPS_A_DAY).log)
    except Exception as fault:  # the campaign goes on; the fault is kept with its seed
        state["faults"].append({"seed": seed_of(state), "fault": repr(fault)[:500]})
        return 0


def scenarios(state: dict[str, Any]) -> int:
    for n in range(SCENARIOS_AT_ONCE):
        seed = seed_of(state) * SCENARIOS_AT_ONCE + n
        if found := coupling.difference(coupling.scenario(Random(seed))):
            state["faults"].append({"seed": seed, "fault": found})
    return SCENARIOS_AT_ONCE


def main() -> int:
    args = _arguments()
    what, goal = ("coupling", args.coupling) if args.coupling else ("days", args.steps)
    path = load().data / "campaigns" / f"invariants-{what}-{args.seed}-{args.shard}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    state = begun(path, args.seed, args.shard)
    while state["n"] < goal and len(state["faults"]) < MOST_FAULTS:
        began = time.monotonic()
        state["n"] += one_day(state) if what == "days" else scenarios(state)
        state["rounds"] += 1
        state["seconds"] += time.monotonic() - began
        path.write_text(json.dumps(state, indent=1))
    print(json.dumps(state, indent=1))
    return 1 if state["faults"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1_000_000, help="events in all")
    parser.add_argument("--coupling", type=int, default=0, help="scenarios instead of days")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

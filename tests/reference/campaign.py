"""The path of every contact, in the product and in the reference: random centres, long traces.

    python -m tests.reference.campaign --seed 1 --n 100000 [--config 4]

Without `--config` all ten configurations. What each came to is kept below HOTLINE_DATA/campaigns
and not done again while neither the engine nor the reference has changed: a campaign goes on where
it stopped. Counted, and meant to stay zero: `mismatches`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from ivr.settings import ROOT, load
from tests.reference import product, simulation
from tests.reference.traces import SHAPES, configuration

EXAMPLES = 10
"""How many mismatches are kept; the first one is the cause of most others."""


def run(seed: int, number: int, n: int) -> dict[str, Any]:
    """One configuration, done or remembered."""
    path = load().data / "campaigns" / f"paths-{seed}-{n}-{number}.json"
    code = code_now()
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text())
        if kept["code"] == code:
            return kept
    came_to = {"seed": seed, "n": n, "configuration": number, "code": code}
    came_to |= _compared(seed, number, n)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(came_to, indent=1))
    return came_to


def _compared(seed: int, number: int, n: int) -> dict[str, Any]:
    centre, trace, shape = configuration(seed, number, n)
    began = time.monotonic()
    expected = simulation.simulate(centre, trace)
    between = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        found = product.simulate(centre, trace, Path(folder))
    ended = time.monotonic()
    differences = product.differences(expected, found)
    examples = list(islice(differences, EXAMPLES))
    return {
        "name": shape.name,
        "agents": len(centre["agents"]),
        "outcomes": dict(Counter(result["outcome"] for result in expected)),
        "mismatches": len(examples) + sum(1 for _ in differences),
        "examples": examples,
        "seconds": {
            "reference": round(between - began, 1), "product": round(ended - between, 1),
        },
    }  # fmt: skip


def code_now() -> str:
    """Of what the result depends on: the rules, the engine, the command, the reference."""
    folders = ("acd", "ivr", "adapters/cli", "tests/reference")
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--config", type=int, choices=range(len(SHAPES)))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    every = range(len(SHAPES)) if args.config is None else [args.config]
    results = []
    for number in every:
        results.append(run(args.seed, number, args.n))
        print(number, results[-1]["name"], results[-1]["mismatches"], file=sys.stderr, flush=True)
    total = sum(result["mismatches"] for result in results)
    contacts = args.n * len(results)
    text = json.dumps({"contacts": contacts, "mismatches": total, "by": results}, indent=1)
    if args.json:
        args.json.write_text(text)
    print(text)
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()

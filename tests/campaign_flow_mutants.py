"""Mutation testing of `flow check`: faulty flows are refused where they are, clean ones are not.

    python -m tests.campaign_flow_mutants --seed 1 --n 500 --clean 300

The variants are made from the flow that we ship, those that we offer to copy, the good ones of the
tests, those of the guide and random ones, with one mistake each, by the guide alone
(`tests/reference/flow_mutants.py`). Prints
for each kind of mistake how many were found; exit status 1 if one was not found or was told
elsewhere, or a clean flow was refused. `--keep FOLDER` writes those flows down.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import yaml

from ivr.faults import BadFlow
from ivr.load import load
from tests.fakes_calls import HOUSE
from tests.reference.clean_flows import random_flow
from tests.reference.flow_documents import COPIED, RECORDING, called, examples, written
from tests.reference.flow_mutants import MISTAKES, Variant, variants

CENTRES = [yaml.safe_load((flow.parents[1] / "centre.yaml").read_text()) for flow in COPIED]
EVERYBODYS = replace(
    HOUSE,
    queues={*HOUSE.queues, *(queue for centre in CENTRES for queue in centre["queues"])},
    hours={*HOUSE.hours, *(name for centre in CENTRES for name in centre["hours"])},
)
"""A house with the queues and hours of all these flows."""
FOUND, ELSEWHERE, MISSED = "found", "found elsewhere", "MISSED"
BROKE_OFF = "the checker broke off: "


@dataclass
class Outcome:
    """What became of a campaign."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind of mistake and verdict."""
    findings: list[tuple[str, str, list[str]]] = field(default_factory=list)
    """What is not as it should be: which, the flow, and the faults that were told."""
    clean: int = 0

    def of(self, verdict: str) -> int:
        return sum(count for (_, found), count in self.counts.items() if found == verdict)


def faults_of(text: str, folder: Path) -> list[str]:
    """What the checker says to this flow, which stands in a file beside a recording.

    A checker that breaks off has told nothing; the campaign goes on.
    """
    file = folder / "flow.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load(file, EVERYBODYS)
    except BadFlow as refusal:
        return refusal.faults
    except Exception as fault:
        return [f"{BROKE_OFF}{fault!r}"]
    return []


def verdict(variant: Variant, faults: list[str], folder: Path) -> str:
    if not faults or faults[0].startswith(BROKE_OFF):
        return MISSED
    return FOUND if variant.is_told(faults, str(folder / "flow.yaml")) else ELSEWHERE


def campaign(seed: int, count: int, clean: int) -> Outcome:
    """Check so many faulty variants, every example, and so many random clean flows."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="hotline-") as name:
        folder = Path(name)
        (folder / RECORDING.name).write_bytes(RECORDING.read_bytes())
        for called_flow, text in called().items():
            (folder / f"{called_flow}.yaml").write_text(text, encoding="utf-8")
        flows = {f"clean-{n}": random_flow(Random(f"{seed}-{n}")) for n in range(clean)}
        for origin, document in {**examples(), **flows}.items():
            outcome.clean += 1
            if faults := faults_of(written(document), folder):
                outcome.findings.append((f"REFUSED {origin}", written(document), faults))
        for variant in variants(seed, count):
            faults = faults_of(variant.text, folder)
            found = verdict(variant, faults, folder)
            outcome.counts[variant.kind, found] += 1
            if found != FOUND:
                what = f"{found}: {variant.kind} in {variant.origin}, at {sorted(variant.steps)}"
                outcome.findings.append((what, variant.text, faults))
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--n", type=int, default=500, help="faulty variants")
    parser.add_argument("--clean", type=int, default=300, help="random clean flows")
    parser.add_argument("--keep", type=Path, help="a folder for the flows that show a finding")
    args = parser.parse_args()
    outcome = campaign(args.seed, args.n, args.clean)
    for kind in MISTAKES:
        counts = {v: outcome.counts[kind, v] for v in (FOUND, ELSEWHERE, MISSED)}
        if made := sum(counts.values()):
            print(f"{kind:34} {made:4} made", *(f"{n:4} {v}" for v, n in counts.items() if n))
    for number, (what, text, faults) in enumerate(outcome.findings):
        print(what, *faults, sep="\n    ")
        if args.keep:
            args.keep.mkdir(parents=True, exist_ok=True)
            (args.keep / f"{number}.yaml").write_text(f"# {what}\n{text}", encoding="utf-8")
    print(
        f"{outcome.of(FOUND)} of {args.n} found where they are, {outcome.of(ELSEWHERE)} elsewhere, "
        f"{outcome.of(MISSED)} missed; {outcome.clean} clean flows; seed {args.seed}"
    )
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())

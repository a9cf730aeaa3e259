"""What the product makes of a trace, through the contract that people have: files and a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ivr.settings import ROOT

MILLISECOND = 0.001

Difference = tuple[str, str, Any, Any]
"""Contact, field, what it should be, what it is."""


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """`./hotline WORDS` on the Python that runs already, without preparing the machine."""
    line = [sys.executable, "-m", "adapters.cli", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def simulate(
    centre: dict[str, Any], trace: list[dict[str, Any]], folder: Path
) -> list[dict[str, Any]]:
    """The results of `./hotline simulate`; its files are left in the folder."""
    rules, lines, results = (folder / name for name in ("centre.yaml", "trace.jsonl", "out.jsonl"))
    rules.write_text(yaml.safe_dump(centre))
    lines.write_text("".join(json.dumps(line) + "\n" for line in trace))
    done = command("simulate", rules, lines, "--out", results)
    if done.returncode:
        raise RuntimeError(f"simulate ended with {done.returncode}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in results.read_text().splitlines()]


def differences(
    expected: list[dict[str, Any]], found: list[dict[str, Any]]
) -> Iterator[Difference]:
    """Where two results are not the same; times are the same to a millisecond."""
    if len(expected) != len(found):
        yield "all", "number of lines", len(expected), len(found)
    for one, other in zip(expected, found, strict=False):
        for field, value in one.items():
            if not _same(value, other.get(field, "missing")):
                yield one["id"], field, value, other.get(field, "missing")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return abs(one - other) <= MILLISECOND
    return bool(one == other)

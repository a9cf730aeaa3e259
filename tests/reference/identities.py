"""What holds exactly on every path, whatever the order of contacts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.reference.product import MILLISECOND

Table = dict[str, Any]


def faults(centre: Table, trace: list[Table], results: list[Table]) -> Iterator[str]:
    """What a path does that no path may do."""
    talks = defaultdict(list)
    for line, result in zip(trace, results, strict=True):
        yield from _faults_of_one(line, result)
        if result["outcome"] == "served":
            wrap_up = centre["queues"][line["queue"]]["wrap_up_seconds"]
            talks[result["agent"]].append((result["started"], result["ended"] + wrap_up))
    for agent, mine in talks.items():
        for (_, free), (started, _) in pairwise(sorted(mine)):
            if started < free - MILLISECOND:
                yield f"{agent} has two at {started}"
    yield from _little(trace, results)


def _faults_of_one(line: Table, result: Table) -> Iterator[str]:
    name, patience = line["id"], math.inf if line["patience"] is None else line["patience"]
    started, ended = result["started"], result["ended"]
    if result["id"] != name:
        yield f"{name} is not in its place"
    elif result["outcome"] == "served":
        if not 0 <= started - line["at"] <= patience + MILLISECOND:
            yield f"{name} starts outside its patience"
        if abs(ended - started - line["handle"]) > MILLISECOND:
            yield f"{name} talks {ended - started}"
    elif result["outcome"] == "abandoned":
        if abs(ended - line["at"] - patience) > MILLISECOND or started is not None:
            yield f"{name} leaves at {ended}"
    elif result["outcome"] != "waiting" or (started, ended, result["agent"]) != (None,) * 3:
        yield f"{name} is neither served nor gone nor waiting"


def _little(trace: list[Table], results: list[Table]) -> Iterator[str]:
    """The number waiting, over time, is arrivals times their wait: L = λW, of those who ended."""
    steps: list[tuple[float, int]] = []
    waited = 0.0
    for line, result in zip(trace, results, strict=True):
        if result["ended"] is not None:
            end = result["ended"] if result["started"] is None else result["started"]
            steps += [(line["at"], 1), (end, -1)]
            waited += end - line["at"]
    area, length = 0.0, 0
    for (at, step), (then, _) in pairwise(sorted(steps, key=lambda s: (s[0], -s[1]))):
        length += step
        area += length * (then - at)
        if length < 0:
            yield f"fewer than nobody waits at {at}"
    if not math.isclose(area, waited, rel_tol=1e-9, abs_tol=1e-6):
        yield f"L = {area}, λW = {waited}"

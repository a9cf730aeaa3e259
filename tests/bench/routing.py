"""`bench routing`: what one decision of the routing engine costs, from size to size.

A decision is one `handle` that ends in an offer. With all agents busy that is `LegEnded`: wrap-up
(of 0 s) begins and ends, the agent is ready, the next contact is found and offered. With idle
agents it is `Arrived`: the contact takes its place, the best agent is found and offered.

Decisions a second: up to 50 in a row between two looks at the clock. The percentiles: each decision
alone, with a look at the clock in it (1 us). Times are processor time of one core. Not timed: how
the crowd came to wait, and all events in between; no journal, no telephone. Each size runs in a
process of its own, so that its memory is its own.
"""

from __future__ import annotations

import multiprocessing
import platform
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise, product
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.bench.command import JsonFile, hand_out, run, say
from tests.bench.crowd import Crowd, Size, Timed, all_busy, idle_agents, rare_skill
from tests.bench.figures import percentile
from tests.bench.machine import machine

Scenario = Callable[[Crowd, int, int], Timed]
SCENARIOS: dict[str, Scenario] = {
    "all busy": all_busy,
    "idle agents": idle_agents,
    "rare skill, last in line": rare_skill,
}
COLUMNS = (
    "scenario", "waiting", "agents", "skills", "decisions_per_second",
    "p50_ms", "p99_ms", "p999_ms", "rss_mb", "bytes_a_contact",
)  # fmt: skip
WAITING = (100, 1000, 10_000, 100_000, 1_000_000)
AGENTS = (10, 100, 1000, 10_000)
SKILLS = (1, 8, 64, 200)
GROWTH = [Size(waiting, 1000, 64) for waiting in WAITING]
SHAPES = [Size(10_000, *rest) for rest in ((10, 64), (100, 64), (10_000, 64), (1000, 1), (1000, 8),
                                           (1000, 200))]  # fmt: skip
USUAL = (
    *(("all busy", size) for size in (*GROWTH, *SHAPES)),
    *(("idle agents", Size(0, agents, 64)) for agents in (1000, 10_000)),
    ("rare skill, last in line", Size(100_000, 1000, 64)),
)
FULL = [
    *(("all busy", Size(*size)) for size in product(WAITING, AGENTS, SKILLS)),
    *(("idle agents", Size(0, *size)) for size in product(AGENTS, SKILLS)),
    *(("rare skill, last in line", Size(waiting, 1000, 64)) for waiting in WAITING),
]  # fmt: skip


def measure(scenario: str, size: Size, decisions: int, seed: int) -> dict[str, Any]:
    """One size in this process."""
    began = time.monotonic()
    crowd = Crowd(size, seed)
    before = _memory()
    crowd.gather()
    waiting = (_memory() - before) / size.waiting if size.waiting else None
    rows = list(SCENARIOS[scenario](crowd, decisions, crowd.some))
    made, spent = sum(n for n, _ in rows), sum(took for _, took in rows)
    took = sorted(took for n, took in SCENARIOS[scenario](crowd, decisions, 1) if n)
    return {
        "scenario": scenario,
        "waiting": size.waiting,
        "agents": size.agents,
        "skills": size.skills,
        "decisions_per_second": round(made / (spent / 1e9)),
        "p50_ms": _milliseconds(took, 50),
        "p99_ms": _milliseconds(took, 99),
        "p999_ms": _milliseconds(took, 99.9),
        "max_ms": _milliseconds(took, 100),
        "rss_mb": round(_memory() / 2**20, 1),
        "bytes_a_contact": waiting and round(waiting),
        "n": made,
        "n_alone": len(took),
        "seed": seed,
        "duration": round(time.monotonic() - began, 1),
    }


def _memory() -> int:
    """The most that this process has had in memory, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _milliseconds(took: Sequence[int], percent: float) -> float:
    return round((percentile(took, percent) or 0) / 1e6, 4)


def measure_all(
    sizes: Iterable[tuple[str, Size]], decisions: int, seed: int
) -> Iterator[dict[str, Any]]:
    """One size after the other, each in a new process."""
    context = multiprocessing.get_context("spawn")
    head = {"machine": machine(), "versions": {"python": platform.python_version()}}
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as processes:
        for scenario, size in sizes:
            say(f"{scenario}: {size.waiting:,} wait, {size.agents:,} agents, {size.skills} skills")
            yield processes.submit(measure, scenario, size, decisions, seed).result() | head


def show(rows: Sequence[dict[str, Any]]) -> None:
    """The figures as a table, and how the cost grows with the number who wait."""
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*(str(row[column]) for column in COLUMNS))
    console = Console(stderr=True, width=150)
    console.print(table)
    for before, after in pairs(rows):
        ratio = before["decisions_per_second"] / after["decisions_per_second"]
        console.print(f"{before['waiting']:,} to {after['waiting']:,} waiting: x {ratio:.2f}")


def pairs(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Rows that differ in the number who wait alone, each with the next larger one."""
    lines: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        lines.setdefault((row["scenario"], row["agents"], row["skills"]), []).append(row)
    for line in lines.values():
        line.sort(key=lambda row: row["waiting"])
        yield from pairwise(line)


def main(
    json: JsonFile = None,
    decisions: Annotated[int, typer.Option(min=100, help="So many a size.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of the crowd: centre, arrivals, ends of talks.")] = 1,
    full: Annotated[bool, typer.Option("--full", help="Every size with every other.")] = False,
) -> None:
    """What one decision of the routing engine costs, from size to size."""
    rows = list(measure_all(FULL if full else USUAL, decisions, seed))
    show(rows)
    hand_out(rows, json)


if __name__ == "__main__":
    run(main)

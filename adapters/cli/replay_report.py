"""What replayed traces came to, for people and for programs: one run, or two side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from acd.config import Centre
from acd.model import AgentId, QueueId, Seconds
from acd.simulation import Outcome
from acd.summary import REACHABLE, Group, Summary, Worked

Cells = list[str]
ALL = "all"
NO_CLASS = "(no class)"
WAITS = {"median_wait": 0.5, "p95_wait": 0.95}
COLUMNS = (
    "offered", "served", "left", "sent\non", "still\nhere", "level\n%", "mean\ns", "median\ns",
    "95 %\ns", "busy\n%",
)  # fmt: skip
"""`left`: abandoned; `sent on`: overflowed; `level`: the service level; then waits, of which 95 %
are not longer than the last; `busy`: the occupancy of agents."""
WIDE = 160
"""Columns where no terminal says how many there are."""


@dataclass(frozen=True, slots=True)
class Run:
    """A trace replayed under the rules of one file."""

    name: str
    """What tables call these rules: the file, or a letter when there are two."""
    rules: str
    centre: Centre
    summary: Summary
    not_ready: tuple[AgentId, ...] = ()
    """Agents who let a phone ring out, and were offered nothing from then on."""


def groups(run: Run) -> Iterator[tuple[str, Group]]:
    """All contacts, then each class, then each queue."""
    found = run.summary
    yield ALL, found.total
    yield from ((f"class {name}" if name else NO_CLASS, g) for name, g in found.classes.items())
    yield from ((f"queue {name}", group) for name, group in found.queues.items())


# ---------------------------------------------------------------- for programs


def plain(run: Run) -> dict[str, Any]:
    """The run as JSON; waits in seconds, shares as fractions, None where there is none."""
    found = run.summary
    return {
        "rules": run.rules,
        "version": run.centre.version,
        "total": {**plain_group(found.total), "occupancy": _rounded(found.occupancy)},
        "classes": {name: plain_group(group) for name, group in found.classes.items()},
        "queues": {
            name: {**plain_group(group), **_plain_promise(run, name, group)}
            for name, group in found.queues.items()
        },
        "agents": {id_: _plain_work(worked) for id_, worked in found.agents.items()},
        "not_ready": list(run.not_ready),
    }


def plain_group(group: Group) -> dict[str, Any]:
    waits = {name: _rounded(group.wait(share)) for name, share in WAITS.items()}
    return {
        "offered": group.offered,
        **{outcome: group.outcomes.get(outcome, 0) for outcome in Outcome},
        "service_level": _rounded(group.service_level),
        "mean_wait": _rounded(group.mean_wait),
        **waits,
    }


def _plain_promise(run: Run, queue: str, group: Group) -> dict[str, Any]:
    promise = run.centre.queues[QueueId(queue)].promise_seconds
    if promise is None:
        return {}
    return {
        "promise_seconds": promise,
        "answered_within_promise": _rounded(group.answered_within(promise)),
        "waited_longer": _rounded(group.longer_than(promise)),
        "promise_by_class": {
            name: {
                "offered": of_class.offered,
                "answered_within_promise": _rounded(of_class.answered_within(promise)),
                "reachable": of_class.can_be_promised(promise),
            }
            for name, of_class in run.summary.promised[queue].items()
        },
    }


def _plain_work(worked: Worked) -> dict[str, Any]:
    return {
        "contacts": worked.contacts,
        "seconds": _rounded(worked.seconds),
        "occupancy": _rounded(worked.occupancy),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


# ---------------------------------------------------------------- for people


def print_runs(runs: Sequence[Run]) -> None:
    """Tables of groups and of agents; of two runs the lines of a group stand together."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(_table("", COLUMNS, runs, [dict(_group_cells(run)) for run in runs]))
    console.print()
    agents = [dict(_agent_cells(run)) for run in runs]
    console.print(_table("agent", ("contacts", "hours", "busy %"), runs, agents))
    console.print()
    for line in (line for run in runs for line in _remarks(run)):
        console.print(line, markup=False)


def _remarks(run: Run) -> Iterator[str]:
    """What was promised, and who was lost."""
    for name, group in run.summary.queues.items():
        promise = run.centre.queues[QueueId(name)].promise_seconds
        if promise is not None:
            kept, broken = group.answered_within(promise), group.longer_than(promise)
            yield (
                f"{run.rules}: {name}: {percent(kept)} % were answered within the promised "
                f"{promise:g} s, {percent(broken)} % waited longer"
            )
            for class_, of_class in run.summary.promised[name].items():
                yield f"{run.rules}: {name}, {promise_words(class_, of_class, promise)}"
    if run.not_ready:
        who = ", ".join(run.not_ready)
        yield f"{run.rules}: let a phone ring out, and had nothing from then on: {who}"


def promise_words(class_: str, group: Group, promise: Seconds) -> str:
    """Whether this can be promised to the class, with the figures that say so."""
    kept = f"class {class_}: {percent(group.answered_within(promise))} % of {group.offered}"
    if group.can_be_promised(promise):
        return f"{kept} within {promise:g} s: the promise is reachable"
    return (
        f"{kept} within {promise:g} s: the promise is not reachable under these rules "
        f"({100 * REACHABLE:g} % are asked for): more `reserve` or `credit`, or more agents"
    )


def _table(
    first: str, columns: Sequence[str], runs: Sequence[Run], cells: Sequence[Mapping[str, Cells]]
) -> Table:
    """The cells of each run by the name of their line, which is said once."""
    shown = Table(box=None, pad_edge=False, collapse_padding=True)
    shown.add_column(first, no_wrap=True)
    if len(runs) > 1:
        shown.add_column("", no_wrap=True)
    for column in columns:
        shown.add_column(column, justify="right")
    for name in {name: None for of_run in cells for name in of_run}:
        said = name
        for run, of_run in zip(runs, cells, strict=True):
            if name in of_run:
                shown.add_row(said, *([run.name] if len(runs) > 1 else []), *of_run[name])
                said = ""
    return shown


def _group_cells(run: Run) -> Iterator[tuple[str, Cells]]:
    for name, group in groups(run):
        counts = [group.offered, *(group.outcomes.get(outcome, 0) for outcome in Outcome)]
        waits = [group.mean_wait, *map(group.wait, WAITS.values())]
        busy = percent(run.summary.occupancy) if name == ALL else ""
        level = percent(group.service_level)
        yield name, [*map(str, counts), level, *map(seconds, waits), busy]


def _agent_cells(run: Run) -> Iterator[tuple[str, Cells]]:
    for agent, worked in run.summary.agents.items():
        hours = f"{worked.seconds / 3600:.1f}"
        yield agent, [str(worked.contacts), hours, percent(worked.occupancy)]


def percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def seconds(value: Seconds | None) -> str:
    return "" if value is None else f"{value:.1f}"

"""`./hotline simulate`: what would become of every contact of a trace under the rules of a file.

With other rules too, the same trace is replayed under both and the two are compared in a table and
a picture.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from acd.config import Centre
from acd.engine import Engine
from acd.simulation import Result, Simulation, Traced
from acd.states import AgentState
from acd.summary import summary
from adapters.cli.output import fail
from adapters.cli.replay_report import Run, plain, print_runs
from adapters.cli.whole_file import write
from ivr import centre_file, trace
from ivr.faults import BadSettings


def simulate(
    rules: Path, trace_file: Path, out: Path, other: Path | None, picture: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Replay the trace and write the results, whole or not at all."""
    if other:
        picture = picture or out.with_suffix(".svg")
    elif picture:
        fail("--picture draws a comparison: name the other rules with --rules")
    _refuse_places(out, picture, [path for path in (rules, trace_file, other) if path])
    sides = [(path, _rules(path)) for path in (rules, *([other] if other else []))]
    contacts = [_contacts(trace_file, centre, path) for path, centre in sides]
    runs: list[Run] = []
    for (path, centre), name in zip(sides, "AB", strict=False):
        run, results = _replayed(path, centre, contacts[len(runs)], name)
        if not runs:
            write(out, map(trace.line_of_result, results))
        runs.append(run)
    if picture:
        from adapters.cli.wait_picture import picture as drawn

        write(picture, drawn(runs).splitlines())
    _tell(runs, out, picture, as_json)


def _refuse_places(out: Path, picture: Path | None, read: list[Path]) -> None:
    """Say at once, not after the replay, where nothing can be written."""
    taken = {path.resolve() for path in read}
    for path, option in ((out, "--out"), (picture, "--picture")):
        if path is None:
            continue
        if path.resolve() in taken:
            fail(f"{path} would be overwritten: name another file with {option}")
        if not path.parent.is_dir():
            fail(f"{path.parent}: there is no such folder")
        taken.add(path.resolve())


def _replayed(
    path: Path, centre: Centre, contacts: list[Traced], name: str
) -> tuple[Run, list[Result]]:
    """The run and its results, with a progress bar if somebody looks."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import track

    engine, console = Engine(centre), Console(stderr=True)
    shown = track(contacts, escape(str(path)), console=console, disable=not console.is_terminal)
    results = Simulation(engine).run(shown)
    away = [agent.id for agent in engine.agents.values() if agent.state is AgentState.NOT_READY]
    return Run(name, str(path), centre, summary(results, centre), tuple(away)), results


def _tell(runs: list[Run], out: Path, picture: Path | None, as_json: bool) -> None:
    if as_json:
        files = {"results": str(out), "picture": str(picture) if picture else None}
        print(json.dumps({"runs": [plain(run) for run in runs], **files}, ensure_ascii=False))
        return
    if len(runs) > 1:
        print("   ".join(f"{run.name}: {run.rules}" for run in runs), end="\n\n")
    print_runs(runs)
    print(f"written: {out}" + (f", {picture}" if picture else ""))


def _rules(path: Path) -> Centre:
    try:
        rules = centre_file.read(path)
    except BadSettings as bad:
        fail("\n".join(bad.faults))
    _warn(rules.warnings)
    return rules.centre


def _contacts(path: Path, centre: Centre, rules: Path) -> list[Traced]:
    try:
        found = trace.read(path, centre)
    except trace.BadTrace as bad:
        fail("\n".join([*bad.faults, f"(under the rules of {rules})"]))
    _warn(f"{path}: {warning} ({rules})" for warning in found.warnings)
    return found.contacts


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        print(f"hotline: warning: {warning}", file=sys.stderr)

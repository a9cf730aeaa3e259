"""`./hotline simulate`: what would become of every contact of a trace under the rules of a file."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from acd.config import Centre
from acd.engine import Engine
from acd.simulation import Result, Simulation, Traced
from adapters.cli.output import fail
from ivr import centre_file, trace
from ivr.faults import BadSettings


def simulate(centre: Path, trace_file: Path, out: Path) -> None:
    """Replay the trace and write the results, whole or not at all."""
    rules = _rules(centre)
    contacts = _contacts(trace_file, rules)
    write(out, map(trace.line_of_result, replay(rules, contacts)))


def replay(rules: Centre, contacts: list[Traced]) -> list[Result]:
    """The results of the trace, with a progress bar if somebody looks."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    shown = track(contacts, "replaying", console=console, disable=not console.is_terminal)
    return Simulation(Engine(rules)).run(shown)


def write(path: Path, lines: Iterable[str]) -> None:
    """A file that is there with all of its lines, or as it was before."""
    try:
        with _whole(path) as spare, spare.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        fail(f"{path}: {error.strerror}")


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[Path]:
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield spare
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)


def _rules(path: Path) -> Centre:
    try:
        rules = centre_file.read(path)
    except BadSettings as bad:
        fail("\n".join(bad.faults))
    _warn(rules.warnings)
    return rules.centre


def _contacts(path: Path, rules: Centre) -> list[Traced]:
    try:
        found = trace.read(path, rules)
    except trace.BadTrace as bad:
        fail("\n".join(bad.faults))
    _warn(f"{path}: {warning}" for warning in found.warnings)
    return found.contacts


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        print(f"hotline: warning: {warning}", file=sys.stderr)

"""`./hotline flow test`: callers from files and at random walk through flows, without Asterisk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.output import Json, fail, settings_or_fail

if TYPE_CHECKING:
    from ivr.rehearsal.callers import Scripted
    from ivr.rehearsal.stage import Premises


def rehearse(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="Names of flows, or files of callers; default: all.", metavar="NAME"),
    ] = None,
    coverage: Annotated[
        float, typer.Option(min=0, max=1, help="Fail if less of a flow is walked, 0 to 1.")
    ] = 0.0,
    random: Annotated[
        int, typer.Option(min=0, help="So many callers at random for each flow besides.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of these: the same number, the same callers.")] = 1,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit file.")] = None,
    json: Json = False,
) -> None:
    """Let scripted callers walk through flows; say what came otherwise than expected."""
    from adapters.cli import trial_report
    from adapters.cli.whole_file import write
    from ivr.rehearsal import trial

    premises = premises_or_fail()
    flows, callers = _chosen(what or [], premises)
    if not callers and not random:
        wanted = " or ".join(f"data/flows/tests/{name}.yaml" for name in flows)
        fail(f"there are no callers: write {wanted}, or add --random 1000")
    tried = trial.run(premises, flows, callers, random, seed)
    if junit:
        write(junit, [trial_report.junit(tried, coverage)])
    if json:
        trial_report.print_json(tried, coverage)
    else:
        trial_report.print_text(tried, coverage)
    if tried.failed() or tried.strays or tried.below(coverage):
        raise typer.Exit(1)


def premises_or_fail() -> Premises:
    """The flows of this installation and its hours, or every fault in them on standard error."""
    from ivr.faults import BadFlow
    from ivr.load import load_for
    from ivr.rehearsal.stage import Premises

    settings = settings_or_fail()
    try:
        return Premises.of(settings, load_for(settings))
    except BadFlow as bad:
        fail("\n".join(bad.faults))


def callers_or_fail(premises: Premises, files: list[Path] | None = None) -> list[Scripted]:
    """The scripted callers of these files, or of this installation and our own flows."""
    from ivr.faults import BadFlow
    from ivr.rehearsal import callers

    try:
        read = callers.files_for(settings_or_fail()) if files is None else files
        return callers.load(read, premises)
    except BadFlow as bad:
        fail("\n".join(bad.faults))


def _chosen(what: list[str], premises: Premises) -> tuple[list[str], list[Scripted]]:
    """The flows that are tried, and their callers: of these names and files, or all."""
    named = [Path(word) for word in what if Path(word).suffix]
    names = [word for word in what if not Path(word).suffix]
    for name in names:
        if why := premises.why_not(name):
            fail(why)
    found = callers_or_fail(premises, named)
    if names or not what:
        flows = names or list(premises.flows)
        found += [one for one in callers_or_fail(premises) if one.role.flow in flows]
    tried = [*names, *(one.role.flow for one in found)] if what else list(premises.flows)
    return list(dict.fromkeys(tried)), found

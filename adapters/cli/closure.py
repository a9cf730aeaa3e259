"""`./hotline closure ...`: close a queue, or the whole house, in an emergency, and open again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from adapters.cli.agents import ask
from adapters.cli.callers import Until, Who, moment, shown
from adapters.cli.exports import common_zone
from adapters.cli.login import login
from adapters.cli.output import Json, fail, settings_or_fail, show, table

app = typer.Typer(no_args_is_help=True)
COLUMNS = ("queue", "until", "why", "who")
USUAL = "12h"
Queue = Annotated[str, typer.Argument(help="A queue's name, or all.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit.")]


@app.command("on")
def close(
    queue: Queue, reason: Reason, until: Until = USUAL, who: Who = None, json: Json = False
) -> None:
    """Close a queue, or all, from the next look at its hours on; who waits is served."""
    zone = common_zone(settings_or_fail())
    end = moment(until, time.time(), zone)
    if end is None:
        fail("--until: an emergency has an end: name one, and close again if need be")
    answer = ask("closure on", queue=queue, why=reason, until=end, who=who or login())
    _show(answer, zone, json)
    for flow in () if json else answer["untold"]:
        print(f"warn  the flow {flow} looks at no hours: its callers notice nothing")


@app.command("off")
def open_(queue: Queue, who: Who = None, json: Json = False) -> None:
    """Open a queue again; all opens every queue."""
    zone = common_zone(settings_or_fail())
    _show(ask("closure off", queue=queue, who=who or login()), zone, json)


@app.command("list")
def list_(json: Json = False) -> None:
    """Show what is closed in an emergency."""
    _show(ask("closure list"), common_zone(settings_or_fail()), json)


@app.command()
def pin() -> None:
    """Set the PIN for closing by telephone; it is asked for, and kept as a digest alone."""
    from adapters.stores.closure_file import put_pin
    from ivr.closure_pin import BadPin, make
    from ivr.ports import StoreFailed

    settings = settings_or_fail()
    keys = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    try:
        put_pin(settings.secrets, make(str(keys)))
    except (BadPin, StoreFailed) as fault:
        fail(str(fault))
    print("set: it is good from the next call on")


def rows(closures: Sequence[Mapping[str, Any]], zone: str) -> list[dict[str, Any]]:
    """For people: ends on the clocks of the zone."""
    return [{**closure, "until": shown(closure["until"], zone)} for closure in closures]


def _show(answer: Mapping[str, Any], zone: str, as_json: bool) -> None:
    if as_json:
        show(answer, as_json=True)
    elif answer["closures"]:
        table(COLUMNS, rows(answer["closures"], zone), as_json=False)
    else:
        print("nothing is closed")

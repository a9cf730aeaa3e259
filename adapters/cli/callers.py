"""`./hotline callers ...`: who is blocked, and who is let through all the same."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from adapters.cli.agents import ask
from adapters.cli.exports import common_zone
from adapters.cli.login import login
from adapters.cli.output import Json, fail, settings_or_fail, show, table
from adapters.cli.seen_numbers import as_written

app = typer.Typer(no_args_is_help=True)
AHEAD = {"m": 60, "h": 3600, "d": 86400}
"""What a time from now is told in, like `90d`; seconds."""
NEVER = "never"
COLUMNS = ("caller", "number", "listed", "until", "reason", "who")
Number = Annotated[str, typer.Argument(help="The telephone number, with country code if abroad.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is sealed in the vault.")]
Until = Annotated[
    str, typer.Option("--until", help="2026-12-31, 2026-12-31T18:00, 12h, 90d, or never.")
]
Who = Annotated[str | None, typer.Option("--who", help="Your name; default: your login's.")]


@app.command()
def block(
    number: Number, reason: Reason, until: Until, who: Who = None, json: Json = False
) -> None:
    """Take no calls from a number any more, until then; at once, without a restart."""
    _put("caller block", number, reason, until, who, json)


@app.command()
def allow(
    number: Number, reason: Reason, until: Until, who: Who = None, json: Json = False
) -> None:
    """Let a number through until then, whatever block there is."""
    _put("caller allow", number, reason, until, who, json)


@app.command()
def remove(
    number: Annotated[str, typer.Argument(help="The telephone number, or an id out of `list`.")],
    who: Who = None,
    json: Json = False,
) -> None:
    """Take a caller from both lists."""
    show(ask("caller remove", number=number, who=who or login()), as_json=json)


@app.command("list")
def list_(json: Json = False) -> None:
    """Show every listed caller; numbers are masked."""
    found = ask("caller list")["callers"]
    if json:
        table((), found, as_json=True)
        return
    settings = settings_or_fail()
    zone = common_zone(settings)
    rows = [row for each in found for row in _rows(each, zone)]
    table(COLUMNS, as_written(rows, settings), as_json=False)


def moment(given: str, now: float, zone: str) -> float | None:
    """Until when: UTC seconds; None: until it is removed."""
    from acd.schedule import time_zone

    if given == NEVER:
        return None
    if ahead := re.fullmatch(r"([0-9]{1,5})([mhd])", given):
        return now + int(ahead[1]) * AHEAD[ahead[2]]
    try:
        at = datetime.fromisoformat(given)
        until = (at if at.tzinfo else at.replace(tzinfo=time_zone(zone))).timestamp()
    except (ValueError, OverflowError):
        fail(f"--until: {given!r} is no time: write 2026-12-31, 2026-12-31T18:00, 12h, 90d, never")
    if until <= now:
        fail(f"--until: {given} is over already")
    return until


def shown(until: float | None, zone: str) -> str:
    """A time on the clocks of this zone."""
    from acd.schedule import time_zone

    if until is None:
        return NEVER
    return datetime.fromtimestamp(until, time_zone(zone)).strftime("%Y-%m-%d %H:%M")


def _put(what: str, number: str, reason: str, until: str, who: str | None, as_json: bool) -> None:
    end = moment(until, time.time(), common_zone(settings_or_fail()))
    fields = {"number": number, "reason": reason, "until": end, "who": who or login()}
    show(ask(what, **fields), as_json=as_json)


def _rows(caller: Mapping[str, Any], zone: str) -> list[dict[str, Any]]:
    """One for each list that the caller is on; what is over is told as such."""
    rows = []
    for kind in ("blocked", "allowed"):
        if listing := caller.get(kind):
            now = kind if caller["listed"] == kind else f"{kind} (not now)"
            same = {name: caller[name] for name in ("caller", "number")}
            until = shown(listing["until"], zone)
            rows.append({**same, **listing, "listed": now, "until": until})
    return rows

"""`./hotline callbacks`: whom the house has promised to call back, and how far that is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.cli.agents import ask
from adapters.cli.login import login
from adapters.cli.output import settings_or_fail, show, table
from adapters.cli.seen_numbers import as_written

COLUMNS = ("contact", "queue", "state", "tried", "next", "until", "last")


def show_promised(numbers: bool, as_json: bool) -> None:
    """Every open promise, the oldest first."""
    found = ask("callbacks", numbers=numbers, who=login())["callbacks"]
    if as_json:
        table((), found, as_json=True)
        return
    if not found:
        print("nobody is to be called back")
        return
    columns = (*COLUMNS, "number") if numbers else COLUMNS
    table(columns, as_written(map(_row, found), settings_or_fail()), as_json=False)


def cancel(contact: str, as_json: bool) -> None:
    """No call any more for this promise."""
    ask("callback cancel", contact=contact, who=login())
    show({"contact": contact, "done": "cancelled"}, as_json=as_json)


def try_now(contact: str, as_json: bool) -> None:
    """Not later than now, if the hours allow it."""
    ask("callback now", contact=contact, who=login())
    show({"contact": contact, "done": "tried as soon as it may be"}, as_json=as_json)


def _row(one: dict[str, Any]) -> dict[str, Any]:
    tried = f"{one['made']} of {one['attempts']}"
    return one | {
        "tried": tried, "next": _moment(one["again"]), "until": _moment(one["until"]),
        "last": one["why"],
    }  # fmt: skip


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%m-%d %H:%MZ}"

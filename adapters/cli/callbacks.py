"""`./hotline callbacks`: whom the house has promised to call back. Nothing dials them yet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.cli.agents import ask
from adapters.cli.login import login
from adapters.cli.output import table

COLUMNS = ("contact", "queue", "to", "promised", "not_before", "until", "attempts")
NOBODY_DIALS = (
    "Nothing dials these yet: call them by hand (--numbers), and close their tickets; "
    "their places stand until the time in `until`."
)


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
    table(columns, [_row(one) for one in found], as_json=False)
    print(NOBODY_DIALS)


def _row(one: dict[str, Any]) -> dict[str, Any]:
    times = {name: _moment(one[name]) for name in ("not_before", "until")}
    return one | times | {"promised": _moment(one["at"])}


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes")

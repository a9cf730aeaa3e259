"""`./hotline chats`: the chats that are not over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.cli.agents import ask
from adapters.cli.output import Json, table

COLUMNS = ("contact", "state", "queue", "agent", "lines", "since", "wait", "from")


def open_chats(json: Json = False) -> None:
    """List the chats that wait, are offered or served: ids only, nothing that was said."""
    found = ask("chats")["chats"]
    if json:
        table((), found, as_json=True)
    elif found:
        table(COLUMNS, [_row(one) for one in found], as_json=False)
    else:
        print("nobody chats")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return one | {
        "state": "page away" if one["skipped"] else one["state"], "lines": one["last"],
        "since": f"{datetime.fromtimestamp(one['since'], UTC):%m-%d %H:%MZ}",
        "wait": "{:.0f} to {:.0f} s".format(*one["wait"]) if one["wait"] else "",
        "from": one["origin"],
    }  # fmt: skip

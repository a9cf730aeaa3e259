"""`./hotline directory`: who can be reached inside the house, and who is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.cli.agents import ask
from adapters.cli.output import table

COLUMNS = ("numbers", "kind", "name", "presence", "more")


def show_directory(as_json: bool) -> None:
    """One line each; whatever has no internal number, too."""
    entries = ask("directory")["directory"]
    rows = entries if as_json else [{**entry, "more": _more(entry)} for entry in entries]
    table(COLUMNS, rows, as_json=as_json)


def _more(entry: Mapping[str, Any]) -> str:
    if entry["kind"] == "queue":
        return f"{entry['waiting']} waiting"
    return "phone out of reach" if entry.get("reachable") is False else ""

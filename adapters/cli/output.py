"""How the command line speaks: tables for people, JSON for programs, one sentence for errors."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from ivr.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def fail(message: str, code: int = 1) -> NoReturn:
    """One sentence on standard error, and the exit status."""
    print(f"hotline: {message}", file=sys.stderr)
    raise typer.Exit(code)


def settings_or_fail() -> Settings:
    """The settings, or every fault in them on standard error."""
    from ivr.settings import BadSettings, load

    try:
        return load()
    except BadSettings as bad:
        fail("\n".join(bad.faults))


def say(line: str) -> None:
    """One line for people, coloured where it says so: `[green]ok[/]`."""
    from rich.console import Console

    Console(highlight=False).print(line)


def show(values: Mapping[str, Any], *, as_json: bool) -> None:
    """Names and values."""
    if as_json:
        print(json_module.dumps(values, ensure_ascii=False))
        return
    for name, value in values.items():
        print(f"{name:12} {value}")


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Rows under column names; JSON has everything that the rows hold."""
    if as_json:
        print(json_module.dumps(list(rows), ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column.replace("_", " "))
    for row in rows:
        shown.add_row(*(_cell(row.get(column)) for column in columns))
    Console(highlight=False).print(shown)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)

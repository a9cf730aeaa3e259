"""How the command line speaks: tables for people, JSON for programs, one sentence for errors."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
console = Console(highlight=False)


def fail(message: str, code: int = 1) -> NoReturn:
    """One sentence on standard error, and the exit status."""
    print(f"hotline: {message}", file=sys.stderr)
    raise typer.Exit(code)


def show(values: Mapping[str, Any], *, as_json: bool) -> None:
    """Names and values."""
    if as_json:
        print(json_module.dumps(values, ensure_ascii=False))
        return
    for name, value in values.items():
        console.print(f"{name:12} {value}")


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Rows under column names; JSON has everything that the rows hold."""
    if as_json:
        print(json_module.dumps(list(rows), ensure_ascii=False))
        return
    shown = Table(box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column.replace("_", " "))
    for row in rows:
        shown.add_row(*(_cell(row.get(column)) for column in columns))
    console.print(shown)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)

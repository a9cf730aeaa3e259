"""What every benchmark's command line has: settings, a place for the figures, one way to print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr.settings import BadSettings, Settings, load

JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write the figures into this file, too.")
]


@dataclass(frozen=True, slots=True)
class Limit:
    """What is promised of a figure."""

    what: str
    most: float
    figure: float

    @property
    def kept(self) -> bool:
        return self.figure <= self.most

    def __str__(self) -> str:
        kept = "kept" if self.kept else "EXCEEDED"
        return f"{self.what}: {self.figure:g}, at most {self.most:g}: {kept}"


def settings_or_end() -> Settings:
    """The installation around the benchmark, with its tools."""
    try:
        settings = load()
    except BadSettings as bad:
        sys.exit("\n".join(bad.faults))
    if not (settings.tools / "bin" / "asterisk").exists():
        sys.exit(f"hotline: there is no Asterisk in {settings.tools}; ./hotline setup gets it")
    return settings


def run(command: Callable[..., None]) -> None:
    """The command line of one benchmark."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    app()


def say(line: str) -> None:
    """Progress, apart from the figures."""
    print(line, file=sys.stderr, flush=True)


def hand_out(figures: Mapping[str, Any] | Sequence[Mapping[str, Any]], path: Path | None) -> None:
    """Print the figures, and write them where they were asked for."""
    text = json.dumps(figures, indent=2, ensure_ascii=False)
    print(text)
    if path:
        path.write_text(text + "\n", encoding="utf-8")


def end_by(*limits: Limit) -> None:
    """Say each limit; exit status 1 when one is passed."""
    for limit in limits:
        say(str(limit))
    if not all(limit.kept for limit in limits):
        sys.exit(1)

"""What the demo says at its end: the summary, and how to dial in oneself."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any

import segno
from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from adapters.cli.demo_site import NUMBER, VISITOR
from adapters.cli.demo_verdict import Verdict
from adapters.cli.demo_words import Words
from ivr.addresses import dialled_at, in_url
from ivr.settings import Settings


@dataclass(frozen=True, slots=True)
class Figures:
    """What the demo took; None where it cannot be told."""

    first_ring_seconds: float | None
    loaded_megabytes: float | None
    disk_megabytes: float

    def plain(self) -> dict[str, Any]:
        return {
            name: None if value is None else round(value, 1) for name, value in asdict(self).items()
        }


def report(words: Words, verdict: Verdict, figures: Figures) -> RenderableType:
    """The summary for people."""
    rows = {
        "calls": words(
            "calls is", calls=verdict.calls, answered=verdict.answered, abandoned=verdict.abandoned
        ),
        "waits": words(
            "waits is", median=f"{verdict.median_wait:.0f}", longest=f"{verdict.longest_wait:.0f}"
        ),
        "order": words(
            "order kept" if verdict.order_kept else "order broken",
            decisions=verdict.decisions, choices=verdict.choices,
        ),
        "tickets": words("tickets is", tickets=verdict.tickets, calls=verdict.calls),
    }  # fmt: skip
    if figures.first_ring_seconds is not None:
        rows["ring"] = words("ring is", seconds=f"{figures.first_ring_seconds:.1f}")
    loaded = figures.loaded_megabytes
    rows["megabytes"] = words(
        "megabytes is", disk=f"{figures.disk_megabytes:.0f}",
        loaded=words("loaded unknown") if loaded is None else f"{loaded:.0f}",
    )  # fmt: skip
    end = Text(words("all well" if verdict.well else "faults"))
    end.stylize("bold green" if verdict.well else "bold red")
    faults = [Text(f"  · {fault}", style="red") for fault in verdict.faults]
    return Group(_head(words("summary")), _pairs(words, rows), end, *faults)


def account(words: Words, settings: Settings) -> RenderableType:
    """A SIP account for a telephone of one's own, as text and as QR code."""
    password, address = settings.phone_secret(VISITOR), dialled_at(settings.site.listen)
    server = f"{in_url(address)}:{settings.ports.sip}"
    open_to_others = not ip_address(settings.site.listen).is_loopback
    rows = {"account": VISITOR, "password": password, "server": f"{server} (UDP)", "number": NUMBER}
    picture = io.StringIO()
    segno.make(f"sip:{VISITOR}:{password}@{server}", error="l").terminal(
        out=picture, border=1, compact=True
    )
    note = words("warning", address=server) if open_to_others else words("here only")
    return Group(
        _head(words("again")),
        _pairs(words, rows),
        Text(note, style="bold yellow" if open_to_others else "dim"),
        Text.from_ansi(picture.getvalue()),
    )


def _pairs(words: Words, rows: dict[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column()
    for name, value in rows.items():
        grid.add_row(words(name), value)
    return grid


def _head(text: str) -> Rule:
    return Rule(Text(text, style="bold"), align="left", style="dim", characters="─")

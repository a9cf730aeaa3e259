"""`./hotline surveys`: what callers answered after their talks, read beside the running core."""

from __future__ import annotations

import asyncio
import json as json_module
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from adapters.cli.exports import common_zone
from adapters.cli.flow_show import Period, period_of
from adapters.cli.output import Json, fail, settings_or_fail, show, table

if TYPE_CHECKING:
    from ivr.settings import Settings
    from ivr.surveys import Answer, Figures

COLUMNS = ("asked", "answered", "share", "mean", "of", "second")
USUAL = "30d"
"""How far back, where no period is named."""


def show_figures(
    by: Annotated[
        Literal["agent", "queue", "flow", "rules"], typer.Option(help="What to tell apart.")
    ] = "queue",
    day: Annotated[str | None, typer.Option(help="Of this day, like 2026-10-01.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="From then: 2026-10-01, 2026-10-01T09:00, 90m, 2h, 7d; default: 30d."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Until then; default: now.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Of these times; default: that of all opening hours, or UTC.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write every survey to this file too, a line of JSON each.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what callers answered after their talks: how many, what share of them, the mean."""
    from adapters.cli.whole_file import write
    from ivr.surveys import figures

    settings = settings_or_fail()
    since = since or (None if day or until else USUAL)
    period = period_of(day, since, until, zone or common_zone(settings))
    if period is None:
        fail("name a day, or since when")
    answers = asyncio.run(_answers(settings, period))
    if out:
        write(out, [json_module.dumps(asdict(answer), sort_keys=True) for answer in answers])
    _tell(by, [_row(by, found) for found in figures(answers, by)], period, len(answers), json)


def _tell(by: str, rows: list[dict[str, Any]], period: Period, count: int, as_json: bool) -> None:
    if as_json:
        whole = {"from": period.start, "to": period.end, "surveys": count, "figures": rows}
        show(whole, as_json=True)
        return
    print(f"{count} surveys {period}")
    if rows:
        table((by, *COLUMNS), [_shown(by, row) for row in rows], as_json=False)


async def _answers(settings: Settings, period: Period) -> Sequence[Answer]:
    from adapters.stores.journal import JournalReader
    from adapters.stores.schema import open_database
    from ivr.ports import StoreFailed, StoreRefused
    from ivr.surveys import read

    try:
        database = await open_database(settings.database_url("core"), "core", read_only=True)
        try:
            return await read(JournalReader(database), period.start, period.end)
        finally:
            await database.close()
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))


def _row(by: str, found: Figures) -> dict[str, Any]:
    return {
        by: found.name,
        "asked": found.asked,
        "answered": found.answered,
        "share": round(found.share, 3),
        "mean": None if found.mean is None else round(found.mean, 2),
        "of": found.highest,
        "second_answered": found.second_answered,
        "second": None if found.second_mean is None else round(found.second_mean, 2),
    }


def _shown(by: str, row: dict[str, Any]) -> dict[str, Any]:
    """For people: a share in per cent, means with two digits."""
    means = {name: "-" if row[name] is None else f"{row[name]:.2f}" for name in ("mean", "second")}
    return {**row, by: row[by] or "(not known)", "share": f"{row['share']:.0%}", **means}

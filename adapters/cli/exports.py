"""`./hotline export ...`: what the journal knows, in forms for other programs."""

from __future__ import annotations

import asyncio
import json as json_module
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from adapters.cli.output import Json, fail, settings_or_fail

if TYPE_CHECKING:
    from ivr.recorded_day import RecordedDay
    from ivr.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def exports() -> None:
    """What the journal knows, in forms for other programs."""


@app.command()
def trace(
    day: Annotated[str, typer.Option(help="Whose contacts, like 2026-10-01.")],
    out: Annotated[Path | None, typer.Option(help="The file; default: standard output.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Of that day; default: the one of all opening hours, or UTC.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a day's contacts as a trace that `simulate` reads: ids and times, nothing personal."""
    from adapters.cli.whole_file import write
    from ivr.trace import line_of

    settings = settings_or_fail()
    start, end = bounds(day, zone or common_zone(settings))
    found = asyncio.run(_recorded(settings, start, end))
    lines = map(line_of, found.contacts)
    if out:
        write(out, lines)
    elif not json:
        sys.stdout.writelines(f"{line}\n" for line in lines)
    _tell(found, start, end, out, json)


def bounds(day: str, zone: str) -> tuple[float, float]:
    """The first instant of a day and that of the next: UTC seconds."""
    from acd.schedule import calendar_day, time_zone

    try:
        midnight, place = calendar_day(day), time_zone(zone)
        return _instant(midnight, place), _instant(midnight + timedelta(days=1), place)
    except (ValueError, OverflowError) as fault:
        fail(str(fault))


def _instant(day: date, zone: ZoneInfo) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def common_zone(settings: Settings) -> str:
    """The time zone that all opening hours of the rules share, else UTC."""
    zones = {entry.zone for entry in settings.rules.hours.values()}
    return zones.pop() if len(zones) == 1 else "UTC"


async def _recorded(settings: Settings, start: float, end: float) -> RecordedDay:
    from adapters.stores.journal import JournalReader
    from adapters.stores.schema import open_database
    from ivr import recorded_day
    from ivr.ports import StoreFailed, StoreRefused

    try:
        database = await open_database(settings.database_url("core"), "core", read_only=True)
        try:
            journal = JournalReader(database)
            return await recorded_day.read(journal, start, end, settings.centre)
        finally:
            await database.close()
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))


def _tell(found: RecordedDay, start: float, end: float, out: Path | None, as_json: bool) -> None:
    """How many there are, and what of the day a trace does not say."""
    if as_json:
        summary = {
            "from": start, "to": end, "contacts": len(found.contacts),
            "left_out": dict(found.left_out), "simplified": found.simplified,
            "talks_supposed": found.supposed, "out": str(out) if out else None,
        }  # fmt: skip
        print(json_module.dumps(summary, ensure_ascii=False))
        return
    said = [f"{len(found.contacts)} contacts from {start:.0f} to {end:.0f} (UTC seconds)"]
    said += [f"left out: {number} ({why})" for why, number in sorted(found.left_out.items())]
    if found.supposed:
        length = "0 s" if found.supposed == len(found.contacts) else "as long as the mean"
        said.append(f"{found.supposed} were never answered: their talks are {length}")
    if found.simplified:
        said.append(
            f"{found.simplified} had more to them than a trace can say (credits, transfers)"
        )
    for line in said:
        print(line, file=sys.stderr)

"""`./hotline flow show`: a flow as a picture, with what callers did in it during a period."""

from __future__ import annotations

import asyncio
import json as json_module
import re
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.exports import bounds, common_zone
from adapters.cli.output import Json, fail, settings_or_fail

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ivr.flow import Flow
    from ivr.flow_sketch import Sketch
    from ivr.settings import Settings
    from ivr.steps_taken import Counted, StepsTaken

AGO = {"m": 60, "h": 3600, "d": 86400}
"""What a time before now is told in, like `90m`; seconds."""


@dataclass(frozen=True, slots=True)
class Period:
    """From when until before when: UTC seconds; and the zone to tell them in."""

    start: float
    end: float
    zone: str

    def __str__(self) -> str:
        return f"from {self._at(self.start)} to {self._at(self.end)} ({self.zone})"

    def _at(self, moment: float) -> str:
        from acd.schedule import time_zone

        return datetime.fromtimestamp(moment, time_zone(self.zone)).strftime("%Y-%m-%d %H:%M")


def show(
    name: Annotated[str, typer.Argument(help="The flow.")],
    version: Annotated[
        int | None,
        typer.Option(min=1, help="Show this published version; default: the flow's file."),
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the picture to this file.")] = None,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print it as Mermaid text; so it is without --svg.")
    ] = False,
    day: Annotated[str | None, typer.Option(help="Count this day, like 2026-10-01.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Count from then: 2026-10-01, 2026-10-01T09:00, 90m, 2h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Count until then; default: now.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Of these times; default: that of all opening hours, or UTC.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a flow as a picture; with a period, how often callers went each way."""
    from ivr.flow_sketch import sketch
    from ivr.steps_taken import Counted

    settings, counted = settings_or_fail(), Counted(name, version)
    flow = _version(settings, name, version) if version else draft(settings, name)
    period = period_of(day, since, until, zone or common_zone(settings))
    taken = asyncio.run(_taken(settings, counted, period)) if period else None
    drawn = sketch(flow, taken.counts if taken else None)
    if taken and taken.untold:
        print(f"left out: {taken.untold} calls (their records do not tell the flow"
              f"{' and its version' if version else ''})", file=sys.stderr)  # fmt: skip
    _put_out(drawn, counted, period, taken, svg, text=mermaid or not svg, as_json=json)


def draft(settings: Settings, name: str) -> Flow:
    """The flow as its file has it, published or not."""
    from ivr.faults import BadFlow, meant
    from ivr.load import load_for

    try:
        flows = load_for(settings)
    except BadFlow as bad:
        fail("\n".join(bad.faults))
    if name not in flows:
        fail(f"there is no flow {name!r}{meant(name, flows)}")
    return flows[name]


def _version(settings: Settings, name: str, number: int) -> Flow:
    from ivr.faults import BadFlow
    from ivr.flow_versions import FlowVersions
    from ivr.load import house_of, load

    versions = FlowVersions(settings.data)
    try:
        version = versions.find(name, number)
        if not version:
            fail(f"there is no version {name}/{number}; ./hotline flow versions {name} lists them")
        return load(versions.file(version), house_of(settings))
    except BadFlow as bad:
        fail("\n".join(bad.faults))


def _put_out(
    drawn: Sketch, counted: Counted, period: Period | None, taken: StepsTaken | None,
    svg: Path | None, *, text: bool, as_json: bool,
) -> None:  # fmt: skip
    from adapters.cli.whole_file import write
    from ivr.flow_mermaid import mermaid
    from ivr.flow_picture import picture

    if svg:
        which = f"version {counted.version}" if counted.version else ""
        calls = f"{taken.calls:,} calls {period}" if taken else ""
        about = ", ".join(filter(None, (which, calls)))
        write(svg, picture(drawn, about).rstrip("\n").split("\n"))
    if as_json:
        print(json_module.dumps(_plain(drawn, counted, period, taken), ensure_ascii=False))
    elif text:
        print(mermaid(drawn), end="")


def _plain(
    drawn: Sketch, counted: Counted, period: Period | None, taken: StepsTaken | None
) -> dict[str, Any]:
    """Steps and arrows, with counts in a period."""
    plain: dict[str, Any] = {
        "flow": drawn.name,
        "version": counted.version,
        "first": drawn.first,
        "steps": [
            {"step": box.name, "kind": box.kind, "about": box.about, "words": box.words}
            | ({"came": box.came, "hung_up": box.hung_up} if taken else {})
            for box in drawn.boxes
        ],
        "arrows": [
            {"from": arrow.source, "to": arrow.target, "outcomes": list(arrow.outcomes)}
            | ({"taken": dict(zip(arrow.outcomes, arrow.each, strict=True))} if arrow.each else {})
            for arrow in drawn.arrows
        ],
    }
    if period and taken:
        plain |= {
            "from": period.start, "to": period.end, "calls": taken.calls, "left_out": taken.untold,
            "no_longer": [
                {"step": step, "outcome": outcome, "taken": number}
                for step, outcome, number in drawn.no_longer
            ],
        }  # fmt: skip
    return plain


# ---------------------------------------------------------------- the period


def period_of(day: str | None, since: str | None, until: str | None, zone: str) -> Period | None:
    """The period that these options name; None: none of them is given."""
    from acd.schedule import time_zone

    if day and (since or until):
        fail("give either --day, or --since and --until")
    if until and not since:
        fail("--until needs --since")
    if day:
        return Period(*bounds(day, zone), zone)
    if not since:
        return None
    try:
        place, now = time_zone(zone), time.time()
    except ValueError as fault:
        fail(str(fault))
    start, end = _moment(since, place, now), _moment(until, place, now) if until else now
    if start >= end:
        fail(f"--since {since} is not before {f'--until {until}' if until else 'now'}")
    return Period(start, end, zone)


def _moment(given: str, place: ZoneInfo, now: float) -> float:
    """An instant in UTC seconds: so long ago, or as a clock in the zone shows it."""
    if ago := re.fullmatch(r"([0-9]{1,6})([mhd])", given):
        return now - int(ago[1]) * AGO[ago[2]]
    try:
        moment = datetime.fromisoformat(given)
        return (moment if moment.tzinfo else moment.replace(tzinfo=place)).timestamp()
    except (ValueError, OverflowError):
        fail(f"{given!r} is no time: write 2026-10-01, 2026-10-01T09:00, 90m, 2h or 7d")


async def _taken(settings: Settings, counted: Counted, period: Period) -> StepsTaken:
    """Read beside the running core."""
    from adapters.stores.journal import JournalReader
    from adapters.stores.schema import open_database
    from ivr import steps_taken
    from ivr.ports import StoreFailed, StoreRefused

    flows = {number: entry.flow for number, entry in settings.site.numbers.items()}
    try:
        database = await open_database(settings.database_url("core"), "core", read_only=True)
        try:
            journal = JournalReader(database)
            return await steps_taken.count(journal, period.start, period.end, counted, flows)
        finally:
            await database.close()
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))

"""`./hotline export cdr`, `cel` and `queue-log`: calls for billing, reports and other programs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.flow_show import Period
from adapters.cli.output import Json, fail, settings_or_fail, show
from adapters.cli.period import Day, Since, Until, Zone, named_or_fail
from adapters.cli.sheet import Format, head, line

if TYPE_CHECKING:
    from adapters.cli.call_rows import Told
    from adapters.cli.seen_numbers import NumberOf
    from ivr.settings import Settings

Out = Annotated[Path | None, typer.Option("--out", help="The file; default: standard output.")]
Form = Annotated[Format, typer.Option("--format", help="CSV, or a line of JSON each.")]
Numbers = Annotated[
    bool, typer.Option("--numbers", help="With the callers' numbers; it stands in the audit.")
]
Why = Annotated[str, typer.Option("--why", help="Why you need the numbers; the audit keeps it.")]
Who = Annotated[str | None, typer.Option("--who", help="Your name; default: your login's.")]
Lines = AsyncIterator[str]


def cdr(
    day: Day = None, since: Since = None, until: Until = None, zone: Zone = None,
    form: Form = "csv", out: Out = None, numbers: Numbers = False, why: Why = "", who: Who = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Write a record for each call that began in the period and is over: ids and times."""
    from adapters.cli.call_rows import COLUMNS, Told

    settings = settings_or_fail()
    period = named_or_fail(settings, day, since, until, zone)
    if numbers:
        announce(settings, f"cdr {period}", who, why)
    told, columns = Told(), (*COLUMNS, "number") if numbers else COLUMNS

    async def lines() -> Lines:
        for each in head(columns, form):
            yield each
        async for row in _records(settings, period, numbers, told):
            yield line(row, columns, form)

    _run(lines(), out, quiet=json)
    if told.no_log:
        print(f"without Asterisk's own times: {told.no_log}", file=sys.stderr)
    _tell({"calls": told.written, "going_on": told.going_on}, period, out, json)


def cel(
    day: Day = None, since: Since = None, until: Until = None, zone: Zone = None,
    form: Form = "csv", out: Out = None, json: Json = False,
) -> None:  # fmt: skip
    """Write Asterisk's own events of the period, without anything personal."""
    from dataclasses import asdict

    from adapters.asterisk.cel_export import NoEventLog, rows
    from adapters.asterisk.config import Folders
    from adapters.cli.call_rows import moment

    settings = settings_or_fail()
    period = named_or_fail(settings, day, since, until, zone)
    columns = ("id", "at", "kind", "channel", "uniqueid", "linkedid", "peer", "context", "told")
    log, count = Folders.of(settings).cel, 0

    async def lines() -> Lines:
        nonlocal count
        for each in head(columns, form):
            yield each
        for event in rows(log, period.start, period.end):
            count += 1
            yield line({**asdict(event), "at": moment(event.at)}, columns, form)

    try:
        _run(lines(), out, quiet=json)
    except NoEventLog as fault:
        fail(str(fault))
    _tell({"events": count}, period, out, json)


def queue_log(
    day: Day = None, since: Since = None, until: Until = None, zone: Zone = None, out: Out = None,
    numbers: Numbers = False, why: Why = "", who: Who = None, json: Json = False,
) -> None:  # fmt: skip
    """Write the period as Asterisk's queue_log, for reporting tools that read nothing else."""
    settings = settings_or_fail()
    period = named_or_fail(settings, day, since, until, zone)
    if numbers:
        announce(settings, f"queue log {period}", who, why)
    count = 0

    async def lines() -> Lines:
        nonlocal count
        async for each in _queue_lines(settings, period, numbers):
            count += 1
            yield each

    _run(lines(), out, quiet=json)
    _tell({"lines": count}, period, out, json)


# ---------------------------------------------------------------- where it comes from


async def _records(
    settings: Settings, period: Period, numbers: bool, told: Told
) -> AsyncIterator[dict[str, Any]]:
    from contextlib import AsyncExitStack

    from adapters.asterisk.config import Folders
    from adapters.cli.call_rows import call_records
    from adapters.cli.seen_numbers import numbers_in, opened
    from adapters.tickets.call_queries import CallFilter, CallQueries

    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(opened(settings, "web"))
        number: NumberOf | None = None
        if numbers:
            core = await stack.enter_async_context(opened(settings, "core"))
            number = numbers_in(core, settings)
        wanted = CallFilter(since=period.start, until=period.end)
        log = Folders.of(settings).cel
        async for row in call_records(CallQueries(web), log, wanted, told, number):
            yield row


async def _queue_lines(settings: Settings, period: Period, numbers: bool) -> Lines:
    from adapters.asterisk.cel_export import NoEventLog, TalksLogged, talks_logged
    from adapters.asterisk.config import Folders
    from adapters.cli.seen_numbers import numbers_in, opened
    from adapters.stores.journal import JournalReader
    from ivr.queue_log.line import FromEventLog
    from ivr.queue_log.reading import read

    try:
        logged = talks_logged(Folders.of(settings).cel, period.start - 60, period.end + 60)
    except NoEventLog as fault:
        print(f"who ended talks is guessed: {fault}", file=sys.stderr)
        logged = TalksLogged({}, {})
    staff = {
        str(id_): tuple(map(str, agent.queues)) for id_, agent in settings.centre.agents.items()
    }
    told = FromEventLog(logged.caller_ended, logged.keys)
    async with opened(settings, "core") as core:
        number = numbers_in(core, settings)
        journal = JournalReader(core)
        async for each in read(journal, period.start, period.end, staff, told):
            shown = each.by(await number(each.person)) if numbers and each.person else each
            yield str(shown)


# ---------------------------------------------------------------- where it goes


def announce(settings: Settings, what: str, who: str | None, why: str) -> None:
    """Into the audit, before any number is opened; fails with a sentence, without a reason too."""
    from adapters.cli.flow_publish import reason_or_fail
    from adapters.cli.login import login
    from adapters.cli.seen_numbers import announced

    announced(settings, what, who or login(), reason_or_fail(why))


def _run(lines: Lines, out: Path | None, *, quiet: bool) -> None:
    """Line by line into the file, or to standard output (`quiet`: nowhere, without a file)."""
    from adapters.cli.whole_file import filling
    from ivr.ports import StoreFailed, StoreRefused

    async def put() -> None:
        if out:
            with filling(out) as file:
                async for each in lines:
                    file.write(f"{each}\n")
        else:
            async for each in lines:
                if not quiet:
                    sys.stdout.write(f"{each}\n")

    try:
        asyncio.run(put())
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))


def _tell(counts: dict[str, Any], period: Period, out: Path | None, as_json: bool) -> None:
    """How many there were: for people beside the rows, for programs in place of them."""
    if as_json:
        place = str(out) if out else None
        show({"from": period.start, "to": period.end, **counts, "out": place}, as_json=True)
        return
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    print(f"{said} {period}", file=sys.stderr)

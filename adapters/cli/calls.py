"""`./hotline calls ...`: the history of calls, lost ones, and a callback for them in one step."""

from __future__ import annotations

import asyncio
import json as json_module
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.agents import ask
from adapters.cli.call_exports import Numbers, Who, Why, announce
from adapters.cli.login import login
from adapters.cli.output import Json, fail, settings_or_fail, show, table
from adapters.cli.period import Day, Since, Until, Zone, named
from adapters.cli.sheet import head, line

if TYPE_CHECKING:
    from adapters.tickets.call_queries import CallFilter, CallQueries, LostCall
    from ivr.settings import Settings
    from ivr.tickets.story import ContactStory

app = typer.Typer(no_args_is_help=True)
COLUMNS = (
    "call", "began", "queue", "outcome", "waited", "talked", "agents", "dispositions", "customer",
    "ticket",
)  # fmt: skip
LOST_COLUMNS = ("call", "began", "queue", "outcome", "waited", "customer", "since")
Queue = Annotated[str | None, typer.Option("--queue", help="Only this queue.")]
Agent = Annotated[str | None, typer.Option("--agent", help="Who talked.")]
Outcome = Annotated[
    str | None,
    typer.Option("--outcome", help="served, promised, left, abandoned, overflowed, expired, lost, "
                 "failed."),
]  # fmt: skip
Customer = Annotated[str | None, typer.Option("--customer", help="Whose: per_...")]
Number = Annotated[
    str | None, typer.Option("--number", help="Whose, by telephone number; it needs --why.")
]
Wait = Annotated[float | None, typer.Option("--min-wait", help="Waited so many seconds or more.")]
Talk = Annotated[float | None, typer.Option("--min-talk", help="Talked so many seconds or more.")]
Code = Annotated[str | None, typer.Option("--disposition", help="What a talk came to.")]
Undisposed = Annotated[bool, typer.Option("--undisposed", help="Nothing was said of any talk.")]
Text = Annotated[str | None, typer.Option("--text", help="A part of an id, reference or ticket.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="Goes on after this call.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many at most.")]
Csv = Annotated[bool, typer.Option("--csv", help="Answer in CSV.")]
Row = dict[str, Any]
Read = Callable[["CallQueries", "CallFilter"], Awaitable[Sequence[Any]]]


@app.command("list")
def list_(
    day: Day = None, since: Since = None, until: Until = None, zone: Zone = None,
    queue: Queue = None, agent: Agent = None, outcome: Outcome = None, customer: Customer = None,
    number: Number = None, min_wait: Wait = None, min_talk: Talk = None, text: Text = None,
    disposition: Code = None, undisposed: Undisposed = False,
    cursor: Cursor = None, limit: Limit = 50, numbers: Numbers = False, why: Why = "",
    who: Who = None, csv: Csv = False, json: Json = False,
) -> None:  # fmt: skip
    """List calls, newest first: when, where, how long, with whom, how they came out."""
    settings = settings_or_fail()
    if numbers or number:
        announce(settings, "calls list" if numbers else "calls of one number", who, why)
    fields = {
        "queue": queue, "agent": agent, "outcome": _known(outcome), "customer": customer,
        "min_wait": min_wait, "min_talk": min_talk, "text": text,
        "disposition": "" if undisposed else disposition,
    }  # fmt: skip
    wanted = _wanted(settings, (day, since, until, zone), fields)
    rows = asyncio.run(_rows(settings, wanted, number, numbers, _calls(limit, cursor)))
    _put_out(settings, rows, COLUMNS, numbers, csv, json)


@app.command()
def lost(
    day: Day = None, since: Since = None, until: Until = None, zone: Zone = None,
    queue: Queue = None, settled: Annotated[
        bool, typer.Option("--settled", help="Those, too, who were served or promised since.")
    ] = False,
    cursor: Cursor = None, limit: Limit = 50, numbers: Numbers = False, why: Why = "",
    who: Who = None, csv: Csv = False, json: Json = False,
) -> None:  # fmt: skip
    """List callers who got neither a person nor a promise, and have not been served since."""
    settings = settings_or_fail()
    if numbers:
        announce(settings, "lost calls", who, why)
    wanted = _wanted(settings, (day, since, until, zone), {"queue": queue})
    read = _lost_calls(limit, cursor, settled)
    rows = asyncio.run(_rows(settings, wanted, None, numbers, read))
    _put_out(settings, rows, LOST_COLUMNS, numbers, csv, json)


@app.command()
def callback(
    call: Annotated[str, typer.Argument(help="A lost call: con_..., as the list shows it.")],
    why: Annotated[str, typer.Option("--why", help="Why; the audit keeps it.")],
    queue: Annotated[
        str | None, typer.Option("--queue", help="Whose plan; default: where they waited.")
    ] = None,
    who: Who = None,
    json: Json = False,
) -> None:
    """Promise a callback for a lost call, by the plan of the house; once, however often asked."""
    from adapters.cli.flow_publish import reason_or_fail

    reason, found = reason_or_fail(why), _found(call)
    if refusal := found.why_not:
        fail(refusal)
    story = found.story
    fields = {
        "contact": story.reference, "person": story.person, "queue": queue or story.queue,
        "language": story.language, "class": story.class_, "who": who or login(), "why": reason,
    }  # fmt: skip
    answer = ask("callback lost", **fields)
    show({"lost": call, "promised": answer["contact"], "made": answer["made"]}, as_json=json)


@app.command()
def disposition(
    call: Annotated[str, typer.Argument(help="The call: con_..., as the list shows it.")],
    code: Annotated[str, typer.Argument(help="One of the queue's `dispositions`.")],
    agent: Annotated[str, typer.Option("--agent", help="Whose talk.")],
    why: Annotated[str, typer.Option("--why", help="Why it is said now; the audit keeps it.")],
    queue: Annotated[
        str | None, typer.Option("--queue", help="Of the talk; default: the call's last one.")
    ] = None,
    who: Who = None,
    json: Json = False,
) -> None:
    """Say, or say otherwise, what a talk that is over came to."""
    from adapters.cli.flow_publish import reason_or_fail
    from ivr.tickets.call_history import no_talk_with

    reason, story = reason_or_fail(why), _found(call).story
    if refusal := no_talk_with(story, agent):
        fail(refusal)
    answer = ask(
        "disposition correct", contact=story.reference, agent=agent, code=code,
        queue=queue or story.queue, who=who or login(), why=reason,
    )  # fmt: skip
    told = {"call": call, **{name: answer[name] for name in ("agent", "queue", "code")}}
    show(told, as_json=json)


def _found(call: str) -> LostCall:
    from ivr.tickets.life import NoSuch

    try:
        return asyncio.run(_one(settings_or_fail(), call))
    except NoSuch as none:
        fail(f"{none}: {call}")


def _known(outcome: str | None) -> str | None:
    from ivr.faults import meant
    from ivr.tickets.call_history import OUTCOMES

    if outcome and outcome not in OUTCOMES:
        fail(f"there is no outcome {outcome!r}{meant(outcome, OUTCOMES)}")
    return outcome


def _wanted(
    settings: Settings, period: tuple[str | None, ...], fields: dict[str, Any]
) -> CallFilter:
    from adapters.tickets.call_queries import CallFilter

    found = named(settings, *period)
    start, end = (found.start, found.end) if found else (None, None)
    return CallFilter(since=start, until=end, **fields)


# ---------------------------------------------------------------- reading


def _calls(limit: int, cursor: str | None) -> Read:
    async def read(queries: CallQueries, wanted: CallFilter) -> list[tuple[ContactStory, Row]]:
        return [(story, {}) for story in await queries.calls(wanted, limit, cursor)]

    return read


def _lost_calls(limit: int, cursor: str | None, settled: bool) -> Read:
    async def read(queries: CallQueries, wanted: CallFilter) -> list[tuple[ContactStory, Row]]:
        found: list[LostCall] = await queries.lost(wanted, limit, cursor, settled)
        return [(each.story, {"since": each.since}) for each in found]

    return read


async def _rows(
    settings: Settings, wanted: CallFilter, number: str | None, numbers: bool, read: Read
) -> list[Row]:
    from dataclasses import replace

    from adapters.cli.seen_numbers import numbers_in, opened, person_with
    from adapters.tickets.call_queries import CallQueries
    from ivr.ports import StoreFailed, StoreRefused

    try:
        async with AsyncExitStack() as stack:
            web = await stack.enter_async_context(opened(settings, "web"))
            core = await stack.enter_async_context(opened(settings, "core"))
            if number:
                person = await person_with(core, settings, number)
                wanted = replace(wanted, customer=person or "nobody")
            number_of = numbers_in(core, settings)
            rows = []
            for story, more in await read(CallQueries(web), wanted):
                row = {**_row(story), **more}
                if numbers:
                    row["number"] = await number_of(story.person or "")
                rows.append(row)
            return rows
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))


async def _one(settings: Settings, call: str) -> LostCall:
    from adapters.cli.seen_numbers import opened
    from adapters.tickets.call_queries import CallQueries
    from ivr.ports import StoreFailed, StoreRefused

    try:
        async with opened(settings, "web") as web:
            return await CallQueries(web).one(call)
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))


def _row(story: ContactStory) -> Row:
    from adapters.cli.call_rows import NOTHING, moment, record_of

    return {**record_of(story, NOTHING), "began": moment(story.started_at)}


def _put_out(
    settings: Settings, rows: list[Row], columns: tuple[str, ...], numbers: bool, as_csv: bool,
    as_json: bool,
) -> None:  # fmt: skip
    from adapters.cli.seen_numbers import as_written

    columns = (*columns, "number") if numbers else columns
    if as_json:
        print(json_module.dumps(rows, ensure_ascii=False))
    elif as_csv:
        for each in (*head(columns, "csv"), *(line(row, columns, "csv") for row in rows)):
            print(each)
    elif rows:
        table(columns, as_written(rows, settings), as_json=False)
    else:
        print("no calls")

"""A call record (CDR): what our own story of a call says, with Asterisk's times where it has them.

Goes through the history a page at a time, whatever its length.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acd.model import Seconds
from adapters.asterisk.cel_export import SLACK, CallLogged, NoEventLog, calls_logged
from adapters.cli.seen_numbers import NumberOf
from adapters.tickets.call_queries import CallFilter, CallQueries
from ivr.tickets.story import ContactStory

PAGE = 500
COLUMNS = (
    "call", "reference", "customer", "ticket", "channel", "dialled", "language", "class", "queue",
    "started", "picked_up", "asked", "answered", "ended", "seconds", "waited", "talked", "held",
    "elsewhere", "agents", "dispositions", "transfers", "outcome", "how", "promise", "cause",
)  # fmt: skip
NOTHING = CallLogged()


@dataclass(slots=True)
class Told:
    """How many were written, how many go on, and why Asterisk's times are missing, if they are."""

    written: int = 0
    going_on: int = 0
    no_log: str = ""


async def call_records(
    queries: CallQueries, log: Path, wanted: CallFilter, told: Told, number: NumberOf | None = None
) -> AsyncIterator[dict[str, Any]]:
    """A record for each call that is over, in the order in which they began."""
    last = ""
    while page := await queries.in_order(wanted, PAGE, last):
        last = page[-1].id
        over = [story for story in page if story.call_ended_at or story.ended_at]
        told.going_on += len(page) - len(over)
        logged = _logged(log, over, told)
        for story in over:
            row = record_of(story, logged.get(story.reference, NOTHING))
            if number:
                row["number"] = await number(story.person or "")
            told.written += 1
            yield row


def record_of(story: ContactStory, logged: CallLogged) -> dict[str, Any]:
    """One call. Times are RFC 3339 (UTC), lengths of time seconds."""
    started = logged.began or story.started_at
    ended = logged.ended or story.call_ended_at or story.ended_at or started
    return {
        "call": story.id, "reference": story.reference, "customer": story.person,
        "ticket": story.ticket, "channel": story.channel, "dialled": story.dialled,
        "language": story.language, "class": story.class_, "queue": story.queue,
        "started": moment(started), "picked_up": moment(logged.answered),
        "asked": moment(story.entered_at), "answered": moment(story.answered_at),
        "ended": moment(ended), "seconds": round(max(ended - started, 0.0), 3),
        "waited": None if story.waited is None else round(story.waited, 3),
        "talked": round(story.talked, 3), "held": round(story.held, 3),
        "elsewhere": round(story.elsewhere, 3), "agents": story.agents.split(),
        "dispositions": story.dispositions.split(),
        "transfers": story.transfers, "outcome": story.outcome, "how": story.how,
        "promise": story.promise, "cause": logged.cause or story.cause,
    }  # fmt: skip


def _logged(log: Path, over: list[ContactStory], told: Told) -> Mapping[str, CallLogged]:
    """Asterisk's times of these calls."""
    if not over:
        return {}
    ends = [story.call_ended_at or story.ended_at or story.started_at for story in over]
    start = min(story.started_at for story in over) - SLACK
    try:
        return calls_logged(log, start, max(ends) + SLACK)
    except NoEventLog as fault:
        told.no_log = str(fault)
        return {}


def moment(at: Seconds | None) -> str | None:
    """RFC 3339, UTC, milliseconds."""
    if at is None:
        return None
    text = datetime.fromtimestamp(round(at * 1000) / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")

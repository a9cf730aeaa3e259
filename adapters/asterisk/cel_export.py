"""A period of Asterisk's event log (CEL), for people who look at it and for our own records.

Read beside the running Asterisk, a page at a time; nothing personal comes out: of a row's free text
only what is known to be ids, of a channel's name no number that was dialled.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acd.model import Seconds
from adapters.asterisk.facts import TALKED_PHASES, CelRow, fields_of, offer_of

PAGE = 2000
SLACK: Seconds = 60.0
"""By so much our clock and the machine's may differ, after somebody has set the latter."""
BUSY_SECONDS = 5.0
COLUMNS = "AcctId, eventtype, eventtime, channame, uniqueid, linkedid, peer, context, extra"
TOLD = frozenset({
    "ACD_WAIT", "ACD_MENU", "ACD_CLAIM", "ACD_STALE", "ACD_LEGEND", "ACD_BACK", "ACD_AFTER",
    "ACD_GONE", "ACD_FALLBACK", "ACD_FALLBACK_END", "ACD_KEY", "ACD_SAID", "ACD_SURVEY",
    "ACD_TRANSFER", "ACD_TRANSFER_END", "ACD_FAX",
})  # fmt: skip
"""The dialplan's own rows whose text is ids, queues, keys of menus. Of others it is left out: a
caller's number may stand there."""
TOLD_FIELDS = frozenset({
    "hangupcause", "hangupsource", "dialstatus", "bridge_id", "bridge1_id", "bridge2_id",
    "bridge_technology", "channel2_name", "channel2_uniqueid",
    "transferee_channel_uniqueid", "transfer_target_channel_uniqueid",
})  # fmt: skip
"""What of Asterisk's own rows is told; not whereto somebody was transferred."""
_LOCAL = re.compile(r"(?<=/)\+?[0-9]{5,}(?=@)")


class NoEventLog(Exception):
    """It is not there, or cannot be read now; the message says which."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One row, without anything personal. `at`: UTC seconds, by the machine's clock."""

    id: int
    kind: str
    at: Seconds
    channel: str
    uniqueid: str
    linkedid: str
    peer: str
    context: str
    told: str


def rows(
    path: Path, start: Seconds, end: Seconds, kinds: Sequence[str] = ()
) -> Iterator[LoggedEvent]:
    """The rows from `start` until before `end`, in their order; `NoEventLog`."""
    if not path.exists():
        raise NoEventLog(f"{path} is not there: Asterisk makes it when it first runs")
    try:
        with closing(
            sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        ) as log:
            last = _first_after(log, start - SLACK) - 1
            while page := _page(log, last, kinds):
                for row in page:
                    last = row[0]
                    event = _event(row)
                    if event.at >= end + SLACK:
                        return
                    if start <= event.at < end:
                        yield event
    except sqlite3.Error as fault:
        raise NoEventLog(f"{path.name} cannot be read now: {fault}") from fault


def _first_after(log: sqlite3.Connection, at: Seconds) -> int:
    """The first row of this time or later; rows are in order of time, give or take `SLACK`."""
    low, high = 1, (log.execute("SELECT max(AcctId) FROM cel").fetchone()[0] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        query = "SELECT AcctId, eventtime FROM cel WHERE AcctId >= ? ORDER BY AcctId LIMIT 1"
        found = log.execute(query, (middle,)).fetchone()
        if found and _seconds(found[1]) < at:
            low = found[0] + 1
        else:
            high = middle
    return low


def _page(log: sqlite3.Connection, after: int, kinds: Sequence[str]) -> list[Any]:
    wanted = f"AND eventtype IN ({','.join('?' * len(kinds))})" if kinds else ""
    query = f"SELECT {COLUMNS} FROM cel WHERE AcctId > ? {wanted} ORDER BY AcctId LIMIT ?"  # noqa: S608
    return log.execute(query, (after, *kinds, PAGE)).fetchall()


def _event(row: Sequence[Any]) -> LoggedEvent:
    id_, kind, at, channel, unique, linked, peer, context, extra = (
        "" if value is None else value for value in row
    )
    told = told_of(CelRow(int(id_), str(kind), str(unique), str(extra)))
    return LoggedEvent(
        int(id_), str(kind), _seconds(at), _without_number(str(channel)), str(unique),
        str(linked), _without_number(str(peer)), str(context), told,
    )  # fmt: skip


def told_of(row: CelRow) -> str:
    """What of a row's free text may be told."""
    if row.kind in TOLD:
        return "|".join(fields_of(row)).rstrip("|")
    if not row.extra.startswith("{"):
        return ""
    try:
        given = json.loads(row.extra)
    except ValueError:
        return ""
    kept = {name: given[name] for name in sorted(given.keys() & TOLD_FIELDS)}
    return json.dumps(kept) if kept else ""


def _without_number(channel: str) -> str:
    """`Local/+8613800138000@...` without what was dialled."""
    return _LOCAL.sub("...", channel)


def _seconds(text: object) -> Seconds:
    try:
        return float(str(text))
    except ValueError:
        return 0.0


# ---------------------------------------------------------------- for our own records


@dataclass(slots=True)
class CallLogged:
    """What the log says of a caller's channel."""

    began: Seconds | None = None
    answered: Seconds | None = None
    ended: Seconds | None = None
    cause: str = ""
    """Why it was hung up (Q.850)."""


def calls_logged(path: Path, start: Seconds, end: Seconds) -> dict[str, CallLogged]:
    """By its id, each channel that began, was answered or ended in the period; `NoEventLog`."""
    found: dict[str, CallLogged] = {}
    names = {"CHAN_START": "began", "ANSWER": "answered", "HANGUP": "ended"}
    for event in rows(path, start, end, tuple(names)):
        if offer_of(event.uniqueid) is not None:
            continue
        call = found.setdefault(event.uniqueid, CallLogged())
        setattr(call, names[event.kind], event.at)
        if event.kind == "HANGUP" and event.told:
            call.cause = str(json.loads(event.told).get("hangupcause", ""))
    return found


@dataclass(slots=True)
class TalksLogged:
    """What the log says of talks and keys in a period."""

    caller_ended: dict[str, bool]
    """By offer: whether the caller ended the talk."""
    keys: dict[str, list[tuple[Seconds, str]]]
    """By contact: keys pressed while waiting."""


def talks_logged(path: Path, start: Seconds, end: Seconds) -> TalksLogged:
    """Who ended each talk, and which keys were pressed while waiting; `NoEventLog`."""
    found = TalksLogged({}, {})
    for event in rows(path, start, end, ("ACD_LEGEND", "ACD_KEY", "ACD_SAID")):
        contact, second, third, *_ = [*event.told.split("|"), "", "", ""]
        if event.kind == "ACD_LEGEND":
            offer, _cause, phase, *_ = [*second.split("~"), "", "", ""]
            if phase in TALKED_PHASES:
                found.caller_ended[offer] = phase == "callerend"
        elif key := second if event.kind == "ACD_KEY" else third:
            found.keys.setdefault(contact, []).append((event.at, key))
    return found

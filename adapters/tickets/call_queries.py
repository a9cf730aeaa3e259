"""The history of calls and the list of lost ones, newest first, in pages after an id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, literal, or_, select

from acd.model import CALLED_BACK, CALLS, Seconds
from adapters.tickets.tables import Database, contacts
from ivr.tickets.call_history import LOST, PROMISED, SERVED
from ivr.tickets.life import NoSuch
from ivr.tickets.story import ContactStory

LATER = contacts.alias("later")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls; None narrows nothing. Times are UTC seconds, lengths of time seconds."""

    since: Seconds | None = None
    until: Seconds | None = None
    """The call began from `since` until before `until`."""
    queue: str | None = None
    agent: str | None = None
    """One of those who talked."""
    outcome: str | None = None
    customer: str | None = None
    min_wait: Seconds | None = None
    min_talk: Seconds | None = None
    disposition: str | None = None
    """What one of its talks came to; empty: nothing was said of any."""
    text: str | None = None
    """A part of the id, of the reference or of the ticket."""


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call, and what has come of its caller since."""

    story: ContactStory
    since: str
    """`callback`: promised for this one; `served`, `promised`: in a later call; else empty."""

    @property
    def why_not(self) -> str:
        """Why no callback is to be promised for it; empty: it may be. Of one that is promised
        already the core tells."""
        if self.since == CALLED_BACK:
            return ""
        if self.story.outcome not in LOST:
            return f"this call is not lost: it is {self.story.outcome or 'going on'}"
        if self.since:
            return f"the caller has called again since, and was {self.since}"
        return ""


class CallQueries:
    """The reading side of the history. `before`: the last id of the page before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(
        self, wanted: CallFilter, limit: int, before: str | None = None
    ) -> list[ContactStory]:
        """Contacts that fit, those that go on among them."""
        rows = await self._rows(_page(select(contacts), wanted, limit, before))
        return [ContactStory(**row) for row in rows]

    async def in_order(self, wanted: CallFilter, limit: int, after: str = "") -> list[ContactStory]:
        """Telephone calls that fit, the oldest first; `after`: the last id of the page before."""
        is_call = (contacts.c.channel == CALLS) | contacts.c.call_ended_at.is_not(None)
        query = select(contacts).where(*_conditions(wanted), is_call, contacts.c.id > after)
        rows = await self._rows(query.order_by(contacts.c.id).limit(limit))
        return [ContactStory(**row) for row in rows]

    async def lost(
        self, wanted: CallFilter, limit: int, before: str | None = None, settled: bool = False
    ) -> list[LostCall]:
        """Lost calls; with `settled` those, too, whose callers were served or promised since."""
        query = _page(select(contacts, SINCE.label("since")), wanted, limit, before)
        query = query.where(contacts.c.outcome.in_(LOST))
        if not settled:
            query = query.where(SINCE == "")
        return [_lost(row) for row in await self._rows(query)]

    async def one(self, own_id: str) -> LostCall:
        """A contact, lost or not. Error: `NoSuch`."""
        query = select(contacts, SINCE.label("since")).where(contacts.c.id == own_id)
        for row in await self._rows(query):
            return _lost(row)
        raise NoSuch("there is no such contact")

    async def _rows(self, query: Select[Any]) -> list[Mapping[Any, Any]]:
        return await self._database.read(lambda db: list(db.execute(query).mappings()))


def _came_to(*outcomes: str) -> ColumnElement[bool]:
    """Whether the same customer has called again since, and got that far."""
    answered = LATER.c.answered_at.is_not(None) if SERVED in outcomes else literal(False)
    return exists().where(
        LATER.c.person == contacts.c.person,
        LATER.c.started_at > contacts.c.started_at,
        or_(LATER.c.outcome.in_(outcomes), answered),
    )


SINCE = case(
    (contacts.c.called_back != "", CALLED_BACK),
    (_came_to(SERVED), SERVED),
    (_came_to(PROMISED), PROMISED),
    else_="",
)
"""What has come of the caller of a lost call."""


def _lost(row: Mapping[Any, Any]) -> LostCall:
    columns = dict(row)
    since = str(columns.pop("since"))
    return LostCall(ContactStory(**columns), since)


def _page(query: Select[Any], wanted: CallFilter, limit: int, before: str | None) -> Select[Any]:
    query = query.where(*_conditions(wanted))
    if before:
        query = query.where(contacts.c.id < before)
    return query.order_by(contacts.c.id.desc()).limit(limit)


def _conditions(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    columns = contacts.c
    equal = {"queue": wanted.queue, "outcome": wanted.outcome, "person": wanted.customer}
    for name, value in equal.items():
        if value is not None:
            yield columns[name] == value
    if wanted.since is not None:
        yield columns.started_at >= wanted.since
    if wanted.until is not None:
        yield columns.started_at < wanted.until
    if wanted.min_wait is not None:
        yield columns.waited >= wanted.min_wait
    if wanted.min_talk is not None:
        yield columns.talked >= wanted.min_talk
    if wanted.agent is not None:
        names = literal(" ") + columns.agents + literal(" ")
        yield names.contains(f" {wanted.agent} ", autoescape=True)
    if wanted.disposition == "":
        yield columns.dispositions == ""
    elif wanted.disposition is not None:
        said = columns.dispositions + literal(" ")
        yield said.contains(f"={wanted.disposition} ", autoescape=True)
    if wanted.text is not None:
        places = (columns.id, columns.reference, columns.ticket)
        yield or_(*(place.icontains(wanted.text, autoescape=True) for place in places))

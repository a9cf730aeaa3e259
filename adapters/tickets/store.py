"""What changes the tickets' database: the journal's records, and operators' deeds.

Every change takes the feed's row first. That makes writers wait for each other on SQLite and on
PostgreSQL alike, so that events are numbered in the order in which they become visible.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Table, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model import Seconds
from adapters.tickets.tables import Database, answers, contacts, customers, entries, feed, tickets
from ivr.ports import Record
from ivr.tickets.life import NoSuch, Ticket, TicketId, after_ticket
from ivr.tickets.projection import Known, tell
from ivr.tickets.story import ContactStory, Entry, offer_of

KEEP_ANSWERS_SECONDS = 24 * 3600.0


class KeyReused(Exception):
    """An Idempotency-Key came back with another request."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that may come twice: its Idempotency-Key, and a digest of what it asked."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """An entry with its place in the order of all events."""

    seq: int
    entry: Entry


class TicketStore:
    """The writing side. `changed` is called after every commit that wrote entries."""

    def __init__(self, database: Database, changed: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._changed = changed

    async def open(self) -> int:
        """Make the feed's row if it is missing; the last journal record that is applied."""
        async with self._database.write() as db:
            row = {"id": 1, "last_event": 0, "applied": 0}
            await db.execute(_insert(db, feed).values(row).on_conflict_do_nothing())
            return int((await db.execute(select(feed.c.applied))).scalar_one())

    async def apply(self, records: Sequence[Record]) -> int:
        """Apply journal records once each; the last one applied. All or nothing."""
        async with self._database.write() as db:
            last_event, applied = await _lock(db)
            fresh = [record for record in records if record.seq > applied]
            if not fresh:
                return applied
            known = await _known(db, fresh)
            for record in fresh:
                tell(known, record)
            await _write(db, known, last_event)
            await db.execute(update(feed).values(applied=fresh[-1].seq))
        self._changed()
        return fresh[-1].seq

    async def put_aside(self, seq: int) -> int:
        """Go past a record that cannot be applied."""
        async with self._database.write() as db:
            await _lock(db)
            await db.execute(update(feed).values(applied=seq))
        return seq

    async def comment(self, entry: Entry, keyed: Keyed | None = None) -> Numbered:
        """Add an operator's words to their ticket's timeline. Errors: `NoSuch`, `KeyReused`."""

        async def deed(db: AsyncConnection) -> Entry:
            ticket = await _ticket(db, str(entry.ticket))
            change = update(tickets).where(tickets.c.id == ticket.id)
            await db.execute(change.values(changed_at=entry.at))
            return entry

        return await self._once(deed, entry.at, keyed)

    async def move(
        self, ticket: str, move: str, who: str, at: Seconds, keyed: Keyed | None = None
    ) -> Numbered:
        """Close or reopen. Errors: `NoSuch`, `KeyReused`, `ForbiddenMove`."""

        async def deed(db: AsyncConnection) -> Entry:
            state = after_ticket((await _ticket(db, ticket)).state, move)
            closed_at = at if move == "close" else None
            change = {"state": state, "changed_at": at, "closed_at": closed_at}
            await db.execute(update(tickets).where(tickets.c.id == ticket).values(change))
            kind = {"close": "ticket_closed", "reopen": "ticket_reopened"}[move]
            return Entry(kind, at, who, ticket=TicketId(ticket))

        return await self._once(deed, at, keyed)

    async def earlier(self, keyed: Keyed) -> Mapping[str, Any] | None:
        """The answer kept for this key, if any. Error: `KeyReused`."""
        async with self._database.read() as db:
            row = await _answer(db, keyed)
        return row.answer if row else None

    async def keep(self, keyed: Keyed, answer: Mapping[str, Any], at: Seconds) -> None:
        """Keep the answer to a deed that was done elsewhere."""
        async with self._database.write() as db:
            await _lock(db)
            await _keep(db, keyed, at, answer=dict(answer))

    async def _once(
        self,
        deed: Callable[[AsyncConnection], Awaitable[Entry]],
        at: Seconds,
        keyed: Keyed | None,
    ) -> Numbered:
        """Do and write down in one transaction with the key: a repeat finds its entry."""
        async with self._database.write() as db:
            last_event, _ = await _lock(db)
            if keyed and (row := await _answer(db, keyed)):
                return await _entry(db, row.entry)
            entry = await deed(db)
            await _add_entries(db, [entry], last_event)
            if keyed:
                await _keep(db, keyed, at, entry=last_event + 1)
        self._changed()
        return Numbered(last_event + 1, entry)


async def _lock(db: AsyncConnection) -> tuple[int, int]:
    row = await db.execute(update(feed).values(id=1).returning(feed.c.last_event, feed.c.applied))
    last_event, applied = row.one()
    return last_event, applied


async def _known(db: AsyncConnection, records: Sequence[Record]) -> Known:
    """All that these records can be about."""
    references = {r.contact or r.data.get("contact") for r in records} - {None}
    offers = {offer_of(r) for r in records} - {None}
    wanted = or_(contacts.c.reference.in_(references), contacts.c.offer.in_(offers))
    rows = await db.execute(select(contacts).where(wanted))
    stories = [ContactStory(**row) for row in rows.mappings()]
    persons = {r.data.get("person") for r in records} | {s.person for s in stories}
    of_persons = tickets.c.person.in_(persons - {None}) & (tickets.c.state == "open")
    named = tickets.c.id.in_({s.ticket for s in stories} - {None})
    held = [Ticket(**row) for row in (await db.execute(
        select(tickets).where(or_(named, of_persons)))).mappings()]  # fmt: skip
    return Known({s.reference: s for s in stories}, {t.id: t for t in held})


async def _write(db: AsyncConnection, known: Known, last_event: int) -> None:
    await _upsert(db, tickets, (asdict(ticket) for ticket in known.tickets.values()))
    await _upsert(db, contacts, (asdict(story) for story in known.contacts.values()))
    seen = ({"id": person, "seen_at": at} for person, at in known.seen.items())
    await _upsert(db, customers, seen)
    for contact, ticket in known.joined.items():
        earlier = (entries.c.contact == contact) & entries.c.ticket.is_(None)
        await db.execute(update(entries).where(earlier).values(ticket=ticket))
    await _add_entries(db, known.entries, last_event)


async def _add_entries(db: AsyncConnection, new: Sequence[Entry], last_event: int) -> None:
    if new:
        rows = [{"seq": seq, **asdict(e)} for seq, e in enumerate(new, last_event + 1)]
        await db.execute(insert(entries), rows)
        await db.execute(update(feed).values(last_event=rows[-1]["seq"]))


async def _upsert(db: AsyncConnection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    if listed := list(rows):
        statement = _insert(db, table)
        new = {column.name: statement.excluded[column.name] for column in table.c}
        await db.execute(statement.on_conflict_do_update(index_elements=["id"], set_=new), listed)


def _insert(db: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if db.dialect.name == "postgresql" else sqlite.insert(table)


async def _ticket(db: AsyncConnection, ticket: str) -> Ticket:
    row = (await db.execute(select(tickets).where(tickets.c.id == ticket))).mappings().first()
    if row is None:
        raise NoSuch("there is no such ticket")
    return Ticket(**row)


async def _entry(db: AsyncConnection, seq: int) -> Numbered:
    row = (await db.execute(select(entries).where(entries.c.seq == seq))).mappings().one()
    return numbered(row)


def numbered(row: Mapping[Any, Any]) -> Numbered:
    """An entry from its row."""
    return Numbered(row["seq"], Entry(**{n: v for n, v in row.items() if n != "seq"}))


async def _answer(db: AsyncConnection, keyed: Keyed) -> Any | None:
    row = (await db.execute(select(answers).where(answers.c.key == keyed.key))).first()
    if row and row.fingerprint != keyed.fingerprint:
        raise KeyReused("this Idempotency-Key belongs to another request")
    return row


async def _keep(
    db: AsyncConnection,
    keyed: Keyed,
    at: Seconds,
    entry: int | None = None,
    answer: dict[str, Any] | None = None,
) -> None:
    await db.execute(delete(answers).where(answers.c.at < at - KEEP_ANSWERS_SECONDS))
    row = {"key": keyed.key, "fingerprint": keyed.fingerprint, "at": at}
    kept = _insert(db, answers).values(row | {"entry": entry, "answer": answer})
    await db.execute(kept.on_conflict_do_nothing())

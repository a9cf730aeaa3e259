"""What changes the tickets' database: the journal's records, and operators' deeds.

Every change takes the feed's row first. That makes writers wait for each other on SQLite and on
PostgreSQL alike, so that events are numbered in the order in which they become visible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, Executable, Table, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from acd.model import ContactId, Seconds
from adapters.tickets.chat_rows import write_lines
from adapters.tickets.tables import Database, answers, contacts, customers, entries, feed, tickets
from ivr.ports import Record
from ivr.tickets.life import NoSuch, Ticket, TicketId, after_ticket
from ivr.tickets.projection import Known, tell
from ivr.tickets.story import ContactStory, Entry, offer_of, snake

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
    """The writing side. `changed` is called after every commit that wrote entries; `touched` is
    told of each contact that records were about, by its own id."""

    def __init__(
        self, database: Database, changed: Callable[[], None] = lambda: None,
        touched: Callable[[ContactId], None] = lambda contact: None,
    ) -> None:  # fmt: skip
        self._database = database
        self._changed = changed
        self._touched = touched

    async def open(self) -> int:
        """Make the feed's row if it is missing; the last journal record that is applied."""
        return await self._database.write(_open)

    async def apply(self, records: Sequence[Record]) -> int:
        """Apply journal records once each; the last one applied. All or nothing."""
        applied, about = await self._database.write(partial(_apply, records))
        if about is not None:
            self._changed()
        for contact in about or ():
            self._touched(contact)
        return applied

    async def put_aside(self, seq: int) -> int:
        """Go past a record that cannot be applied."""

        def pass_by(db: Connection) -> None:
            _lock(db)
            db.execute(update(feed).values(applied=seq))

        await self._database.write(pass_by)
        return seq

    async def comment(self, entry: Entry, keyed: Keyed | None = None) -> Numbered:
        """Add an operator's words to their ticket's timeline. Errors: `NoSuch`, `KeyReused`."""

        def deed(db: Connection) -> Entry:
            ticket = _ticket(db, str(entry.ticket))
            change = update(tickets).where(tickets.c.id == ticket.id)
            db.execute(change.values(changed_at=entry.at))
            return entry

        return await self._once(deed, entry.at, keyed)

    async def move(
        self, ticket: str, move: str, who: str, at: Seconds, keyed: Keyed | None = None
    ) -> Numbered:
        """Close or reopen. Errors: `NoSuch`, `KeyReused`, `ForbiddenMove`."""

        def deed(db: Connection) -> Entry:
            state = after_ticket(_ticket(db, ticket).state, move)
            closed_at = at if move == "close" else None
            change = {"state": state, "changed_at": at, "closed_at": closed_at}
            db.execute(update(tickets).where(tickets.c.id == ticket).values(change))
            kind = {"close": "ticket_closed", "reopen": "ticket_reopened"}[move]
            return Entry(kind, at, who, ticket=TicketId(ticket))

        return await self._once(deed, at, keyed)

    async def earlier(self, keyed: Keyed) -> Mapping[str, Any] | None:
        """The answer kept for this key, if any. Error: `KeyReused`."""
        row = await self._database.read(lambda db: _answer(db, keyed))
        return row.answer if row else None

    async def keep(self, keyed: Keyed, answer: Mapping[str, Any], at: Seconds) -> None:
        """Keep the answer to a deed that was done elsewhere."""

        def put(db: Connection) -> None:
            _lock(db)
            _keep(db, keyed, at, answer=dict(answer))

        await self._database.write(put)

    async def _once(
        self,
        deed: Callable[[Connection], Entry],
        at: Seconds,
        keyed: Keyed | None,
    ) -> Numbered:
        """Do and write down in one transaction with the key: a repeat finds its entry."""

        def once(db: Connection) -> tuple[Numbered, bool]:
            last_event, _ = _lock(db)
            if keyed and (row := _answer(db, keyed)):
                return _entry(db, row.entry), False
            entry = deed(db)
            _add_entries(db, [entry], last_event)
            if keyed:
                _keep(db, keyed, at, entry=last_event + 1)
            return Numbered(last_event + 1, entry), True

        written, changed = await self._database.write(once)
        if changed:
            self._changed()
        return written


def _open(db: Connection) -> int:
    row = {"id": 1, "last_event": 0, "applied": 0}
    db.execute(_insert(db.dialect.name, feed).values(row).on_conflict_do_nothing())
    return int(db.execute(select(feed.c.applied)).scalar_one())


def _apply(records: Sequence[Record], db: Connection) -> tuple[int, list[ContactId] | None]:
    """The last record that is applied, and the contacts that these were about; None: all were
    applied before."""
    last_event, applied = _lock(db)
    fresh = [record for record in records if record.seq > applied]
    if not fresh:
        return applied, None
    known = _known(db, fresh)
    for record in fresh:
        tell(known, record)
    _write(db, known, last_event)
    db.execute(update(feed).values(applied=fresh[-1].seq))
    return fresh[-1].seq, list(known.contacts)


def _lock(db: Connection) -> tuple[int, int]:
    row = db.execute(update(feed).values(id=1).returning(feed.c.last_event, feed.c.applied))
    last_event, applied = row.one()
    return last_event, applied


def _known(db: Connection, records: Sequence[Record]) -> Known:
    """All that these records can be about."""
    references = {r.contact or r.data.get("contact") for r in records} - {None}
    offers = {offer_of(r) for r in records} - {None}
    wanted = or_(contacts.c.reference.in_(references), contacts.c.offer.in_(offers))
    rows = db.execute(select(contacts).where(wanted))
    stories = [ContactStory(**row) for row in rows.mappings()]
    persons = {r.data.get("person") for r in records} | {s.person for s in stories}
    of_persons = tickets.c.person.in_(persons - {None}) & (tickets.c.state == "open")
    about = {s.ticket for s in stories} | {r.data.get("ticket") for r in records}
    named = tickets.c.id.in_(about - {None, ""})
    rows = db.execute(select(tickets).where(or_(named, of_persons)))
    held = [Ticket(**row) for row in rows.mappings()]
    effects = _effects(db, [s.id for s in stories], records)
    return Known({s.reference: s for s in stories}, {t.id: t for t in held}, effects=effects)


def _effects(
    db: Connection, of_contacts: Sequence[str], records: Sequence[Record]
) -> set[tuple[str, str]]:
    """Of the effects that these records tell of, those that are told already."""
    kinds = {snake(record.kind) for record in records if record.data.get("effect")}
    if not kinds:
        return set()
    wanted = entries.c.contact.in_(of_contacts) & entries.c.kind.in_(kinds)
    rows = db.execute(select(entries.c.kind, entries.c.data).where(wanted))
    return {(row.kind, row.data["effect"]) for row in rows if "effect" in row.data}


def _write(db: Connection, known: Known, last_event: int) -> None:
    _upsert(db, tickets, (asdict(ticket) for ticket in known.tickets.values()))
    _upsert(db, contacts, (asdict(story) for story in known.contacts.values()))
    seen = ({"id": person, "seen_at": at} for person, at in known.seen.items())
    _upsert(db, customers, seen)
    write_lines(db, known.lines)
    for contact, ticket in known.joined.items():
        earlier = (entries.c.contact == contact) & entries.c.ticket.is_(None)
        db.execute(update(entries).where(earlier).values(ticket=ticket))
    _add_entries(db, known.entries, last_event)


def _add_entries(db: Connection, new: Sequence[Entry], last_event: int) -> None:
    if new:
        rows = [{"seq": seq, **asdict(e)} for seq, e in enumerate(new, last_event + 1)]
        db.execute(insert(entries), rows)
        db.execute(update(feed).values(last_event=rows[-1]["seq"]))


def _upsert(db: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    if listed := list(rows):
        db.execute(_upserting(db.dialect.name, table), listed)


@cache
def _upserting(dialect: str, table: Table) -> Executable:
    """Made once: making it takes longer than running it."""
    statement = _insert(dialect, table)
    new = {column.name: statement.excluded[column.name] for column in table.c}
    return statement.on_conflict_do_update(index_elements=["id"], set_=new)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _ticket(db: Connection, ticket: str) -> Ticket:
    row = db.execute(select(tickets).where(tickets.c.id == ticket)).mappings().first()
    if row is None:
        raise NoSuch("there is no such ticket")
    return Ticket(**row)


def _entry(db: Connection, seq: int) -> Numbered:
    row = db.execute(select(entries).where(entries.c.seq == seq)).mappings().one()
    return numbered(row)


def numbered(row: Mapping[Any, Any]) -> Numbered:
    """An entry from its row."""
    return Numbered(row["seq"], Entry(**{n: v for n, v in row.items() if n != "seq"}))


def _answer(db: Connection, keyed: Keyed) -> Any | None:
    row = db.execute(select(answers).where(answers.c.key == keyed.key)).first()
    if row and row.fingerprint != keyed.fingerprint:
        raise KeyReused("this Idempotency-Key belongs to another request")
    return row


def _keep(
    db: Connection,
    keyed: Keyed,
    at: Seconds,
    entry: int | None = None,
    answer: dict[str, Any] | None = None,
) -> None:
    db.execute(delete(answers).where(answers.c.at < at - KEEP_ANSWERS_SECONDS))
    row = {"key": keyed.key, "fingerprint": keyed.fingerprint, "at": at}
    kept = _insert(db.dialect.name, answers).values(row | {"entry": entry, "answer": answer})
    db.execute(kept.on_conflict_do_nothing())

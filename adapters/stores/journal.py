"""The journal in a database: what `append` has returned survives power loss.

One writer, which keeps one connection for good: on PostgreSQL the right to write lives and dies
with that connection. Any number of readers, in other processes too.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import IO, Any

from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from acd.model import Seconds
from adapters.stores.database import Database
from adapters.stores.faults import explained
from adapters.stores.lease import hold_file, hold_session
from adapters.stores.tables import journal
from adapters.stores.tables import snapshot as snapshots
from adapters.stores.upcast import Upcasts, lifted
from ivr.ports import JournalFailed, Record, Snapshot, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

PAGE = 1000
"""Records read at a time."""
SNAPSHOTS_KEPT = 3
PIECE = 200
"""Things of a snapshot that are made JSON at a time."""
INSERT = {
    "sqlite": text("""
        INSERT INTO journal (seq, at, kind, version, contact, data)
        SELECT json_extract(value, '$.seq'), json_extract(value, '$.at'),
               json_extract(value, '$.kind'), json_extract(value, '$.version'),
               json_extract(value, '$.contact'), json_extract(value, '$.data')
        FROM json_each(:rows)
    """),
    "postgresql": text("""
        INSERT INTO journal (seq, at, kind, version, contact, data)
        SELECT seq, at, kind, version, contact, data
        FROM json_populate_recordset(CAST(NULL AS journal), CAST(:rows AS json))
    """),
}
"""All records of a batch by one statement, a transaction of its own. In a busy process each
statement, and each row of an `executemany`, waits for the interpreter to be given back."""
Row = dict[str, Any]
"""A record as its table holds it, without its `seq`."""


class JournalReader:
    """The journal as every process may read it, while the core writes."""

    def __init__(self, database: Database, upcasts: Upcasts | None = None) -> None:
        self._database = database
        self._upcasts = upcasts or {}

    async def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]:
        """Records with a greater `seq`, in order, up to the newest at the time of the last page."""
        while page := await self._page(after, kinds):
            for record in map(_record, page):
                if not kinds and record.seq != after + 1:
                    raise StoreRefused(
                        f"{self._database.name}: record {after + 1} of the journal is missing: "
                        "stop, then `./hotline restore` the newest backup"
                    )
                after = record.seq
                yield lifted(record, self._upcasts)

    async def _page(self, after: int, kinds: Sequence[str]) -> Sequence[Any]:
        query = select(journal).where(journal.c.seq > after).order_by(journal.c.seq).limit(PAGE)
        if kinds:
            query = query.where(journal.c.kind.in_(kinds))
        return await self._database.read(lambda db: db.execute(query).all())

    async def last(self) -> tuple[int, Seconds]:
        return await self._database.read(_last)

    async def newest_snapshot(self) -> Snapshot | None:
        query = select(snapshots).order_by(snapshots.c.seq.desc()).limit(1)
        row = await self._database.read(lambda db: db.execute(query).one_or_none())
        if row is None:
            return None
        return Snapshot(row.seq, row.at / 1000, json.loads(row.state), row.version)


class SqlJournal(JournalReader):
    """The core's journal. `async with` takes the right to write, and refuses a second writer.

    What begins with `_` and is not async runs in the database's writing thread.
    """

    def __init__(self, database: Database, upcasts: Upcasts | None = None) -> None:
        super().__init__(database, upcasts)
        self._connection: Connection | None = None
        self._lock: IO[bytes] | None = None
        self._end = 0
        """The newest record's `seq`."""
        self._confirmed = -1
        """Up to which `seq` our caller knows; -1 before the first look."""
        self._doubtful: list[Row] = []
        """What came after that without being confirmed; it may be written or not."""
        self._write: asyncio.Future[int] | None = None

    async def __aenter__(self) -> SqlJournal:
        file = self._database.file
        try:
            with explained(self._database.name):
                self._lock = hold_file(file) if file else None
            await self._database.alone(self._connect)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let a write that is under way end, and give the right to write back."""
        with suppress(StoreFailed):
            await self._database.alone(self._disconnect)
        if self._lock:
            self._lock.close()

    async def append(self, records: Sequence[Record]) -> int:
        if self._write and not self._write.done():
            raise JournalFailed(f"{self._database.name}: an earlier write is still under way")
        rows = [_row(record) for record in records]
        try:
            with explained(self._database.name):
                last = await self._in_thread(rows)
        except StoreFailed as fault:
            raise JournalFailed(str(fault)) from fault
        self._confirmed, self._doubtful = last, []
        return last

    async def _in_thread(self, rows: list[Row]) -> int:
        database = self._database
        work = partial(self._append, rows)
        self._write = database.writer.start(work, database.deadline, first=True)
        self._write.add_done_callback(lambda write: write.cancelled() or write.exception())
        async with asyncio.timeout(database.deadline):
            # shielded: of a commit given up half-way nobody could tell how it ended
            return await asyncio.shield(self._write)

    def _append(self, rows: list[Row]) -> int:
        try:
            with explained(self._database.name):
                return self._commit(self._connection or self._connect(), rows)
        except StoreRefused:
            self._disconnect()
            raise
        except StoreFailed as fault:
            log.error("journal write failed", extra={"records": len(rows), "fault": str(fault)})
            self._disconnect()
            raise

    def _commit(self, connection: Connection, rows: list[Row]) -> int:
        written = self._end - self._confirmed
        if rows[:written] != self._doubtful[:written]:
            self._confirmed, written = self._end, 0
        self._doubtful = rows
        fresh = [{**row, "seq": seq} for seq, row in enumerate(rows[written:], self._end + 1)]
        if fresh:
            statement = INSERT[connection.dialect.name]
            connection.execute(statement, {"rows": json.dumps(fresh, ensure_ascii=False)})
            self._end += len(fresh)
        return self._end

    def _connect(self) -> Connection:
        """Connect, take the right to write, and see how far the journal has come."""
        database = self._database
        if database.file and self._doubtful:
            with database.single() as other:  # what a failed sync left, to the disk
                other.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        self._connection = connection = database.single()
        if not database.file:
            hold_session(connection, database)
        if self._confirmed < 0:
            self._confirmed = _last(connection)[0]
        found = _rows_after(connection, self._confirmed, len(self._doubtful) + 1)
        if found != self._doubtful[: len(found)]:
            raise StoreRefused(f"{database.name}: another core has written: restart this one")
        self._end = self._confirmed + len(found)
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with suppress(DBAPIError):
                connection.invalidate()
                connection.close()

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        row = {
            "seq": snapshot.seq,
            "at": round(snapshot.at * 1000),
            "version": snapshot.version,
        }
        newest = select(snapshots.c.seq).order_by(snapshots.c.seq.desc()).limit(SNAPSHOTS_KEPT)

        def put(connection: Connection) -> None:
            connection.execute(delete(snapshots).where(snapshots.c.seq == snapshot.seq))
            state = "".join(_in_pieces(dict(snapshot.state)))
            connection.execute(insert(snapshots), row | {"state": state})
            connection.execute(delete(snapshots).where(snapshots.c.seq.not_in(newest)))

        try:
            await self._database.write(put)
        except StoreFailed as fault:
            raise JournalFailed(str(fault)) from fault


def _in_pieces(plain: Any) -> Iterator[str]:
    """JSON in pieces: other threads have their turn after each, however much there is."""
    if isinstance(plain, dict):
        yield "{"
        for number, (key, value) in enumerate(plain.items()):
            yield f"{',' if number else ''}{_json(str(key))}:"
            yield from _in_pieces(value)
        yield "}"
    elif isinstance(plain, list):
        yield "["
        for at in range(0, len(plain), PIECE):
            yield f"{',' if at else ''}{_json(plain[at : at + PIECE])[1:-1]}"
        yield "]"
    else:
        yield _json(plain)


def _json(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, allow_nan=False)


def _last(connection: Connection) -> tuple[int, Seconds]:
    newest = select(journal.c.seq, journal.c.at).order_by(journal.c.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return (row.seq, row.at / 1000) if row else (0, 0.0)


def _rows_after(connection: Connection, seq: int, most: int) -> list[Row]:
    columns = [column for column in journal.c if column is not journal.c.seq]
    query = select(*columns).where(journal.c.seq > seq).order_by(journal.c.seq).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def _row(record: Record) -> Row:
    return {
        "at": round(record.at * 1000),
        "kind": record.kind,
        "version": record.version,
        "contact": record.contact,
        "data": _json(dict(record.data)),
    }


def _record(row: Sequence[Any]) -> Record:
    seq, at, kind, version, contact, data = row
    return Record(at / 1000, kind, json.loads(data), contact, version, seq)

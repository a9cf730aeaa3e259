"""Reads Asterisk's channel event log (CEL), a SQLite file that Asterisk writes.

One thing is written here too: numbers that callers left are blanked once the vault has them.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from adapters.asterisk.facts import CelRow

log = logging.getLogger(__name__)

NUMBER_LEFT = "ACD_NUMBER"
"""The one kind of row that holds something personal: the number that a caller left."""
MOST_ROWS = 500
BUSY_SECONDS = 2.0
READ_SECONDS = 5.0


class NotReadable(Exception):
    """The log is there, and locked, slow or spoilt: nobody knows what it has."""


class CelLog:
    """Rows after a given one, oldest first. A missing or empty file means no rows yet; what cannot
    be read raises `NotReadable`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def rows_after(self, row: int) -> Sequence[CelRow]:
        """At most `MOST_ROWS`; the rest comes with the next call."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._read, row), READ_SECONDS)
        except (sqlite3.DatabaseError, TimeoutError) as error:
            raise NotReadable(str(error) or "too slow") from error

    async def newest(self) -> int:
        """The newest row's id; 0 while there is none."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._newest), READ_SECONDS)
        except (sqlite3.DatabaseError, TimeoutError) as error:
            raise NotReadable(str(error) or "too slow") from error

    async def forget_numbers(self, row: int) -> None:
        """Blank the numbers in rows up to this one; what fails now is done with the next ones."""
        try:
            await asyncio.wait_for(asyncio.to_thread(self._blank, row), READ_SECONDS)
        except (sqlite3.DatabaseError, TimeoutError) as error:
            log.warning("numbers not blanked yet", extra={"why": str(error)})

    def _blank(self, row: int) -> None:
        connection = sqlite3.connect(f"file:{self._path}?mode=rw", uri=True, timeout=BUSY_SECONDS)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            with connection:
                connection.execute(
                    "UPDATE cel SET extra = '' WHERE eventtype = ? AND AcctId <= ? AND extra <> ''",
                    (NUMBER_LEFT, row),
                )
        finally:
            connection.close()

    def _newest(self) -> int:
        if not self._path.exists():
            return 0
        with closing(self._opened()) as connection:
            return _newest_of(connection)

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=BUSY_SECONDS)

    def _read(self, row: int) -> list[CelRow]:
        if not self._path.exists():
            return []
        with closing(self._opened()) as connection:
            newest = _newest_of(connection)
            if not newest:
                return []
            if newest < row:
                log.warning("event log began anew", extra={"applied": row, "newest": newest})
                row = 0
            found = connection.execute(
                "SELECT AcctId, eventtype, uniqueid, extra FROM cel"
                " WHERE AcctId > ? ORDER BY AcctId LIMIT ?",
                (row, MOST_ROWS),
            )
            return [CelRow(int(id_), kind, unique, extra) for id_, kind, unique, extra in found]


def _newest_of(connection: sqlite3.Connection) -> int:
    """0 also before Asterisk has made the table."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'cel'").fetchone():
        return 0
    (newest,) = connection.execute("SELECT max(AcctId) FROM cel").fetchone()
    return int(newest or 0)

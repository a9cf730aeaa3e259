"""Reads Asterisk's channel event log (CEL), a SQLite file that Asterisk alone writes."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from adapters.asterisk.facts import CelRow

log = logging.getLogger(__name__)

MOST_ROWS = 500
BUSY_SECONDS = 2.0
READ_SECONDS = 5.0


class CelLog:
    """Rows after a given one, oldest first. A locked or missing file means no rows yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def rows_after(self, row: int) -> Sequence[CelRow]:
        """At most `MOST_ROWS`; the rest comes with the next call."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._read, row), READ_SECONDS)
        except (sqlite3.OperationalError, TimeoutError) as error:
            log.info("event log not readable yet", extra={"why": str(error)})
            return []

    def _read(self, row: int) -> list[CelRow]:
        if not self._path.exists():
            return []
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        try:
            (newest,) = connection.execute("SELECT max(AcctId) FROM cel").fetchone()
            if newest is not None and newest < row:
                log.warning("event log began anew", extra={"applied": row, "newest": newest})
                row = 0
            found = connection.execute(
                "SELECT AcctId, eventtype, uniqueid, extra FROM cel"
                " WHERE AcctId > ? ORDER BY AcctId LIMIT ?",
                (row, MOST_ROWS),
            )
            return [CelRow(int(id_), kind, unique, extra) for id_, kind, unique, extra in found]
        finally:
            connection.close()

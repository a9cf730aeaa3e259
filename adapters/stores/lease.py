"""One writer for the journal: a second core is refused, and a dead one leaves nothing behind."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from adapters.stores.database import Database
from ivr.ports import StoreRefused

POSTGRES_LOCKS = {"core": 0x686F7401, "web": 0x686F7402}
PATIENCE = 0.2
"""Of the deadline: so long a part is waited for that another one has."""
LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL's code for a lock that was not to be had in time."""


def lock_file(file: Path) -> Path:
    return file.with_name(file.name + ".lock")


def hold_file(file: Path) -> IO[bytes]:
    """Hold a SQLite part until the returned file is closed or the process ends, however it ends."""
    path = lock_file(file)
    path.touch(mode=0o600)
    held = path.open("rb")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise in_use(file.name) from None
    return held


def hold_session(connection: Connection, database: Database) -> None:
    """Hold a PostgreSQL part for as long as this very connection lives. The server learns of the
    end of another one a moment after it: who begins again at once is not turned away."""
    key = POSTGRES_LOCKS[database.part]
    patience = round(database.deadline * PATIENCE * 1000)
    connection.execute(text(f"SET lock_timeout = {patience}"))  # milliseconds
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
    except OperationalError as fault:
        if getattr(fault.orig, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            raise in_use(database.name) from None
        raise
    finally:  # the connection may serve somebody else after this
        connection.execute(text("SET lock_timeout = DEFAULT"))


def in_use(name: str) -> StoreRefused:
    return StoreRefused(f"{name} is being written by another Hotline: `./hotline stop` ends it")

"""What a database's error means for us, in plain words and without anything that it held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from adapters.stores.thread import Overdue
from ivr.ports import StoreFailed, StoreRefused

DAMAGED = "the file is damaged: stop, then `./hotline restore` the newest backup"
SQLITE = {
    "SQLITE_FULL": "the disk is full: free some space, it goes on by itself",
    "SQLITE_BUSY": "another program holds the database locked",
    "SQLITE_LOCKED": "another connection holds the table locked",
    "SQLITE_READONLY": "the file or its disk is read-only",
    "SQLITE_IOERR": "the disk does not read or write: see the kernel's log",
    "SQLITE_CANTOPEN": "the file cannot be opened: is the folder there, and ours?",
    "SQLITE_PERM": "the file may not be opened by this user",
}
POSTGRES = {
    "53": "PostgreSQL is out of disk space, memory or connections",
    "55P03": "another session holds the lock",
    "57014": "no answer in time",
    "57": "PostgreSQL is stopping or starting",
    "25006": "PostgreSQL is read-only (a standby?)",
    "28": "PostgreSQL refuses this user: see `database` in site.yaml",
    "3D": "there is no such database: see `database` in site.yaml",
}
OURS = (IntegrityError, ProgrammingError, DataError)
"""Errors that are a mistake in our statements, not a fault of the store."""


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn errors of the driver into `StoreFailed` or `StoreRefused` with the way out."""
    try:
        yield
    except OURS:
        raise
    except DBAPIError as error:
        raise meaning(name, error) from error
    except Overdue as error:
        raise StoreFailed(f"{name}: earlier work is still under way") from error
    except TimeoutError as error:
        raise StoreFailed(f"{name}: no answer in time") from error
    except OSError as error:
        raise StoreFailed(f"{name}: {error.strerror or error}") from error


def meaning(name: str, error: DBAPIError) -> StoreFailed | StoreRefused:
    """The fault behind an error of sqlite3 or psycopg."""
    sqlite = getattr(error.orig, "sqlite_errorname", None) or ""
    if sqlite.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreRefused(f"{name}: {DAMAGED}")
    state = getattr(error.orig, "sqlstate", None) or ""
    table, code = (SQLITE, sqlite) if sqlite else (POSTGRES, state)
    for prefix, words in table.items():
        if code.startswith(prefix):
            return StoreFailed(f"{name}: {words}")
    if not code:
        return StoreFailed(f"{name}: the database is away")
    return StoreFailed(f"{name}: the database says {code}")

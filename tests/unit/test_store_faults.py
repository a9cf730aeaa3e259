"""Faults of a database are told in plain words, without what the statement held."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from adapters.stores.faults import explained
from ivr.ports import StoreFailed, StoreRefused


class Sqlite(sqlite3.OperationalError):
    def __init__(self, name: str) -> None:
        super().__init__("13800138000")
        self.sqlite_errorname = name


class Postgres(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("13800138000")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Sqlite("SQLITE_FULL"), "disk is full"),
        (Sqlite("SQLITE_BUSY_SNAPSHOT"), "locked"),
        (Sqlite("SQLITE_READONLY_DBMOVED"), "read-only"),
        (Sqlite("SQLITE_IOERR_FSYNC"), "does not read or write"),
        (Sqlite("SQLITE_ERROR"), "says SQLITE_ERROR"),
        (Postgres("53100"), "out of disk"),
        (Postgres("57P01"), "stopping"),
        (Postgres(None), "away"),
        (Postgres("XX000"), "says XX000"),
    ],
)
def test_a_fault_is_told_in_plain_words(error: Exception, words: str) -> None:
    with pytest.raises(StoreFailed, match=words) as caught, explained("core.db"):
        raise OperationalError("INSERT", {"number": "13800138000"}, error)
    assert "138" not in str(caught.value)


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CORRUPT_INDEX"])
def test_damage_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(StoreRefused, match="hotline restore"), explained("core.db"):
        raise DatabaseError("SELECT", {}, Sqlite(name))


def test_a_mistake_of_ours_is_not_called_a_fault() -> None:
    with pytest.raises(IntegrityError), explained("core.db"):
        raise IntegrityError("INSERT", {}, Sqlite("SQLITE_CONSTRAINT"))


def test_silence_is_a_fault() -> None:
    with pytest.raises(StoreFailed, match="no answer"), explained("core.db"):
        raise TimeoutError

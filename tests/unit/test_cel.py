"""Reading the event log's file as Asterisk writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.asterisk.cel import CelLog, NotReadable


def written(path: Path, ids: Sequence[int]) -> CelLog:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE cel (AcctId INTEGER PRIMARY KEY, eventtype, uniqueid, extra)")
    rows = [(id_, "ACD_KEY", "h-1.0", "") for id_ in ids]
    database.executemany("INSERT INTO cel VALUES (?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    return CelLog(path)


async def test_rows_come_once_and_in_their_order(tmp_path: Path) -> None:
    log = written(tmp_path / "cel.db", [1, 2, 3, 5])
    assert [row.id for row in await log.rows_after(2)] == [3, 5]
    assert await log.rows_after(5) == []
    assert await log.newest() == 5


async def test_a_log_that_began_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = written(tmp_path / "cel.db", [1, 2])
    assert [row.id for row in await log.rows_after(400)] == [1, 2]


async def test_no_log_yet_means_no_rows_yet(tmp_path: Path) -> None:
    assert await CelLog(tmp_path / "cel.db").rows_after(0) == []
    (tmp_path / "cel.db").touch()
    assert await CelLog(tmp_path / "cel.db").rows_after(0) == []
    assert await CelLog(tmp_path / "cel.db").newest() == 0


async def test_a_spoilt_log_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "cel.db").write_bytes(b"this is no database " * 100)
    await says_that_it_cannot_be_read(CelLog(tmp_path / "cel.db"))


async def test_a_locked_log_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    log = written(tmp_path / "cel.db", [1])
    holder = sqlite3.connect(tmp_path / "cel.db")
    holder.execute("BEGIN EXCLUSIVE")
    await says_that_it_cannot_be_read(log)
    holder.close()
    assert [row.id for row in await log.rows_after(0)] == [1]


async def says_that_it_cannot_be_read(log: CelLog) -> None:
    with pytest.raises(NotReadable):
        await log.rows_after(0)
    with pytest.raises(NotReadable):
        await log.newest()


async def test_a_number_that_was_taken_over_is_blanked_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cel.db"
    log = written(path, [])
    with sqlite3.connect(path) as database:
        rows = [(1, "ACD_NUMBER", "a|138"), (2, "ACD_KEY", "a|5"), (3, "ACD_NUMBER", "b|139")]
        database.executemany("INSERT INTO cel VALUES (?, ?, '', ?)", rows)
    await log.forget_numbers(2)
    assert [row.extra for row in await log.rows_after(0)] == ["", "a|5", "b|139"]


async def test_numbers_in_a_locked_log_are_blanked_the_next_time(tmp_path: Path) -> None:
    log = written(tmp_path / "cel.db", [1])
    holder = sqlite3.connect(tmp_path / "cel.db")
    holder.execute("BEGIN EXCLUSIVE")
    await log.forget_numbers(1)
    holder.close()

"""What every journal promises: in memory, on SQLite, on PostgreSQL."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest

from acd.model import ContactId
from adapters.stores.journal import SqlJournal
from adapters.stores.schema import open_database
from ivr.ports import Journal, Record, Snapshot
from tests.databases import SQLITE_AND_POSTGRES, fresh_url
from tests.fakes_stores import MemoryJournal

pytestmark = pytest.mark.once

QUEUED = Record(
    1763712000.123, "queued", {"queue": "support", "说": ["你好", None, 1.5]}, ContactId("ct_1"), 2
)
NOTE = Record(1763712001.0, "note", {})


@pytest.fixture(params=["memory", *SQLITE_AND_POSTGRES])
async def journal(request: pytest.FixtureRequest) -> AsyncIterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    database = await open_database(fresh_url(request.param, request), "core")
    async with SqlJournal(database) as made:
        yield made
    await database.close()


async def read(journal: Journal, after: int = 0, kinds: tuple[str, ...] = ()) -> list[Record]:
    return [record async for record in journal.read(after, kinds)]


async def test_an_empty_journal_has_nothing_to_tell(journal: Journal) -> None:
    assert await journal.last() == (0, 0.0)
    assert await read(journal) == []
    assert await journal.newest_snapshot() is None


async def test_records_come_back_as_they_were_written(journal: Journal) -> None:
    assert await journal.append([QUEUED, NOTE]) == 2
    first, second = await read(journal)
    assert (first.at, first.kind, first.data) == (QUEUED.at, "queued", QUEUED.data)
    assert (first.contact, first.version, first.seq) == ("ct_1", 2, 1)
    assert (second.contact, second.version, second.seq) == (None, 1, 2)
    assert await journal.last() == (2, 1763712001.0)


async def test_seq_grows_by_one_over_many_batches(journal: Journal) -> None:
    sizes = (1, 7, 1200, 3)
    for size in sizes:
        await journal.append([NOTE] * size)
    assert [record.seq for record in await read(journal)] == list(range(1, sum(sizes) + 1))


async def test_nothing_appended_changes_nothing(journal: Journal) -> None:
    await journal.append([NOTE])
    assert await journal.append([]) == 1


async def test_reading_goes_on_after_a_seq(journal: Journal) -> None:
    await journal.append([NOTE] * 5)
    assert [record.seq for record in await read(journal, after=3)] == [4, 5]


async def test_reading_can_be_about_some_kinds(journal: Journal) -> None:
    await journal.append([NOTE, QUEUED, NOTE, QUEUED])
    assert [record.seq for record in await read(journal, kinds=("queued",))] == [2, 4]
    assert await read(journal, kinds=("unheard",)) == []


async def test_reading_meets_what_is_written_meanwhile(journal: Journal) -> None:
    await journal.append([NOTE] * 1500)
    seen = 0
    async for record in journal.read():
        seen = record.seq
        if seen == 700:
            await journal.append([NOTE] * 1000)
    assert seen == 2500


async def test_the_newest_snapshot_is_found(journal: Journal) -> None:
    for seq in (5, 20, 10):
        await journal.save_snapshot(Snapshot(seq, 1.5, {"waiting": ["ct_1"], "seq": seq}, 3))
    assert await journal.newest_snapshot() == Snapshot(20, 1.5, {"waiting": ["ct_1"], "seq": 20}, 3)


async def test_a_snapshot_can_be_made_again(journal: Journal) -> None:
    await journal.save_snapshot(Snapshot(5, 1.0, {"made": 1}))
    await journal.save_snapshot(Snapshot(5, 2.0, {"made": 2}))
    assert await journal.newest_snapshot() == Snapshot(5, 2.0, {"made": 2})


async def test_what_json_cannot_hold_is_refused_whole(journal: Journal) -> None:
    if isinstance(journal, MemoryJournal):
        pytest.skip("memory holds anything")
    with pytest.raises(ValueError, match="JSON"):
        await journal.append([NOTE, Record(1.0, "note", {"x": math.nan})])
    assert await journal.append([NOTE]) == 1

"""What every audit promises: in memory, on SQLite, on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import select

from adapters.stores.audit import SqlAudit
from adapters.stores.database import Part
from adapters.stores.schema import open_database
from adapters.stores.tables import audit as tables
from ivr.ports import Audit, Audited
from tests.databases import SQLITE_AND_POSTGRES, fresh_url
from tests.fakes_stores import MemoryAudit

Pair = tuple[Audit, Callable[[], Awaitable[list[Audited]]]]
PAUSE = Audited(1763712000.5, "op_1", "agent pause", "1001", "午休", {"for": 1800})


@pytest.fixture(params=["memory", *SQLITE_AND_POSTGRES])
async def trail(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """An audit, and what lies in it."""
    if request.param == "memory":
        memory = MemoryAudit()

        async def kept() -> list[Audited]:
            return memory.entries

        yield memory, kept
        return
    url = fresh_url(request.param, request)
    part: Part = "web"
    database = await open_database(url, part)

    async def rows() -> list[Audited]:
        query = select(tables[part]).order_by("seq")
        found = await database.read(lambda db: db.execute(query).all())
        return [
            Audited(r.at / 1000, r.who, r.action, r.subject, r.reason, json.loads(r.details))
            for r in found
        ]

    yield SqlAudit(database), rows
    await database.close()


async def test_entries_are_kept_in_order_as_written(trail: Pair) -> None:
    audit, kept = trail
    await audit.write(PAUSE)
    await audit.write(Audited(1763712001.0, "op_1", "agent ready", "1001"))
    first, second = await kept()
    assert first == PAUSE
    assert (second.action, second.reason, dict(second.details)) == ("agent ready", "", {})

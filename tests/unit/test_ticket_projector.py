"""How the projector follows the journal: nothing lost, nothing twice, nobody stopped by one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from adapters.tickets import projector as module
from adapters.tickets.projector import BATCH, Projector
from adapters.tickets.store import TicketStore
from ivr.ports import Record, StoreFailed
from tests.fakes_stores import MemoryJournal


@dataclass
class FakeStore:
    """As much of `TicketStore` as the projector uses; it chokes on records called `Poison`."""

    applied: list[int] = field(default_factory=list)
    failures: int = 0
    batches: list[int] = field(default_factory=list)

    async def open(self) -> int:
        return self.applied[-1] if self.applied else 0

    async def apply(self, records: Sequence[Record]) -> int:
        if self.failures:
            self.failures -= 1
            raise StoreFailed("the disk is full")
        if any(record.kind == "Poison" for record in records):
            raise ValueError("canary")
        self.batches.append(len(records))
        self.applied += [record.seq for record in records]
        return self.applied[-1]

    async def put_aside(self, seq: int) -> int:
        return seq


def pair(store: FakeStore) -> tuple[MemoryJournal, Projector]:
    journal = MemoryJournal()
    return journal, Projector(journal, cast(TicketStore, store))


async def until(projector: Projector, seq: int) -> None:
    """Run until this record is applied."""
    task = asyncio.create_task(projector.run())
    async with asyncio.timeout(5):
        while projector.applied < seq or projector.trouble:
            await asyncio.sleep(0.001)
    task.cancel()


async def test_a_long_journal_is_applied_in_bounded_batches() -> None:
    journal, projector = pair(store := FakeStore())
    await journal.append([Record(1.0, "Said", {})] * (2 * BATCH + 7))
    await until(projector, 2 * BATCH + 7)
    assert store.batches == [BATCH, BATCH, 7]


async def test_a_record_that_cannot_be_applied_is_put_aside_and_said_aloud(
    caplog: pytest.LogCaptureFixture,
) -> None:
    journal, projector = pair(store := FakeStore())
    await journal.append([Record(1.0, kind, {}) for kind in ("Said", "Poison", "Said")])
    await until(projector, 3)
    assert store.applied == [1, 3]
    (line,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert (line.message, line.__dict__["seq"]) == ("record put aside", 2)


async def test_while_the_store_fails_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.002)
    journal, projector = pair(store := FakeStore(failures=5))
    await journal.append([Record(1.0, "Said", {})] * 3)
    await until(projector, 3)
    assert store.applied == [1, 2, 3] and store.failures == 0


async def test_a_journal_that_ends_before_what_is_applied_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal, projector = pair(FakeStore(applied=[9]))
    await journal.append([Record(1.0, "Said", {})])
    task = asyncio.create_task(projector.run())
    async with asyncio.timeout(5):
        while "restore" not in projector.trouble:
            await asyncio.sleep(0.001)
    task.cancel()
    assert "the journal ends at 1, but 9 is applied" in projector.trouble


def test_the_more_there_is_to_apply_the_longer_it_leaves_the_processor_to_the_calls() -> None:
    assert module.next_pause(0.25, worked=0.001) == module.SHORTEST_PAUSE
    assert module.next_pause(0.05, worked=0.03) == pytest.approx(0.12)
    assert module.next_pause(0.05, worked=2.0) == module.IDLE_SECONDS
    assert module.next_pause(0.05, worked=None) == pytest.approx(0.075)

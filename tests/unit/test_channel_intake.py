"""What becomes of deliveries: signed first, once, no faster than the core likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.channels.intake import MOST_AT_ONCE, Intake
from adapters.channels.taken import Taken
from adapters.stores.schema import open_database
from ivr.ports import CoreAway, CoreRefused
from tests.channel_hands import NOW, SMS, STRANGE_KEY, delivery, envelope, written
from tests.fakes_channel import WebhookFarEnd


@dataclass
class AskedCore:
    """Keeps what it was asked; may be away, or hold its answers back."""

    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    fault: Exception | None = None
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        await self.go_on.wait()
        if self.fault:
            raise self.fault
        self.asked.append((what, fields))
        return {}


@dataclass
class Door:
    """An intake that is closed and opened again as a process would."""

    folder: Path
    per_second: float = 1000.0
    now: float = NOW
    core: AskedCore = field(default_factory=AskedCore)
    intake: Intake = field(init=False)
    close: Callable[[], Any] = field(init=False)

    async def open(self) -> None:
        database = await open_database(f"sqlite:///{self.folder / 'web.db'}", "web")
        taken = Taken(database)
        await taken.begin()
        channel = WebhookFarEnd(SMS).channel
        self.close = database.close
        self.intake = Intake({"far": channel}, {"far": self.per_second}, taken, self.core,
                             lambda: self.now, lambda: self.now)  # fmt: skip

    async def reopen(self) -> None:
        await self.close()
        await self.open()

    async def status(self, body: bytes = b"", id_: str = "m1", at: float = NOW, **key: Any) -> int:
        return (await self.intake.take("far", delivery(body or written(), id_, at, **key))).status


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    made = Door(tmp_path)
    made.core.go_on.set()
    await made.open()
    yield made
    await made.close()


async def test_a_delivery_reaches_the_core_with_all_that_it_says(door: Door) -> None:
    assert await door.status(written("hello", "+8613800138000")) == 202
    assert await door.status(envelope("text.failed", id="txt_1", why="blocked"), "m2") == 202
    assert door.core.asked == [
        ("text receive", {"channel": "far", "delivery": "m1", "sender": "+8613800138000",
                          "words": "hello"}),
        ("text told", {"channel": "far", "text": "txt_1", "state": "failed", "why": "blocked"}),
    ]  # fmt: skip


async def test_forged_late_and_unknown_deliveries_reach_nobody(door: Door) -> None:
    assert await door.status(key=STRANGE_KEY) == 401
    assert await door.status(at=NOW - 301) == 400
    assert await door.status(b"{}") == 422
    assert await door.status(b"x" * 70_000) == 413
    assert (await door.intake.take("gone", delivery(written()))).status == 404
    assert door.core.asked == []


async def test_a_replay_is_refused_also_by_the_next_process(door: Door) -> None:
    assert [await door.status() for _ in range(3)] == [202, 409, 409]
    await door.reopen()
    assert await door.status() == 409
    door.now += 301
    assert await door.status() == 400  # and from then on it is late
    assert len(door.core.asked) == 1


async def test_who_signs_the_same_delivery_anew_is_told_that_it_was_taken(door: Door) -> None:
    assert await door.status() == 202
    await door.reopen()
    assert await door.status(at=NOW + 5) == 200
    assert len(door.core.asked) == 1


@pytest.mark.parametrize("fault", [CoreAway("x"), CoreRefused("nothing was done")])
async def test_while_the_core_is_away_it_is_asked_for_again_and_nothing_is_lost(
    door: Door, fault: Exception
) -> None:
    door.core.fault = fault
    assert [await door.status() for _ in range(2)] == [503, 503]
    door.core.fault = None
    assert await door.status() == 202


async def test_two_of_one_delivery_at_the_same_moment_are_one(door: Door) -> None:
    door.core.go_on.clear()
    tasks = [asyncio.create_task(door.status()) for _ in range(5)]
    await asyncio.sleep(0)
    door.core.go_on.set()
    assert sorted(await asyncio.gather(*tasks)) == [202, 409, 409, 409, 409]
    assert len(door.core.asked) == 1


async def test_a_slow_core_has_a_few_deliveries_at_once_and_no_more(door: Door) -> None:
    door.core.go_on.clear()
    tasks = [asyncio.create_task(door.status(id_=f"m{n}")) for n in range(MOST_AT_ONCE + 4)]
    await asyncio.sleep(0)
    door.core.go_on.set()
    statuses = await asyncio.gather(*tasks)
    assert (statuses.count(202), statuses.count(503)) == (MOST_AT_ONCE, 4)


async def test_who_sends_too_fast_is_asked_to_wait_and_forgers_take_nobodys_place(
    tmp_path: Path,
) -> None:
    door = Door(tmp_path, per_second=1.0)
    door.core.go_on.set()
    await door.open()
    assert [await door.status(id_=f"f{n}", key=STRANGE_KEY) for n in range(9)] == [401] * 9
    assert [await door.status(id_=f"m{n}") for n in range(3)] == [202, 202, 429]
    door.now += 1.0
    assert await door.status(id_="m2") == 202
    await door.close()


async def test_old_deliveries_are_forgotten_when_nobody_would_believe_them(door: Door) -> None:
    for n in range(250):
        door.now = NOW + n * 10
        assert await door.status(id_=f"m{n}", at=door.now) == 202
    kept = len(door.intake._taken._at)
    assert 60 < kept < 200

"""The queue_log that is kept live: the lines of the export, each once, whatever happens."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from acd.model import ContactId, Seconds
from adapters.stores.queue_log_file import QueueLogFile
from ivr.ports import Record, StoreFailed
from ivr.queue_log import live
from ivr.queue_log.line import FromEventLog
from ivr.queue_log.live import LINGER_SECONDS, Kept, LiveQueueLog
from ivr.queue_log.reading import read
from ivr.queue_log.teller import Teller
from tests.fakes_stores import MemoryJournal

STAFF = {"ann": ("support",), "ben": ("support", "sales")}
BEGUN = 1000.0


def told(at: Seconds, kind: str, contact: str = "", /, **data: Any) -> Record:
    return Record(at, kind, data, ContactId(contact) if contact else None)


def a_day(seed: int, calls: int = 60) -> list[Record]:
    """Calls at random over an hour: served, handed on, abandoned; agents who come and go."""
    dice, records = random.Random(seed), []
    for number in range(calls):
        at, id_ = BEGUN + 10 + dice.random() * 3600, f"c-{number}"
        records += _a_call(dice, at, id_, number)
    for agent in STAFF:
        begins = BEGUN + dice.random() * 600
        records.append(told(begins, "AgentLoggedIn", agent=agent))
        records.append(told(begins + 900, "AgentPaused", agent=agent, reason="lunch"))
        records.append(told(begins + 1800, "AgentReady", agent=agent))
    rules: dict[str, Any] = {"agents": {"ann": {"queues": {"sales": {}}}, "ben": {}}}
    records.append(told(BEGUN + 2000, "RulesChanged", version="2", rules=rules))
    records.append(told(BEGUN + 2100, "AgentLoggedOff", agent="ann"))
    records.append(told(BEGUN + 2200, "AgentLoggedIn", agent="ann"))
    return sorted(records, key=lambda record: record.at)


def _a_call(dice: random.Random, at: Seconds, id_: str, number: int) -> list[Record]:
    agent, offer = dice.choice(list(STAFF)), f"1.{number}.1"
    records = [told(at, "CallStarted", id_, person=f"per_{number}")]
    if dice.random() < 0.2:
        return [*records, told(at + 5, "CallEnded", id_, cause="16")]
    records += [told(at + 1, "Arrived", id_, queue="support"), told(at + 1, "Reached", id_)]
    left = at + 1 + dice.random() * 60
    if dice.random() < 0.4:
        return [*records, told(left, "ContactEnded", id_, how="abandoned")]
    records += [
        told(left, "Offered", id_, offer=offer, agent=agent, rule="order"),
        told(left + 2, "OfferAnswered", id_, offer=offer),
        told(left + 30, "LegEnded", id_, offer=offer),
        told(left + 30.2, "ContactEnded", id_, how="served"),
    ]
    code = {"agent": agent, "queue": "support", "code": "solved", "contact": id_}
    return [*records, told(left + 35, "Disposed", id_, **code)]


async def nothing_logged(start: Seconds, end: Seconds) -> FromEventLog:
    return FromEventLog()


@dataclass
class World:
    """A journal that grows, a clock, a folder; processes that write and die."""

    folder: Path
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    now: Seconds = BEGUN

    @property
    def path(self) -> Path:
        return self.folder / "queue_log"

    def process(self, file: Any = None) -> LiveQueueLog:
        file = file or QueueLogFile(self.path, self.folder / "queue_log.position")
        return LiveQueueLog(self.journal, file, STAFF, nothing_logged, lambda: self.now)

    async def happens(self, records: list[Record]) -> None:
        await self.journal.append(records)
        self.now = records[-1].at + LINGER_SECONDS

    async def caught_up(self, process: LiveQueueLog) -> None:
        while await process.catch_up():
            pass

    async def exported(self) -> list[str]:
        found = read(self.journal, BEGUN, 1e9, STAFF, FromEventLog())
        return [str(line) async for line in found]

    def lines(self, *paths: Path) -> list[str]:
        return [line for path in paths or (self.path,) for line in path.read_text().splitlines()]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """The file is begun before anything happens."""
    found = World(tmp_path)
    await found.caught_up(found.process())
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_it_has_the_lines_of_the_export_over_the_same_journal(
    world: World, seed: int
) -> None:
    """Told in batches of every size, by processes that stop now and then."""
    dice, day, process = random.Random(seed), a_day(seed), world.process()
    while day:
        size = dice.randint(1, 20)
        await world.happens(day[:size])
        day = day[size:]
        await world.caught_up(process)
        if dice.random() < 0.3:
            process = world.process()
    assert len(world.lines()) > 100
    assert world.lines() == await world.exported()


class Dies(Exception):
    """The process is killed here."""


class DyingFile(QueueLogFile):
    """Killed between the lines and the note, or in the middle of the lines."""

    def __init__(self, world: World, cut: Callable[[Path], None]) -> None:
        super().__init__(world.path, world.folder / "queue_log.position")
        self._at, self._cut = world.path, cut

    def _write_note(self, kept: Kept, inode: int, size: int) -> None:
        self._cut(self._at)
        raise Dies


def _nothing(path: Path) -> None: ...


def _half_a_line(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _all_but_two_lines(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    with path.open("rb+") as file:
        file.truncate(sum(map(len, lines[:-2])))


def _renamed(path: Path) -> None:
    path.rename(path.with_name("queue_log.1"))


@pytest.mark.parametrize("cut", [_nothing, _half_a_line, _all_but_two_lines, _renamed])
async def test_who_is_killed_in_the_middle_writes_no_line_twice_and_leaves_none_out(
    world: World, cut: Callable[[Path], None]
) -> None:
    day = a_day(7)
    process = world.process()
    await world.happens(day[:100])
    await world.caught_up(process)
    await world.happens(day[100:150])
    dying = world.process(DyingFile(world, cut))
    with pytest.raises(Dies):
        await world.caught_up(dying)
    await world.happens(day[150:])
    await world.caught_up(world.process())
    earlier = [world.folder / "queue_log.1"] if cut is _renamed else []
    assert world.lines(*earlier, world.path) == await world.exported()


async def test_a_file_that_is_renamed_is_left_alone_and_a_new_one_begun(world: World) -> None:
    day, process, old = a_day(3), world.process(), world.folder / "queue_log.1"
    await world.happens(day[:100])
    await world.caught_up(process)
    world.path.rename(old)
    before = old.read_bytes()
    await world.happens(day[100:])
    await world.caught_up(process)
    assert old.read_bytes() == before
    assert world.lines(old, world.path) == await world.exported()


async def test_a_file_that_is_emptied_in_place_goes_on(world: World) -> None:
    day, process = a_day(3), world.process()
    await world.happens(day[:100])
    await world.caught_up(process)
    before = world.lines()
    world.path.write_bytes(b"")
    await world.caught_up(world.process())
    await world.happens(day[100:])
    await world.caught_up(process)
    assert before + world.lines() == await world.exported()


async def test_what_has_just_happened_is_told_once_asterisks_record_may_be_there(
    world: World,
) -> None:
    process = world.process()
    await world.happens([told(BEGUN + 5, "AgentLoggedIn", agent="ann")])
    world.now -= 0.1
    await world.caught_up(process)
    assert world.lines() == []
    world.now += 0.2
    await world.caught_up(process)
    assert world.lines() == ["1005|NONE|support|ann|ADDMEMBER|"]


async def test_a_file_that_is_begun_in_the_middle_knows_who_waits(tmp_path: Path) -> None:
    world = World(tmp_path)
    comes = told(BEGUN + 2, "Arrived", "c-1", queue="support", waits=True)
    await world.happens([told(BEGUN + 1, "CallStarted", "c-1", person="per_1"), comes])
    process = world.process()
    await world.caught_up(process)
    assert world.lines() == []
    await world.happens([told(BEGUN + 12, "ContactEnded", "c-1", how="abandoned")])
    await world.caught_up(process)
    assert world.lines() == ["1012|c-1|support|NONE|ABANDON|1|1|10"]


async def test_a_journal_of_before_is_not_told_again(world: World) -> None:
    await world.happens(a_day(1))
    await world.caught_up(world.process())
    before = world.lines()
    world.journal = MemoryJournal()
    await world.happens([told(BEGUN + 9000, "AgentLoggedIn", agent="ann")])
    process = world.process()
    await world.caught_up(process)
    await world.happens([told(BEGUN + 9010, "AgentLoggedOff", agent="ann")])
    await world.caught_up(process)
    assert world.lines() == [*before, "10010|NONE|support|ann|REMOVEMEMBER|"]


async def test_a_disk_that_is_full_stops_nothing_and_costs_no_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, process = a_day(2), world.process()
    await world.happens(day)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    file = process._file
    full = [True]

    async def append(lines: Any, kept: Kept) -> None:
        if full.pop() if full else False:
            raise StoreFailed("no room")
        await QueueLogFile.append(file, lines, kept)  # type: ignore[arg-type]

    monkeypatch.setattr(file, "append", append)
    with pytest.raises(StoreFailed):
        await world.caught_up(process)
    process._teller = None
    await world.caught_up(process)
    assert world.lines() == await world.exported()


def test_what_is_over_is_forgotten() -> None:
    teller = Teller(STAFF, FromEventLog())
    for record in a_day(5):
        teller.take(record)
    left = teller.plain()["calls"]
    assert (left["calls"], left["by_offer"], left["lines"]) == ({}, {}, {"support": []})

"""Callers count as gone when Asterisk's process has ended, never because a link was lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from adapters.asterisk.gone import GoneWatch
from adapters.asterisk.instance import Running

OLD, NEW = Running(100, 1), Running(101, 2)


@dataclass
class Machine:
    """Asterisk's process as it can be seen, and what the engine is told."""

    process: Running | None = OLD
    trace: bool = True
    up: bool = True
    now: float = 0.0
    told: list[str] = field(default_factory=list)
    next: Running | None = None
    """Begins while the log is read."""

    def adopt(self) -> Running | None:
        return self.process

    def lives(self, running: Running) -> bool:
        return running == self.process

    def has_trace(self) -> bool:
        return self.trace

    async def ended(self) -> None:
        self.told.append("ended")

    async def read_log(self) -> None:
        self.told.append("log")
        self.process = self.process or self.next

    async def all_gone(self) -> None:
        self.told.append("gone")


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def watch(machine: Machine) -> GoneWatch:
    return GoneWatch(machine, lambda: machine.up, machine, 60.0, lambda: machine.now)


async def test_a_process_that_has_ended_is_told_of_once_after_the_log(
    machine: Machine, watch: GoneWatch
) -> None:
    await watch.look()
    machine.up, machine.process = False, None
    for _ in range(3):
        await watch.look()
    assert machine.told == ["ended", "log", "gone"]
    assert not watch.unseen()


async def test_a_link_that_is_lost_while_asterisk_lives_tells_nothing(
    machine: Machine, watch: GoneWatch
) -> None:
    await watch.look()
    machine.up = False
    for _ in range(100):
        machine.now += 10.0
        await watch.look()
    assert machine.told == [] and not watch.unseen()


async def test_a_new_process_has_calls_of_its_own_and_is_left_to_the_next_look(
    machine: Machine, watch: GoneWatch
) -> None:
    await watch.look()
    machine.up, machine.process, machine.next = False, None, NEW
    await watch.look()
    assert machine.told == ["ended", "log"]


async def test_each_end_is_told_of(machine: Machine, watch: GoneWatch) -> None:
    await watch.look()
    for process in (NEW, Running(102, 3)):
        machine.up, machine.process = False, None
        await watch.look()
        machine.process = process  # begins, and ends before anybody could log in
        await watch.look()
    assert machine.told == ["ended", "log", "gone", "log", "gone"]


async def test_the_end_of_a_process_is_noted_also_if_the_next_is_linked_already(
    machine: Machine, watch: GoneWatch
) -> None:
    await watch.look()
    machine.up = False
    await watch.look()
    assert machine.told == []
    machine.process, machine.up = NEW, True
    await watch.look()
    await watch.look()
    assert machine.told == ["ended"]
    machine.process, machine.up = OLD, False
    await watch.look()
    assert machine.told == ["ended", "ended"]


async def test_a_core_that_begins_beside_a_dead_asterisk_says_so(
    machine: Machine, watch: GoneWatch
) -> None:
    machine.up, machine.process = False, None
    await watch.look()
    assert machine.told == ["log", "gone"]


async def test_where_nothing_can_be_seen_time_has_to_tell(
    machine: Machine, watch: GoneWatch
) -> None:
    machine.process, machine.trace, machine.up = None, False, False
    await watch.look()
    machine.now = 59.0
    await watch.look()
    assert not watch.unseen()
    machine.now = 61.0
    await watch.look()
    assert watch.unseen() and machine.told == []
    machine.up = True
    await watch.look()
    assert not watch.unseen()


async def test_a_process_that_was_never_seen_is_not_missed(
    machine: Machine, watch: GoneWatch
) -> None:
    """It lives elsewhere; a file that names one says nothing."""
    machine.process = None
    await watch.look()
    machine.up = False
    await watch.look()
    assert machine.told == []
    machine.now = 61.0
    await watch.look()
    assert watch.unseen()

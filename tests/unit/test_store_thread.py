"""The thread of a store: one piece of work at a time, and nothing piles up behind what is stuck."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from adapters.stores.thread import GivenUp, Overdue, StoreThread


@pytest.fixture
def thread() -> Iterator[StoreThread]:
    made = StoreThread("test")
    yield made
    made.end()


class Stuck:
    """Work that goes on until `let_go`."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self.begun = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self._ended.wait(5)

    def let_go(self) -> None:
        self._ended.set()


async def test_the_answer_and_the_fault_come_back(thread: StoreThread) -> None:
    assert await thread.start(lambda: 6 * 7, 1) == 42
    with pytest.raises(ZeroDivisionError):
        await thread.start(lambda: 1 // 0, 1)
    assert await thread.start(lambda: "and on it goes", 1)


async def test_what_is_first_goes_before_all_that_wait(thread: StoreThread) -> None:
    stuck, order = Stuck(), list[str]()
    waiting = [thread.start(stuck, 5)]
    waiting += [thread.start(partial(order.append, f"other {n}"), 5) for n in range(3)]
    waiting += [thread.start(lambda: order.append("first"), 5, first=True)]
    stuck.let_go()
    await asyncio.gather(*waiting)
    assert order == ["first", "other 0", "other 1", "other 2"]


async def test_who_has_waited_long_enough_stands_back_for_nobody() -> None:
    thread, stuck, order = StoreThread("impatient", patience=0), Stuck(), list[str]()
    waiting = [thread.start(stuck, 5)]
    waiting += [thread.start(partial(order.append, "other"), 5)]
    waiting += [thread.start(partial(order.append, "first"), 5, first=True)]
    stuck.let_go()
    await asyncio.gather(*waiting)
    thread.end()
    assert order == ["other", "first"]


async def test_what_nobody_waits_for_any_more_does_not_begin(thread: StoreThread) -> None:
    stuck, begun = Stuck(), list[bool]()
    thread.start(stuck, 5)
    thread.start(lambda: begun.append(True), 5).cancel()
    stuck.let_go()
    await thread.start(lambda: None, 5)
    assert begun == []


async def test_work_can_see_that_nobody_waits_for_it_any_more(thread: StoreThread) -> None:
    stuck, seen = Stuck(), list[type[BaseException]]()

    def work() -> None:
        stuck()
        try:
            thread.check()
        except GivenUp as seen_now:
            seen.append(type(seen_now))

    answer = thread.start(work, 5)
    await asyncio.to_thread(stuck.begun.wait, 5)
    answer.cancel()
    stuck.let_go()
    await thread.start(thread.check, 5)
    assert seen == [GivenUp]


async def test_nothing_more_is_taken_while_something_is_overdue(thread: StoreThread) -> None:
    stuck = Stuck()
    overdue = thread.start(stuck, 0.0)
    await asyncio.to_thread(stuck.begun.wait, 5)
    with pytest.raises(Overdue):
        thread.start(lambda: None, 5)
    stuck.let_go()
    await overdue
    async with asyncio.timeout(5):
        while True:
            with suppress(Overdue):
                await thread.start(lambda: None, 5)
                break
            await asyncio.sleep(0)


def test_a_thread_that_is_stuck_keeps_no_process_from_ending() -> None:
    code = """
import asyncio, threading
from adapters.stores.thread import StoreThread
async def leave():
    StoreThread("stuck").start(threading.Event().wait, 1)
asyncio.run(leave())
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)

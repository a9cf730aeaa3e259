"""One thread for work that blocks: one piece at a time, the journal's before all that waits, but
for what has waited too long behind it.

A piece of work is one hop: into the thread and back, however many statements it has. In a busy
process every hop, and every statement, waits for the interpreter to be given back.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Overdue(Exception):
    """Earlier work still runs although its time is over."""


class GivenUp(Exception):
    """Nobody waits for this work any more."""


class _Piece(NamedTuple):
    work: Callable[[], Any]
    answer: asyncio.Future[Any]
    due: float
    until: float
    """From then on the piece no longer stands back behind others."""


PATIENCE = 0.05
"""Seconds that a piece lets the journal's go first; in a busy hour there is always one of those."""


class StoreThread:
    """A thread that ends with `end`, or with the process: it keeps no process from ending.

    Work whose future is cancelled before it begins never begins. What has begun cannot be stopped
    from outside; once it has outlasted its own time, `start` refuses more instead of letting it
    pile up behind.
    """

    def __init__(self, name: str, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._first: deque[_Piece] = deque()
        self._others: deque[_Piece] = deque()
        self._bell: SimpleQueue[bool] = SimpleQueue()
        """True for every piece that is waiting, False to end."""
        self._present: _Piece | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def start(
        self, work: Callable[[], Result], seconds: float, *, first: bool = False
    ) -> asyncio.Future[Result]:
        """Begin as soon as the thread is free; `first`: before others, while they have patience.

        Raises `Overdue` when the thread is still at work that should have ended.
        """
        now = time.monotonic()
        if now > self._due():
            raise Overdue
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        piece = _Piece(work, answer, now + seconds, now + self._patience)
        (self._first if first else self._others).append(piece)
        self._bell.put(True)
        return answer

    def check(self) -> None:
        """Called by work in the thread: raises `GivenUp` when nobody waits for it any more."""
        if self._present and self._present.answer.cancelled():
            raise GivenUp

    def end(self) -> None:
        """Let the thread end when it has done what was begun before."""
        self._bell.put(False)

    def _due(self) -> float:
        present = self._present
        return present.due if present else math.inf

    def _next(self) -> deque[_Piece]:
        if self._others and (not self._first or self._others[0].until < time.monotonic()):
            return self._others
        return self._first

    def _run(self) -> None:
        while self._bell.get():
            piece = self._next().popleft()
            if not piece.answer.cancelled():
                self._present = piece
                _do(piece)
                self._present = None


def _do(piece: _Piece) -> None:
    result, fault = None, None
    try:
        result = piece.work()
    except BaseException as error:  # whatever it is, who waits is told
        fault = error
    with suppress(RuntimeError):  # the loop is closed: nobody waits
        piece.answer.get_loop().call_soon_threadsafe(_answer, piece.answer, result, fault)


def _answer(answer: asyncio.Future[Any], result: Any, fault: BaseException | None) -> None:
    if answer.done():
        return
    if fault:
        answer.set_exception(fault)
    else:
        answer.set_result(result)

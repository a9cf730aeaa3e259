"""Where in the journal a time begins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from acd.model import Seconds
from ivr.ports import Record


class Readable(Protocol):
    """As much of a journal as is needed to read a part of it."""

    def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]: ...

    async def last(self) -> tuple[int, Seconds]: ...


async def first_since(journal: Readable, at: Seconds) -> int:
    """The `seq` before the first record of this time or later; records are in order of time."""
    low, high = 0, (await journal.last())[0]
    while low < high:
        middle = (low + high) // 2
        async for record in journal.read(middle):
            if record.at < at:
                low = middle + 1
            else:
                high = middle
            break
    return low

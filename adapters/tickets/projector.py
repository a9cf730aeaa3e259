"""Follows the core's journal and keeps contacts, tickets and timelines up to date.

The journal is the outbox: while the core or this process is away nothing is lost, and what was
missed is caught up in bounded batches. A record that cannot be applied is put aside with a loud
line; the rest goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from acd.model import Seconds
from adapters.tickets.store import TicketStore
from ivr.ports import Record, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

SHORTEST_PAUSE, IDLE_SECONDS = 0.05, 0.25
"""Between two looks at the journal: where something came just now, more comes soon."""
REST = 4
"""It rests this many times as long as it has worked: every look costs the same, whether one record
has come or fifty, and the calls themselves need the processor more."""
LONGEST_PAUSE = 4.0
BATCH = 500


class Followed(Protocol):
    """As much of `ivr.ports.Journal` as a reader needs."""

    def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]: ...

    async def last(self) -> tuple[int, Seconds]: ...


class Projector:
    """One task; `trouble` says why it does not get on, empty while it does."""

    def __init__(self, journal: Followed, store: TicketStore) -> None:
        self._journal = journal
        self._store = store
        self.applied = 0
        self.trouble = "starting"
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """Something was just written to the journal, and somebody waits to see it."""
        self._hurry.set()

    async def run(self) -> None:
        """Work until cancelled."""
        pause = IDLE_SECONDS
        begun = False
        while True:
            try:
                begun = begun or await self._begin()
                began = time.monotonic()
                came = await self.catch_up()
                pause = next_pause(pause, time.monotonic() - began if came else None)
                self._say("")
            except (StoreFailed, StoreRefused) as failure:
                pause = min(pause * 2, LONGEST_PAUSE)
                self._say(str(failure))
            except Exception as error:  # the top of the task: it must outlive any mistake
                pause = LONGEST_PAUSE
                log.exception("projector failed, trying again")
                self._say(type(error).__name__)
            await self._rest(pause)

    async def _rest(self, pause: float) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._hurry.wait()
        except TimeoutError:
            return
        finally:
            self._hurry.clear()

    async def catch_up(self) -> bool:
        """Apply everything that the journal has beyond what is applied; whether there was any."""
        before = self.applied
        while batch := await self._batch():
            await self._apply(batch)
            await asyncio.sleep(0)  # whoever waits for an answer goes first
        return self.applied > before

    async def _begin(self) -> bool:
        self.applied = await self._store.open()
        last, _ = await self._journal.last()
        if last < self.applied:
            raise StoreRefused(
                f"the journal ends at {last}, but {self.applied} is applied here already: "
                "`./hotline restore` journal and tickets from the same backup"
            )
        return True

    async def _batch(self) -> list[Record]:
        batch: list[Record] = []
        async for record in self._journal.read(self.applied):
            batch.append(record)
            if len(batch) == BATCH:
                break
        return batch

    async def _apply(self, batch: Sequence[Record]) -> None:
        try:
            self.applied = await self._store.apply(batch)
        except (StoreFailed, StoreRefused):
            raise
        except Exception:
            if len(batch) > 1:
                for record in batch:
                    await self._apply([record])
                return
            log.exception("record put aside", extra={"seq": batch[0].seq, "kind": batch[0].kind})
            self.applied = await self._store.put_aside(batch[0].seq)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            if trouble:
                log.warning("projector waits", extra={"why": trouble})
            else:
                log.info("projector follows the journal", extra={"applied": self.applied})
        self.trouble = trouble


def next_pause(pause: float, worked: float | None) -> float:
    """Seconds until the next look; `worked`: how long applying took, None if nothing had come."""
    wanted = pause * 1.5 if worked is None else max(REST * worked, SHORTEST_PAUSE)
    return min(wanted, IDLE_SECONDS)

"""Keeps a `queue_log` file as things happen: follows the journal, and goes on where it stopped.

What is written and how far the journal is told are kept apart, the lines first. So it may be that
lines stand there of which nothing was noted; they are counted, and not written again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from acd.model import Seconds
from ivr.ports import Record, StoreFailed, StoreRefused
from ivr.queue_log.line import FromEventLog
from ivr.queue_log.teller import STORY, Teller
from ivr.since import first_since

log = logging.getLogger(__name__)

LINGER_SECONDS: Seconds = 2.0
"""So much later than it was journaled a thing is told: Asterisk's own record of it, which says who
ended a talk, comes a little later."""
LOOK_SECONDS: Seconds = 1.0
REST_SECONDS: Seconds = 10.0
BEFORE: Seconds = 24 * 3600.0
"""How much of the journal is gone through when the file is begun: who is logged in, and waits."""
BATCH = 500


class Followed(Protocol):
    """As much of a journal as is needed here."""

    def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]: ...

    async def last(self) -> tuple[int, Seconds]: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """How far the journal is told, and what is open then (`Teller.plain`)."""

    seq: int
    state: Mapping[str, Any]
    beyond: int = 0
    """Lines that stand in the file already after those that are noted."""


class LogFile(Protocol):
    """The file. Both raise `StoreFailed`; what `append` has written is never written twice."""

    async def kept(self) -> Kept | None:
        """How far it goes; None: it was never begun."""

    async def append(self, lines: Sequence[str], kept: Kept) -> None: ...


class LiveQueueLog:
    """One task. `event_log` gives what Asterisk's own record says of a span of time."""

    def __init__(
        self, journal: Followed, file: LogFile, queues_of: Mapping[str, Sequence[str]],
        event_log: Callable[[Seconds, Seconds], Awaitable[FromEventLog]],
        now: Callable[[], Seconds],
    ) -> None:  # fmt: skip
        self._journal = journal
        self._file = file
        self._event_log = event_log
        self._now = now
        self._caller_ended: dict[str, bool] = {}
        self._keys: dict[str, Sequence[tuple[Seconds, str]]] = {}
        self._queues_of = queues_of
        self._teller: Teller | None = None
        self._seq = 0
        self._beyond = 0

    async def run(self) -> None:
        """Work until cancelled."""
        trouble = ""
        while True:
            pause, said = LOOK_SECONDS, ""
            try:
                pause = 0.0 if await self.catch_up() else LOOK_SECONDS
            except (StoreFailed, StoreRefused) as failure:
                pause, said = REST_SECONDS, str(failure)
                self._teller = None  # what came of the last batch is read again
            except Exception as error:  # the top of the task: it must outlive any mistake
                log.exception("queue_log not written, trying again")
                pause, said, self._teller = REST_SECONDS, type(error).__name__, None
            if said and said != trouble:
                log.warning("queue_log waits", extra={"why": said})
            trouble = said
            await asyncio.sleep(pause)

    async def catch_up(self) -> bool:
        """Tell the next batch, if one is old enough; whether there was any."""
        teller = self._teller or await self._begin()
        batch = await self._batch(self._seq)
        if not batch:
            return False
        await self._ask_event_log(batch)
        told = [line for record in batch for line in map(str, teller.take(record))]
        fresh, self._beyond = told[self._beyond :], max(self._beyond - len(told), 0)
        kept = Kept(batch[-1].seq, teller.plain())
        await self._file.append(fresh, kept)
        self._seq = kept.seq
        return True

    async def _begin(self) -> Teller:
        """Where the file ends; a new one begins now, with what is open by then."""
        teller = Teller(self._queues_of, FromEventLog(self._caller_ended, self._keys))
        kept, (last, _) = await self._file.kept(), await self._journal.last()
        if kept and kept.seq > last:
            log.warning("queue_log goes on from now: the journal is older than the file")
            kept = None
        if kept is None:
            kept = await self._from_now(teller)
        else:
            teller.load(kept.state)
        self._seq, self._beyond, self._teller = kept.seq, kept.beyond, teller
        return teller

    async def _from_now(self, teller: Teller) -> Kept:
        until = self._now() - LINGER_SECONDS
        seq = await first_since(self._journal, until - BEFORE)
        async for record in self._journal.read(seq, STORY):
            if record.at > until:
                break
            teller.take(record)
            seq = record.seq
        kept = Kept(seq, teller.plain())
        await self._file.append([], kept)
        return kept

    async def _batch(self, after: int) -> list[Record]:
        batch: list[Record] = []
        async for record in self._journal.read(after, STORY):
            if record.at > self._now() - LINGER_SECONDS or len(batch) == BATCH:
                break
            batch.append(record)
        return batch

    async def _ask_event_log(self, batch: Sequence[Record]) -> None:
        found = await self._event_log(batch[0].at - 60, batch[-1].at + 60)
        self._caller_ended.clear()
        self._caller_ended.update(found.caller_ended)
        self._keys.clear()
        self._keys.update(found.keys)

"""Goes through a period of the journal and gives the lines, as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from acd.model import Seconds
from ivr.queue_log.line import FromEventLog, Line
from ivr.queue_log.teller import STORY, Teller
from ivr.since import Readable, first_since

BEFORE: Seconds = 24 * 3600.0
"""How far before the period the journal is read: who was logged in, and waited already."""


async def read(
    journal: Readable,
    start: Seconds,
    end: Seconds,
    queues_of: Mapping[str, Sequence[str]],
    told: FromEventLog,
) -> AsyncIterator[Line]:
    """The lines from `start` until before `end` (UTC seconds).

    `queues_of`: an agent's queues by the centre file, for log-ins that name none.
    """
    teller = Teller(queues_of, told)
    async for record in journal.read(await first_since(journal, start - BEFORE), STORY):
        if record.at >= end:
            break
        for line in teller.take(record):
            if line.at >= start:
                yield line

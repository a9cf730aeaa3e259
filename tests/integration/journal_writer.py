"""A process that writes the journal and says what is acknowledged, for tests that hurt it.

`python -m tests.integration.journal_writer URL BATCH [COUNT]`: batches of BATCH records, COUNT of
them (default: for ever). Prints `ack SEQ` after each; on a fault `failed WORDS`, and then tries
the same batch again when a line comes in.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count, islice

from adapters.stores.journal import SqlJournal
from adapters.stores.schema import open_database
from ivr.ports import JournalFailed, Record


async def write(url: str, batch: int, batches: int | None) -> None:
    database = await open_database(url, "core")
    async with SqlJournal(database) as journal:
        for number in islice(count(), batches):
            records = [Record(1.0, "note", {"n": number, "i": i}) for i in range(batch)]
            while not await acknowledged(journal, records):
                await asyncio.to_thread(sys.stdin.readline)
    await database.close()


async def acknowledged(journal: SqlJournal, records: list[Record]) -> bool:
    try:
        say(f"ack {await journal.append(records)}")
    except JournalFailed as fault:
        say(f"failed {fault}")
        return False
    return True


def say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else None))

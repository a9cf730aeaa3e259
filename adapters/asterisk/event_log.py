"""What Asterisk's event log (CEL) tells, applied to engine and journal: each row once, in order.

What the log has when we come back is read up to the row that is its newest then, never until it is
quiet: while people call, it need not be. That is enough, as a row that is written later tells

- of something after our login: AMI tells that live, and the row is read later, as it always is, or
- more than `BEHIND_SECONDS` late of something before it: the look at all channels, which comes next
  and before anything is offered, shows what has become of it.

The engine ignores what it knows already, so that such a row does no harm when it is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain

from acd.model import ContactId, Seconds
from acd.states import ForbiddenMove
from adapters.asterisk.cel import NUMBER_LEFT, CelLog, NotReadable
from adapters.asterisk.facts import CelRow, fields_of, from_cel
from adapters.asterisk.recorded_rows import RESUMED
from ivr.distributor import CEL_APPLIED, Distributor, Entry
from ivr.ports import Note, Vault

log = logging.getLogger(__name__)

BEHIND_SECONDS: Seconds = 0.2
"""So long after an event Asterisk has written its row."""
PATIENCE: Seconds = 10.0
"""So long a log that cannot be read holds everybody up, after a gap."""
AGAIN_SECONDS: Seconds = 0.5
NOT_UNDERSTOOD = (LookupError, ValueError, TypeError, AttributeError)
"""What a row raises that is not as any that we know."""


class EventLog:
    """The only one who applies rows. What a store refuses is raised, and tried by the next read."""

    def __init__(
        self, cel: CelLog, distributor: Distributor, vault: Vault,
        pause_ended: Callable[[ContactId], Awaitable[None]],
    ) -> None:  # fmt: skip
        """`pause_ended`: takes keys again of whom we called; never raises."""
        self._cel = cel
        self._pause_ended = pause_ended
        self._distributor = distributor
        self._vault = vault
        self._reading = asyncio.Lock()
        self.patience = PATIENCE

    async def read_to_here(self) -> None:
        """Up to the newest row of now, or to where the log ends. One that cannot be read is tried
        for a while: what it tells is not to come after the look at all channels."""
        await asyncio.sleep(BEHIND_SECONDS)
        clock = asyncio.get_running_loop().time
        until = clock() + self.patience
        while True:
            try:
                await self._read_to_newest()
                return
            except NotReadable as fault:
                if clock() >= until:
                    log.error("event log cannot be read, calls are offered without",
                              extra={"why": str(fault)})  # fmt: skip
                    return
                log.info("event log not readable yet", extra={"why": str(fault)})
            await asyncio.sleep(AGAIN_SECONDS)

    async def _read_to_newest(self) -> None:
        here = await self._cel.newest()
        # Read at least once: of a log that began anew the newest row is before the applied one.
        while await self.read_once() and self._distributor.cel_row < here:
            pass
        await self._cel.forget_numbers(self._distributor.cel_row)

    async def read_once(self) -> int:
        """Apply the next rows; how many."""
        async with self._reading:
            rows = await self._cel.rows_after(self._distributor.cel_row)
            if rows:
                told = [await self._told(row) for row in rows]
                entries = [entry for of_row in told for entry in of_row]
                await self._apply(rows, told)
                if any(row.kind == NUMBER_LEFT for row in rows):
                    await self._cel.forget_numbers(rows[-1].id)
                for entry in entries:
                    if isinstance(entry, Note) and entry.kind == RESUMED and entry.contact:
                        await self._pause_ended(entry.contact)
            return len(rows)

    async def _apply(self, rows: Sequence[CelRow], told: Sequence[Sequence[Entry]]) -> None:
        """All at once; where the engine refuses one, each by itself, and that one is left out."""
        try:
            await self._distributor.record(*chain.from_iterable(told), _mark(rows[-1]))
        except ForbiddenMove:
            for row, entries in zip(rows, told, strict=True):
                try:
                    await self._distributor.record(*entries, _mark(row))
                except ForbiddenMove as error:
                    log.error("event log row refused", extra={"row": row.id, "why": str(error)})
                    await self._distributor.record(_mark(row))

    async def _told(self, row: CelRow) -> Sequence[Entry]:
        try:
            if row.kind == NUMBER_LEFT:
                return [await self._number_left(row)]
            return from_cel(row)
        except NOT_UNDERSTOOD as error:
            log.error("event log row not understood", extra={"row": row.id, "why": repr(error)})
            return []

    async def _number_left(self, row: CelRow) -> Note:
        """The number goes into the vault; only the person's id goes on from here."""
        contact, _entered, queue, _class, language, number = fields_of(row)
        person = await self._vault.person_for_number(number)
        data = {"person": person, "queue": queue, "language": language}
        return Note(ContactId(contact), "NumberLeft", data)


def _mark(row: CelRow) -> Note:
    """Applied up to here."""
    return Note(None, CEL_APPLIED, {"row": row.id})

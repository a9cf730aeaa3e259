"""After a start: the engine as it was, from the newest snapshot and the journal since."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from acd import events, snapshot
from acd.config import Centre
from acd.engine import Engine
from acd.model import Seconds
from acd.states import ForbiddenMove
from ivr.distributor import CEL_APPLIED
from ivr.ports import Journal

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Recovered:
    """What a restart knows before it has looked at the telephone side."""

    engine: Engine
    at: Seconds
    """Time of the newest record; centre time never goes behind it."""
    cel_row: int
    records: int
    """How many records were replayed."""


async def recover(journal: Journal, centre: Centre) -> Recovered:
    """Rebuild the engine. The same events at the same times give the same state."""
    newest = await journal.newest_snapshot()
    found = Recovered(Engine(centre), 0.0, 0, 0)
    if newest:
        engine = snapshot.load(centre, newest.state["engine"], newest.at)
        found = Recovered(engine, newest.at, newest.state["cel_row"], 0)
    async for record in journal.read(newest.seq if newest else 0):
        found.at = record.at
        if record.kind == CEL_APPLIED:
            found.cel_row = record.data["row"]
        elif events.is_event_kind(record.kind):
            found.records += 1
            event = events.from_plain(record.kind, record.version, dict(record.data))
            _replay(found.engine, event, record.at)
    return found


def _replay(engine: Engine, event: events.Event, at: Seconds) -> None:
    try:
        engine.handle(event, at)
    except ForbiddenMove as refusal:
        # Accepted when written, refused under today's centre file: the agent is gone from it.
        log.warning("journal event no longer applies", extra={"why": str(refusal)})

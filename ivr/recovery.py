"""After a start: the engine as it was, from the newest snapshot and the journal since."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from acd import events, snapshot
from acd.config import Centre
from acd.engine import Engine
from acd.model import Seconds
from acd.states import ForbiddenMove
from acd.waits import Waits
from acd.why import line_for
from ivr.centre_file import CentreFile
from ivr.distributor import CEL_APPLIED, RULES_CHANGED
from ivr.ports import Journal, Record

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
    rules: str = ""
    """The version of the rules that the engine goes by; empty when the journal knows none."""


async def recover(journal: Journal, centre: Centre) -> Recovered:
    """Rebuild the engine. The same events under the same rules give the same state.

    `centre` stands in where the journal has no rules: before the first, and instead of such as
    cannot be read any more.
    """
    newest = await journal.newest_snapshot()
    known = await _rules_at(journal, newest.seq) if newest else None
    found = Recovered(Engine(centre), 0.0, 0, 0)
    if newest:
        engine = snapshot.load(known or centre, newest.state["engine"], newest.at)
        found = Recovered(engine, newest.at, newest.state["cel_row"], 0)
        found.rules = known.version if known else ""
    _estimate_waits(found.engine)
    found.engine.explains = line_for
    async for record in journal.read(newest.seq if newest else 0):
        found.at = record.at
        if record.kind == CEL_APPLIED:
            found.cel_row = record.data["row"]
        elif record.kind == RULES_CHANGED and (rules := rules_in(record)):
            found.engine.use(rules, record.at)
            found.rules = rules.version
        elif events.is_event_kind(record.kind):
            found.records += 1
            event = events.from_plain(record.kind, record.version, dict(record.data))
            _replay(found.engine, event, record.at)
    return found


async def _rules_at(journal: Journal, seq: int) -> Centre | None:
    """The rules in force after this record, if the journal has them."""
    newest: Record | None = None
    async for record in journal.read(0, (RULES_CHANGED,)):
        if record.seq <= seq:
            newest = record
    return rules_in(newest) if newest else None


def rules_in(record: Record) -> Centre | None:
    """The rules that a record of their change holds; None when they cannot be read any more."""
    try:
        return CentreFile.model_validate(record.data["rules"]).centre()
    except ValueError as fault:
        why = str(fault).splitlines()[0]
        log.warning("rules in the journal cannot be read", extra={"seq": record.seq, "why": why})
        return None


def _estimate_waits(engine: Engine) -> None:
    if engine.waits is None:  # a first start, or a snapshot from before there were estimates
        engine.waits = Waits(engine.centre)
        engine.waits.look_around(engine)


def _replay(engine: Engine, event: events.Event, at: Seconds) -> None:
    try:
        engine.handle(event, at)
    except ForbiddenMove as refusal:
        # Accepted when written, refused under today's centre file: the agent is gone from it.
        log.warning("journal event no longer applies", extra={"why": str(refusal)})

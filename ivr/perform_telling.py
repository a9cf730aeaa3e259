"""What a `queue` tells the agent of what the caller has keyed (`tell`): sealed, then written down;
and what they have proved of who they are.

The caller's place does not depend on it: what cannot be kept in a second is not told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from ivr.perform_leaving import FAULTS, person_of
from ivr.session import Session
from ivr.tickets.story import field_of_values
from ivr.values import LEVEL
from ivr.whose import PROVED

log = logging.getLogger(__name__)

TELL_SECONDS = 1.0


async def tell(names: Iterable[str], session: Session) -> None:
    """Those of these values that the caller has. The words are in the vault, the journal has the
    names alone; under the same key it is told once."""
    values = {name: session.values[name] for name in names if name in session.values}
    if not values:
        return
    contact, key = session.line.facts.contact, session.effect()
    try:
        async with asyncio.timeout(TELL_SECONDS):
            person = await person_of(session)
            lines = (f"{name}: {' '.join(text.split())}" for name, text in values.items())
            await session.neighbours.seals.seal(person, field_of_values(key), "\n".join(lines))
            data = {"effect": key, "person": person, "values": list(values)}
            await session.acceptance.write(contact, "ValuesTold", data)
    except FAULTS as fault:
        why = str(fault) or "not in time"
        log.warning("values not told", extra={"contact": contact, "step": session.step, "why": why})


async def proved(session: Session) -> None:
    """A level is nothing personal. Of whom no step has asked for a proof nothing is written."""
    level = session.values.get(LEVEL)
    if level is None:
        return
    contact, data = session.line.facts.contact, {"effect": session.effect(), "level": level}
    try:
        async with asyncio.timeout(TELL_SECONDS):
            await session.acceptance.write(contact, PROVED, data)
    except FAULTS as fault:
        why = str(fault) or "not in time"
        log.warning("not told what was proved", extra={"contact": contact, "why": why})

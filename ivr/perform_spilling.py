"""What `overflow` does: one question to the routing engine, which changes nothing there."""

from __future__ import annotations

import asyncio
import logging

from ivr.session import Session
from ivr.step import Outcome
from ivr.steps_spilling import QUEUE, OverflowStep, outcome_of

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0


async def overflow(step: OverflowStep, session: Session) -> Outcome:
    """Where the rules lead; who cannot be told that waits like everybody else."""
    facts = session.line.facts
    queue = step.queue or facts.queue
    try:
        async with asyncio.timeout(ASK_SECONDS):
            to = await session.acceptance.way_out(queue, facts.class_)
    except TimeoutError:
        log.warning("overflow rules not asked", extra={"contact": facts.contact, "queue": queue})
        return QUEUE
    return outcome_of(to) if to else QUEUE

"""What a `closure` does: nothing without the PIN."""

from __future__ import annotations

import asyncio
import logging

from ivr.closure_pin import MOST
from ivr.closures import ALL, BY_TELEPHONE, ByTelephone, Closure, Locked
from ivr.gate import Closing
from ivr.ports import StoreFailed
from ivr.session import Session
from ivr.step import SILENCE, Outcome
from ivr.steps_closing import CLOSED, CLOSES, OPENED, OPENS, REFUSED, ClosureStep
from voice.ports import Prompt

log = logging.getLogger(__name__)

HOUR = 3600.0
DO_SECONDS = 5.0


async def closure(step: ClosureStep, session: Session) -> Outcome:
    """Raises `StoreFailed` or TimeoutError when it was not done: the script breaks off, and the
    caller is not told that it was."""
    closures = session.neighbours.gate.closures
    if closures is None:
        return REFUSED
    if outcome := await _not_let_in(step, session, closures):
        return outcome
    key = await session.line.ask(session.prompts(step.choose), most_keys=1, seconds=step.seconds)
    if key not in (CLOSES, OPENS):
        return SILENCE
    async with asyncio.timeout(DO_SECONDS):
        return await _done(step, session, closures, key == CLOSES)


async def _not_let_in(step: ClosureStep, session: Session, closures: Closing) -> Outcome | None:
    """How the step ends without the PIN; None: the PIN is good."""
    before: list[Prompt] = []
    asked = session.prompts(step.say)
    for _ in range(step.tries):
        keys = await session.line.ask(
            [*before, *asked], most_keys=MOST, seconds=step.seconds, secret=True
        )
        if keys is None:
            return SILENCE
        try:
            if await closures.is_pin(keys):
                return None
        except (Locked, StoreFailed):
            return REFUSED
        log.warning("wrong PIN", extra={"contact": session.line.facts.contact})
        before = session.prompts(step.after_no_match)
    return REFUSED


async def _done(step: ClosureStep, session: Session, closures: Closing, closes: bool) -> Outcome:
    queue, now = step.queue or ALL, session.clock.now()
    call = ByTelephone(session.line.facts.contact, session.effect(), session.person)
    if closes:
        until = now + step.lasts * HOUR
        await closures.close(Closure(queue, "", BY_TELEPHONE, now, until), call)
        return CLOSED
    await closures.lift(queue, BY_TELEPHONE, call)
    return OPENED

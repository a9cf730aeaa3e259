"""What `verify` does: ask for the PIN of the call's person, and remember what was proved.

The answer lives in this function alone: no value, no record, no log line and no variable of the
call has it, or how long it was.
"""

from __future__ import annotations

import asyncio
import logging

from ivr.ports import PersonId, PinState, StoreFailed, StoreRefused
from ivr.session import Session
from ivr.step import SILENCE, Outcome
from ivr.steps_outside import FAILED
from ivr.steps_proving import REFUSED, VERIFIED, VerifyStep
from ivr.values import BY_PIN, LEVEL, NOTHING_PROVED
from voice.ports import Prompt

log = logging.getLogger(__name__)

ANSWER_SECONDS = 4.0
"""For counting and comparing one answer: other calls may be compared before it."""


async def verify(step: VerifyStep, session: Session) -> Outcome:
    """Whether the caller knows the PIN; what an earlier step has proved is proved no more."""
    session.values[LEVEL] = NOTHING_PROVED
    if session.person is None:
        return FAILED  # the vault did not say in time whose call this is
    try:
        outcome = await _asked(step, session, session.person)
    except (TimeoutError, StoreFailed, StoreRefused) as fault:
        told = {"contact": session.line.facts.contact, "why": str(fault) or "not in time"}
        log.warning("pin not compared", extra=told)
        return FAILED
    if outcome == VERIFIED:
        session.values[LEVEL] = BY_PIN
    return outcome


async def _asked(step: VerifyStep, session: Session, person: PersonId) -> Outcome:
    contact, pins = session.line.facts.contact, session.neighbours.pins
    before: list[Prompt] = []
    outcome = SILENCE
    for _ in range(step.tries):
        async with asyncio.timeout(ANSWER_SECONDS):
            state = await pins.state(person, contact, step.tries)
        if state is not PinState.OPEN:
            return state.value
        keys = await session.line.ask(
            [*before, *session.prompts(step.say)],
            most_keys=step.keys.most,
            seconds=step.seconds,
            secret=True,
        )
        if not keys:
            outcome, before = SILENCE, session.prompts(step.after_silence)
            continue
        async with asyncio.timeout(ANSWER_SECONDS):
            state = await pins.answer(person, contact, step.tries, keys)
        outcome, before = state.value, session.prompts(step.after_no_match)
        if outcome != REFUSED:
            return outcome
    return outcome

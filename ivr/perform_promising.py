"""What `callback` does: agree on a number, promise, and only then say so.

The number goes from the caller's keys into the vault; no value, record or variable of the call has
it. A script that begins again finds what its visit of the step has promised, and asks nothing anew.
"""

from __future__ import annotations

import asyncio
import logging

from ivr.ports import StoreFailed, StoreRefused
from ivr.promises import CannotPromise, Promise, TooMany, Wish
from ivr.session import Session
from ivr.step import NO_MATCH, SILENCE, Outcome, Spoken
from ivr.steps_outside import FAILED
from ivr.steps_promising import ANOTHER, DECLINED, FULL, NO, NUMBER, PROMISED, YES, CallbackStep
from voice.ports import Prompt
from voice.spoken import Kind, spoken
from voice.values import CannotSay

log = logging.getLogger(__name__)

PROMISE_SECONDS = 3.0


async def callback(step: CallbackStep, session: Session) -> Outcome:
    """Promised is what is safely written; time-outs end the script, and the next finds out."""
    async with asyncio.timeout(PROMISE_SECONDS):
        promise = await session.neighbours.callbacks.kept(session.effect())
    number = ""
    if promise is None:
        number, outcome = await _number(step, session)
        if not number:
            return outcome
        try:
            await _promise(step, session, number)
        except TooMany:
            return FULL
        except (CannotPromise, StoreFailed, StoreRefused) as fault:
            told = {"contact": session.line.facts.contact, "why": str(fault)}
            log.warning("no callback promised", extra=told)
            return FAILED
    if step.promised and (number or not _reads(step.promised)):
        await session.line.say(_with(number, step.promised, session), interruptible=False)
    return PROMISED


async def _number(step: CallbackStep, session: Session) -> tuple[str, Outcome]:
    """The number that the caller has agreed to, or how it ended without one."""
    own = session.line.facts.caller_number or ""
    number = own if session.neighbours.callbacks.may_call(own) else ""
    before: list[Prompt] = []
    outcome = SILENCE
    for _ in range(step.tries):
        if not number:
            number, outcome = await _keyed(step, session, before)
        if number:
            key = await session.line.ask(
                [*before, *_with(number, step.say, session)], most_keys=1, seconds=step.seconds,
                ends_with="",
            )  # fmt: skip
            if key == YES:
                return number, PROMISED
            if key == NO:
                return "", DECLINED
            number, outcome = ("" if key == ANOTHER else number), NO_MATCH if key else SILENCE
            if key == ANOTHER:
                before = []
                continue
        before = session.prompts(step.after_silence if outcome == SILENCE else step.after_no_match)
    return "", outcome


async def _keyed(step: CallbackStep, session: Session, before: list[Prompt]) -> tuple[str, Outcome]:
    """A number that the caller keys; empty when it was none that can be called."""
    keys = await session.line.ask(
        [*before, *session.prompts(step.another)],
        most_keys=step.keys.most,
        seconds=step.seconds,
        secret=True,
    )
    if not keys:
        return "", SILENCE
    number = step.grammar.value(keys)
    fits = number is not None and session.neighbours.callbacks.may_call(number)
    return (str(number), NO_MATCH) if fits else ("", NO_MATCH)


async def _promise(step: CallbackStep, session: Session, number: str) -> Promise:
    facts = session.line.facts
    wish = Wish(
        session.effect(), facts, step.queue or facts.queue, session.language, number,
        session.person, step.urgency or "", step.skills,
    )  # fmt: skip
    async with asyncio.timeout(PROMISE_SECONDS):
        return await session.neighbours.callbacks.promise(wish)


def _reads(words: Spoken) -> bool:
    return any(NUMBER in each.text for each in words.values())


def _with(number: str, words: Spoken, session: Session) -> list[Prompt]:
    """The prompts with the number in them, digit by digit."""
    try:
        said = spoken(number, Kind.DIGITS, session.language)
    except CannotSay:
        said = " ".join(number)
    return session.prompts(words, {"number": said})

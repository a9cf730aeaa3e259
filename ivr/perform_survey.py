"""What a `survey` does: ask, keep what was answered, say thanks.

What is kept names the talk that it is about. A caller who hangs up in the middle has still said
what they said; a journal that is away keeps nobody on the line.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from ivr.ports import CallerGone, StoreFailed
from ivr.session import Session
from ivr.step import DONE, SILENCE, Outcome, Spoken
from ivr.steps_survey import SurveyStep
from ivr.survey_record import SURVEY_ANSWERED
from voice.ports import Prompt

log = logging.getLogger(__name__)

KEEP_SECONDS = 1.0


async def survey(step: SurveyStep, session: Session) -> Outcome:
    """`SILENCE` when the first question was not answered."""
    scores: dict[str, int] = {}
    try:
        for name, question in step.questions():
            score = await _score(step, session, question)
            if score is None:
                break
            scores[name] = score
    except CallerGone:
        await _keep(step, session, scores)
        raise
    await _keep(step, session, scores)
    if not scores:
        return SILENCE
    await session.line.say(session.prompts(step.thanks), interruptible=True)
    return DONE


async def _score(step: SurveyStep, session: Session, question: Spoken) -> int | None:
    """Ask until a score is given, or there are no more tries."""
    asked = session.prompts(question)
    before: list[Prompt] = []
    for _ in range(step.tries):
        key = await session.line.ask([*before, *asked], most_keys=1, seconds=step.seconds)
        if key is not None and key in step.scores:
            return int(key)
        before = session.prompts(step.after_silence if key is None else step.after_no_match)
    return None


async def _keep(step: SurveyStep, session: Session, scores: Mapping[str, int]) -> None:
    """Durable in a second, or the caller goes on without waiting for it."""
    contact = session.line.facts.contact
    told = {"effect": session.effect(), "step": session.step, "flow": session.version}
    try:
        async with asyncio.timeout(KEEP_SECONDS):
            data = {**told, "of": step.highest, **scores}
            await session.acceptance.write(contact, SURVEY_ANSWERED, data)
    except (TimeoutError, StoreFailed) as fault:
        why = str(fault) or "not in time"
        log.warning("survey not kept in time", extra={"contact": contact, "why": why})

"""What each kind of step does: one short function a kind, from the step to its outcome.

Hang-up comes up from the line as `CallerGone` and is nobody's business here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ivr.flow import (
    DONE,
    NO_MATCH,
    SILENCE,
    GoodbyeStep,
    HoursStep,
    MenuStep,
    Outcome,
    QueueStep,
    SayStep,
    SetStep,
    Step,
)
from ivr.session import Session
from voice.ports import Prompt

ENQUEUE_SECONDS = 3.0


async def perform(step: Step, session: Session) -> Outcome:
    """Do what the step says; what it ended in."""
    return await PERFORMERS[step.do](step, session)


async def say(step: SayStep, session: Session) -> Outcome:
    await session.line.say(session.prompts(step.say), interruptible=step.interruptible)
    return DONE


async def menu(step: MenuStep, session: Session) -> Outcome:
    question = session.prompts(step.say, every_language=step.every_language)
    before: list[Prompt] = []
    outcome = SILENCE
    for _ in range(step.tries):
        key = await session.line.ask(
            [*before, *question], most_keys=1, seconds=step.seconds, ends_with=""
        )
        if key in step.keys:
            return key
        outcome = NO_MATCH if key else SILENCE
        before = session.prompts(step.after_no_match if key else step.after_silence)
    return outcome


async def set_(step: SetStep, session: Session) -> Outcome:
    if step.language:
        await session.line.set_language(step.language)
        session.language = step.language
    session.values.update(step.values)
    return DONE


async def hours(step: HoursStep, session: Session) -> Outcome:
    return "open" if session.hours[step.hours].is_open(session.clock.now()) else "closed"


async def queue(step: QueueStep, session: Session) -> Outcome:
    """Recorded first: from then on the caller has a place, whatever happens to this process."""
    facts = session.line.facts
    name = step.queue or facts.queue
    async with asyncio.timeout(ENQUEUE_SECONDS):
        entered_at = await session.acceptance.enqueue(
            facts, name, facts.class_, session.language, session.person
        )
    say = session.prompts(step.say)
    await session.line.join_queue(name, facts.class_, entered_at, say, step.after)
    return "waiting"


async def goodbye(step: GoodbyeStep, session: Session) -> Outcome:
    await session.line.say(session.prompts(step.say), interruptible=False)
    await session.line.hang_up()
    return DONE


PERFORMERS: dict[str, Callable[[Any, Session], Awaitable[Outcome]]] = {
    "say": say,
    "menu": menu,
    "set": set_,
    "hours": hours,
    "queue": queue,
    "goodbye": goodbye,
}

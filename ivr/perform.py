"""What each kind of step does: one short function a kind, from the step to its outcome.

Hang-up comes up from the line as `CallerGone` and is nobody's business here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ivr.flow import (
    DONE,
    NO_MATCH,
    SILENCE,
    TALKED,
    AskStep,
    BranchStep,
    GoodbyeStep,
    HoursStep,
    ListenStep,
    LookupStep,
    MenuStep,
    Outcome,
    QueueStep,
    SayStep,
    SetStep,
    Step,
)
from ivr.matter import Matter
from ivr.perform_calling import flow, return_
from ivr.perform_closing import closure
from ivr.perform_leaving import message, record, ticket
from ivr.perform_promising import callback
from ivr.perform_proving import verify
from ivr.perform_python import python
from ivr.perform_resuming import resumed
from ivr.perform_spilling import overflow
from ivr.perform_survey import survey
from ivr.perform_telling import proved, tell
from ivr.perform_transferring import transfer
from ivr.ports import LookupFailed, NotThere
from ivr.session import Session
from ivr.steps_deciding import EMERGENCY
from ivr.steps_outside import FAILED, NOT_FOUND, TIMEOUT, BadAnswer, BadQuestion
from ivr.steps_waiting import WAITING
from ivr.values import LEVEL, NOTHING_PROVED
from voice.ports import Prompt

log = logging.getLogger(__name__)

ENQUEUE_SECONDS = 3.0


async def perform(step: Step, session: Session) -> Outcome:
    """Do what the step says; what it ended in."""
    return await PERFORMERS[step.do](step, session)


async def say(step: SayStep, session: Session) -> Outcome:
    await session.line.say(session.prompts(step.say), interruptible=step.interruptible)
    return DONE


async def ask(step: AskStep, session: Session) -> Outcome:
    question = session.prompts(step.say)
    meant, outcome = await _answer(step, session, question, step.answers.get)
    return meant or outcome


async def menu(step: MenuStep, session: Session) -> Outcome:
    question = session.prompts(step.say, every_language=step.every_language)
    key, outcome = await _answer(
        step, session, question, lambda keys: keys if keys in step.keys else None
    )
    return key or outcome


async def listen(step: ListenStep, session: Session) -> Outcome:
    value, outcome = await _answer(
        step, session, session.prompts(step.say), step.grammar.value, step.keys.most,
        step.ends_with, secret=step.secret,
    )  # fmt: skip
    if value is not None:
        session.values[step.into] = value
    return outcome


async def _answer(
    step: AskStep | MenuStep | ListenStep,
    session: Session,
    question: Sequence[Prompt],
    meaning: Callable[[str], str | None],
    most_keys: int = 1,
    ends_with: str = "",
    *,
    secret: bool = False,
) -> tuple[str | None, Outcome]:
    """Ask until an answer has a meaning, or there are no more tries: the meaning and how it
    ended."""
    before: list[Prompt] = []
    outcome = SILENCE
    for _ in range(step.tries):
        keys = await session.line.ask(
            [*before, *question], most_keys=most_keys, seconds=step.seconds, ends_with=ends_with,
            secret=secret,
        )  # fmt: skip
        if keys is not None and (meant := meaning(keys)) is not None:
            return meant, DONE
        outcome = SILENCE if keys is None else NO_MATCH
        before = session.prompts(step.after_silence if keys is None else step.after_no_match)
    return None, outcome


async def set_(step: SetStep, session: Session) -> Outcome:
    if step.language:
        await session.line.set_language(step.language)
        session.language = step.language
    session.values.update(step.values)
    return DONE


async def branch(step: BranchStep, session: Session) -> Outcome:
    if step.value:
        return step.outcome(session.values.get(step.value))
    facts = session.line.facts
    known = {
        "caller": "known" if facts.caller_number else "withheld",
        "class": facts.class_,
        "dialled": facts.dialled,
        "language": session.language,
        "listed": session.listed,
        "queue": facts.queue,
        "verified": session.values.get(LEVEL, NOTHING_PROVED),
    }
    return step.outcome(known[str(step.fact)])


async def hours(step: HoursStep, session: Session) -> Outcome:
    if session.neighbours.gate.is_closed(step.queue or session.line.facts.queue):
        return EMERGENCY if EMERGENCY in step.then else "closed"
    return "open" if session.hours[step.hours].is_open(session.clock.now()) else "closed"


async def lookup(step: LookupStep, session: Session) -> Outcome:
    """All values, or none: what the service has not answered is not half known."""
    try:
        question = step.question(session.values)
        lookups, key = session.neighbours.lookups, session.effect()
        answer = await lookups.get(step.service, question, step.seconds, key)
        session.values.update(step.found(answer))
    except NotThere:
        return NOT_FOUND
    except TimeoutError:
        return TIMEOUT
    except (LookupFailed, BadQuestion, BadAnswer) as fault:
        told = {"contact": session.line.facts.contact, "service": step.service, "why": str(fault)}
        log.warning("lookup failed", extra=told)
        return FAILED
    return DONE


async def queue(step: QueueStep, session: Session) -> Outcome:
    """Recorded first: from then on the caller has a place, whatever happens to this process."""
    facts = session.line.facts
    name, urgency = step.queue or facts.queue, step.urgency or ""
    await tell(step.tell, session)
    await proved(session)
    before = session.neighbours.earlier.of(session.person, name, facts.class_)
    resumes = await resumed(name, session)
    matter = Matter(urgency, step.skills, resumes, before.preferred, before.repeat)
    async with asyncio.timeout(ENQUEUE_SECONDS):
        entered_at = await session.acceptance.enqueue(
            facts, name, facts.class_, session.language, session.person, matter
        )
    say = session.prompts(step.say)
    await session.line.join_queue(
        name, facts.class_, entered_at, say, step.after, goes_on=TALKED in step.then,
        urgency=urgency,
        keys="".join(step.keys),
    )  # fmt: skip
    return WAITING


async def goodbye(step: GoodbyeStep, session: Session) -> Outcome:
    await session.line.say(session.prompts(step.say), interruptible=False)
    await session.line.hang_up()
    return DONE


PERFORMERS: dict[str, Callable[[Any, Session], Awaitable[Outcome]]] = {
    "say": say,
    "ask": ask,
    "menu": menu,
    "listen": listen,
    "set": set_,
    "branch": branch,
    "hours": hours,
    "lookup": lookup,
    "python": python,
    "record": record,
    "ticket": ticket,
    "message": message,
    "flow": flow,
    "return": return_,
    "verify": verify,
    "callback": callback,
    "overflow": overflow,
    "transfer": transfer,
    "queue": queue,
    "survey": survey,
    "closure": closure,
    "goodbye": goodbye,
}

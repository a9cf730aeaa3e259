"""What each kind of step does with a customer who reads and writes.

Most do the same as for a caller. What needs a telephone leads to a person: the customer waits where
the step, else the chat, has its queue. So does, at any step, whoever asks for one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, cast

from ivr.flow import DONE, SILENCE, MessageStep, Outcome, QueueStep, Step
from ivr.perform import PERFORMERS, queue
from ivr.perform_leaving import FAULTS, KEEP_SECONDS, person_of
from ivr.session import Session
from ivr.steps_leaving import FAILED
from ivr.steps_proving import NO_PIN, VerifyStep
from ivr.text_answers import Answer, PersonWanted
from ivr.tickets.story import field_of_note
from ivr.values import LEVEL
from voice.ports import Prompt

log = logging.getLogger(__name__)

PERSON = "person"
"""How a step ended in the journal, and on trails, that led to a person instead."""
BY_TELEPHONE = frozenset({"record", "callback", "transfer", "closure"})
"""Kinds of step that need a telephone."""
MESSAGE = "message"
"""The type of ticket that a written message is."""


class Writing(Protocol):
    """The line of somebody who writes; `ivr.text_line` has it."""

    async def asked(
        self, prompts: Sequence[Prompt], *, most_keys: int = 1, secret: bool = False
    ) -> Answer | None:
        """The answer in their own words; None: there is none."""


async def perform_by_text(step: Step, session: Session) -> Outcome:
    """Do what the step says; what it ended in."""
    if step.do in BY_TELEPHONE:
        return await _to_a_person(session, getattr(step, "queue", None))
    try:
        return await _PERFORMERS.get(step.do, PERFORMERS[step.do])(step, session)
    except PersonWanted:
        return await _to_a_person(session)


async def _to_a_person(session: Session, queue_name: str | None = None) -> Outcome:
    await _queue(QueueStep(do="queue", queue=queue_name), session)
    return PERSON


async def _queue(step: QueueStep, session: Session) -> Outcome:
    """Agents read what was written; of what the flow has collected they are told all but secrets,
    and of those what `tell` names."""
    secret = {LEVEL, *session.secrets}
    told = dict.fromkeys((*step.tell, *(n for n in session.values if n not in secret)))
    return await queue(step.model_copy(update={"tell": tuple(told)}), session)


async def _verify(step: VerifyStep, session: Session) -> Outcome:
    """Nobody is known by a number here, so nobody has a PIN."""
    session.values.pop(LEVEL, None)
    return NO_PIN


async def _message(step: MessageStep, session: Session) -> Outcome:
    """What they write next becomes work on a ticket. They see what they wrote: nothing is asked of
    it again."""
    line, before = cast(Writing, session.line), session.prompts(None)
    for _ in range(step.tries):
        answer = await line.asked([*before, *session.prompts(step.say)])
        if answer is not None:
            return await _kept(step, session, answer.words)
        before = session.prompts(step.after_silence)
    return SILENCE


async def _kept(step: MessageStep, session: Session, words: str) -> Outcome:
    """Sealed first: what the journal tells of must be there to be read."""
    contact, key = session.line.facts.contact, session.effect()
    data = {"effect": key, "type": MESSAGE, "queue": step.queue or session.line.facts.queue}
    try:
        async with asyncio.timeout(KEEP_SECONDS):
            person = await person_of(session)
            await session.neighbours.seals.seal(person, field_of_note(key), words)
            await session.acceptance.write(contact, "TicketNoted", {**data, "person": person})
    except FAULTS as fault:
        told = {"contact": contact, "step": session.step, "why": str(fault) or "not in time"}
        log.error("message not kept", extra=told)
        return FAILED
    return DONE


_PERFORMERS: dict[str, Callable[[Any, Session], Awaitable[Outcome]]] = {
    "message": _message, "queue": _queue, "verify": _verify,
}  # fmt: skip
"""The kinds that do something else here."""

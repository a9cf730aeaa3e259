"""What the steps do by which callers leave something behind.

Everything is kept under the key of the visit, in this order: the recording (sealed), the line in
the journal, the notice. A script that begins again finds what is kept and does the rest. What the
journal has is left: callers are not told otherwise because a notice of it could not be put.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

from ivr.flow import DONE, SILENCE, Outcome
from ivr.ports import (
    EMAIL,
    CallerGone,
    Outgoing,
    PersonId,
    Recording,
    StoreFailed,
    StoreRefused,
    Take,
)
from ivr.session import Session
from ivr.step import Spoken
from ivr.steps_leaving import CANCELLED, FAILED, MessageStep, RecordStep, TicketStep
from ivr.tickets.story import field_of_note
from voice.ports import Prompt

log = logging.getLogger(__name__)

KEEP_SECONDS = 5.0
"""How long a caller may wait until what they left is on the disk."""
NOTICE_SECONDS = 2.0
"""How long they may wait for the notice of it."""
CONFIRM_SECONDS, CONFIRM_TRIES = 5.0, 2
MOST_TAKES = 10
"""So often a message is recorded at most; of who always wants it anew the last one is kept."""
FAULTS = (StoreFailed, StoreRefused, LookupError, TimeoutError)


class Recorder(Protocol):
    """A step that records the caller."""

    @property
    def say(self) -> Spoken: ...
    @property
    def after_silence(self) -> Spoken | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def pause(self) -> int: ...
    @property
    def least(self) -> float: ...
    @property
    def tries(self) -> int: ...


async def message(step: MessageStep, session: Session) -> Outcome:
    """Kept and written down before the caller hears so."""
    take: Take | None = None
    if await session.neighbours.recordings.find(session.effect()) is None:
        take, outcome = await _message_of(step, session)
        if take is None:
            return outcome
    queue = step.queue or session.line.facts.queue
    kept = await _kept(session, take, partial(_message_left, session, queue))
    if kept and queue in session.neighbours.told_by_email:
        await _notify(session, queue, kept)
    if take and take.gone:
        raise CallerGone
    return DONE if kept else FAILED


async def record(step: RecordStep, session: Session) -> Outcome:
    """Kept with the contact, nobody's work."""
    take: Take | None = None
    if await session.neighbours.recordings.find(session.effect()) is None:
        take = await _recorded(step, session)
        if take is None:
            return SILENCE
    kept = await _kept(session, take, partial(_recording_kept, session, step.of))
    if take and take.gone:
        raise CallerGone
    return DONE if kept else FAILED


async def ticket(step: TicketStep, session: Session) -> Outcome:
    """Sealed first: what the journal tells of must be there to be read."""
    contact, key = session.line.facts.contact, session.effect()
    queue = step.queue or session.line.facts.queue
    try:
        async with asyncio.timeout(KEEP_SECONDS):
            person = await person_of(session)
            words = step.written(session.values)
            await session.neighbours.seals.seal(person, field_of_note(key), words)
            data = {"effect": key, "person": person, "type": step.type, "queue": queue}
            await session.acceptance.write(contact, "TicketNoted", data)
    except FAULTS as fault:
        told = {"contact": contact, "step": session.step, "why": str(fault) or "not in time"}
        log.error("ticket not written", extra=told)
        return FAILED
    return DONE


async def _message_of(step: MessageStep, session: Session) -> tuple[Take | None, Outcome]:
    """What the caller wants to be kept, and why there is nothing."""
    for number in range(1, MOST_TAKES + 1):
        take = await _recorded(step, session)
        if take is None:
            return None, SILENCE
        key, gone = await _confirmed(step, session, take)
        if key == step.cancel:
            return None, CANCELLED
        if key != step.again or number == MOST_TAKES:
            return Take(take.sound, take.spoken, gone), DONE
    return None, SILENCE


async def _recorded(step: Recorder, session: Session) -> Take | None:
    """What the caller says; None: nothing, however often they are asked. `CallerGone` from who
    leaves without a word."""
    before: Sequence[Prompt] = []
    for _ in range(step.tries):
        asked = [*before, *session.prompts(step.say)]
        take = await session.line.record(asked, seconds=step.seconds, pause=step.pause)
        if take.spoken >= step.least:
            return take
        if take.gone:
            raise CallerGone
        before = session.prompts(step.after_silence)
    return None


async def _confirmed(step: MessageStep, session: Session, take: Take) -> tuple[str, bool]:
    """The key that the caller chose, or that to keep it; and whether they are gone by now."""
    if take.gone or step.confirm is None:
        return step.keep, take.gone
    try:
        for _ in range(CONFIRM_TRIES):
            asked = session.prompts(step.confirm)
            wait = CONFIRM_SECONDS
            key = await session.line.ask(asked, most_keys=1, seconds=wait, ends_with="")
            if key in (step.keep, step.again, step.cancel):
                return key, False
    except CallerGone:
        return step.keep, True
    return step.keep, False


async def _message_left(session: Session, queue: str, kept: Recording) -> None:
    """The message is work from now on."""
    data = {"effect": session.effect(), "person": kept.person, **_found(queue, kept)}
    await session.acceptance.write(session.line.facts.contact, "MessageLeft", data)


async def _notify(session: Session, queue: str, kept: Recording) -> None:
    """Who reads the queue's e-mail is told. The message stands without it."""
    contact, at = session.line.facts.contact, session.clock.now()
    about = {"about": "message", "contact": contact, "at": at, **_found(queue, kept)}
    try:
        async with asyncio.timeout(NOTICE_SECONDS):
            await session.neighbours.outbox.put(Outgoing(session.effect(), EMAIL, None, about))
    except (StoreFailed, TimeoutError) as fault:
        told = {"contact": contact, "step": session.step, "why": str(fault) or "not in time"}
        log.error("notice not kept", extra=told)


def _found(queue: str, kept: Recording) -> dict[str, Any]:
    return {"queue": queue, "recording": kept.id, "seconds": kept.seconds}


async def _recording_kept(session: Session, of: str, kept: Recording) -> None:
    data = {"effect": session.effect(), "person": kept.person, "of": of, "recording": kept.id,
            "seconds": kept.seconds}  # fmt: skip
    await session.acceptance.write(session.line.facts.contact, "RecordingKept", data)


async def _kept(
    session: Session, take: Take | None, tell: Callable[[Recording], Awaitable[None]]
) -> Recording | None:
    """Keep what was said, unless a script before this one has, and tell of it. None: it failed."""
    told = {"contact": session.line.facts.contact, "step": session.step}
    recordings, key = session.neighbours.recordings, session.effect()
    try:
        async with asyncio.timeout(KEEP_SECONDS):
            kept = await recordings.find(key)
            if kept is None and take:
                kept = await recordings.keep(key, await person_of(session), take.sound)
            if kept is None:
                raise StoreFailed("the recording is gone")
            await tell(kept)
    except FAULTS as fault:
        log.error("recording not kept", extra={**told, "why": str(fault) or "not in time"})
        return None
    log.info("recording kept", extra={**told, "recording": kept.id})
    return kept


async def person_of(session: Session) -> PersonId:
    """Who calls; asked again where it could not be told in time when the call began."""
    if session.person is None:
        session.person = await session.acceptance.begin(session.line.facts)
    if session.person is None:
        raise LookupError("nobody knows who calls")
    return session.person

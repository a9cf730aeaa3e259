"""What a `queue` asks who has waited before: whether they take up the place that is kept."""

from __future__ import annotations

import asyncio
import logging

from acd.model import ContactId, Seconds
from ivr.ports import StoreFailed, StoreRefused
from ivr.session import Session
from voice.ports import Prompt

log = logging.getLogger(__name__)

FIND_SECONDS: Seconds = 1.0
ANSWER_SECONDS: Seconds = 5.0
YES = "1"
TRIES = 2
"""Who says nothing is asked once more; any other key is an answer."""


async def resumed(queue: str, session: Session) -> ContactId | None:
    """The contact whose place the caller has asked for; None: there is none, or they begin anew.
    Nobody is kept waiting for it."""
    returns, facts = session.neighbours.returns, session.line.facts
    try:
        async with asyncio.timeout(FIND_SECONDS):
            found = await returns.find(facts, session.person, queue)
    except (TimeoutError, StoreFailed, StoreRefused) as fault:
        told = {"contact": facts.contact, "why": str(fault) or "not in time"}
        log.warning("no kept place looked for", extra=told)
        return None
    if found is None:
        return None
    asked = [Prompt(returns.words(found, session.language), session.language)]
    for _ in range(TRIES):
        key = await session.line.ask(asked, most_keys=1, seconds=ANSWER_SECONDS, ends_with="")
        if key:
            break
    log.info("place asked for", extra={"contact": facts.contact, "taken": key == YES})
    return found if key == YES else None

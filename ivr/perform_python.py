"""What a `python` step does: the function runs elsewhere, and whatever it does the call goes on."""

from __future__ import annotations

import logging

from ivr.flow import Outcome
from ivr.ports import PythonFailed
from ivr.python_steps import FAILED, UNKNOWN
from ivr.session import Session
from ivr.steps_python import PythonStep, RegisteredStep

log = logging.getLogger(__name__)


async def python(step: PythonStep, session: Session) -> Outcome:
    """All values of an outcome, or none."""
    if session.begun_before and isinstance(step, RegisteredStep) and step.once:
        return UNKNOWN
    try:
        given = step.given(session.values)
        ended = await session.neighbours.python.run(step.name, given, session.effect())
    except (TimeoutError, PythonFailed) as fault:
        told = {"contact": session.line.facts.contact, "function": step.name}
        log.warning("python step failed", extra=told | {"why": str(fault) or "not in time"})
        return FAILED
    session.values.update(step.kept(ended))
    return ended.outcome

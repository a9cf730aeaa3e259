"""What `transfer` does: ring a telephone and wait for its end, which Asterisk keeps with the call.

A script that begins again in the middle says nothing and rings nobody: it goes on with that end.
"""

from __future__ import annotations

import logging

from ivr.ports import LineFailed
from ivr.session import Session
from ivr.step import Outcome
from ivr.steps_transferring import TransferStep
from ivr.transfers import Ringing, Rung

log = logging.getLogger(__name__)


async def transfer(step: TransferStep, session: Session) -> Outcome:
    """A destination that the site file has no more cannot be reached."""
    destination = session.neighbours.destinations.get(step.to)
    told = {"contact": session.line.facts.contact, "to": step.to}
    if destination is None:
        log.warning("no such destination any more", extra=told)
        return Rung.UNREACHABLE.value
    seconds = step.seconds or destination.seconds
    ringing = Ringing(session.effect(), step.to, destination.phone, seconds)
    try:
        rung = await session.line.transfer(ringing, session.prompts(step.say))
    except LineFailed as fault:
        log.warning("not transferred", extra=told | {"why": str(fault)})
        rung = Rung.UNREACHABLE
    return rung.value

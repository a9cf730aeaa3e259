"""What `transfer` does: ring a telephone and wait for its end, which Asterisk keeps with the call.

A script that begins again in the middle says nothing and rings nobody: it goes on with that end.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from acd.model import Seconds
from ivr.dialling import NotDialled, Route
from ivr.dialling_rules import HANDED_ON
from ivr.ports import LineFailed, StoreFailed, StoreRefused
from ivr.session import Session
from ivr.step import Outcome
from ivr.steps_transferring import TransferStep
from ivr.transfers import Ringing, Rung

log = logging.getLogger(__name__)

REFUSED = "DestinationRefused"
"""Journal kind: the dialling rules did not let a caller through to a number outside."""
RULES_SECONDS: Seconds = 5.0
"""How long a caller may wait until it is known, and written down, by which ways they go outside."""
FAULTS = (LineFailed, NotDialled, StoreFailed, StoreRefused, TimeoutError)


async def transfer(step: TransferStep, session: Session) -> Outcome:
    """A destination that the site file has no more cannot be reached, nor one outside which the
    dialling rules refuse just now."""
    destination = session.neighbours.destinations.get(step.to)
    told = {"contact": session.line.facts.contact, "to": step.to}
    if destination is None:
        log.warning("no such destination any more", extra=told)
        return Rung.UNREACHABLE.value
    seconds = step.seconds or destination.seconds
    ringing = Ringing(session.effect(), step.to, destination.phone, seconds)
    try:
        # What was dialled already is not asked of the rules again: they may say no by now.
        if destination.number and await session.line.end_of(ringing.key) is None:
            ways = await _ways(destination.number, ringing, session)
            ringing = replace(ringing, routes=ways)
        rung = await session.line.transfer(ringing, session.prompts(step.say))
    except FAULTS as fault:
        log.warning("not transferred", extra=told | {"why": str(fault) or "not in time"})
        rung = Rung.UNREACHABLE
    return rung.value


async def _ways(number: str, ringing: Ringing, session: Session) -> tuple[Route, ...]:
    """On the record before it rings: it counts for the caps of the day."""
    facts, data = session.line.facts, {"to": ringing.name, "effect": ringing.key}
    write, routing = session.acceptance.write, session.neighbours.routing
    async with asyncio.timeout(RULES_SECONDS):
        try:
            async with routing.counted(number, queue=facts.queue) as ways:
                await write(facts.contact, HANDED_ON, data | ways[0].noted)
        except NotDialled as refusal:
            await write(facts.contact, REFUSED, data | {"why": str(refusal)})
            raise
    return ways

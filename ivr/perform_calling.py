"""What the steps do by which flows call flows: next to nothing, as their arrows lead on."""

from __future__ import annotations

from ivr.flow import Outcome
from ivr.session import Session
from ivr.steps_calling import CALLED, FlowStep, ReturnStep


async def flow(step: FlowStep, session: Session) -> Outcome:
    """Into the called flow."""
    return CALLED


async def return_(step: ReturnStep, session: Session) -> Outcome:
    """Back to the flow that called."""
    return step.outcome

"""The agents' legs as they are made: the telephone that rings, and what comes before the gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from acd.commands import Offer
from acd.model import Seconds
from adapters.asterisk import routes
from adapters.asterisk.legs import LEG_SLACK, Action, leg_of
from adapters.asterisk.outward_facts import FAR_HALF
from ivr.agent_phones import LegPlan

TOLD, ASKED = "acd-ahead", "acd-accept"
"""Contexts of the dialplan that come before the gate: the agent is told, or asked for a key."""
OUTSIDE = "Local/s@acd-agent-way/n"
"""Where the trunks are tried in turn; `n`: the leg keeps its name and variables."""
FAR_PREFIX = "way-"
"""The other half of such a leg is no leg: nothing that ends legs must find it."""
BEEP = "picked-up"
"""What an agent hears whose telephone has picked up by itself."""
TOLD_SECONDS: Seconds = 20.0
"""So long an announcement may take, and so much longer than its time the question for a key."""
DEAD_SECONDS: Seconds = 4.0
"""So long one trunk may hold the next one up."""
ANSWERS_ITSELF = (
    "PJSIP_HEADER(add,Call-Info)=<sip:hotline>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)=<http://localhost>;info=alert-autoanswer;delay=0",
)
"""By the one or the other each make of telephone knows that it is to pick up."""


class Plans(Protocol):
    """Who knows how agents are rung."""

    async def plan(self, offer: Offer, of_a_caller: bool) -> LegPlan: ...


class AgentLines:
    """Makes the command by which an agent's leg is made."""

    def __init__(self, tones: Path) -> None:
        self._beep = str(tones / BEEP)
        self.plans: Plans | None = None
        """Set when all parts are there; without it everybody has a telephone of the house."""

    async def leg(
        self, offer: Offer, gate: str, variables: Sequence[str], of_a_caller: bool = True
    ) -> Action:
        """Ring the agent, whose leg comes to the context `gate`; `NotDialled` if it may not be."""
        if self.plans is None:
            return leg_of(offer, gate, variables)
        plan = await self.plans.plan(offer, of_a_caller)
        files = [self._beep] if plan.answers_itself else []
        if plan.hears:
            files.append(str(plan.hears.with_suffix("")))
        before = [f"GATE={gate}", f"AHEAD={'&'.join(files)}"]
        if plan.routes:
            return _outside(offer, plan, [*variables, *before])
        if plan.answers_itself:
            before += ANSWERS_ITSELF
        at = {"Channel": f"PJSIP/{plan.phone or offer.agent}"}
        if files:
            told = [*variables, *before, f"AHEAD_SECONDS={TOLD_SECONDS:.0f}"]
            return {**leg_of(offer, TOLD, told), **at}
        return {**leg_of(offer, gate, variables), **at}


def _outside(offer: Offer, plan: LegPlan, variables: Sequence[str]) -> Action:
    """One half of a Local channel; the other dials."""
    longest = offer.ring_seconds + DEAD_SECONDS * len(plan.routes) + LEG_SLACK
    more = {
        "RING_SECONDS": f"{offer.ring_seconds:.0f}",
        "ACCEPT_SECONDS": f"{plan.accept_seconds:.0f}",
        "AHEAD_SECONDS": f"{plan.accept_seconds + TOLD_SECONDS:.0f}",
        **routes.variables(plan.routes),
    }
    told = [*variables, *(f"{name}={value}" for name, value in more.items())]
    return {
        **leg_of(offer, ASKED, told),
        "Channel": OUTSIDE,
        "OtherChannelId": FAR_PREFIX + offer.offer + FAR_HALF,
        "Timeout": str(round(longest * 1000)),
    }

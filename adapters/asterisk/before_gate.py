"""How far a leg is, and whether one that was picked up, and is not at its gate yet, may be ended.

To hang up a leg that is up can cut a talk. Not so where its offer is void and the leg, looked at
after that, is still before the gate: an offer that is void never becomes valid again.
"""

from __future__ import annotations

from adapters.asterisk.ami import Ami, AmiRefused
from adapters.asterisk.facts import LEG_PREFIX, PHASE_ENDS
from adapters.asterisk.legs import HEIR_MARK, OFFER_MARK


async def may_be_ended(ami: Ami, offer: str, caller: str | None) -> bool:
    """Whether this leg can reach nobody any more. `caller`: their channel; None: they are gone, or
    never were on a line."""
    marks = [await _value(ami, caller, mark) for mark in (OFFER_MARK, HEIR_MARK)] if caller else []
    if offer in marks:
        return False
    return await _value(ami, LEG_PREFIX + offer, "PHASE") in PHASE_ENDS


async def leg_state(ami: Ami, offer: str) -> str | None:
    """`Ring`, `Ringing`, `Up` ...; None when no channel is this leg now."""
    return await _value(ami, LEG_PREFIX + offer, "CHANNEL(state)") or None


async def _value(ami: Ami, channel: str, name: str) -> str:
    """Empty, too, where there is no such channel."""
    try:
        asked = {"Action": "Getvar", "Channel": channel, "Variable": name}
        return (await ami.send(asked)).get("Value") or ""
    except AmiRefused:
        return ""

"""The agents' legs as commands to Asterisk: how one is made, and sent to the desk. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acd.commands import Offer
from acd.model import Rule, Seconds
from adapters.asterisk.facts import LEG_PREFIX

LEG_SLACK: Seconds = 5.0
"""How much longer Asterisk lets a leg ring than the engine wants, should nobody withdraw it."""
OFFER_MARK, HEIR_MARK = "SHARED(OFFER)", "SHARED(HEIR)"
"""What on the caller's channel names the leg that may pass: the gate of a talk, or of an heir."""
NO_HEIR_MARK = "SHARED(NOHEIR)"
"""The offer of the leg that was to take the caller over and will not come."""
Action = Mapping[str, str | Sequence[str]]


def mark_of(offer: Offer) -> str:
    """The variable of the caller's channel that lets this leg pass its gate."""
    return HEIR_MARK if offer.rule is Rule.CONSULT else OFFER_MARK


def gate_of(offer: Offer, channel: str) -> tuple[str, list[str]]:
    """The context whose gate the leg passes to the caller on `channel`, and what it needs there."""
    variables = [f"CALLER={channel}", f"CONTACT={offer.contact}", f"OFFER={offer.offer}"]
    consults = offer.rule is Rule.CONSULT
    if consults:
        variables += [f"OF={offer.asked_by or ''}", f"AGENT={offer.agent}"]
    return "acd-aside" if consults else "acd-agent", variables


def leg_of(offer: Offer, context: str, variables: Sequence[str]) -> Action:
    """Ring an agent, whose leg comes to this context of the dialplan."""
    return {
        "Action": "Originate",
        "ActionID": LEG_PREFIX + offer.offer,
        "Channel": f"PJSIP/{offer.agent}",
        "ChannelId": LEG_PREFIX + offer.offer,
        "Context": context,
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(round((offer.ring_seconds + LEG_SLACK) * 1000)),
        "Async": "true",
        "Variable": variables,
    }


def room_for(offer: Offer, channel: str, line: str) -> Action:
    """Before another agent is rung: who asked for them leaves the caller on `channel` to the music.
    By a line of their own they have done so; that line is told what it is for."""
    if not line:
        return to_desk(offer.asked_by or "", "leave" if offer.leaves else "consult")
    return asks(line, f"{offer.asked_by}~{channel}")


def asks(line: str, what: str) -> Action:
    """Tell the second line of a telephone which talk it belongs to; `no`: none, it ends, as it does
    by `refused`: what it asks for is not dialled."""
    return {"Action": "Setvar", "Channel": line, "Variable": "ASKS", "Value": what}


def inherited(line: str, variable: str, value: str) -> Action:
    """Set this on a line, and on every channel that the dialplan makes for it from now on."""
    return {"Action": "Setvar", "Channel": line, "Variable": f"__{variable}", "Value": value}


def to_desk(offer: str, place: str) -> Action:
    """Send the leg of this talk to a place of the desk: the only channel that is ever moved."""
    return {
        "Action": "Redirect",
        "Channel": LEG_PREFIX + offer,
        "Context": "acd-desk",
        "Exten": place,
        "Priority": "1",
    }

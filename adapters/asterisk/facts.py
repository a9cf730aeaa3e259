"""What Asterisk says, in the words of the engine. Pure.

The manager interface (AMI) is quick but forgets; the channel event log (CEL) is late but complete.
Both tell the engine the same facts, and it ignores what it knows. The story of a call (`Note`) is
taken from CEL alone, where each row is applied once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from acd import events
from acd.events import Event, OfferEnd
from acd.model import CALLS, ContactId, OfferId, QueueId
from adapters.asterisk import outward_facts, talk_facts, transfers
from adapters.asterisk.recorded_rows import RECORDED_ROWS
from ivr.out_of_line import let_out
from ivr.ports import CallFacts, Note

LEG_PREFIX = "acd-"
"""The agent's leg of offer X has the channel id `acd-X`."""

LEG_ENDS = {
    "17": OfferEnd.BUSY,
    "21": OfferEnd.DECLINED,
    "16": OfferEnd.RELEASED,
    "26": OfferEnd.RELEASED,
    "18": OfferEnd.RANG_OUT,
    "19": OfferEnd.RANG_OUT,
}
"""By hang-up cause (Q.850) of a leg that was never answered; any other: unreachable."""

ASKED_FOR = "16"
"""The hang-up cause of a leg that somebody ended. A caller who comes back then was handed on."""
FALLBACK = "fallback"
"""Stands for an offer where the fallback phones had the talk."""

SEPARATORS = re.compile(r"[ ().\-/]")
NUMBER = re.compile(r"\+?[0-9]{1,32}")

TALKED_PHASES = ("talk", "callerend", "consult")
"""Phases of the agent's leg in which it was bridged with the caller, or with who asked for it."""

PHASE_ENDS = {"ahead": OfferEnd.DECLINED, "asked": OfferEnd.RANG_OUT}
"""How an offer ended whose leg was put down before its gate: while the agent was told what it is
about, or (a telephone outside) asked for the key that a person presses."""


@dataclass(frozen=True, slots=True)
class CelRow:
    """One row of the channel event log. `extra`: a user event's text, or JSON of a system event."""

    id: int
    kind: str
    uniqueid: str
    extra: str


def offer_of(uniqueid: str) -> OfferId | None:
    """The offer whose leg this channel is, if it is one."""
    leg = uniqueid.removeprefix(LEG_PREFIX)
    return OfferId(leg) if leg != uniqueid else None


def signalled_number(text: str) -> str | None:
    """A caller's number, `+0-9` only; None when what was signalled is no number."""
    number = SEPARATORS.sub("", text)
    return number if NUMBER.fullmatch(number) else None


def caller(event: Mapping[str, str], channel: str, dialled: str, presentation: str) -> CallFacts:
    """Who calls, for a caller who came past our script. A withheld number is none."""
    shown = presentation.startswith("allowed")
    return CallFacts(
        contact=ContactId(event["Contact"]),
        dialled=dialled,
        caller_number=signalled_number(event.get("CallerIDNum", "")) if shown else None,
        channel=channel,
        language=event.get("Lang") or "zh",
    )


# ---------------------------------------------------------------- AMI


def variables_of(row: Mapping[str, str]) -> dict[str, str]:
    """The channel variables of a Status row; the header repeats, its values come joined."""
    lines = row.get("Variable", "").split("\n")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def from_ami(event: Mapping[str, str]) -> list[Event]:
    """The facts in one AMI event; most events hold none."""
    name = event.get("Event", "")
    rule = _AMI.get(event.get("UserEvent", "") if name == "UserEvent" else name)
    return rule(event) if rule else []


def _waiting(event: Mapping[str, str]) -> list[Event]:
    contact = ContactId(event["Contact"])
    arrived = events.Arrived(
        contact,
        QueueId(event.get("Queue", "")),
        milliseconds(event.get("Entered", "0")),
        class_=event.get("Class") or "standard",
        language=event.get("Lang") or "zh",
        waits=True,
    )
    return [arrived, events.Reached(contact)]


def _claimed(event: Mapping[str, str]) -> list[Event]:
    return [events.OfferAnswered(ContactId(event["Contact"]), OfferId(event["Offer"]))]


def _leg_end(event: Mapping[str, str]) -> list[Event]:
    return leg_ended(event["Contact"], event["Offer"], event.get("Phase", ""))


def leg_ended(contact: str, offer: str, phase: str) -> list[Event]:
    """The agent's leg ended in this phase of the gate."""
    if phase in TALKED_PHASES:
        return [events.LegEnded(ContactId(contact), OfferId(offer))]
    return [events.OfferEnded(OfferId(offer), PHASE_ENDS.get(phase, OfferEnd.RELEASED))]


def _hangup(event: Mapping[str, str]) -> list[Event]:
    offer = offer_of(event.get("Uniqueid", ""))
    if offer is None:
        return []
    return [events.OfferEnded(offer, LEG_ENDS.get(event.get("Cause", ""), OfferEnd.UNREACHABLE))]


def _back(event: Mapping[str, str]) -> list[Event]:
    offer, cause = [*event.get("End", "").split("~"), ""][:2]
    id_, known = ContactId(event["Contact"]), offer not in ("", FALLBACK)
    handed_on = known and cause == ASKED_FOR
    return [events.Returned(id_, OfferId(offer) if known else None, nobody=handed_on)]


def _gone(event: Mapping[str, str]) -> list[Event]:
    return [events.CallerLeft(ContactId(event["Contact"]), channel=CALLS)]


def _left(event: Mapping[str, str]) -> list[Event]:
    return [let_out(ContactId(event["Contact"]))]


def _fallback(event: Mapping[str, str]) -> list[Event]:
    return [events.TakenByFallback(ContactId(event["Contact"]))]


_AMI: dict[str, Callable[[Mapping[str, str]], list[Event]]] = {
    "AcdWaiting": _waiting,
    "AcdClaimed": _claimed,
    "AcdLegEnd": _leg_end,
    "AcdBack": _back,
    "AcdLeft": _left,
    "AcdGone": _gone,
    "AcdFallback": _fallback,
    "AcdConfirmed": outward_facts.confirmed,
    "AcdDial": outward_facts.nothing,
    **dict.fromkeys(("AcdPickup", "AcdDeskIn", "AcdDeskOut"), outward_facts.nothing),
    "Hangup": _hangup,
    **talk_facts.AMI,
}
USER_EVENTS = frozenset(name for name in _AMI if name.startswith("Acd"))
"""The dialplan's own events of which something is made; others need not be sent."""


def milliseconds(text: str) -> float:
    """Seconds from the dialplan's milliseconds; 0 when it is no number."""
    return int(text) / 1000 if text.isdigit() else 0.0


# ---------------------------------------------------------------- CEL

Told = list[Event | Note]


def from_cel(row: CelRow) -> Told:
    """The facts and the story in one CEL row; most rows hold none."""
    if row.kind == "HANGUP":
        return [*_cel_hangup(row)]
    rule = _CEL.get(row.kind)
    return [*rule(*fields_of(row))] if rule else []


def fields_of(row: CelRow) -> list[str]:
    """The `a|b|c` of a user event, padded so that a short row is an empty field, not a fault."""
    text = row.extra
    if text.startswith("{"):
        text = str(json.loads(text).get("extra", ""))
    return [*text.split("|"), "", "", "", "", ""][:6]


def _cel_hangup(row: CelRow) -> list[Event]:
    cause = str(json.loads(row.extra or "{}").get("hangupcause", ""))
    return _hangup({"Uniqueid": row.uniqueid, "Cause": cause})


def _cel_wait(contact: str, entered: str, queue: str, class_: str, lang: str, *_: str) -> Told:
    words = {"Contact": contact, "Entered": entered, "Queue": queue, "Class": class_, "Lang": lang}
    # Not `Reached`: this row may be older than what AMI has told since.
    return [*_waiting(words)[:1]]


def _cel_claim(contact: str, offer: str, *_: str) -> Told:
    return [events.OfferAnswered(ContactId(contact), OfferId(offer))]


def _cel_leg_end(contact: str, end: str, *_: str) -> Told:
    offer, _cause, phase = [*end.split("~"), "", ""][:3]
    return [*leg_ended(contact, offer, phase)]


def _cel_back(contact: str, _entered: str, end: str, *_: str) -> Told:
    return [*_back({"Contact": contact, "End": end})]


def _cel_gone(contact: str, _entered: str, cause: str, *_: str) -> Told:
    id_ = ContactId(contact)
    return [events.CallerLeft(id_, channel=CALLS), Note(id_, "CallEnded", {"cause": cause})]


def _cel_fallback(contact: str, *_: str) -> Told:
    return [events.TakenByFallback(ContactId(contact))]


def _cel_key(contact: str, key: str, *_: str) -> Told:
    return [Note(ContactId(contact), "KeyPressed", {"key": key})]


def _cel_said(contact: str, request: str, key: str, status: str, *_: str) -> Told:
    data = {"request": request, "key": key, "status": status}
    return [Note(ContactId(contact), "Said", data)]


def _cel_survey(contact: str, key: str, *_: str) -> Told:
    return [Note(ContactId(contact), "SurveyAnswered", {"key": key})]


def _cel_fallback_end(contact: str, status: str, seconds: str, *_: str) -> Told:
    how = "done" if status == "ANSWER" else "no answer"
    data = {"how": how, "seconds": int(seconds) if seconds.isdecimal() else 0}
    return [Note(ContactId(contact), "FallbackEnded", data)]


_CEL: Mapping[str, Callable[..., Sequence[Event | Note]]] = {
    "ACD_MENU": lambda contact, *_: [Note(ContactId(contact), "PlainMenuMet", {})],
    "ACD_FAX": lambda contact, *_: [Note(ContactId(contact), "FaxHeard", {})],
    "ACD_WAIT": _cel_wait,
    "ACD_CLAIM": _cel_claim,
    "ACD_LEGEND": _cel_leg_end,
    "ACD_BACK": _cel_back,
    "ACD_GONE": _cel_gone,
    "ACD_FALLBACK": _cel_fallback,
    "ACD_FALLBACK_END": _cel_fallback_end,
    "ACD_KEY": _cel_key,
    "ACD_SAID": _cel_said,
    "ACD_SURVEY": _cel_survey,
    "ACD_OUT": outward_facts.told,
    "ACD_TRANSFER": lambda *fields: [*transfers.began(*fields)],
    "ACD_TRANSFER_END": lambda *fields: [*transfers.ended(*fields)],
    **talk_facts.CEL,
    **RECORDED_ROWS,
}

"""Telephones that are no agents' and that flows may ring (`destinations`), and how it ends.

A destination is a number outside, or has a SIP account of its own. It is never an agent's phone:
that would ring somebody of whom the distribution believes that they are free.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from acd.model import Seconds
from ivr.dialling import NotDialled, Route, Today, routes
from ivr.faults import meant
from ivr.keys import Keys, Name, PhoneName
from ivr.outbound import OutboundSettings
from ivr.store_ports import EffectKey
from ivr.trunks import E164, TrunkEntry

LEAST_RING, MOST_RING = 5, 120
LONGEST_TALK: Seconds = 4 * 3600.0
"""Whoever talks longer is cut off, so that a line that was forgotten ends."""
OUTSIDE = re.compile(r"\+.*|0[0-9]+|[0-9]{7,}")
"""What nobody calls a telephone of the house: a number of the public network."""
NOT_OUTSIDE = (
    'a number outside is written {number: "+861012345678"}, with the code of its country; `phone` '
    'names a telephone of the house, like "2001"'
)
ONE_OF_BOTH = "name either `phone`, a telephone of the house, or `number`, a number outside"
_TAKEN = frozenset(
    {"global", "udp", "tcp", "tls", "base", "trunk", "phone", "phone-auth", "phone-aor", "replaces"}
)
"""Words of `pjsip.conf` itself."""


class Rung(StrEnum):
    """How ringing a destination ended, as a step's outcome."""

    DONE = "done"
    """They talked, and the other side hung up."""
    BUSY = "busy"
    """It is busy, or said no."""
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    """It is not registered or does not react; no trunk has taken the call, or the dialling rules
    did not let it out; or nobody can tell any more how it ended."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """Whom to ring for a call. Under one key it is rung once, however often it is asked for."""

    key: EffectKey
    name: str
    """The destination's, in the site file."""
    phone: str
    """Empty: outside."""
    seconds: Seconds
    """It rings for so long."""
    routes: tuple[Route, ...] = field(default=(), repr=False)
    """The ways outside. Nobody is rung by none; under a key that was rung before it needs none."""


def _of_the_house(phone: str) -> str:
    if OUTSIDE.fullmatch(phone):
        raise ValueError(NOT_OUTSIDE)
    return phone


class Destination(Keys):
    """A telephone that `transfer` steps may ring: one of the house, or outside."""

    phone: Annotated[PhoneName, AfterValidator(_of_the_house)] = ""
    """The name of its SIP account, which is made for it; empty: it is outside."""
    number: E164 = ""
    """A number outside; empty: it is of the house."""
    secret: str = ""
    """The account's password; left out: one is made."""
    seconds: Annotated[float, Field(ge=LEAST_RING, le=MOST_RING)] = 25
    """It rings for so long, unless the step says otherwise."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Destination:
        if bool(self.phone) == bool(self.number):
            raise ValueError(ONE_OF_BOTH)
        if self.number and self.secret:
            raise ValueError("`secret` is for a telephone of the house; a number has no account")
        return self

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: object) -> object:
        """Said before the phone is looked at: an outside number has signs that no name has."""
        if not isinstance(given, Mapping):
            raise ValueError('write {phone: "2001"} or {number: "+861012345678"}')
        for key in given:
            if key not in cls.model_fields:
                raise ValueError(f"unknown key {key!r}{meant(str(key), cls.model_fields)}")
        phone = given.get("phone")
        for key in ("phone", "number"):
            if isinstance(given.get(key), int):
                raise ValueError(f'put quotation marks around the {key}: "{given[key]}"')
        if isinstance(phone, str) and OUTSIDE.fullmatch(re.sub(r"[ ().\-/]", "", phone)):
            raise ValueError(f"phone: {NOT_OUTSIDE}")
        return given


def destination_faults(
    destinations: Mapping[Name, Destination],
    phones: Collection[str],
    agents: Collection[str],
    numbers: Collection[str],
) -> list[str]:
    """What is wrong with them beside the other telephones and people of the house."""
    faults: list[str] = []
    seen: dict[str, str] = {}
    for name, destination in destinations.items():
        phone = destination.phone
        if not phone:
            continue
        why = _why_not(phone, phones, agents, numbers)
        if not why and phone in seen:
            why = f"{seen[phone]!r} has this phone already; one phone is one destination"
        seen.setdefault(phone, name)
        if why:
            faults.append(f"site.yaml: destinations.{name}.phone: {why}")
    return faults


def outside_faults(
    destinations: Mapping[Name, Destination],
    outbound: OutboundSettings,
    trunks: Mapping[str, TrunkEntry],
    numbers: Collection[str],
) -> list[str]:
    """The numbers outside that may not be dialled. Where `outbound` itself names trunks that there
    are not, that alone is told: nothing can be said of numbers."""
    if any(name not in trunks for name in outbound.trunks):
        return []
    faults = []
    for name, destination in destinations.items():
        if not destination.number:
            continue
        why = ""
        if destination.number in numbers:
            why = "this is a number that callers dial; let the flow lead there by a step"
        else:
            try:
                routes(outbound, trunks, destination.number, queue="", today=Today())
            except NotDialled as refusal:
                why = str(refusal)
        if why:
            faults.append(f"site.yaml: destinations.{name}.number: {why}")
    return faults


def _why_not(
    phone: str, phones: Collection[str], agents: Collection[str], numbers: Iterable[str]
) -> str:
    if phone in phones or phone in agents:
        return (
            f"{phone!r} is an agent's phone: a transfer would ring somebody whom the distribution "
            "takes for free. Let the flow lead to a `queue`, or give the place a phone of its own"
        )
    if phone in numbers:
        return f"{phone!r} is a number that callers dial; choose another name for the phone"
    if phone in _TAKEN:
        return f"{phone!r} means something else to Asterisk; choose another name"
    return ""

"""The agents' telephones as the site file names them (`phones`), and what is wrong with them.

An agent's telephone has a SIP account of the house, or is a number outside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from ivr.dialling import NotDialled, Today, routes
from ivr.faults import meant
from ivr.keys import Keys, Name
from ivr.outbound import OutboundSettings
from ivr.trunks import E164, TrunkEntry

Announcement = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^\P{C}+$")
]
"""A few words for an agent, in the first language of the house."""


class PhoneEntry(Keys):
    """An agent's telephone. Its name is the agent's id."""

    secret: str = ""
    """The password of its SIP account; left out: one is made."""
    number: E164 = ""
    """A number outside; empty: it has an account of the house."""
    accept_seconds: Annotated[float, Field(ge=5, le=60)] = 15
    """Of a number outside: so long whoever picks up may take to press 1."""
    auto_answer: bool = False
    """Whether the telephone is asked to pick up by itself."""

    @model_validator(mode="after")
    def _one_of_both(self) -> PhoneEntry:
        if self.number and self.secret:
            raise ValueError("`secret` is for a telephone of the house; a number has no account")
        if self.number and self.auto_answer:
            raise ValueError("`auto_answer` is for a telephone of the house: nobody can tell one "
                             "outside to pick up")  # fmt: skip
        return self


def phone_faults(
    phones: Mapping[str, PhoneEntry], house_alone: Mapping[str, Collection[str]],
    numbers: Collection[str], outbound: OutboundSettings, trunks: Mapping[str, TrunkEntry],
) -> Iterator[str]:  # fmt: skip
    """What is wrong with those outside, a sentence each. `house_alone`: lists of the site file that
    only telephones of the house can be in."""
    outside = {name: phone.number for name, phone in phones.items() if phone.number}
    for key, names in house_alone.items():
        for name in names:
            if name in outside:
                yield (f"site.yaml: {key}: {name!r} is a number outside; "
                       "name telephones of the house")  # fmt: skip
    seen: dict[str, str] = {}
    for name, number in outside.items():
        why = ""
        if number in seen:
            why = f"{seen[number]!r} has this number already; one telephone is one agent's"
        elif number in numbers:
            why = "this is a number that callers dial; they would be led to themselves"
        elif all(trunk in trunks for trunk in outbound.trunks):
            why = _why_not(number, outbound, trunks)
        seen.setdefault(number, name)
        if why:
            yield f"site.yaml: phones.{name}.number: {why}"


def _why_not(number: str, outbound: OutboundSettings, trunks: Mapping[str, TrunkEntry]) -> str:
    try:
        routes(outbound, trunks, number, queue="", today=Today())
    except NotDialled as refusal:
        return str(refusal)
    return ""


def announcement_faults(
    announcements: Mapping[Name, Announcement], queues: Collection[str]
) -> Iterator[str]:
    """A sentence for each queue that there is not."""
    for queue in announcements:
        if queue not in queues:
            near = meant(queue, queues)
            yield f"site.yaml: announcements.{queue}: there is no queue {queue!r}{near}"

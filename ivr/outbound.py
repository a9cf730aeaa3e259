"""Which numbers may be dialled, and what they are shown (`outbound` in the site file).

Nothing but numbers of help may be dialled until `allow` says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from ivr.faults import meant
from ivr.keys import Keys, Name
from ivr.phone_numbers import is_emergency
from ivr.trunks import E164, TrunkEntry

Prefix = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,14}$")]
"""How a number in E.164 begins, like +86 or +8610."""
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
HelpNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}$")]


class OutboundSettings(Keys):
    """The rules by which the house dials."""

    region: Region = "CN"
    """The country (two letters) whose numbers are dialled without a code."""
    allow: tuple[Prefix, ...] = ()
    """Only numbers that begin so are dialled."""
    block: tuple[Prefix, ...] = ()
    """Of those, not the ones that begin so. Premium numbers never are."""
    new_ranges: tuple[Prefix, ...] = ()
    """Numbers that begin so have been given out, though the numbering plan that we go by does not
    know them yet."""
    emergency: tuple[HelpNumber, ...] = ()
    """Numbers of help besides those of the country. They are dialled whatever the rules say."""
    trunks: tuple[Name, ...] = ()
    """In which order they are tried; none: all, in the order of the file."""
    caller_id: E164 | None = None
    """What is shown; None: the first of the trunk's `caller_ids`."""
    caller_ids: dict[Name, E164] = Field(default_factory=dict)
    """What is shown on calls for single queues."""
    per_agent: Annotated[int, Field(ge=1, le=10_000)] = 200
    """So many calls a day for one agent."""
    per_day: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    """So many calls a day in all."""
    longest_call: Annotated[float, Field(ge=2, le=240)] | None = None
    """Minutes that a talk may last in a call that the house places; None: as people like."""

    def is_emergency(self, number: str) -> bool:
        """Whether the police, the fire service or the like call from this number."""
        return is_emergency(number, self.region)

    def shows(self, queue: str) -> str | None:
        """The caller ID of calls for this queue; None: that of the trunk."""
        return self.caller_ids.get(queue, self.caller_id)

    def order(self, trunks: Mapping[str, TrunkEntry]) -> list[str]:
        """The trunks that are dialled by, in failover order."""
        return [name for name in self.trunks or trunks if trunks[name].caller_ids]


def outbound_faults(
    outbound: OutboundSettings, trunks: Mapping[str, TrunkEntry], queues: Collection[str]
) -> Iterator[str]:
    """What the rest of the settings does not know, a sentence each."""
    here = "site.yaml: outbound"
    unknown = [name for name in outbound.trunks if name not in trunks]
    for name in unknown:
        yield f"{here}.trunks: there is no trunk {name!r}{meant(name, trunks)}"
    if len(set(outbound.trunks)) < len(outbound.trunks):
        yield f"{here}.trunks: each trunk can be in the order once"
    for queue in outbound.caller_ids:
        if queue not in queues:
            yield f"{here}.caller_ids.{queue}: there is no queue {queue!r}{meant(queue, queues)}"
    if unknown:
        return
    order = outbound.order(trunks)
    if outbound.allow and not order:
        yield f"{here}.allow: no trunk has `caller_ids`, so nothing could be dialled"
    known = {shown for name in order for shown in trunks[name].caller_ids}
    wanted = {f"caller_ids.{queue}": shown for queue, shown in outbound.caller_ids.items()}
    if outbound.caller_id:
        wanted["caller_id"] = outbound.caller_id
    for key, shown in wanted.items():
        if shown not in known:
            yield f"{here}.{key}: {shown} is among the `caller_ids` of no trunk that is dialled by"

"""May this number be dialled, and by which trunks? Pure: what was dialled today is an argument.

A number comes in as a person wrote it and goes out as digits that were checked, one by one: what
Asterisk is handed has no other sign in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ivr.outbound import OutboundSettings
from ivr.phone_numbers import calls_help, dialled_digits, e164, is_premium
from ivr.trunks import TrunkEntry, endpoint_of


class Refusal(StrEnum):
    """Why a number is not dialled."""

    NO_NUMBER = "no_number"
    """It is no telephone number, or none that there can be."""
    NOT_ALLOWED = "not_allowed"
    """It begins with nothing that `outbound.allow` names."""
    BLOCKED = "blocked"
    PREMIUM = "premium"
    AGENT_CAP = "agent_cap"
    DAY_CAP = "day_cap"
    NO_TRUNK = "no_trunk"
    """There is no trunk by which it could go out with the queue's caller ID."""


SENTENCES: Mapping[Refusal, str] = {
    Refusal.NO_NUMBER: "this is no telephone number",
    Refusal.NOT_ALLOWED: "numbers that begin so are not dialled here (`outbound.allow`)",
    Refusal.BLOCKED: "numbers that begin so are blocked (`outbound.block`)",
    Refusal.PREMIUM: "premium numbers are never dialled",
    Refusal.AGENT_CAP: "the agent has dialled as often as is allowed in a day",
    Refusal.DAY_CAP: "the house has dialled as often as is allowed in a day",
    Refusal.NO_TRUNK: "no trunk may show the caller ID of this queue",
}


class NotDialled(Exception):
    """The rules refuse the call; never with the number, which may end up in a log."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(SENTENCES[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Today:
    """How often was dialled since midnight, numbers of help left out."""

    by_agent: int = 0
    """By the agent for whom the call is; 0 where it is nobody's."""
    in_all: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """One way out. Routes are tried in their order."""

    trunk: str
    """Its name in the site file."""
    dial: str
    """What stands after `PJSIP/`: the number as the trunk wants it, `@` and the endpoint."""
    caller_id: str
    """What is shown, in E.164."""
    calls_help: bool = False
    """Whether the police or the like is called: such calls count for no cap."""

    @property
    def noted(self) -> dict[str, str | bool]:
        """What the journal keeps of a call that goes this way."""
        return {"trunk": self.trunk} | ({"help": True} if self.calls_help else {})


class Routing(Protocol):
    """The dialling rules of the house."""

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        """The ways to this number, the first first. Raises `NotDialled`. Nothing is counted."""

    @asynccontextmanager
    async def counted(
        self, number: str, *, queue: str, agent: str = ""
    ) -> AsyncIterator[tuple[Route, ...]]:
        """The same, for a block that puts the call on record: nobody else is told anything until
        it has ended, or two who ask at once would both have the last call of a cap."""
        yield await self(number, queue=queue, agent=agent)

    async def again(self, number: str, *, queue: str) -> tuple[Route, ...]:
        """The ways for a call that is on record: the caps, which count it, are not asked twice."""
        return await self(number, queue=queue)


def routes(
    outbound: OutboundSettings,
    trunks: Mapping[str, TrunkEntry],
    number: str,
    *,
    queue: str,
    today: Today,
) -> tuple[Route, ...]:
    """The ways to this number in failover order, one at least; `NotDialled` with the reason."""
    digits = dialled_digits(number)
    if digits is None:
        raise NotDialled(Refusal.NO_NUMBER)
    if is_help(outbound, digits):
        return _ways(outbound, trunks, digits, None)
    dialled = e164(digits, outbound.region, outbound.new_ranges)
    if dialled is None:
        raise NotDialled(Refusal.NO_NUMBER)
    if refusal := _refusal(outbound, dialled, today):
        raise NotDialled(refusal)
    return _ways(outbound, trunks, dialled, outbound.shows(queue))


def is_help(outbound: OutboundSettings, digits: str) -> bool:
    """Whether the police, the fire service or the like answer there: dialled whatever holds."""
    plain = digits.isdigit()
    return plain and (digits in outbound.emergency or calls_help(digits, outbound.region))


def _refusal(outbound: OutboundSettings, dialled: str, today: Today) -> Refusal | None:
    if not dialled.startswith(outbound.allow or ("none",)):
        return Refusal.NOT_ALLOWED
    if outbound.block and dialled.startswith(outbound.block):
        return Refusal.BLOCKED
    if is_premium(dialled):
        return Refusal.PREMIUM
    if today.by_agent >= outbound.per_agent:
        return Refusal.AGENT_CAP
    return Refusal.DAY_CAP if today.in_all >= outbound.per_day else None


def _ways(
    outbound: OutboundSettings, trunks: Mapping[str, TrunkEntry], dialled: str, shown: str | None
) -> tuple[Route, ...]:
    """`shown`: None: whatever the trunk shows. A trunk that may not show it is left out."""
    found = [
        Route(
            name,
            f"{trunks[name].written(dialled)}@{endpoint_of(name)}",
            shown or allowed[0],
            calls_help=shown is None and not dialled.startswith("+"),
        )
        for name in outbound.order(trunks)
        if (allowed := trunks[name].caller_ids) and (shown is None or shown in allowed)
    ]
    if not found:
        raise NotDialled(Refusal.NO_TRUNK)
    return tuple(found)

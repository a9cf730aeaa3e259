"""Whom a call may turn to besides the distributor: services, stores, and the gate it comes through.

The core builds them once. What is not named is that of a house that has none: it answers that
nothing is there, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import Seconds
from ivr.dialling import NotDialled, Refusal, Route, Routing
from ivr.earlier import Earlier, NoEarlier
from ivr.gate import OPEN, Gate
from ivr.pins import NoPins
from ivr.ports import (
    EffectKey,
    Ended,
    LookupFailed,
    Lookups,
    Outbox,
    Outgoing,
    PersonId,
    Pins,
    PythonFailed,
    PythonSteps,
    Recording,
    Recordings,
    Seals,
    StoreFailed,
)
from ivr.promises import Callbacks, NoCallbacks
from ivr.returns import NoReturns, Returns
from ivr.transfers import Destination


class NoServices:
    """`ivr.ports.Lookups` of a house that asks nobody."""

    async def get(self, service: str, question: str, seconds: Seconds, key: EffectKey) -> Any:
        raise LookupFailed("there are no services")


class NoOutbox:
    """`ivr.ports.Outbox` of a house that sends nothing."""

    async def put(self, outgoing: Outgoing) -> None:
        raise StoreFailed("there is no outbox")


class NoRecordings:
    """`ivr.ports.Recordings` of a house that keeps none."""

    async def find(self, key: EffectKey) -> Recording | None:
        return None

    async def keep(self, key: EffectKey, person: PersonId, sound: bytes) -> Recording:
        raise StoreFailed("there is no place for recordings")


class NoSeals:
    """`ivr.ports.Seals` of a house that keeps nothing personal."""

    async def seal(self, person: PersonId, field_name: str, text: str) -> None:
        raise StoreFailed("there is no vault")


class NoRouting(Routing):
    """`ivr.dialling.Routing` of a house that dials nobody."""

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        raise NotDialled(Refusal.NO_TRUNK)


class NoPython:
    """`ivr.ports.PythonSteps` of a house that has none."""

    async def run(self, name: str, inputs: Mapping[str, str], key: EffectKey) -> Ended:
        raise PythonFailed("there are no Python steps")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The same for every call of a house."""

    gate: Gate = OPEN
    lookups: Lookups = field(default_factory=NoServices)
    outbox: Outbox = field(default_factory=NoOutbox)
    python: PythonSteps = field(default_factory=NoPython)
    pins: Pins = field(default_factory=NoPins)
    callbacks: Callbacks = field(default_factory=NoCallbacks)
    recordings: Recordings = field(default_factory=NoRecordings)
    seals: Seals = field(default_factory=NoSeals)
    told_by_email: Collection[str] = ()
    """The queues to which a message is told by e-mail, too."""
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    """The telephones that `transfer` steps may ring."""
    routing: Routing = field(default_factory=NoRouting)
    """By which ways numbers outside are dialled."""
    returns: Returns = field(default_factory=NoReturns)
    """Who may take up a place that they had a moment ago."""
    earlier: Earlier = field(default_factory=NoEarlier)
    """What was with a customer before."""


NONE = Neighbours()
"""Of a house that has none."""

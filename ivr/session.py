"""What is known of one call while its flow is walked, and whom its steps may ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import Seconds
from acd.schedule import Schedule
from ivr.flow import Spoken, StepName, prompt
from ivr.gate import OPEN, Gate
from ivr.pins import NoPins
from ivr.ports import (
    NO_VALUES,
    Acceptance,
    Clock,
    EffectKey,
    Ended,
    Line,
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
from ivr.spoken_values import filled
from voice.ports import Prompt


class NoServices:
    """`ivr.ports.Lookups` of a house that asks nobody."""

    async def get(self, service: str, question: str, seconds: Seconds) -> Any:
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


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where what callers leave behind is kept, in the whole house."""

    recordings: Recordings = field(default_factory=NoRecordings)
    seals: Seals = field(default_factory=NoSeals)
    told_by_email: Collection[str] = ()
    """The queues to which a message is told by e-mail, too."""


class NoPython:
    """`ivr.ports.PythonSteps` of a house that has none."""

    async def run(self, name: str, inputs: Mapping[str, str], key: EffectKey) -> Ended:
        raise PythonFailed("there are no Python steps")


@dataclass(slots=True)
class Session:
    """One call. Dies with the script; what must outlive it is on the line or in the journal."""

    line: Line
    acceptance: Acceptance
    clock: Clock
    hours: Mapping[str, Schedule]
    languages: tuple[str, ...]
    """Those of the house: every prompt has them."""
    language: str
    version: str = ""
    """Of the flow."""
    person: PersonId | None = None
    visits: Counter[str] = field(default_factory=Counter)
    """How often each step has been performed that is limited or has an effect."""
    step: StepName = ""
    """The step that is being performed."""
    values: dict[str, str] = field(default_factory=dict, repr=False)
    """What the steps have collected. Personal: never in a log, the trail or the journal."""
    listed: str = "none"
    """The list that the caller is on: `blocked`, `allowed` or `none`."""
    gate: Gate = OPEN
    trail: list[str] = field(default_factory=list)
    """`step:outcome` of each step so far."""
    lookups: Lookups = field(default_factory=NoServices)
    outbox: Outbox = field(default_factory=NoOutbox)
    keeping: Keeping = field(default_factory=Keeping)
    pins: Pins = field(default_factory=NoPins)
    python: PythonSteps = field(default_factory=NoPython)
    begun_before: bool = False
    """Whether the step that is being performed was begun before, by a script that died in it."""
    callbacks: Callbacks = field(default_factory=NoCallbacks)

    def effect(self, name: StepName = "") -> EffectKey:
        """The key of what this visit of a step does (of the step that is being performed, unless
        another is named). A script that begins again after its process has died gets the same."""
        name = name or self.step
        return EffectKey(f"{self.line.facts.contact}/{name}/{self.visits[name]}")

    def prompts(
        self,
        spoken: Spoken | None,
        own_words: Mapping[str, str] = NO_VALUES,
        *,
        every_language: bool = False,
    ) -> list[Prompt]:
        """What is said, in the caller's language or in each (the caller's first), with the values
        that it holds; `own_words` are the step's own, in place of values."""
        if spoken is None:
            return []
        others = [language for language in self.languages if language != self.language]
        languages = [self.language, *others] if every_language else [self.language]
        values = {**self.values, **own_words}
        return [filled(prompt(spoken, language), values) for language in languages]

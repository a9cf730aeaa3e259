"""What is known of one call while its flow is walked, and whom its steps may ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import Seconds
from acd.schedule import Schedule
from ivr.flow import Spoken, prompt
from ivr.ports import Acceptance, Clock, Line, LookupFailed, Lookups, PersonId
from ivr.spoken_values import filled
from voice.ports import Prompt


class NoServices:
    """`ivr.ports.Lookups` of a house that asks nobody."""

    async def get(self, service: str, question: str, seconds: Seconds) -> Any:
        raise LookupFailed("there are no services")


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
    """How often each limited step has been performed."""
    values: dict[str, str] = field(default_factory=dict, repr=False)
    """What the steps have collected. Personal: never in a log, the trail or the journal."""
    trail: list[str] = field(default_factory=list)
    """`step:outcome` of each step so far."""
    lookups: Lookups = field(default_factory=NoServices)

    def prompts(self, spoken: Spoken | None, *, every_language: bool = False) -> list[Prompt]:
        """What is said, in the caller's language or in each (the caller's first), with the values
        that it holds."""
        if spoken is None:
            return []
        others = [language for language in self.languages if language != self.language]
        languages = [self.language, *others] if every_language else [self.language]
        return [filled(prompt(spoken, language), self.values) for language in languages]

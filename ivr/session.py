"""What is known of one call while its flow is walked, and whom its steps may ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.schedule import Schedule
from ivr.flow import Spoken, StepName, prompt
from ivr.neighbours import NONE, Neighbours
from ivr.ports import NO_VALUES, Acceptance, Clock, EffectKey, Line, PersonId
from ivr.spoken_values import filled
from voice.ports import Prompt


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
    trail: list[str] = field(default_factory=list)
    """`step:outcome` of each step so far."""
    begun_before: bool = False
    """Whether the step that is being performed was begun before, by a script that died in it."""
    neighbours: Neighbours = NONE
    by_text: bool = False
    """Whether the customer reads and writes: what is said is written to them."""
    secrets: frozenset[str] = frozenset()
    """Those of the values that are to be seen by nobody."""

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
        return [
            filled(prompt(spoken, language), values, to_read=self.by_text) for language in languages
        ]

"""Steps that say nothing: they look at the clock, or change what is known of the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ivr.step import DONE, AnyStep, Outcome
from ivr.values import LONGEST_TEXT, ValueName


class SetStep(AnyStep):
    """Change what is known of the call: its language, its values, or both. Outcome: `done`."""

    do: Literal["set"]
    language: str | None = None
    values: Mapping[
        ValueName, Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]
    ] = Field(default_factory=dict)
    """Texts by the names under which later steps find them."""

    @model_validator(mode="after")
    def _something(self) -> SetStep:
        if self.language is None and not self.values:
            raise ValueError("give `language`, `values`, or both")
        return self

    def collects(self) -> Mapping[str, int]:
        return {name: len(text.encode()) for name, text in self.values.items()}

    def gives(self, outcome: Outcome) -> frozenset[str]:
        return frozenset(self.values) if outcome == DONE else frozenset()


class HoursStep(AnyStep):
    """Look at the opening hours of this name. Outcomes: `open`, `closed`."""

    do: Literal["hours"]
    hours: str

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({"open", "closed"})

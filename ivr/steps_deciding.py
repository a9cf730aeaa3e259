"""Steps that say nothing: they look at the clock or at what is known of the call, or change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from ivr.cases import ELSE, Case, CaseName
from ivr.step import DONE, AnyStep, Outcome
from ivr.values import LONGEST_TEXT, ValueName

EMERGENCY = "emergency"


class SetStep(AnyStep):
    """Change what is known of the call: its language, its values, or both. Outcome: `done`."""

    do: Literal["set"]
    language: str | None = None
    """One of the house; what is said from here on is said in it."""
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
    """Look at the opening hours of this name. Outcomes: `open`, `closed`, and if named `emergency`.

    In an emergency closure it is `emergency`, or `closed` where that is not named.
    """

    may_lead_on: ClassVar[frozenset[Outcome]] = frozenset({EMERGENCY})

    do: Literal["hours"]
    hours: str
    """`always`, or a name from `hours` in centre.yaml."""
    queue: str | None = None
    """The queue whose emergency closure counts; left out: that of the dialled number."""

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({"open", "closed"})


class BranchStep(AnyStep):
    """Look at a value, or at a fact of the call. Outcomes: each of the `cases`, `else`.

    The first case that holds is the outcome.
    """

    do: Literal["branch"]
    value: ValueName | None = None
    """The name of a value that a step collects."""
    fact: (
        Literal["caller", "class", "dialled", "language", "listed", "queue", "verified"] | None
    ) = None
    """`caller`: `known` or `withheld`, as the network says. `listed`: `blocked`, `allowed` or
    `none`, as the lists of callers say. `verified`: `no` or `pin`."""
    cases: Annotated[dict[CaseName, Case], Field(min_length=1)]
    """A test for each outcome; the first that holds is taken."""

    @model_validator(mode="after")
    def _one_thing(self) -> BranchStep:
        if (self.value is None) == (self.fact is None):
            raise ValueError("give either `value` or `fact`")
        if self.fact and any(case.missing for case in self.cases.values()):
            raise ValueError("a fact of the call is never missing")
        return self

    def outcome(self, text: str | None) -> Outcome:
        """What this text ends in; None: the value is missing."""
        return next((name for name, case in self.cases.items() if case.holds(text)), ELSE)

    def gives(self, outcome: Outcome) -> frozenset[str]:
        """Whoever leaves by a case that a missing value cannot end in has the value."""
        missing_goes_to = self.outcome(None)
        has_it = outcome in self._own_outcomes() and outcome != missing_goes_to
        return frozenset({self.value}) if self.value and has_it else frozenset()

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset(self.cases) | {ELSE}

"""What a `branch` can hold a text against: data, not a language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from ivr.step import DONE, NO_MATCH, SILENCE, TOO_MANY, Strict

ELSE = "else"
OUTCOME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TAKEN = frozenset({ELSE, TOO_MANY, DONE, SILENCE, NO_MATCH})
_NUMBER = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)(?: [A-Z]{3})?")
_Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]


def _outcome(given: str) -> str:
    if not OUTCOME.fullmatch(given):
        raise ValueError("an outcome's name is small letters, digits and _, at most 32")
    if given in _TAKEN:
        raise ValueError(f"{given!r} means something else: choose another name")
    return given


CaseName = Annotated[
    str,
    AfterValidator(_outcome),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{OUTCOME.pattern}$", "not": {"enum": sorted(_TAKEN)}}
    ),
]
"""The outcome that a case ends in."""


class Case(Strict):
    """One test of a text that may be missing. Short forms: a text (`equal`), a list (`one_of`)."""

    equal: _Text | None = None
    """It is this text."""
    one_of: Annotated[tuple[_Text, ...], Field(min_length=1)] | None = None
    """It is one of these texts."""
    least: Decimal | None = None
    """It is a number, this one or more; money counts as its amount."""
    most: Decimal | None = None
    """It is a number, this one or less. With `least` a range, both ends included."""
    missing: bool = False
    """Nothing was collected."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: object) -> object:
        if isinstance(given, str):
            return {"equal": given}
        return {"one_of": given} if isinstance(given, list) else given

    @model_validator(mode="after")
    def _one_test(self) -> Case:
        tests = (self.equal is not None, self.one_of is not None, self.is_range, self.missing)
        if sum(tests) != 1:
            raise ValueError("give one of `equal`, `one_of`, `least` and `most`, `missing: true`")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"`least` is {self.least}, more than `most`, {self.most}")
        return self

    @property
    def is_range(self) -> bool:
        return self.least is not None or self.most is not None

    @property
    def texts(self) -> tuple[str, ...]:
        """Those that it asks for by name."""
        return self.one_of or ((self.equal,) if self.equal is not None else ())

    def holds(self, text: str | None) -> bool:
        """Whether this is the case; money counts as its amount."""
        if text is None or self.missing:
            return text is None and self.missing
        if not self.is_range:
            return text in self.texts
        number = _NUMBER.fullmatch(text)
        return number is not None and self._has(Decimal(number[1]))

    def is_hidden_by(self, earlier: Iterable[Case]) -> bool:
        """Whether everything that this case holds for is taken by one before it."""
        before = list(earlier)
        if self.texts:
            return all(any(case.holds(text) for case in before) for text in self.texts)
        if self.missing:
            return any(case.missing for case in before)
        return any(case._covers(self) for case in before if case.is_range)

    def _has(self, number: Decimal) -> bool:
        above = self.least is None or number >= self.least
        return above and (self.most is None or number <= self.most)

    def _covers(self, other: Case) -> bool:
        above = self.least is None or (other.least is not None and other.least >= self.least)
        return above and (self.most is None or (other.most is not None and other.most <= self.most))

"""Steps that ask for one of two answers: `ask`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from ivr.step import NO_MATCH, SILENCE, AnyStep, Key, Label, Outcome, Spoken

YES, NO = "yes", "no"


def _yes_or_no(text: str) -> str:
    if text not in (YES, NO):
        raise ValueError('is "yes" or "no"')
    return text


YesNo = Annotated[
    str, AfterValidator(_yes_or_no), WithJsonSchema({"type": "string", "enum": [YES, NO]})
]
"""One of the two answers."""


class AskStep(AnyStep):
    """Ask for yes or no. Outcomes: `yes`, `no`, `silence`, `no_match`.

    Silence and wrong keys are asked again, `tries` times in all; the last of them is the outcome.
    """

    do: Literal["ask"]
    say: Spoken
    """What is said, in each language of the house; it names the keys."""
    key_for_yes: Key = "1"
    """The key that says yes."""
    key_for_no: Key = "2"
    """The key that says no."""
    buttons: Mapping[YesNo, Label] = Field(default_factory=dict)
    """What stands on the buttons where the customer writes, by language. Left out: yes and no."""
    after_silence: Spoken | None = None
    """Said before asking again when no key was pressed."""
    after_no_match: Spoken | None = None
    """Said before asking again when the key was no answer."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 5
    """To wait for a key."""
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    """How often it is asked in all."""

    @model_validator(mode="after")
    def _keys_differ(self) -> AskStep:
        if self.key_for_yes == self.key_for_no:
            raise ValueError("`key_for_yes` and `key_for_no` are two different keys")
        return self

    @property
    def answers(self) -> dict[str, Outcome]:
        """What each key means."""
        return {self.key_for_yes: YES, self.key_for_no: NO}

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({YES, NO, SILENCE, NO_MATCH})

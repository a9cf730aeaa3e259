"""Steps that promise: `callback`, which keeps the caller's place while they hang up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ivr.grammar import Grammar, Keys
from ivr.keys import Level, Name, Word
from ivr.spoken_values import placeholders
from ivr.step import NO_MATCH, SILENCE, AnyStep, Outcome, Spoken
from ivr.steps_outside import FAILED

PROMISED, DECLINED, FULL = "promised", "declined", "full"
OWN_WORD = "number"
NUMBER = f"{{{OWN_WORD}}}"
"""Stands in this step's texts for the number that will be called, digit by digit."""
YES, ANOTHER, NO = "1", "2", "0"
"""What a caller presses who hears the number."""
LEAST_DIGITS, MOST_DIGITS = 5, 15


class CallbackStep(AnyStep):
    """Promise to call back, and keep the caller's place. Outcomes: `promised`, `declined`,
    `silence`, `no_match`, `full`, `failed`.

    The caller's number, or another that is keyed, is read back; key 1 takes it, 2 asks for another,
    0 declines.
    """

    do: Literal["callback"]
    queue: str | None = None
    """Left out: the queue of the number that was dialled."""
    urgency: Name | None = None
    """A name from `urgency` in the centre file: a head start, on top of that of the class."""
    skills: Mapping[Word, Level] = Field(default_factory=dict, min_length=1)
    """What the agent must be able to do: levels from 1 to 10 by skill, as in the centre file."""
    say: Spoken
    """What is said, with `{number}` in it, before the caller decides."""
    another: Spoken
    """Asks for a number: where the caller's own is withheld or not wanted."""
    promised: Spoken | None = None
    """Said when it is promised. A script that begins again after that leaves it out if there is
    `{number}` in it."""
    after_silence: Spoken | None = None
    """Said before asking again when no key was pressed."""
    after_no_match: Spoken | None = None
    """Said before asking again when the keys were no answer."""
    keys: Keys = Field(default_factory=lambda: Keys(least=LEAST_DIGITS, most=MOST_DIGITS))
    """How many a number has that is keyed; the key # ends it."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 5
    """To wait for a key."""
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    """How often it is asked in all."""

    has_effect: ClassVar[bool] = True

    @model_validator(mode="after")
    def _reads_the_number(self) -> CallbackStep:
        if silent := [name for name, words in self.say.items() if NUMBER not in words.text]:
            raise ValueError(f"`say` reads the number: put {NUMBER} into it ({', '.join(silent)})")
        for field in ("another", "after_silence", "after_no_match"):
            spoken: Spoken = getattr(self, field) or {}
            marks = (mark for words in spoken.values() for mark in placeholders(words.text))
            if any(mark.name == OWN_WORD for mark in marks):
                raise ValueError(f"`{field}` is said while no number is agreed: take {NUMBER} out")
        return self

    @model_validator(mode="after")
    def _of_a_number(self) -> CallbackStep:
        if self.keys.least < LEAST_DIGITS or self.keys.most > MOST_DIGITS:
            raise ValueError(f"a number has {LEAST_DIGITS} to {MOST_DIGITS} keys")
        return self

    @property
    def grammar(self) -> Grammar:
        """What a number is that is keyed."""
        return Grammar("digits", self.keys)

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        yield from super().spoken()
        for name in ("another", "promised"):
            if words := getattr(self, name):
                yield (name,), words

    def own_words(self) -> frozenset[str]:
        return frozenset({OWN_WORD})

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({PROMISED, DECLINED, SILENCE, NO_MATCH, FULL, FAILED})

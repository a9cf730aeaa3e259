"""Steps that speak with the caller: say, ask for a key or a longer answer, goodbye."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ivr.grammar import AMOUNT_KEYS, DATE_KEYS, Form, Grammar, Keys
from ivr.step import DONE, KEYS, NO_MATCH, SILENCE, AnyStep, Key, Label, Outcome, Spoken
from ivr.values import ValueName


class SayStep(AnyStep):
    """Say something and go on. Outcome: `done`."""

    do: Literal["say"]
    say: Spoken
    """What is said, in each language of the house."""
    interruptible: bool = True
    """Whether a key cuts it short."""


class MenuStep(AnyStep):
    """Ask for one key. Outcomes: each key in `then`, `silence`, `no_match`.

    Silence and wrong keys are asked again, `tries` times in all; the last of them is the outcome.
    """

    do: Literal["menu"]
    say: Spoken
    """What is said, in each language of the house."""
    after_silence: Spoken | None = None
    """Said before asking again when no key was pressed."""
    after_no_match: Spoken | None = None
    """Said before asking again when the keys were no answer."""
    every_language: bool = False
    """Ask in each language of the house, the caller's first: for choosing one."""
    buttons: Mapping[Key, Label] = Field(default_factory=dict)
    """What stands on the button of each key where the customer writes, by language. A key without
    one shows itself."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 5
    """To wait for a key."""
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    """How often it is asked in all."""

    @model_validator(mode="after")
    def _buttons_of_keys(self) -> MenuStep:
        if stray := self.buttons.keys() - self.then.keys():
            raise ValueError(f"`buttons` has keys that `then` has not: {', '.join(sorted(stray))}")
        return self

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(outcome for outcome in self.then if outcome in KEYS)

    def _own_outcomes(self) -> frozenset[Outcome]:
        return self.keys | {SILENCE, NO_MATCH}


class ListenStep(AnyStep):
    """Ask for an answer of several keys and keep it. Outcomes: `done`, `silence`, `no_match`.

    What is no answer is asked again, `tries` times in all; the last of them is the outcome.
    """

    do: Literal["listen"]
    say: Spoken
    """What is said, in each language of the house."""
    into: ValueName
    """The value that the answer becomes."""
    form: Form = "digits"
    """`date`: keyed as 20260305; `amount`: the key * is the point."""
    keys: Keys
    """How many an answer has."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    """Of an amount: its value is money (`12.50 CNY`)."""
    ends_with: Literal["#", "*", ""] = "#"
    """The key that ends an answer of less than the most keys; "": none does."""
    secret: bool = False
    """Whether what is keyed is to be seen by nobody: on the call only the value is left, a
    conversation shows dots, and an agent is told it only where `tell` names it."""
    after_silence: Spoken | None = None
    """Said before asking again when no key was pressed."""
    after_no_match: Spoken | None = None
    """Said before asking again when the keys were no answer."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 5
    """To wait for the first key."""
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    """How often it is asked in all."""

    @model_validator(mode="after")
    def _can_be_keyed(self) -> ListenStep:
        if self.form == "date" and (self.keys.least, self.keys.most) != (DATE_KEYS, DATE_KEYS):
            raise ValueError("a date has eight keys (20260305): keys: {least: 8, most: 8}")
        if self.form == "amount" and self.keys.most > AMOUNT_KEYS:
            raise ValueError(f"an amount has {AMOUNT_KEYS} keys at most")
        if self.form == "amount" and self.ends_with == "*":
            raise ValueError("in an amount * is the point: let it end with # or nothing")
        if self.form != "amount" and self.currency:
            raise ValueError("only an amount has a `currency`")
        return self

    @property
    def grammar(self) -> Grammar:
        """What is understood, by whatever way it comes in."""
        return Grammar(self.form, self.keys, self.currency)

    def collects(self) -> Mapping[str, int]:
        return {self.into: self.grammar.most_bytes}

    def gives(self, outcome: Outcome) -> frozenset[str]:
        return frozenset({self.into}) if outcome == DONE else frozenset()

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE, SILENCE, NO_MATCH})


class GoodbyeStep(AnyStep):
    """Say goodbye and hang up. No outcomes."""

    do: Literal["goodbye"]
    say: Spoken
    """What is said, in each language of the house."""

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset()

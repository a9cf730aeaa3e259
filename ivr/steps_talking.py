"""Steps that speak with the caller: say, ask for a key, goodbye."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ivr.step import KEYS, NO_MATCH, SILENCE, AnyStep, Outcome, Spoken


class SayStep(AnyStep):
    """Say something and go on. Outcome: `done`."""

    do: Literal["say"]
    say: Spoken
    interruptible: bool = True
    """Whether a key cuts it short."""


class MenuStep(AnyStep):
    """Ask for one key. Outcomes: each key in `then`, `silence`, `no_match`.

    Silence and wrong keys are asked again, `tries` times in all; the last of them is the outcome.
    """

    do: Literal["menu"]
    say: Spoken
    after_silence: Spoken | None = None
    after_no_match: Spoken | None = None
    every_language: bool = False
    """Ask in each language of the house, the caller's first: for choosing one."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 5
    tries: Annotated[int, Field(ge=1, le=5)] = 3

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(outcome for outcome in self.then if outcome in KEYS)

    def _own_outcomes(self) -> frozenset[Outcome]:
        return self.keys | {SILENCE, NO_MATCH}


class GoodbyeStep(AnyStep):
    """Say goodbye and hang up. No outcomes."""

    do: Literal["goodbye"]
    say: Spoken

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset()

"""Steps that let callers prove who they are: `verify`, today by a PIN.

What was proved is a level on the call, which `branch` can look at (`fact: verified`). It is not a
value: no flow sets it, says it or asks a service with it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ivr.grammar import Keys
from ivr.pins import LEAST_KEYS, MOST_KEYS
from ivr.ports import PinState
from ivr.step import SILENCE, AnyStep, Outcome, Spoken
from ivr.steps_outside import FAILED

VERIFIED, REFUSED = PinState.VERIFIED.value, PinState.REFUSED.value
LOCKED, NO_PIN = PinState.LOCKED.value, PinState.NONE.value


class VerifyStep(AnyStep):
    """Ask for the PIN of the person whose number the call comes from. Outcomes: `verified`,
    `refused`, `locked`, `none`, `silence`, `failed`.

    Each answer counts, `tries` in one call and five in a row over all calls, before it is compared.
    """

    do: Literal["verify"]
    say: Spoken
    """What is said, in each language of the house."""
    after_silence: Spoken | None = None
    """Said before asking again when no key was pressed."""
    after_no_match: Spoken | None = None
    """Said before asking again when it was not the PIN."""
    keys: Keys = Field(default_factory=lambda: Keys(least=LEAST_KEYS, most=MOST_KEYS))
    """How many a PIN has; the key # ends a shorter one."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 5
    """To wait for the first key."""
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    """How often it is asked in all, and how many answers a call may give."""

    @model_validator(mode="after")
    def _of_a_pin(self) -> VerifyStep:
        if self.keys.least < LEAST_KEYS or self.keys.most > MOST_KEYS:
            raise ValueError(f"a PIN has {LEAST_KEYS} to {MOST_KEYS} keys")
        return self

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({VERIFIED, REFUSED, LOCKED, NO_PIN, SILENCE, FAILED})

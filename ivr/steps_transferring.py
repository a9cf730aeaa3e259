"""Steps that send the caller to a telephone which is no agent's, or outside: `transfer`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.keys import Name
from ivr.step import AnyStep, Outcome, Spoken
from ivr.transfers import LEAST_RING, MOST_RING, Rung


class TransferStep(AnyStep):
    """Ring a telephone that is no agent's, and let caller and telephone talk. Outcomes: `done`
    (they talked, and the other side hung up), `busy`, `no_answer`, `unreachable`.

    Who hangs up themselves, while it rings or in the talk, hears nothing more.
    """

    do: Literal["transfer"]
    to: Name
    """A name from `destinations` in the site file."""
    say: Spoken | None = None
    """Said before it rings."""
    seconds: Annotated[float, Field(ge=LEAST_RING, le=MOST_RING)] | None = None
    """How long it rings. Left out: as the site file has it."""

    has_effect: ClassVar[bool] = True

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset(end.value for end in Rung)

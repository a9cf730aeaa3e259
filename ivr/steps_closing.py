"""Steps for the staff: `closure` closes the house, or a queue, in an emergency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.step import SILENCE, AnyStep, Outcome, Spoken

CLOSED, OPENED, REFUSED = "closed", "opened", "refused"
CLOSES, OPENS = "1", "2"
"""The keys of `choose`."""


class ClosureStep(AnyStep):
    """Ask for the centre's PIN, then close or open again. Outcomes: `closed`, `opened`, `refused`,
    `silence`.

    `refused`: the PIN was wrong `tries` times, too many were wrong of late, or none is set.
    """

    has_effect: ClassVar[bool] = True

    do: Literal["closure"]
    say: Spoken
    """Asks for the PIN, to be ended with #."""
    choose: Spoken
    """Asks for 1, to close, or 2, to open again."""
    queue: str | None = None
    """The queue that is closed; left out: the whole house."""
    lasts: Annotated[float, Field(ge=1, le=336)] = 12
    """Hours after which it is open again by itself."""
    after_no_match: Spoken | None = None
    """Said before asking again when the PIN was wrong."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 8
    """To wait for the first key."""
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    """How often the PIN is asked for in all."""

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        yield from super().spoken()
        yield ("choose",), self.choose

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({CLOSED, OPENED, REFUSED, SILENCE})

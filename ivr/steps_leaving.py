"""Steps by which callers leave something behind: `message`, `record`, `ticket`.

What they leave outlives the call, and is kept exactly once: each visit of a step has a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ivr.step import DONE, SILENCE, AnyStep, Key, Outcome, Spoken

CANCELLED, FAILED = "cancelled", "failed"


class MessageStep(AnyStep):
    """Record a message for a queue. Outcomes: `done`, `silence`, `cancelled`, `failed`.

    It becomes work on a ticket. Who hangs up while speaking, or instead of confirming, has left
    their message all the same.
    """

    has_effect: ClassVar[bool] = True

    do: Literal["message"]
    say: Spoken
    """What is said before the tone; a key skips to the tone."""
    after_silence: Spoken | None = None
    """Said before asking again when nothing was said."""
    confirm: Spoken | None = None
    """Asked after the recording, for the keys `keep`, `again` and `cancel`; without it the message
    is kept at once."""
    keep: Key = "1"
    """The key that keeps the message. No key keeps it, too."""
    again: Key = "2"
    """The key that records it anew."""
    cancel: Key = "3"
    """The key that throws it away."""
    queue: str | None = None
    """Whose work it becomes; default: that of the dialled number."""
    seconds: Annotated[float, Field(ge=5, le=600)] = 120
    """The longest message."""
    pause: Annotated[int, Field(ge=2, le=20)] = 4
    """So many seconds of silence end it."""
    least: Annotated[float, Field(ge=0.3, le=10)] = 1
    """Who speaks for less has said nothing."""
    tries: Annotated[int, Field(ge=1, le=5)] = 2
    """How often it is asked in all when nothing is said."""

    @model_validator(mode="after")
    def _keys_differ(self) -> MessageStep:
        if len({self.keep, self.again, self.cancel}) < 3:
            raise ValueError("`keep`, `again` and `cancel` are three different keys")
        return self

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        yield from super().spoken()
        if self.confirm:
            yield ("confirm",), self.confirm

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE, SILENCE, CANCELLED, FAILED})

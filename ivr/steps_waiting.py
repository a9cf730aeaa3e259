"""Steps that end the flow with a person: the queue and what is said in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ivr.keys import Level, Name, Word
from ivr.step import AnyStep, Key, Outcome, Spoken, Strict, Target
from ivr.values import ValueName

TALKED, WAITING = "talked", "waiting"
"""How a `queue` ends in the journal and on trails; only the first is an outcome."""


class Announcement(Strict):
    """What a waiting caller hears: once `after` so many seconds, or `every` so many.

    `{wait}` in a text is the expected wait in words; unsaid while nobody can tell it.
    """

    after: Annotated[float, Field(ge=0, le=3600)] | None = None
    """Once, so many seconds after the caller began to wait."""
    every: Annotated[float, Field(ge=10, le=3600)] | None = None
    """Again and again, so many seconds apart."""
    say: Spoken
    """What is said, in each language of the house."""

    @model_validator(mode="after")
    def _one_time(self) -> Announcement:
        if (self.after is None) == (self.every is None):
            raise ValueError("give either `after` or `every`")
        return self


class QueueStep(AnyStep):
    """Wait for a person; the dialplan keeps the caller. Outcome, if named: `talked`.

    `talked`: the agent has hung up, and the flow goes on. Without it the flow ends here. The keys
    of `keys` and the words of `overflow` are outcomes, too: the flow goes on, and in the next
    `queue` the caller waits at the same place.
    """

    has_effect: ClassVar[bool] = True
    may_lead_on: ClassVar[frozenset[Outcome]] = frozenset({TALKED})

    do: Literal["queue"]
    queue: str | None = None
    """Left out: the queue of the number that was dialled."""
    urgency: Name | None = None
    """A name from `urgency` in the centre file: a head start, on top of that of the class."""
    skills: Mapping[Word, Level] = Field(default_factory=dict, min_length=1)
    """What the agent must be able to do: levels from 1 to 10 by skill, as in the centre file."""
    say: Spoken | None = None
    """Said before the caller begins to wait."""
    tell: tuple[ValueName, ...] = ()
    """Values that the agent is told, of those that the caller has by then. No other is shown."""
    while_waiting: tuple[Announcement, ...] = ()
    """What is announced meanwhile."""
    keys: Mapping[Key, Target] = Field(default_factory=dict, min_length=1)
    """Keys that lead out of waiting, each to a step. `say` or an announcement names them."""
    overflow: Mapping[Literal["callback", "message", "elsewhere"], Target] = Field(
        default_factory=dict, min_length=1
    )
    """The steps to which the queue's overflow rules lead callers who wait; `elsewhere`: a channel.
    To another queue they move without a step."""
    after: Literal["goodbye", "survey", "queue"] = "goodbye"
    """What follows the talk: a goodbye, one question, or waiting again at the same place. With
    `talked` this is for when our processes are away by then."""

    @model_validator(mode="after")
    def _one_way_on(self) -> QueueStep:
        if self.after == "queue" and TALKED in self.then:
            raise ValueError("`after: queue` brings callers back: nothing follows by `talked`")
        for field in ("keys", "overflow"):
            for outcome, step in getattr(self, field).items():
                if self.then.get(outcome, step) != step:
                    where = f"{outcome!r} stands in `{field}` and in `then`"
                    raise ValueError(f"{where}: write it in `{field}`")
        return self

    def leads_on(self, left: str) -> str:
        """The step for a caller who came out of the waiting loop; empty: there is none."""
        return self.then.get(left, "") if left in self._own_outcomes() else ""

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        yield from super().spoken()
        for number, announcement in enumerate(self.while_waiting):
            yield ("while_waiting", str(number), "say"), announcement.say

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset((*self.keys, *self.overflow))

"""What all kinds of steps have in common: their words, outcomes, arrows, and the values they give.

The kinds themselves stand by theme in `ivr.steps_talking`, `ivr.steps_deciding` and
`ivr.steps_waiting`; `ivr.flow` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

StepName = str
Outcome = str
KEYS = frozenset("0123456789*#")
DONE, SILENCE, NO_MATCH, TOO_MANY = "done", "silence", "no_match", "too_many"


def _key(text: str) -> str:
    if len(text) != 1 or text not in KEYS:
        raise ValueError("is one key: 0 to 9, * or #")
    return text


Key = Annotated[
    str, AfterValidator(_key), WithJsonSchema({"type": "string", "pattern": "^[0-9*#]$"})
]
"""One key of a telephone."""

Target = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_]{0,31}$"})]
"""The name of a step that another field than `then` leads to."""


class Strict(BaseModel):
    """A part of a flow: unknown fields are refused, nothing changes after loading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        defer_build=True,  # a house's flows use some kinds of steps, and a start waits for no other
    )


class Words(Strict):
    """A text, and the recording to play for it if there is one. Short form: the text alone."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    """What is spoken; written channels show it. `{name}` says a value."""
    recorded: Path | None = None
    """A WAV file (16 bit, any rate); relative to the flow's file until it is loaded."""

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, given: object) -> object:
        return {"text": given} if isinstance(given, str) else given


Spoken = Annotated[dict[str, Words], Field(min_length=1)]
"""What is said, by language."""

_OnButton = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Label = Annotated[dict[str, _OnButton], Field(min_length=1)]
"""What stands on a button, by language. It is read, and never spoken."""


class AnyStep(Strict):
    """What every step has. `then` is complete once a flow is loaded: one target an outcome."""

    then: Mapping[Outcome, str] = Field(default_factory=dict)
    """The next step for each outcome; of `done` alone `then: menu` is short for `{done: menu}`."""
    at_most: Annotated[int, Field(ge=1, le=20)] | None = None
    """How often the step is performed in one call; after that it ends in `too_many`."""

    has_effect: ClassVar[bool] = False
    """Whether it does something that outlives the call: how often it has been performed is
    counted, and each time has a key (`Session.effect`), so that it is done exactly once."""
    may_lead_on: ClassVar[frozenset[Outcome]] = frozenset()
    """Outcomes that the kind has only where `then` names them."""

    @property
    def is_counted(self) -> bool:
        """Whether the call remembers how often the step has been performed."""
        return bool(self.at_most or self.has_effect)

    def outcomes(self) -> frozenset[Outcome]:
        """Everything this step can end in."""
        named = self.may_lead_on & self.then.keys()
        return self._own_outcomes() | named | ({TOO_MANY} if self.at_most else frozenset())

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        """Everything the step says, with the path of the field it stands in."""
        for name in ("say", "after_silence", "after_no_match"):
            if spoken := getattr(self, name, None):
                yield (name,), spoken

    def collects(self) -> Mapping[str, int]:
        """The values that the step may set, each with the most bytes (UTF-8) it can take."""
        return {}

    def uses(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The values that the step cannot do without, besides those that it says: the path of the
        field, and the name."""
        yield from ()

    def own_words(self) -> frozenset[str]:
        """Names in its texts that are no values: it knows itself what to say there."""
        return frozenset()

    def gives(self, outcome: Outcome) -> frozenset[str]:
        """The values that whoever leaves by this outcome has for certain, thanks to this step."""
        return frozenset()

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE})

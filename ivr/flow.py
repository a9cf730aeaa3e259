"""A flow as data: steps, each with typed fields and the outcomes that it can end in.

A step kind is a class here (its fields and outcomes) and a function in `ivr.perform` (what it
does). An outcome names the next step; a kind without outcomes ends the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from voice.ports import Prompt

StepName = str
Outcome = str
KEYS = frozenset("0123456789*#")
DONE, SILENCE, NO_MATCH, TOO_MANY = "done", "silence", "no_match", "too_many"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """A text, and the recording to play for it if there is one. Short form: the text alone."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    recorded: Path | None = None
    """A WAV file (16 bit, any rate); relative to the flow's file until it is loaded."""

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, given: object) -> object:
        return {"text": given} if isinstance(given, str) else given


Spoken = Annotated[dict[str, Words], Field(min_length=1)]
"""What is said, by language."""


class _Step(_Strict):
    """What every step has. `then` is complete once a flow is loaded: one target an outcome."""

    then: Mapping[Outcome, str] = Field(default_factory=dict)
    at_most: Annotated[int, Field(ge=1, le=20)] | None = None
    """How often the step is performed in one call; after that it ends in `too_many`."""

    def outcomes(self) -> frozenset[Outcome]:
        """Everything this step can end in."""
        return self._own_outcomes() | ({TOO_MANY} if self.at_most else frozenset())

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        """Everything the step says, with the path of the field it stands in."""
        for name in ("say", "after_silence", "after_no_match"):
            if spoken := getattr(self, name, None):
                yield (name,), spoken

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE})


class SayStep(_Step):
    """Say something and go on. Outcome: `done`."""

    do: Literal["say"]
    say: Spoken
    interruptible: bool = True
    """Whether a key cuts it short."""


class MenuStep(_Step):
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


class SetStep(_Step):
    """Change what is known of the call: its language. Outcome: `done`."""

    do: Literal["set"]
    language: str


class HoursStep(_Step):
    """Look at the opening hours of this name. Outcomes: `open`, `closed`."""

    do: Literal["hours"]
    hours: str

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({"open", "closed"})


class Announcement(_Strict):
    """What a waiting caller hears: once `after` so many seconds, or `every` so many.

    `{wait}` in a text is the expected wait in words; unsaid while nobody can tell it.
    """

    after: Annotated[float, Field(ge=0, le=3600)] | None = None
    every: Annotated[float, Field(ge=10, le=3600)] | None = None
    say: Spoken

    @model_validator(mode="after")
    def _one_time(self) -> Announcement:
        if (self.after is None) == (self.every is None):
            raise ValueError("give either `after` or `every`")
        return self


class QueueStep(_Step):
    """Wait for a person; the flow ends here and the dialplan keeps the caller. No outcomes."""

    do: Literal["queue"]
    queue: str | None = None
    """None: the queue of the number that was dialled."""
    say: Spoken | None = None
    while_waiting: tuple[Announcement, ...] = ()
    after: Literal["goodbye", "survey", "queue"] = "goodbye"
    """What follows the talk: a goodbye, one question, or waiting again at the same place."""

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        yield from super().spoken()
        for number, announcement in enumerate(self.while_waiting):
            yield ("while_waiting", str(number), "say"), announcement.say

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset()


class GoodbyeStep(_Step):
    """Say goodbye and hang up. No outcomes."""

    do: Literal["goodbye"]
    say: Spoken

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset()


Step = SayStep | MenuStep | SetStep | HoursStep | QueueStep | GoodbyeStep
KINDS: dict[str, type[Step]] = {
    "say": SayStep,
    "menu": MenuStep,
    "set": SetStep,
    "hours": HoursStep,
    "queue": QueueStep,
    "goodbye": GoodbyeStep,
}


@dataclass(frozen=True, slots=True)
class Flow:
    """A conversation, checked: made by `ivr.load` only."""

    name: str
    first: StepName
    steps: Mapping[StepName, Step]
    languages: tuple[str, ...]
    """Every prompt has each of them; the first is spoken where a caller's own is unknown."""
    version: str = ""
    """As a call remembers it: `main/3` when published, `main/file-` and a digest when not."""

    def after(self, step: StepName, outcome: Outcome) -> StepName:
        """The next step; empty when the flow has ended."""
        return self.steps[step].then.get(outcome, "")

    def prompts(self) -> list[Prompt]:
        """Everything the flow says in its own words (`{wait}` not filled in)."""
        return [
            prompt(spoken, language)
            for step in self.steps.values()
            for _, spoken in step.spoken()
            for language in self.languages
        ]


def prompt(spoken: Spoken, language: str) -> Prompt:
    """What is said, in one of its languages."""
    words = spoken[language]
    return Prompt(words.text, language, words.recorded)

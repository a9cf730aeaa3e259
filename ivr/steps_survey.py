"""Steps that ask callers what they think: `survey`.

A score is one key, from 1 to `highest`. The scores are kept once for each visit of the step, with
the talk that they are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ivr.step import DONE, SILENCE, AnyStep, Outcome, Spoken


class SurveyStep(AnyStep):
    """Ask for a score by key, and perhaps for a second one. Outcomes: `done`, `silence`.

    `silence`: the first question was not answered, though asked `tries` times.
    """

    has_effect: ClassVar[bool] = True

    do: Literal["survey"]
    say: Spoken
    """The question, in each language of the house."""
    highest: Annotated[int, Field(ge=2, le=9)] = 5
    """Scores are the keys from 1 to this one."""
    second: Spoken | None = None
    """Another question, asked of who has answered the first; the same keys answer it."""
    after_silence: Spoken | None = None
    """Said before asking again when no key was pressed."""
    after_no_match: Spoken | None = None
    """Said before asking again when the key was no score."""
    thanks: Spoken | None = None
    """Said to who has answered."""
    seconds: Annotated[float, Field(ge=1, le=30)] = 5
    """To wait for a key."""
    tries: Annotated[int, Field(ge=1, le=5)] = 2
    """How often each question is asked in all."""

    @property
    def scores(self) -> frozenset[str]:
        """The keys that are scores."""
        return frozenset(str(key) for key in range(1, self.highest + 1))

    def questions(self) -> Iterator[tuple[str, Spoken]]:
        """What is asked, by the name under which the score is kept."""
        yield "score", self.say
        if self.second:
            yield "second", self.second

    def spoken(self) -> Iterator[tuple[tuple[str, ...], Spoken]]:
        yield from super().spoken()
        for name, spoken in (("second", self.second), ("thanks", self.thanks)):
            if spoken:
                yield (name,), spoken

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE, SILENCE})

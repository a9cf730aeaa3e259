"""A customer of a rehearsed chat: what they do are words, answered as in a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from acd.model import Seconds
from ivr.flow import Flow, Step
from ivr.ports import NO_VALUES, CallFacts
from ivr.rehearsal.line import SILENT, Actor
from ivr.text_answers import (
    SKIP,
    UNCLEAR,
    Answer,
    PersonWanted,
    asks_for_a_person,
    keys_of,
    question_of,
)
from voice.ports import Prompt

SILENCE_SECONDS: Seconds = 120.0
"""So long a question waits for its answer."""


class Writer(Actor):
    """An `Actor` who writes. They read the labels of the buttons behind each question; the house's
    own phrases are left out."""

    def __init__(self, facts: CallFacts, acts: Iterator[str], most_steps: int, flow: Flow) -> None:
        super().__init__(facts, acts, most_steps)
        self._flow = flow
        self._skips = False

    async def ask(
        self, prompts: Sequence[Prompt], *, most_keys: int, seconds: Seconds,
        ends_with: str = "#", secret: bool = False,
    ) -> str | None:  # fmt: skip
        answer = await self.asked(prompts, most_keys=most_keys, secret=secret)
        return answer.keys if answer else None

    async def asked(
        self, prompts: Sequence[Prompt], *, most_keys: int = 1, secret: bool = False
    ) -> Answer | None:
        """The answer; None: silence, or the customer has none to give."""
        self._check()
        self._count()
        if self._skips:
            return None
        step = self._flow.steps[self.facts.step]
        question = question_of("", step, self.language, most_keys, secret=secret)
        labels = "  ".join(f"[{option.label}]" for option in question.options)
        self.hear([*prompts, *([Prompt(labels, self.language)] if labels else [])])
        words = self._act()
        if words == SILENT:
            await asyncio.sleep(SILENCE_SECONDS)
            return None
        keys = keys_of(question, words)
        if asks_for_a_person(words) and not (question.is_choice and keys != UNCLEAR):
            raise PersonWanted
        self._skips = keys == SKIP
        return None if self._skips else Answer(keys, words)

    async def remember(
        self, step: str, visits: Mapping[str, int], version: str = "", *,
        values: Mapping[str, str] = NO_VALUES,
    ) -> None:  # fmt: skip
        await super().remember(step, visits, version, values=values)
        self._skips = False

    def comes_back(self, step: Step | None) -> bool:
        """A chat does not come back out of the line."""
        return False

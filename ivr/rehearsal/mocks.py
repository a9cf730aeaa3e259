"""What services answer in a rehearsal, and how Python steps end: in the order in which they are
asked, on simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from acd.model import Seconds
from ivr.keys import Keys
from ivr.ports import EffectKey, LookupFailed, NotThere
from ivr.python_steps import FAILED, LONGEST, Ended, PythonFailed, PythonFunction

NOT_THERE = 404


class MockedAnswer(Keys):
    """One answer of a service, or that none comes."""

    answer: Any = None
    """As JSON would have it."""
    fails: Annotated[int, Field(ge=300, le=599)] | None = None
    """The status instead of an answer."""
    not_found: bool = False
    after: Annotated[float, Field(ge=0, le=60)] | None = None
    """Seconds until it comes. Alone: so long nothing comes, then the line breaks."""

    @model_validator(mode="after")
    def _one_thing(self) -> MockedAnswer:
        given = (self.is_answer, self.fails is not None, self.not_found)
        if sum(given) > 1 or not (any(given) or self.after is not None):
            raise ValueError("give one of `answer`, `fails`, `not_found: true`, or `after` alone")
        return self

    @property
    def is_answer(self) -> bool:
        return "answer" in self.model_fields_set

    def outcome(self) -> Any:
        """The answer; raises what `Lookups.get` would."""
        if self.not_found or self.fails == NOT_THERE:
            raise NotThere
        if not self.is_answer:
            raise LookupFailed(f"status {self.fails}" if self.fails else "the line broke")
        return self.answer


class MockedLookups:
    """`ivr.ports.Lookups` of one rehearsed call: no service is asked."""

    def __init__(self, mocks: Mapping[str, Sequence[MockedAnswer]]) -> None:
        self._left = {service: list(answers) for service, answers in mocks.items()}
        self.unmocked: list[str] = []
        """The services that were asked and had no answer left, once for each time."""

    @property
    def unasked(self) -> list[str]:
        """The services whose answers were not all asked for."""
        return [service for service, answers in self._left.items() if answers]

    async def get(self, service: str, question: str, seconds: Seconds, key: EffectKey) -> Any:
        if not self._left.get(service):
            self.unmocked.append(service)
            raise LookupFailed("there is no mock for it")
        mock = self._left[service].pop(0)
        async with asyncio.timeout(seconds):
            await asyncio.sleep(mock.after or 0)
        return mock.outcome()


class MockedEnd(Keys):
    """One end of a Python step."""

    ends: str
    """The outcome."""
    gives: dict[str, str] = Field(default_factory=dict)
    """The values that go with it."""
    after: Annotated[float, Field(ge=0, le=60)] = 0
    """Seconds until it comes."""


class MockedPython:
    """`ivr.ports.PythonSteps` of one rehearsed call: without a mock only pure functions run."""

    def __init__(
        self, functions: Mapping[str, PythonFunction], mocks: Mapping[str, Sequence[MockedEnd]]
    ) -> None:
        self._functions = functions
        self._mocked = mocks.keys()
        self._left = {name: list(ends) for name, ends in mocks.items()}
        self.unmocked: list[str] = []
        """The functions that would have been run and had no mock left, once for each time."""

    @property
    def unasked(self) -> list[str]:
        """The functions whose mocks are not used up."""
        return [name for name, ends in self._left.items() if ends]

    async def run(self, name: str, inputs: Mapping[str, str], key: EffectKey) -> Ended:
        function = self._functions.get(name)
        if self._left.get(name):
            mock = self._left[name].pop(0)
            async with asyncio.timeout(function.seconds if function else LONGEST):
                await asyncio.sleep(mock.after)
            if mock.ends == FAILED:
                raise PythonFailed("the mock says so")
            return Ended(mock.ends, **mock.gives)
        if function is None or not function.pure or name in self._mocked:
            self.unmocked.append(name)
            raise PythonFailed("there is no mock for it")
        return function.run(inputs, key)

"""Steps that run a Python function of the installation: `python`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from ivr.python_steps import FAILED, UNKNOWN, Ended
from ivr.step import AnyStep, Outcome
from ivr.steps_outside import LONGEST_ANSWER, filled_text, places, with_places
from ivr.values import ValueName


class PythonStep(AnyStep):
    """Run a function that a Python file of this house registers. Outcomes: those that the function
    names, and `failed`; `unknown` where it has an effect and no key."""

    do: Literal["python"]
    name: str
    """The function's name."""
    inputs: Mapping[str, Annotated[str, AfterValidator(with_places)]] = Field(default_factory=dict)
    """What it is given, by the name of its parameters: a text, or `{name}` of a value."""
    into: Mapping[ValueName, str] = Field(default_factory=dict)
    """The values that are kept, each with its name among those that the function gives."""

    has_effect: ClassVar[bool] = True
    """Whether it really has one says the function; a visit has a key in any case."""

    def given(self, values: Mapping[str, str]) -> dict[str, str]:
        """The inputs with the values of a call in them."""
        return {name: filled_text(text, values) for name, text in self.inputs.items()}

    def kept(self, ended: Ended) -> dict[str, str]:
        """The values of the call that are new by this end."""
        given = ended.values
        return {name: given[source] for name, source in self.into.items() if source in given}

    def uses(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for field, text in self.inputs.items():
            yield from ((("inputs", field), name) for name in places(text))

    def collects(self) -> Mapping[str, int]:
        return dict.fromkeys(self.into, LONGEST_ANSWER)

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({FAILED})


class RegisteredStep(PythonStep):
    """A `python` step with what its function is known to end in. Made by `ivr.load` only."""

    ends: Mapping[str, frozenset[str]]
    """The function's outcomes, each with what it gives."""
    once: bool = False
    """It is not run again when nobody knows whether it was run: it then ends in `unknown`."""

    def gives(self, outcome: Outcome) -> frozenset[str]:
        given = self.ends.get(outcome, frozenset())
        return frozenset(name for name, source in self.into.items() if source in given)

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({*self.ends, FAILED, *([UNKNOWN] if self.once else [])})

"""Steps by which flows call flows: `flow` goes into another one, `return` comes back from it.

A called flow is not walked beside the one that calls it: when a flow is loaded, the steps of those
that it calls become steps of its own, named `STEP/INNER` (`ivr.calls`). So whatever is proved of
a flow is proved through its calls, and a call that goes on in another process needs no stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from ivr.cases import OUTCOME
from ivr.step import DONE, TOO_MANY, AnyStep, Outcome
from ivr.values import ValueName

CALLED = "called"
"""The outcome of a `flow` step as it is walked: on to the first step of the called flow."""
INTO = "/"
"""Between the name of a `flow` step and that of a step in the flow that it calls."""


def _ending(given: str) -> str:
    if not OUTCOME.fullmatch(given):
        raise ValueError("an outcome's name is small letters, digits and _, at most 32")
    if given == TOO_MANY:
        raise ValueError(f"{given!r} means something else: choose another name")
    return given


Ending = Annotated[
    str,
    AfterValidator(_ending),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{OUTCOME.pattern}$", "not": {"enum": [TOO_MANY]}}
    ),
]
"""An outcome that a flow comes back with."""


class FlowStep(AnyStep):
    """Go through another flow. Outcomes: each `outcome` of a `return` step in that flow."""

    do: Literal["flow"]
    flow: str
    """The flow's name: that of its file, without `.yaml`."""

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({CALLED})


class Call(FlowStep):
    """A `flow` step with what the flow that it calls counts on. Made by `ivr.load` only."""

    needs: tuple[str, ...] = ()

    def collects(self) -> Mapping[str, int]:
        return dict.fromkeys(self.needs, 0)

    def uses(self) -> Iterator[tuple[tuple[str, ...], str]]:
        yield from ((("flow",), name) for name in self.needs)

    def gives(self, outcome: Outcome) -> frozenset[str]:
        """What is missing is told of this step, and not of each step inside once more."""
        return frozenset(self.needs) if outcome == CALLED else frozenset()


class ReturnStep(AnyStep):
    """Come back to the flow that called. Outcomes: none here; the caller's step has `outcome`."""

    do: Literal["return"]
    outcome: Ending = DONE
    """The outcome of the caller's `flow` step."""

    def _own_outcomes(self) -> frozenset[Outcome]:
        """Where somebody calls, it leads on; in its own file nothing comes after it."""
        return frozenset({self.outcome}) & self.then.keys()


class AnyCaller(AnyStep):
    """Whoever calls a flow, when the flow is looked at alone: they have what it needs."""

    do: Literal["caller"] = "caller"
    needs: Annotated[tuple[ValueName, ...], Field(min_length=1)]

    def collects(self) -> Mapping[str, int]:
        return dict.fromkeys(self.needs, 0)

    def gives(self, outcome: Outcome) -> frozenset[str]:
        return frozenset(self.needs)

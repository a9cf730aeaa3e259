"""Python functions that flows call by name: what a step of kind `python` runs.

A file of the installation registers a function:

    @python_step(outcomes={"valid": ["brand"], "invalid": []}, pure=True)
    def card_number(number: str) -> Ended: ...

Its parameters are the inputs (texts, numbers, dates, yes and no, by their annotations); it returns
one of its outcomes, with the values that this outcome gives. `ivr.python_files` finds such files.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, get_type_hints

from acd.model import Seconds
from ivr.cases import OUTCOME
from ivr.step import TOO_MANY
from ivr.steps_outside import LONGEST_ANSWER
from ivr.values import NAME, RESERVED

FAILED, UNKNOWN = "failed", "unknown"
"""Every Python step may end in `failed`; one with an effect and without a key in `unknown`, too."""
KEY = "key"
"""The parameter that is given the key of the effect."""
LONGEST: Seconds = 10.0
_TAKEN = frozenset({FAILED, UNKNOWN, TOO_MANY})
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)(?: [A-Z]{3})?")
_ATTRIBUTE = "_python_step"

Any_ = TypeVar("Any_", bound=Callable[..., Any])


class BadRegistration(ValueError):
    """A function cannot be a step; the message says why."""


class PythonFailed(Exception):
    """A function came to no end that counts. The message says why, without anything of its
    inputs."""


class BadInput(PythonFailed):
    """A text is not what an input takes. Never says which text."""


class BadEnd(PythonFailed):
    """A function has returned what it may not. Never says what."""


class Ended:
    """How a Python step has ended: one of its outcomes, and the values that go with it."""

    __slots__ = ("outcome", "values")

    def __init__(self, outcome: str, **values: object) -> None:
        self.outcome = outcome
        self.values = {name: str(value) for name, value in values.items()}


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise BadInput("is no whole number")
    return int(text)


def _number(text: str) -> Decimal:
    """Of money the amount."""
    if not (found := _NUMBER.fullmatch(text)):
        raise BadInput("is no number")
    return Decimal(found[1])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise BadInput("is no date like 2026-03-05") from fault


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise BadInput("is neither true nor false")
    return text == "true"


READERS: Mapping[type, Callable[[str], Any]] = {
    str: str, int: _whole, Decimal: _number, date: _day, bool: _yes_or_no,
}  # fmt: skip
"""What an input may be, and how it is read from a text."""


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter of the function."""

    kind: type
    needed: bool = True

    def read(self, text: str) -> Any:
        """The text as what the function takes; raises `BadInput`."""
        return READERS[self.kind](text)


@dataclass(frozen=True, slots=True)
class PythonFunction:
    """A function that steps may name."""

    name: str
    function: Callable[..., Any]
    inputs: Mapping[str, Input]
    outcomes: Mapping[str, frozenset[str]]
    """Each with the values that it gives."""
    seconds: Seconds = 2.0
    """After so long it has failed."""
    pure: bool = False
    """It looks at nothing but its inputs, and changes nothing: rehearsals run it, too."""
    has_effect: bool = False
    """It changes something outside."""
    takes_key: bool = False
    """It is given the key of the effect, and does the same once for one key."""
    where: str = field(default="", compare=False)
    """The file."""

    @property
    def once(self) -> bool:
        """It is not run again when nobody knows whether it was run."""
        return self.has_effect and not self.takes_key

    def run(self, inputs: Mapping[str, str], key: str) -> Ended:
        """Call it; whatever goes wrong is `PythonFailed`."""
        arguments = {name: self.inputs[name].read(text) for name, text in inputs.items()}
        if self.takes_key:
            arguments[KEY] = key
        try:
            return self.checked(self.function(**arguments))
        except PythonFailed:
            raise
        except (Exception, SystemExit) as fault:  # what it says may be personal: only its kind
            raise PythonFailed(type(fault).__name__) from fault

    def checked(self, ended: object) -> Ended:
        """What the function returned, if it may; an outcome alone is one without values."""
        found = Ended(ended) if isinstance(ended, str) else ended
        if not isinstance(found, Ended) or found.outcome not in self.outcomes:
            raise BadEnd("it has returned none of its outcomes")
        if found.values.keys() != self.outcomes[found.outcome]:
            raise BadEnd(f"with {found.outcome!r} it has not given just the values that it says")
        for name, text in found.values.items():
            if not text or not text.isprintable() or len(text.encode()) > LONGEST_ANSWER:
                raise BadEnd(
                    f"{name} is empty, longer than {LONGEST_ANSWER} bytes or not printable"
                )
        return found


def python_step(
    *, outcomes: Iterable[str] | Mapping[str, Iterable[str]], seconds: Seconds = 2.0,
    pure: bool = False, has_effect: bool = False,
) -> Callable[[Any_], Any_]:  # fmt: skip
    """Register a function as a step of its name. `outcomes`: their names, or each with the values
    that it gives. Raises `BadRegistration`."""
    given = outcomes if isinstance(outcomes, Mapping) else dict.fromkeys(outcomes, ())
    gives = {name: frozenset(values) for name, values in given.items()}

    def registered(function: Any_) -> Any_:
        made = _made(function, gives, seconds, pure, has_effect)
        setattr(function, _ATTRIBUTE, made)
        return function

    return registered


def registration(thing: object) -> PythonFunction | None:
    """What `python_step` has made of it; None: nothing."""
    found = getattr(thing, _ATTRIBUTE, None) if inspect.isfunction(thing) else None
    return found if isinstance(found, PythonFunction) else None


def _made(
    function: Callable[..., Any], outcomes: Mapping[str, frozenset[str]], seconds: Seconds,
    pure: bool, has_effect: bool,
) -> PythonFunction:  # fmt: skip
    name = getattr(function, "__name__", "")
    if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
        raise BadRegistration(f"{name}: only a plain function (`def`) can be a step")
    if not OUTCOME.fullmatch(name):
        raise BadRegistration(f"{name}: a step's name is small letters, digits and _, at most 32")
    if not outcomes:
        raise BadRegistration(f"{name}: name at least one outcome")
    for outcome in outcomes:
        if not OUTCOME.fullmatch(outcome) or outcome in _TAKEN:
            raise BadRegistration(f"{name}: {outcome!r} cannot be the name of an outcome")
    for value in frozenset().union(*outcomes.values()):
        if not NAME.fullmatch(value) or value in RESERVED:
            raise BadRegistration(f"{name}: {value!r} cannot be the name of a value")
    if not 0 < seconds <= LONGEST:
        raise BadRegistration(f"{name}: `seconds` is more than 0, and {LONGEST:g} at most")
    if pure and has_effect:
        raise BadRegistration(f"{name}: what has an effect is not pure")
    inputs = _inputs(function)
    takes_key = inputs.pop(KEY, None) is not None
    if takes_key and not has_effect:
        raise BadRegistration(f"{name}: {KEY!r} is the key of an effect: say `has_effect=True`")
    return PythonFunction(
        name, function, inputs, outcomes, seconds, pure, has_effect, takes_key
    )  # fmt: skip


def _inputs(function: Callable[..., Any]) -> dict[str, Input]:
    name, kinds = function.__name__, get_type_hints(function)
    found: dict[str, Input] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise BadRegistration(f"{name}: {parameter} is no input: give each input a name")
        kind = kinds.get(parameter.name)
        if not isinstance(kind, type) or kind not in READERS:
            known = ", ".join(each.__name__ for each in READERS)
            raise BadRegistration(f"{name}: say what the input {parameter.name!r} is: {known}")
        found[parameter.name] = Input(kind, parameter.default is parameter.empty)
    return found

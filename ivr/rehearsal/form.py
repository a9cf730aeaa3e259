"""The keys of a file of callers, and what may stand under each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
)

from acd.model import Seconds
from acd.schedule import time_zone
from ivr.faults import meant
from ivr.flow import KEYS, Flow, LookupStep, PythonStep, QueueStep, TransferStep
from ivr.keys import Keys, Level, Word
from ivr.perform_by_text import PERSON
from ivr.python_steps import FAILED, UNKNOWN
from ivr.rehearsal.line import HANGS_UP, SILENT, SPEAKS, TALKS
from ivr.rehearsal.mocks import MockedAnswer, MockedEnd
from ivr.rehearsal.pins import AWAY, LOCKED
from ivr.rehearsal.stage import CALLER_GONE, USUAL_TIME, UTC, Premises
from ivr.steps_waiting import WAITING
from ivr.transfers import Rung

ACTS = (SILENT, HANGS_UP, TALKS)
"""What callers do besides pressing keys and speaking."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """What the names in a file may be."""

    premises: Premises
    flow: Flow


def _known(info: ValidationInfo) -> Known:
    return cast(Known, info.context)


def _act(text: str, info: ValidationInfo) -> str:
    if info.data.get("chat") and text.strip():
        return text
    if text in ACTS or SPEAKS.fullmatch(text) or (text and set(text) <= KEYS):
        return text
    near = meant(text, ACTS)
    instead = near if near.startswith(";") else _not(text)
    raise ValueError(
        "is keys (0 to 9, * and #), `silence`, `speaks 5` (seconds), `talk` or `hang up`" + instead
    )


def at(text: str, zone: ZoneInfo) -> Seconds:
    """UTC of a time like `2026-03-02 10:00` on the clocks of this zone; raises ValueError."""
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
    except ValueError:
        pass
    raise ValueError(f'is a time like "2026-03-02 10:00"{_not(text)}')


def _wall_time(text: str) -> str:
    at(text, UTC)
    return text


def _zone(text: str) -> str:
    time_zone(text)
    return text


def _dialled(text: str, info: ValidationInfo) -> str:
    return _one_of(text, _known(info).premises.numbers, "number")


def _hours(text: str, info: ValidationInfo) -> str:
    return _one_of(text, _known(info).premises.hours, "entry in `hours`")


def _service(text: str, info: ValidationInfo) -> str:
    steps = _known(info).flow.steps.values()
    asked = {step.service for step in steps if isinstance(step, LookupStep)}
    return _one_of(text, asked, "service that the flow asks")


def _step_with_effect(text: str, info: ValidationInfo) -> str:
    steps = _known(info).flow.steps
    keeps = [n for n, s in steps.items() if s.has_effect and not isinstance(s, TransferStep)]
    return _one_of(text, keeps, "step that keeps")


def _destination(text: str, info: ValidationInfo) -> str:
    steps = _known(info).flow.steps.values()
    rung = {step.to for step in steps if isinstance(step, TransferStep)}
    return _one_of(text, rung, "destination that the flow rings")


def _function(text: str, info: ValidationInfo) -> str:
    steps = _known(info).flow.steps.values()
    run = {step.name for step in steps if isinstance(step, PythonStep)}
    return _one_of(text, run, "Python step in the flow")


def _ends(
    mocks: dict[str, tuple[MockedEnd, ...]], info: ValidationInfo
) -> dict[str, tuple[MockedEnd, ...]]:
    """Such ends as the function may come to."""
    for name, ends in mocks.items():
        function = _known(info).premises.python[name]
        outcomes = {**function.outcomes, FAILED: frozenset(), **(
            {UNKNOWN: frozenset()} if function.once else {})}  # fmt: skip
        for mock in ends:
            _one_of(mock.ends, outcomes, f"outcome of {name!r}")
            if mock.gives.keys() != outcomes[mock.ends]:
                gives = ", ".join(sorted(outcomes[mock.ends])) or "nothing"
                raise ValueError(f"with {mock.ends!r}, {name!r} gives {gives}: write just that")
    return mocks


def _queue(text: str, info: ValidationInfo) -> str:
    return _one_of(text, _known(info).premises.queues, "queue")


def _class(text: str, info: ValidationInfo) -> str:
    return _one_of(text, _known(info).premises.classes, "class")


def _number(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9]{1,15}", text):
        raise ValueError(f"is a number like +8613800138000{_not(text)}")
    return text


def _pin(text: str) -> str:
    if text not in (LOCKED, AWAY) and not re.fullmatch(r"[0-9]{4,12}", text):
        raise ValueError(f"is a PIN of 4 to 12 digits, `locked` or `away`{_not(text)}")
    return text


def _language(text: str, info: ValidationInfo) -> str:
    return _one_of(text, _known(info).flow.languages, "language")


def _passed(text: str, info: ValidationInfo) -> str:
    """`step:outcome`, as the trail has it; what a step without outcomes ends in is not checked."""
    name, colon, outcome = text.partition(":")
    if not colon or not outcome:
        raise ValueError(f"is a step and its outcome, like `menu:1`{_not(text)}")
    steps = _known(info).flow.steps
    step = steps[_one_of(name, steps, "step")]
    own = step.outcomes()
    outcomes = own | {CALLER_GONE} if own else own
    if own and isinstance(step, QueueStep):
        outcomes |= {WAITING}
    if outcomes and outcome not in outcomes | {PERSON}:
        raise ValueError(f"{outcome!r} is no outcome of {name!r}{meant(outcome, outcomes)}")
    return text


def _some(value: object) -> object:
    """Looked at as it is written: pydantic counts only those without a fault."""
    if value == []:
        raise ValueError("is empty")
    return value


def _one_of(text: str, known: Iterable[str], what: str) -> str:
    if text not in known:
        raise ValueError(f"there is no {what} {text!r}{meant(text, known)}")
    return text


def _not(text: str) -> str:
    return f", not {text[:40]!r}"


class Expected(Keys):
    """What is to come of a call. What is left out may be anything."""

    steps: tuple[Annotated[str, AfterValidator(_passed)], ...] | None = None
    """The whole trail: each step with its outcome."""
    hears: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = ()
    """Parts of what is said, in this order; small and capital letters are the same."""
    ends: Literal["waiting", "goodbye", "hang up"] | None = None
    queue: Annotated[str, AfterValidator(_queue)] | None = None
    language: Annotated[str, AfterValidator(_language)] | None = None
    """The caller's, in the end."""
    urgency: str | None = None
    """Of who waits: as the step has it; empty: none."""
    skills: dict[Word, Level] | None = None
    """What is asked of the agent: as the step has it; empty: nothing."""
    told: tuple[str, ...] | None = None
    """What the agent is told of values, like `order: 4711`."""


class Caller(Keys):
    """One scripted caller."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    chat: bool = False
    """Whether they write in a chat; what they do are their words."""
    does: tuple[Annotated[str, AfterValidator(_act)], ...] = ()
    """An act for each question; silence from then on."""
    at: Annotated[str, AfterValidator(_wall_time)] = f"{USUAL_TIME:%Y-%m-%d %H:%M}"
    dialled: Annotated[str, AfterValidator(_dialled)] | None = None
    language: Annotated[str, AfterValidator(_language)] | None = None
    """Of the dialled number."""
    class_: Annotated[str, AfterValidator(_class)] | None = Field(default=None, alias="class")
    """Default: that of the dialled number."""
    caller_number: Annotated[str, AfterValidator(_number)] | None = None
    """As signalled; default: withheld."""
    listed: Literal["blocked", "allowed", "none"] = "none"
    """The list that they are on."""
    emergency: bool = False
    """Whether the house is closed in an emergency."""
    hours: dict[Annotated[str, AfterValidator(_hours)], Literal["open", "closed"]] = Field(
        default_factory=dict
    )
    """Opening hours that are open or closed whatever the clock shows."""
    mocks: dict[Annotated[str, AfterValidator(_service)], tuple[MockedAnswer, ...]] = Field(
        default_factory=dict
    )
    """What services answer, in the order in which they are asked."""
    pin: Annotated[str, AfterValidator(_pin)] | None = None
    """Theirs; default: they have none."""
    python: Annotated[
        dict[Annotated[str, AfterValidator(_function)], tuple[MockedEnd, ...]],
        AfterValidator(_ends),
    ] = Field(default_factory=dict)
    """How Python steps end, in the order in which they are run."""
    callbacks: Literal["full", "away"] | None = None
    """Why none is promised; default: everybody is promised one."""
    overflow: Literal["callback", "message", "elsewhere"] | None = None
    """Where the queues' rules lead this caller; default: nowhere, they wait."""
    transfers: dict[Annotated[str, AfterValidator(_destination)], tuple[Rung, ...]] = Field(
        default_factory=dict
    )
    """How ringing a destination ends, in order; from then on, and by default: they talk."""
    broken: tuple[Annotated[str, AfterValidator(_step_with_effect)], ...] = ()
    """Steps that cannot keep what they should, as when a disk is full."""
    expect: Expected = Field(default_factory=Expected)


class CallersFile(Keys):
    """A file of callers."""

    flow: str = ""
    """The flow they walk through; the file's own name where it is not given."""
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    """Of the times of calls; default: that of all opening hours, else UTC."""
    callers: Annotated[tuple[Caller, ...], BeforeValidator(_some)]

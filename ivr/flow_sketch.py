"""A flow as boxes and arrows: what every picture of it shows, in whatever form. Pure.

Outcomes of one step that lead to the same step share an arrow. With a period's counts, arrows say
how often they were taken, and boxes how many callers came and how many hung up there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from ivr.flow import TALKED, TOO_MANY, Flow, Outcome, QueueStep, Spoken, Step, StepName
from ivr.steps_calling import INTO
from ivr.steps_waiting import WAITING

GONE = "caller gone"
"""The outcome that the journal has where a caller hung up."""
NEVER_FIRST = tuple("，。、；：！？）”’》")
"""Signs that no line begins with."""
ABOUT = ("queue", "hours", "service", "name", "language", "flow", "outcome")
"""Fields of steps that say what the step is about."""
TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
"""Unseen signs that turn the direction of a text."""
Counts = Mapping[tuple[StepName, Outcome], int]
"""How often each step ended in each outcome."""


@dataclass(frozen=True, slots=True)
class Box:
    """A step."""

    name: StepName
    kind: str
    about: str
    words: str
    """What it says, in the house's first language; empty when it says nothing."""
    came: int | None = None
    """How often it was performed; None when nobody counted."""
    hung_up: int = 0

    @property
    def inside(self) -> StepName:
        """The step by which its flow is called; empty: it stands in the flow itself."""
        return self.name.rpartition(INTO)[0]


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a step to a next one, by these outcomes."""

    source: StepName
    target: StepName
    outcomes: tuple[Outcome, ...]
    each: tuple[int, ...] | None = None
    """How often it was taken by each outcome; None when nobody counted."""

    @property
    def taken(self) -> int | None:
        return None if self.each is None else sum(self.each)


@dataclass(frozen=True, slots=True)
class Sketch:
    """The flow, ready to be drawn."""

    name: str
    first: StepName
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    no_longer: tuple[tuple[StepName, Outcome, int], ...] = ()
    """What was counted of steps and outcomes that the flow does not have (any more)."""


def sketch(flow: Flow, counts: Counts | None = None) -> Sketch:
    """The flow's boxes in the order of its file, with counts where there are any."""
    boxes = tuple(_box(name, step, flow.languages[0], counts) for name, step in flow.steps.items())
    arrows = [arrow for name, step in flow.steps.items() for arrow in _arrows(name, step, counts)]
    no_longer = sorted(
        (name, outcome, number)
        for (name, outcome), number in (counts or {}).items()
        if not _is_known(flow.steps.get(name), outcome)
    )
    return Sketch(flow.name, flow.first, boxes, tuple(arrows), tuple(no_longer))


def _box(name: StepName, step: Step, language: str, counts: Counts | None) -> Box:
    fields = (getattr(step, field, None) for field in ABOUT)
    about = [value for value in fields if value and isinstance(value, str)]
    about += [f"at most {step.at_most}"] if step.at_most else []
    spoken: Spoken | None = next((spoken for _, spoken in step.spoken()), None)
    words = plain(spoken[language].text) if spoken else ""
    if counts is None:
        return Box(name, step.do, ", ".join(about), words)
    # who talked, or came out by a key, is told of a second time: they came when they began to wait
    told = [(outcome, n) for (at, outcome), n in counts.items() if at == name]
    later = step.outcomes() - {TOO_MANY} if isinstance(step, QueueStep) else ()
    came = sum(number for outcome, number in told if outcome not in (TALKED, *later))
    return Box(name, step.do, ", ".join(about), words, came, counts.get((name, GONE), 0))


def _arrows(name: StepName, step: Step, counts: Counts | None) -> list[Arrow]:
    by_target: dict[StepName, list[Outcome]] = {}
    for outcome, target in step.then.items():
        by_target.setdefault(target, []).append(outcome)
    return [
        Arrow(name, target, tuple(outcomes), _each(name, outcomes, counts))
        for target, outcomes in by_target.items()
    ]


def _each(name: StepName, outcomes: list[Outcome], counts: Counts | None) -> tuple[int, ...] | None:
    return None if counts is None else tuple(counts.get((name, one), 0) for one in outcomes)


def _is_known(step: Step | None, outcome: Outcome) -> bool:
    if isinstance(step, QueueStep) and outcome == WAITING:
        return True
    return step is not None and (outcome == GONE or not step.then or outcome in step.then)


# ---------------------------------------------------------------- texts that others wrote


def plain(text: str) -> str:
    """The text in one line, without signs that a picture must not hold or that turn its order."""
    shown = (" " if _is_unseen(sign) else sign for sign in text if ord(sign) not in TURNING)
    return " ".join("".join(shown).split())


def _is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp")


def columns(text: str) -> int:
    """How wide a text is: Chinese signs and pictographs take two columns, marks on others none."""
    return sum(_columns(sign) for sign in text)


def _columns(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def in_lines(text: str, wide: int, most: int) -> list[str]:
    """The text in at most so many lines of so many columns; what is left out becomes `…`."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most:
        fits = _fitting(rest, wide)
        space = rest.rfind(" ", 1, fits + 1)
        end = fits if fits == len(rest) or space < fits // 2 else space
        if rest[end : end + 1] in NEVER_FIRST and end > 1:
            end -= 1
        lines.append(rest[:end].strip())
        rest = rest[end:].lstrip()
    if rest:
        lines[-1] = lines[-1][: _fitting(lines[-1], wide - 1)].rstrip(" ,.，。、\u200d") + "…"
    return lines


def _fitting(text: str, wide: int) -> int:
    """How many signs of the text fit, one at least."""
    used = 0
    for number, sign in enumerate(text):
        used += _columns(sign)
        if used > wide:
            return max(number, 1)
    return len(text)

"""What a caller can do in a step of each kind, and how it ends then. Pure.

A new kind is a row more in `DEEDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.flow import (
    DONE,
    KEYS,
    NO_MATCH,
    SILENCE,
    TALKED,
    AskStep,
    BranchStep,
    CallbackStep,
    ClosureStep,
    Flow,
    ListenStep,
    LookupStep,
    MenuStep,
    MessageStep,
    PythonStep,
    QueueStep,
    RecordStep,
    ReturnStep,
    Step,
    SurveyStep,
    VerifyStep,
)
from ivr.step import AnyStep
from ivr.steps_asking import NO, YES
from ivr.steps_calling import CALLED
from ivr.steps_closing import REFUSED
from ivr.steps_leaving import CANCELLED
from ivr.steps_outside import FAILED
from ivr.steps_promising import DECLINED, PROMISED
from ivr.steps_promising import NO as NO_CALLBACK
from ivr.steps_promising import YES as CALL_ME
from ivr.steps_proving import NO_PIN, VERIFIED
from ivr.steps_proving import REFUSED as REFUSED_PIN
from ivr.steps_spilling import QUEUE
from ivr.steps_waiting import WAITING
from ivr.transfers import Rung
from tests.hand import QUIET, SPEECH

HANG_UP = "hang up"
TAKES_TIME = (
    "say", "ask", "menu", "listen", "message", "record", "callback", "verify", "survey", "closure",
    "goodbye",
)  # fmt: skip
"""Kinds in which a caller's hang-up is noticed: the others take a few milliseconds, but for
`lookup` and `python`, which are over before anybody looks. (Who has come to a queue waits there and
hangs up after a moment; the step has ended before. `verify` asks nobody who has no PIN.)"""
BY_FAULTS: Mapping[str, Collection[str]] = {
    "callback": ("full", "failed"), "message": ("failed",), "record": ("failed",),
    "ticket": ("failed",), "verify": ("locked", "failed"),
}  # fmt: skip
"""Outcomes that no caller brings about in one call: something of the house is away or used up."""
SPOKEN = f"1{SPEECH * 5}#"
"""Something to be recorded, from the tone to its end."""
SAYING, KEYING = 8.0, 1.0
"""About how many seconds a prompt and an answer take: short ways are sought."""


@dataclass(frozen=True, slots=True)
class World:
    """What is settled before the call begins."""

    dialled: str = ""
    class_: str = "standard"
    queue: str = ""
    language: str = "zh"
    open: bool = True
    pin: str = ""
    """The caller's; empty: they have none."""
    overflow: str = QUEUE
    """Where the overflow rules lead."""
    talks: bool = False
    """Agents answer at once, and hang up."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What the caller does in one visit of a step, and how it ends."""

    step: str
    outcome: str
    keys: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """What is known from then on, over what was."""
    seconds: float = 0.0
    """About how long it takes."""
    waited: bool = False
    """Comes after a wait for a person: values of before are gone then."""


Answer = tuple[str, Mapping[str, str]]
"""How a question to something outside ends, and the values that it gives."""


@dataclass(frozen=True)
class Maze:
    """A flow, and what answers its callers get from outside."""

    flow: Flow
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """Of lookups, by the text that is asked for; any other is not found."""
    functions: Mapping[str, Answer] = field(default_factory=dict)
    """Of Python steps, by the function's name; any other fails."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a caller stands."""

    step: str
    world: World
    visits: tuple[tuple[str, int], ...] = ()
    values: tuple[tuple[str, str], ...] = ()


# ---------------------------------------------------------------- what can be done in a step


def _say(maze: Maze, step: Step, at: At) -> Iterator[Deed]:
    yield Deed(at.step, DONE, seconds=SAYING)


def _menu(maze: Maze, step: MenuStep, at: At) -> Iterator[Deed]:
    for key in sorted(step.keys):
        yield Deed(at.step, key, key, seconds=KEYING)
    wrong = next((key for key in "9876543210*#" if key not in step.keys), "")
    yield from _no_answer(step, at, wrong)


def _listen(maze: Maze, step: ListenStep, at: At) -> Iterator[Deed]:
    for keys in _answers(maze, step):
        text = step.grammar.value(keys)
        if text is not None:
            ended = keys if len(keys) == step.keys.most else keys + step.ends_with
            yield Deed(at.step, DONE, ended, ((step.into, text),), KEYING + len(keys) / 10)
    yield from _no_answer(step, at, step.ends_with)


def takes_time(maze: Maze, at: At) -> bool:
    """Whether a hang-up there is noticed."""
    kind = maze.flow.steps[at.step].do
    return kind in TAKES_TIME and (kind != "verify" or bool(at.world.pin))


def _no_answer(
    step: AskStep | MenuStep | ListenStep | CallbackStep, at: At, wrong: str
) -> Iterator[Deed]:
    waits = step.tries * (SAYING + step.seconds)
    yield Deed(at.step, SILENCE, seconds=waits)
    if wrong:
        yield Deed(at.step, NO_MATCH, wrong * step.tries, seconds=step.tries * KEYING)


def _answers(maze: Maze, step: ListenStep) -> list[str]:
    """Keys that every branch on this answer tells apart, and what services know."""
    texts = {*maze.answers, "1" * step.keys.most, "1" * step.keys.least, "20260305"}
    for other in maze.flow.steps.values():
        if isinstance(other, BranchStep) and other.value == step.into:
            for case in other.cases.values():
                texts |= set(case.texts)
                edges = [edge for edge in (case.least, case.most) if edge is not None]
                texts |= {str(edge + more) for edge in edges for more in (-1, 0, 1)}
    return sorted(text for text in texts if text and set(text) <= KEYS)


def _branch(maze: Maze, step: BranchStep, at: At) -> Iterator[Deed]:
    world, values = at.world, dict(at.values)
    facts = {
        "caller": "known", "class": world.class_, "dialled": world.dialled,
        "language": world.language, "queue": world.queue,
    }  # fmt: skip
    text = values.get(step.value) if step.value else facts[str(step.fact)]
    yield Deed(at.step, step.outcome(text))


def _lookup(maze: Maze, step: LookupStep, at: At) -> Iterator[Deed]:
    asked = next((text for _, text in at.values if text in maze.answers), "")
    outcome, values = maze.answers.get(asked, ("not_found", {}))
    yield Deed(at.step, outcome, values=tuple(values.items()), seconds=step.seconds)


def _ask(maze: Maze, step: AskStep, at: At) -> Iterator[Deed]:
    yield Deed(at.step, YES, step.key_for_yes, seconds=KEYING)
    yield Deed(at.step, NO, step.key_for_no, seconds=KEYING)
    yield from _no_answer(step, at, next(key for key in "987" if key not in step.answers))


def _message(maze: Maze, step: MessageStep, at: At) -> Iterator[Deed]:
    """A key skips to the tone, another ends the recording."""
    keep, cancel = (step.keep, step.cancel) if step.confirm else ("", "")
    yield Deed(at.step, DONE, SPOKEN + keep, seconds=SAYING)
    if cancel:
        yield Deed(at.step, CANCELLED, SPOKEN + cancel, seconds=SAYING)
    yield _nothing_said(step, at)


def _nothing_said(step: MessageStep | RecordStep, at: At) -> Deed:
    """The telephone sends silence until the last recording has ended."""
    seconds = step.tries * (SAYING + step.pause + 3)
    return Deed(at.step, SILENCE, QUIET * round(seconds), seconds=seconds)


def _record(maze: Maze, step: RecordStep, at: At) -> Iterator[Deed]:
    yield Deed(at.step, DONE, SPOKEN, seconds=SAYING)
    yield _nothing_said(step, at)


def _verify(maze: Maze, step: VerifyStep, at: At) -> Iterator[Deed]:
    """The PIN is as long as the longest that the step takes, and so is a wrong one."""
    if not at.world.pin:
        yield Deed(at.step, NO_PIN)
        return
    wrong = "".join("97"[key == "9"] for key in at.world.pin)
    yield Deed(at.step, VERIFIED, at.world.pin, seconds=KEYING)
    yield Deed(at.step, REFUSED_PIN, wrong * step.tries, seconds=step.tries * KEYING)
    yield Deed(at.step, SILENCE, seconds=step.tries * (SAYING + step.seconds))


def _queue(maze: Maze, step: QueueStep, at: At) -> Iterator[Deed]:
    """Rules lead away at once, agents answer at once: a key works while neither comes."""
    if at.world.overflow in step.overflow:
        yield Deed(at.step, at.world.overflow, seconds=SAYING, waited=True)
    elif at.world.talks and TALKED in step.then:
        yield Deed(at.step, TALKED, seconds=KEYING, waited=True)
    else:
        yield Deed(at.step, WAITING, seconds=KEYING)
        for key in sorted(step.keys):
            yield Deed(at.step, key, key, seconds=SAYING, waited=True)


def _callback(maze: Maze, step: CallbackStep, at: At) -> Iterator[Deed]:
    """Callers show a number that can be called."""
    yield Deed(at.step, PROMISED, CALL_ME, seconds=SAYING)
    yield Deed(at.step, DECLINED, NO_CALLBACK, seconds=KEYING)
    yield from _no_answer(step, at, "9")


def _survey(maze: Maze, step: SurveyStep, at: At) -> Iterator[Deed]:
    yield Deed(at.step, DONE, "1" * len([*step.questions()]), seconds=SAYING)
    yield Deed(at.step, SILENCE, seconds=step.tries * (SAYING + step.seconds))


def _closure(maze: Maze, step: ClosureStep, at: At) -> Iterator[Deed]:
    """The house has no PIN: none is right."""
    yield Deed(at.step, REFUSED, "135790#" * step.tries, seconds=step.tries * KEYING)
    yield Deed(at.step, SILENCE, seconds=SAYING + step.seconds)


def _python(maze: Maze, step: PythonStep, at: At) -> Iterator[Deed]:
    outcome, values = maze.functions.get(step.name, (FAILED, {}))
    kept = tuple((name, values[of]) for name, of in step.into.items() if of in values)
    yield Deed(at.step, outcome, values=kept)


def _at_once(outcome: str) -> Callable[[Maze, AnyStep, At], Iterator[Deed]]:
    return lambda maze, step, at: iter([Deed(at.step, outcome)])


def _return(maze: Maze, step: ReturnStep, at: At) -> Iterator[Deed]:
    yield Deed(at.step, step.outcome)


DEEDS: dict[str, Callable[[Maze, Any, At], Iterator[Deed]]] = {
    "say": _say,
    "menu": _menu,
    "listen": _listen,
    "set": lambda maze, step, at: iter([Deed(at.step, DONE, values=tuple(step.values.items()))]),
    "branch": _branch,
    "hours": lambda maze, step, at: iter([Deed(at.step, "open" if at.world.open else "closed")]),
    "lookup": _lookup,
    "queue": _queue,
    "goodbye": _say,
    "ask": _ask,
    "message": _message,
    "record": _record,
    "ticket": _at_once(DONE),
    "verify": _verify,
    "callback": _callback,
    "overflow": lambda maze, step, at: iter([Deed(at.step, at.world.overflow)]),
    "transfer": _at_once(Rung.UNREACHABLE),  # nobody has registered such a telephone
    "survey": _survey,
    "closure": _closure,
    "python": _python,
    "flow": _at_once(CALLED),
    "return": _return,
}

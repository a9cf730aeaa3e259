"""What a flow must keep to before it may answer a call. Each check adds the faults it finds."""

from __future__ import annotations

import wave
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from ivr import check_skills, graph, person_near
from ivr.cases import Case
from ivr.check_skills import Able
from ivr.faults import Faults, meant
from ivr.flow import (
    KEYS,
    TOO_MANY,
    AskStep,
    BranchStep,
    CallbackStep,
    ClosureStep,
    HoursStep,
    LookupStep,
    MenuStep,
    MessageStep,
    OverflowStep,
    QueueStep,
    SetStep,
    Spoken,
    Step,
    TicketStep,
    TransferStep,
)
from ivr.python_steps import PythonFunction
from ivr.spoken_values import MARK, placeholder
from ivr.steps_python import PythonStep
from ivr.values import LEVELS
from voice.phrases import WAIT_LANGUAGES

IN_A_QUEUE = (
    QueueStep, CallbackStep, OverflowStep, MessageStep, TicketStep, HoursStep, ClosureStep,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """The names that a flow may refer to."""

    languages: tuple[str, ...]
    queues: Collection[str]
    hours: Collection[str]
    keys_to_a_person: int = 3
    """So many keys lead from every step to a person, at most."""
    services: Collection[str] = ()
    """What `lookup` may ask."""
    python: Mapping[str, PythonFunction] = field(default_factory=dict)
    """What `python` steps may run."""
    destinations: Collection[str] = ()
    """Whom `transfer` may ring."""
    urgency: Collection[str] = ()
    """What makes a contact urgent."""
    asked_online: Collection[str] = ()
    """Queues whose callers are offered, by a key, to go on in the chat."""
    able: Able = field(default_factory=dict)
    """What the agents of each queue can do."""


def targets(
    first: str, arrows: graph.Arrows, faults: Faults,
    field_of: Callable[[str, str], str] = lambda name, outcome: "then",
) -> None:  # fmt: skip
    """Every arrow leads to a step. `field_of`: where the arrow of a step and outcome stands."""
    if first and arrows and first not in arrows:
        faults.add(("first",), f"there is no step {first!r}{meant(first, arrows)}")
    for name, out in arrows.items():
        for outcome, target in out.items():
            if target not in arrows:
                text = f"leads to {target!r}, which is no step{meant(target, arrows)}"
                faults.add(("steps", name, field_of(name, outcome), outcome), text)


def ways(
    first: str, arrows: graph.Arrows, limited: Collection[str], faults: Faults,
    once: Collection[tuple[str, str]] = (),
) -> None:  # fmt: skip
    """Every step is reached by somebody, and nobody goes round for ever. `once`: steps and outcomes
    of arrows that nobody goes twice."""
    known = graph.among(arrows)
    if first in known:
        for name in known.keys() - graph.reachable(first, known):
            faults.add(("steps", name), "no caller can reach this step")
    again = {
        name: {outcome: target for outcome, target in out.items() if (name, outcome) not in once}
        for name, out in known.items()
    }
    for way in graph.loops(again, limited, TOO_MANY):
        text = (
            f"a caller can go round for ever ({' -> '.join([*way, way[0]])}); "
            "give one of these steps `at_most: 3` and an outcome `too_many` that leads out"
        )
        faults.add(("steps", way[0]), text)


def people(
    first: str, arrows: graph.Arrows, steps: Mapping[str, Step], most: int, faults: Faults
) -> None:
    """A person is near, wherever a caller is."""
    for far in person_near.too_far(first, arrows, steps, most):
        if far.keys == inf:
            text = (
                "no person can be reached from here; "
                "let an outcome lead to a `queue`, or to a menu with a key for one"
            )
        else:
            text = (
                f"a person is {far.keys:g} keys away ({' -> '.join(far.way)}), {most} are allowed; "
                "let a key of this step lead to a `queue`"
            )
        faults.add(("steps", far.step), text)


def outcomes(name: str, step: Step, faults: Faults) -> None:
    """Every outcome leads somewhere, and nothing else is there."""
    where = ("steps", name, "then")
    for outcome in step.outcomes() - step.then.keys():
        limit = " (`at_most` needs it)" if outcome == TOO_MANY else ""
        faults.add(where, f"the outcome {outcome!r} leads nowhere{limit}")
    for outcome in step.then.keys() - step.outcomes():
        faults.add((*where, outcome), _no_outcome(outcome, step))
    if isinstance(step, MenuStep) and not step.keys:
        faults.add(where, "a menu needs at least one key (0 to 9, * or #)")


def _no_outcome(outcome: str, step: Step) -> str:
    if isinstance(step, MenuStep) and all(sign in KEYS for sign in outcome):
        return "a menu's keys are one sign each: 0 to 9, * or #"
    known = step.outcomes() | step.may_lead_on
    if not known:
        return f"{step.do!r} ends the flow: nothing comes after it"
    return f"{outcome!r} is no outcome of {step.do!r}{meant(outcome, known)}"


def texts(name: str, step: Step, house: House, faults: Faults) -> None:
    """Every prompt can be spoken, and every button read, in every language of the house."""
    for path, spoken in step.spoken():
        where = ("steps", name, *path)
        for language in set(house.languages) - spoken.keys():
            faults.add(where, f"there is no text in {language!r}")
        _placeholders(where, step, spoken, faults)
        _recordings(where, spoken, faults)
    for key, label in step.buttons.items() if isinstance(step, MenuStep | AskStep) else ():
        for language in set(house.languages) - label.keys():
            faults.add(("steps", name, "buttons", key), f"there is no text in {language!r}")


def _placeholders(where: tuple[str, ...], step: Step, spoken: Spoken, faults: Faults) -> None:
    """What stands for something at call time can be said there. (`check_values` has the rest.)"""
    here = "only {wait}, while waiting" if isinstance(step, QueueStep) else "only {name} of a value"
    for language, words in spoken.items():
        for mark in MARK.findall(words.text):
            waits = "while_waiting" in where and mark == "{wait}"
            value = not isinstance(step, QueueStep) and placeholder(mark)
            if not waits and not value:
                faults.add((*where, language), f"{mark!r} is not known here; {here}")
            elif words.recorded:
                faults.add((*where, language), f"a recording cannot hold {mark}")
            elif waits and language not in WAIT_LANGUAGES:
                faults.add((*where, language), f"{{wait}} cannot be said in {language!r}")


def _recordings(where: tuple[str, ...], spoken: Spoken, faults: Faults) -> None:
    for language, words in spoken.items():
        if words.recorded and (fault := _recording_fault(words.recorded)):
            faults.add((*where, language, "recorded"), fault)


def _recording_fault(path: Path) -> str:
    try:
        with wave.open(str(path)) as file:
            bits, rate, frames = 8 * file.getsampwidth(), file.getframerate(), file.getnframes()
    except (OSError, EOFError, wave.Error) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else str(fault) or "it is cut off"
        return f"{path.name} is not a WAV file that can be read: {reason}"
    if bits != 16 or rate < 8000 or not frames:
        return f"{path.name}: {bits} bits at {rate} Hz, {frames} frames; 16 bits, 8000 Hz or more"
    return ""


def names(name: str, step: Step, house: House, faults: Faults) -> None:
    """Queues, hours, services and languages are those of the house."""
    where = ("steps", name)
    if isinstance(step, IN_A_QUEUE):
        _queue(where, step.queue, house, faults)
    if isinstance(step, QueueStep | CallbackStep) and step.urgency not in (None, *house.urgency):
        known = meant(str(step.urgency), house.urgency) or "; name it in `urgency` of centre.yaml"
        faults.add((*where, "urgency"), f"there is no urgency {step.urgency!r}{known}")
    if isinstance(step, QueueStep | CallbackStep) and step.queue in (None, *house.queues):
        for path, text in check_skills.faults_of(step.skills, step.queue, house.able):
            faults.add((*where, "skills", *path), text)
    if isinstance(step, HoursStep) and step.hours not in house.hours:
        text = f"there are no hours {step.hours!r}{meant(step.hours, house.hours)}"
        faults.add((*where, "hours"), text)
    if isinstance(step, LookupStep) and step.service not in house.services:
        known = meant(step.service, house.services) or "; name it in `services` of site.yaml"
        faults.add((*where, "service"), f"there is no service {step.service!r}{known}")
    if isinstance(step, PythonStep) and step.name not in house.python:
        text = f"there is no Python step {step.name!r}{meant(step.name, house.python)}"
        faults.add((*where, "name"), text)
    if isinstance(step, TransferStep) and step.to not in house.destinations:
        known = meant(step.to, house.destinations) or "; name it in `destinations` of site.yaml"
        faults.add((*where, "to"), f"there is no destination {step.to!r}{known}")
    if isinstance(step, BranchStep):
        _cases(where, step, house, faults)
    if isinstance(step, SetStep) and step.language not in (None, *house.languages):
        text = f"{step.language!r} is not spoken here{meant(str(step.language), house.languages)}"
        faults.add((*where, "language"), text)


def _queue(where: tuple[str, ...], queue: str | None, house: House, faults: Faults) -> None:
    if queue not in (None, *house.queues):
        text = f"there is no queue {queue!r}{meant(str(queue), house.queues)}"
        faults.add((*where, "queue"), text)


def _cases(where: tuple[str, ...], step: BranchStep, house: House, faults: Faults) -> None:
    """Every case can come true."""
    houses: dict[str, Collection[str]] = {
        "language": house.languages, "queue": house.queues, "caller": ("known", "withheld"),
        "listed": ("blocked", "allowed", "none"), "verified": LEVELS,
    }  # fmt: skip
    known = houses.get(step.fact or "")
    earlier: list[Case] = []
    for name, case in step.cases.items():
        if case.is_hidden_by(earlier):
            faults.add((*where, "cases", name), "the cases before this one leave nothing for it")
        earlier.append(case)
        for text in case.texts:
            if known is not None and text not in known:
                wrong = f"there is no {step.fact} {text!r}{meant(text, known)}"
                faults.add((*where, "cases", name), wrong)

"""Flows that call flows: the steps of those that are called become steps of the one that calls.

Step `order` of the flow `status`, called by the step `ask` of `main`, is the step `ask/order` of
`main`. A `return` leads on to where the caller's `then` has its outcome. All that is proved of a
flow, all that is remembered of a call and every picture then goes through calls by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ivr import marked_yaml
from ivr.faults import Faults, Inside, meant
from ivr.frame import Fields, Frame, arrows_of, inside
from ivr.marked_yaml import Value
from ivr.step import TOO_MANY
from ivr.steps_calling import CALLED, INTO, Call, FlowStep

DEEPEST = 3
"""So many calls may be inside each other."""
MOST_STEPS = 500
"""Of a flow, with those of the flows that it calls."""
NO_FILES: Mapping[str, Path] = MappingProxyType({})
_MAY_CALL = re.compile(r"do[\"']?\s*:\s*[\"']?flow\b")


@dataclass(frozen=True, slots=True)
class Part:
    """A flow as far as one that calls it is concerned."""

    name: str
    file: Faults
    """Its file, and what is wrong with it alone."""
    frame: Frame
    unfolded: Unfolded
    report: list[str]
    """Everything that is wrong with it, and with those that it calls."""

    @property
    def endings(self) -> set[str]:
        """The outcomes that it comes back with."""
        return set(self.frame.returns.values())


@dataclass(slots=True)
class Unfolded:
    """The steps of a flow with those that it calls, each as its fields stand."""

    plain: dict[str, Fields] = field(default_factory=dict)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of each `flow` step that has been unfolded, what the called flow needs."""
    parts: list[Part] = field(default_factory=list)
    """The flows that are called directly."""
    depth: int = 0
    """So many calls are inside each other."""

    def has_room(self, name: str, part: Part, faults: Faults) -> bool:
        """Whether `part` can be put in for this step, or else why not."""
        self.parts.append(part)
        where = ("steps", name, "flow")
        if part.unfolded.depth >= DEEPEST:
            faults.add(where, f"more than {DEEPEST} calls are inside each other")
        elif len(self.plain) + len(part.unfolded.plain) >= MOST_STEPS:
            text = f"with the flows that it calls, the flow has more than {MOST_STEPS} steps"
            faults.add(where, text)
        else:
            return part.frame.first in part.unfolded.plain  # else the part's own report says why
        return False

    def as_called(self, name: str, step: FlowStep) -> Call | None:
        """The step with what the called flow needs; None when that could not be looked at."""
        if name not in self.needs:
            return None
        return Call(**dict(step), needs=self.needs[name])

    def call(self, name: str, fields: Fields, part: Part, own: Mapping[str, Fields],
             faults: Faults) -> None:  # fmt: skip
        """Put the steps of `part` in, which the step `name` calls; `own`: the caller's steps."""
        goes_to = _wired(name, fields, part, own, faults)
        begins = {CALLED: f"{name}{INTO}{part.frame.first}"}
        self.plain[name] = {**fields, "then": {**begins, **_limit(fields)}}
        self.needs[name] = part.frame.needs
        returns = part.frame.returns
        for inner, its in part.unfolded.plain.items():
            moved = inside(its, f"{name}{INTO}")
            if inner in returns and returns[inner] in goes_to:
                moved["then"] = {**arrows_of(moved), returns[inner]: goes_to[returns[inner]]}
            self.plain[f"{name}{INTO}{inner}"] = moved
        for inner, needs in part.unfolded.needs.items():
            self.needs[f"{name}{INTO}{inner}"] = needs
        faults.inside[name] = Inside(part.file.file, part.file.document, not part.report)
        for inner, place in part.file.inside.items():
            faults.inside[f"{name}{INTO}{inner}"] = place
        self.depth = max(self.depth, 1 + part.unfolded.depth)


def _limit(fields: Fields) -> dict[str, Value]:
    return {name: target for name, target in arrows_of(fields).items() if name == TOO_MANY}


def _wired(
    name: str, fields: Fields, part: Part, own: Mapping[str, Fields], faults: Faults
) -> dict[str, str]:
    """Where each outcome of the called flow leads to; what is not right with it is a fault."""
    where, then = ("steps", name, "then"), arrows_of(fields)
    for outcome in part.endings - then.keys():
        text = f"the flow {part.name!r} comes back with {outcome!r}, which leads nowhere here"
        faults.add(where, text)
    goes_to: dict[str, str] = {}
    for outcome in then.keys() - {TOO_MANY}:
        if not part.endings:
            text = f"the flow {part.name!r} never comes back (it has no `return`)"
            faults.add((*where, outcome), text)
        elif outcome not in part.endings:
            known = meant(outcome, part.endings)
            faults.add((*where, outcome), f"the flow {part.name!r} has no such outcome{known}")
        elif then[outcome] not in own:
            text = f"leads to {then[outcome]!r}, which is no step{meant(then[outcome], own)}"
            faults.add((*where, outcome), text)
        else:
            goes_to[outcome] = then[outcome]
    return goes_to


def check_returns(frame: Frame, faults: Faults) -> None:
    """A `return` is an end in its own file."""
    for name, outcome in frame.returns.items():
        if outcome in arrows_of(frame.plain[name]) and outcome != TOO_MANY:
            text = "'return' ends the flow: nothing comes after it here"
            faults.add(("steps", name, "then", outcome), text)


# ---------------------------------------------------------------- files


def beside(file: Path) -> dict[str, Path]:
    """The flows in the same folder, by name."""
    return {each.stem: each for each in sorted(file.parent.glob("*.yaml"))}


def called_by(file: Path, files: Mapping[str, Path]) -> dict[str, Path]:
    """The files of all flows that this one calls, and those that these call, by name. Raises
    OSError and UnicodeDecodeError; a flow that is not there is left out."""
    found: dict[str, Path] = {}
    todo = [file]
    while todo:
        for name in _called_in(todo.pop().read_text(encoding="utf-8")):
            if name in files and name not in found and files[name] != file:
                found[name] = files[name]
                todo.append(files[name])
    return found


def _called_in(text: str) -> list[str]:
    if not _MAY_CALL.search(text):  # quicker than to read it
        return []
    steps = _steps(text)
    return [str(step["flow"]) for step in steps if step.get("do") == "flow" and "flow" in step]


def is_called(file: Path) -> bool:
    """Whether the flow in this file is there to be called: by others, and by no number. Raises
    OSError and UnicodeDecodeError; what cannot be understood is not."""
    text = file.read_text(encoding="utf-8")
    if not re.search(r"\breturn\b|\bneeds\b", text):
        return False
    given = marked_yaml.read(text).value
    returns = any(step.get("do") == "return" for step in _steps(text))
    return returns or (isinstance(given, dict) and "needs" in given)


def _steps(text: str) -> list[Fields]:
    given = marked_yaml.read(text).value
    steps = given.get("steps") if isinstance(given, dict) else None
    return [step for step in steps.values() if isinstance(step, dict)] if isinstance(
        steps, dict) else []  # fmt: skip

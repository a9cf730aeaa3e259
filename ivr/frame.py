"""What a flow's file has around its steps: where it begins, what it needs, and each step's fields
as they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.faults import Faults, meant
from ivr.marked_yaml import Value
from ivr.step import DONE
from ivr.steps_calling import INTO
from ivr.values import NAME, RESERVED

Fields = dict[str, Value]
STEP_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
NO_STEP_NAME = "a step's name is small letters, digits and _, at most 32"
_KNOWN = ("first", "steps", "needs")


@dataclass(frozen=True, slots=True)
class Frame:
    """A flow as its file has it, not yet understood."""

    first: str = ""
    plain: Mapping[str, Fields] = field(default_factory=dict)
    """Each step's fields."""
    needs: tuple[str, ...] = ()
    """The values that whoever calls this flow has collected."""

    @property
    def returns(self) -> dict[str, str]:
        """The steps that come back to a caller, and with which outcome."""
        return {
            name: str(fields.get("outcome", DONE))
            for name, fields in self.plain.items()
            if fields.get("do") == "return"
        }


def frame_of(given: Value, faults: Faults) -> Frame:
    """What can be read of it; the rest is faults."""
    if not isinstance(given, dict):
        if not faults.found:  # else it is not even YAML
            faults.add((), "a flow has the fields `first` and `steps`")
        return Frame()
    for name in given.keys() - set(_KNOWN):
        faults.add((name,), f"unknown field{meant(name, _KNOWN)}")
    needs = tuple(_needs(given["needs"], faults)) if "needs" in given else ()
    first, steps = given.get("first"), given.get("steps")
    if not isinstance(first, str) or not first:
        faults.add(("first",), "name the step that begins")
    if not isinstance(steps, dict) or not steps:
        faults.add(("steps",), "a flow needs steps, each with a name")
        return Frame(str(first or ""), {}, needs)
    plain: dict[str, Fields] = {}
    for name, fields in steps.items():
        if INTO in name:
            faults.add(("steps",), f"{name!r}: {NO_STEP_NAME}")
            continue
        if not isinstance(fields, dict) or not fields:
            faults.add(("steps", name), "a step has fields, at least `do`")
        plain[name] = dict(fields) if isinstance(fields, dict) else {}
    return Frame(str(first or ""), plain, needs)


def arrows_of(fields: Fields) -> dict[str, str]:
    """`then` in full; `then: menu` is short for `then: {done: menu}`. With those that a step has
    elsewhere: a `queue`."""
    then = fields.get("then", {})
    if isinstance(then, str):
        return {DONE: then} if then else {}
    given = (fields.get(name, {}) for name in _leading_on(fields))
    found: dict[str, str] = {}
    for arrows in (*given, then):
        if isinstance(arrows, dict):
            found |= {outcome: str(target) for outcome, target in arrows.items()}
    return found


def field_of(fields: Fields, outcome: str) -> str:
    """The field in which this outcome has its arrow."""
    for name in _leading_on(fields):
        arrows = fields.get(name)
        if isinstance(arrows, dict) and outcome in arrows:
            return name
    return "then"


def inside(fields: Fields, call: str) -> Fields:
    """The fields of a step of a flow that is called, with its arrows as the caller has them."""
    then = {outcome: f"{call}{target}" for outcome, target in arrows_of(fields).items()}
    moved: Fields = {**fields, "then": {**then}}
    for name in _leading_on(fields):
        if isinstance(arrows := fields.get(name), dict):
            moved[name] = {outcome: f"{call}{target}" for outcome, target in arrows.items()}
    return moved


def _leading_on(fields: Fields) -> tuple[str, ...]:
    """Fields besides `then` in which a step says where it leads."""
    return ("keys", "overflow") if fields.get("do") == "queue" else ()


def _needs(given: Value, faults: Faults) -> list[str]:
    if not isinstance(given, list) or not given:
        faults.add(("needs",), "name the values that whoever calls has, like [order]")
        return []
    found: list[str] = []
    for number, name in enumerate(given):
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in RESERVED:
            text = "a value's name is small letters, digits and _, at most 32"
            faults.add(("needs", str(number)), text)
        elif name in found:
            faults.add(("needs", str(number)), f"{name!r} is there twice")
        else:
            found.append(name)
    return found

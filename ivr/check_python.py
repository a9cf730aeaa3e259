"""What a flow must keep to about the Python functions that its steps name."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.faults import Faults, meant
from ivr.python_steps import BadInput, Input, PythonFunction
from ivr.step import AnyStep
from ivr.steps_deciding import SetStep
from ivr.steps_outside import places
from ivr.steps_python import PythonStep, RegisteredStep
from ivr.steps_talking import ListenStep

Functions = Mapping[str, PythonFunction]


def registered(
    name: str, step: PythonStep, functions: Functions, faults: Faults
) -> RegisteredStep | None:
    """The step with what its function is known to end in; None when there is no such function."""
    function = functions.get(step.name)
    where = ("steps", name)
    if function is None:
        known = meant(step.name, functions) or "; `steps` of site.yaml names the folder of its file"
        faults.add((*where, "name"), f"there is no Python step {step.name!r}{known}")
        return None
    for given in step.inputs.keys() - function.inputs.keys():
        text = f"{step.name!r} has no such input{meant(given, function.inputs)}"
        faults.add((*where, "inputs", given), text)
    for needed, entry in function.inputs.items():
        if entry.needed and needed not in step.inputs:
            faults.add((*where, "inputs"), f"{step.name!r} needs the input {needed!r}")
    every = frozenset[str]().union(*function.outcomes.values())
    for value, source in step.into.items():
        if source not in every:
            text = f"{step.name!r} gives no {source!r}{meant(source, every)}"
            faults.add((*where, "into", value), text)
    return RegisteredStep(**dict(step), ends=function.outcomes, once=function.once)


def inputs(steps: Mapping[str, AnyStep], functions: Functions, faults: Faults) -> None:
    """What a function is given is of the kind that it takes, as far as it is known before."""
    for name, step in steps.items():
        if not isinstance(step, PythonStep) or step.name not in functions:
            continue
        known = functions[step.name].inputs
        for field in step.inputs.keys() & known.keys():
            if why := _unfit(step.inputs[field], known[field], steps):
                faults.add(("steps", name, "inputs", field), why)


def _unfit(text: str, entry: Input, steps: Mapping[str, AnyStep]) -> str:
    """Why the input cannot take this; empty when it can."""
    names = places(text)
    if not names:
        return _why_not(text, entry, f"{text!r}")
    if entry.kind is str:
        return ""
    if text != f"{{{names[0]}}}":
        return f"is no text: give {{{names[0]}}} alone, or a text without a value"
    for step in steps.values():
        if names[0] not in step.collects():
            continue
        example = None  # what a service or a function gives is not known before
        if isinstance(step, SetStep):
            example = step.values[names[0]]
        elif isinstance(step, ListenStep):
            example = step.grammar.example
        if example is not None and (why := _why_not(example, entry, f"{text}, like {example},")):
            return why
    return ""


def _why_not(text: str, entry: Input, told: str) -> str:
    try:
        entry.read(text)
    except BadInput as bad:
        return f"{told} {bad}"
    return ""

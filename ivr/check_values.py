"""What a flow must keep to about the values that its steps collect and its prompts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ivr import check_talk, check_waiting, graph
from ivr.faults import Faults, meant
from ivr.spoken_values import NO_WAY, Placeholder, placeholders, why_not
from ivr.step import AnyStep
from ivr.steps_calling import CALLED, AnyCaller
from ivr.steps_deciding import BranchStep, SetStep
from ivr.steps_talking import ListenStep
from ivr.steps_waiting import QueueStep
from ivr.values import MOST_KEPT, MOST_VALUES, room

Steps = Mapping[str, AnyStep]
MOST_COUNTED = 3_000
"""Bytes that the counts of all steps with a limit may take on the call."""
ANY_CALLER = "(whoever calls)"
"""Stands before the first step of a flow that needs values, as a way is told."""


def collected(steps: Steps) -> dict[str, int]:
    """Every value that some step may set, with the most bytes (UTF-8) it can take."""
    found: dict[str, int] = {}
    for step in steps.values():
        for name, most in step.collects().items():
            found[name] = max(found.get(name, 0), most)
    return found


def all_of(
    first: str, arrows: graph.Arrows, steps: Steps, needs: tuple[str, ...], faults: Faults
) -> None:
    """Whatever is looked at, said or asked for has been collected. `needs`: by whoever calls."""
    if needs:
        steps = {ANY_CALLER: AnyCaller(needs=needs), **steps}
        arrows = {ANY_CALLER: {CALLED: first}, **arrows}
    names(steps, faults)
    if first in steps:
        start, known = ANY_CALLER if needs else first, graph.among(arrows)
        prompts(start, known, steps, faults)
        uses(start, known, steps, faults)


def limits(steps: Steps, faults: Faults) -> None:
    """All values of the flow, and the counts of its limited steps, find room on the call."""
    counts = sum(len(f"{name}=20 ") for name, step in steps.items() if step.is_counted)
    if counts > MOST_COUNTED:
        text = (
            f"the names of steps that are counted (`at_most`, lookups, effects) may take "
            f"{counts} bytes on the call, {MOST_COUNTED} at most; use shorter names, "
            "or call fewer flows"
        )
        faults.add(("steps",), text)
    found = collected(steps)
    if len(found) > MOST_VALUES:
        text = f"the flow collects {len(found)} values; a call keeps {MOST_VALUES} at most"
        faults.add(("steps",), text)
    taken = sum(room(name, most) for name, most in found.items())
    if taken > MOST_KEPT:
        text = (
            f"the flow's values may take {taken} bytes on the call, {MOST_KEPT} at most; "
            "collect fewer keys, or set shorter texts"
        )
        faults.add(("steps",), text)


def names(steps: Steps, faults: Faults) -> None:
    """Whatever a step looks at, or tells the agent, is collected by some step."""
    known = collected(steps)
    for name, step in steps.items():
        if isinstance(step, BranchStep) and step.value and step.value not in known:
            text = f"no step collects a value {step.value!r}{meant(step.value, known)}"
            faults.add(("steps", name, "value"), text)
        for value in step.tell if isinstance(step, QueueStep) else ():
            if value not in known:
                text = f"no step collects a value {value!r}{meant(value, known)}"
                faults.add(("steps", name, "tell"), text)


def prompts(first: str, arrows: graph.Arrows, steps: Steps, faults: Faults) -> None:
    """Whatever a prompt says was collected on every way there, and can be said."""
    known = collected(steps)
    for name, step in steps.items():
        for path, spoken in () if isinstance(step, QueueStep) else step.spoken():
            for language, words in spoken.items():
                where = ("steps", name, *path, language)
                for mark in placeholders(words.text):
                    if mark.name in step.own_words():
                        continue
                    if why := _not_there(mark.name, name, first, arrows, steps):
                        faults.add(where, why)
                    if mark.name not in known:
                        continue
                    for why in _unsayable(mark, language, steps):
                        faults.add(where, f"{mark.written} cannot be said: {why}")


def uses(first: str, arrows: graph.Arrows, steps: Steps, faults: Faults) -> None:
    """Whatever a step cannot do without was collected on every way there."""
    for name, step in steps.items():
        for path, value in step.uses():
            if why := _not_there(value, name, first, arrows, steps):
                faults.add(("steps", name, *path), why)


def _not_there(value: str, at: str, first: str, arrows: graph.Arrows, steps: Steps) -> str:
    """Why some caller comes to a step without this value; empty when nobody does."""
    known = collected(steps)
    if value not in known:
        return f"no step collects a value {value!r}{meant(value, known)}"
    left = without(value, arrows, steps)
    if way := graph.way(first, at, left):
        return f"a caller comes here without {value!r} ({' -> '.join(way)})"
    for after, begun in (
        ("a talk", check_talk.follow(arrows, steps).values()),
        ("waiting", check_waiting.follow(arrows, steps)),
    ):
        if way := next(filter(None, (graph.way(begin, at, left) for begin in begun)), []):
            return f"after {after} {value!r} is gone ({' -> '.join(way)})"
    return ""


def _unsayable(mark: Placeholder, language: str, steps: Steps) -> Iterator[str]:
    """Why values from some step cannot be said in the way that is asked for."""
    for step in steps.values():
        if mark.kind is None or mark.name not in step.collects():
            continue
        if isinstance(step, SetStep):
            text = step.values[mark.name]
        elif isinstance(step, ListenStep):
            text = step.grammar.example
            if mark.kind not in step.grammar.ways:
                ways = ", ".join(sorted(step.grammar.ways))
                yield f"what is keyed as {step.grammar.form} can be said as: {ways}"
                continue
        else:  # what a service will answer is not known; it is said as it stands if need be
            if why_not("1", mark.kind, language) == NO_WAY:
                yield NO_WAY
            continue
        if why := why_not(text, mark.kind, language):
            yield why


def sure(first: str, arrows: graph.Arrows, steps: Steps) -> dict[str, frozenset[str]]:
    """The values that every caller has who comes to a step, whatever the way."""
    known: dict[str, set[str]] = {name: set() for name in arrows}
    for value in collected(steps):
        left = without(value, arrows, steps)
        lack = {name for begin in begins(first, arrows, steps)
                for name in graph.reachable(begin, left)}  # fmt: skip
        for name in arrows.keys() - lack:
            known[name].add(value)
    return {name: frozenset(values) for name, values in known.items()}


def begins(first: str, arrows: graph.Arrows, steps: Steps) -> list[str]:
    """Where callers come to without any value: the first step, and what follows a talk or waiting,
    as values are thrown away when a caller goes on to the queue."""
    after_talks = check_talk.follow(arrows, steps).values()
    return [first, *after_talks, *check_waiting.follow(arrows, steps)]


def without(value: str, arrows: graph.Arrows, steps: Steps) -> graph.Arrows:
    """The arrows of those who may leave a step without this value. Once collected, a value stays:
    who has come by none of the others does not have it."""
    return {
        name: {
            outcome: target
            for outcome, target in out.items()
            if value not in steps[name].gives(outcome)
        }
        for name, out in arrows.items()
    }

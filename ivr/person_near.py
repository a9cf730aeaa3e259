"""How many keys a caller needs to reach a person, from every step. Pure; steps are names.

A person is where the flow ends with one, or with the promise of one (`PEOPLE`). Counted are presses
of keys in `menu` and `ask`; silence, wrong keys and waiting cost none. There the caller chooses:
the nearest outcome counts. Everywhere else the furthest counts: the house decides, or the caller
who answers a `listen` chooses nothing by it, and must be near a person whatever comes of it.

Not held to it: `goodbye` itself, as every walk may end; whatever only follows a house that is
`closed`, or a talk, or the case of callers who are blocked; and announcements, flows in which
nobody chooses or decides anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from ivr.flow import (
    KEYS,
    TALKED,
    TOO_MANY,
    AskStep,
    BranchStep,
    ClosureStep,
    HoursStep,
    MenuStep,
    Outcome,
    ReturnStep,
    Step,
    StepName,
)
from ivr.graph import reachable
from ivr.steps_deciding import EMERGENCY

PEOPLE = frozenset({"queue", "message"})
"""Kinds of step that bring a person."""
PROMISES: Mapping[str, Outcome] = {"callback": "promised", "transfer": "done"}
"""Kinds that promise one, or may bring one, and the outcome by which they did: what follows it is
free of the rule. Their other outcomes must leave a person near."""
END, CLOSED, BLOCKED = "goodbye", "closed", "blocked"
FOR_STAFF = "closure"
"""No kind of step for callers: like an end, it is not held to it, and brings nobody nearer."""
UNKNOWN = ""
"""Where an arrow leads that another fault is told of: the best is supposed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A step, as far as its distance from a person is concerned."""

    arrows: Mapping[Outcome, StepName]
    chooses: bool = False
    ends: bool = False
    at_most: int = 0
    """How often it is performed in one call; 0: as often as the caller comes to it."""

    @property
    def own(self) -> dict[Outcome, StepName]:
        """The arrows that a caller meets before the limit is used up."""
        return {outcome: to for outcome, to in self.arrows.items() if outcome != TOO_MANY}

    def keys(self, away: Mapping[StepName, float]) -> float:
        """Keys from here, when they are known from the next steps."""
        ways = [(outcome in KEYS) + away[target] for outcome, target in self.own.items()]
        return (min if self.chooses else max)(ways, default=inf)


@dataclass(frozen=True, slots=True)
class TooFar:
    """A step from which a person is too many keys away."""

    step: StepName
    keys: float
    """Infinite: no way leads to a person."""
    way: list[StepName] = field(default_factory=list)
    """The shortest, with the step that has a person last."""


def too_far(
    first: StepName, arrows: Mapping[StepName, Mapping[Outcome, str]],
    steps: Mapping[StepName, Step], most: int,
) -> list[TooFar]:  # fmt: skip
    """Where the flow has to change: menus and steps that send callers away, too far from people.

    A step that is not in `steps` is not understood; of it, too, the best is supposed.
    """
    places = {name: _place(name, out, steps, arrows.keys()) for name, out in arrows.items()}
    people = {n for n in places if n not in steps or _is_goal(steps[n])} | {UNKNOWN}
    open_ = {name: place.arrows for name, place in places.items()} | {UNKNOWN: {}}
    if first not in places or (places.keys() == steps.keys() and _only_announces(steps)):
        return []
    away = keys_to(people, places)
    far = [
        name
        for name in places.keys() & reachable(first, open_)
        if away[name] > most and not places[name].ends
    ]
    causes = [n for n in far if places[n].chooses or _sends_away(places[n], places)]
    return [TooFar(n, away[n], _way(n, people, places, away)) for n in causes or far]


def keys_to(goals: Collection[StepName], places: Mapping[StepName, Place]) -> dict[StepName, float]:
    """The fewest keys that lead from each step to one of these, whatever the house decides.

    `too_many` is a way, too: a caller can use a limit up by going round.
    """
    rounds = {name: _round(name, places) for name, place in places.items() if place.at_most}
    away = dict.fromkeys(places, inf) | dict.fromkeys(goals, 0.0)
    changed = True
    while changed:
        changed = False
        for name, place in places.items():
            keys = place.keys(away)
            if name in rounds and TOO_MANY in place.arrows:
                used_up = place.at_most * rounds[name] + away[place.arrows[TOO_MANY]]
                keys = min(keys, used_up)
            if keys < away[name]:
                away[name], changed = keys, True
    return away


def _round(name: StepName, places: Mapping[StepName, Place]) -> float:
    """Keys for one way round from a step back to it, through steps that have no limit."""
    unlimited = {
        other: Place({}) if place.at_most else place
        for other, place in places.items()
        if other != name
    }
    here = replace(places[name], at_most=0)
    return here.keys(keys_to({name}, {**unlimited, name: Place({}), UNKNOWN: Place({})}))


def _place(
    name: StepName, out: Mapping[Outcome, str], steps: Mapping[StepName, Step],
    known: Collection[StepName],
) -> Place:  # fmt: skip
    step = steps.get(name)
    if step is None:
        return Place({outcome: to for outcome, to in out.items() if to in known})
    arrows = {o: out[o] if out.get(o) in known else UNKNOWN for o in step.outcomes()}
    for outcome in _owe_nobody(step):
        arrows.pop(outcome, None)
    if step.do in PROMISES:
        arrows[PROMISES[step.do]] = UNKNOWN
    if isinstance(step, AskStep):  # its answers are presses of keys, too
        arrows |= {key: arrows.pop(answer) for key, answer in step.answers.items()}
    chooses = isinstance(step, AskStep | MenuStep)
    return Place(arrows, chooses, step.do in (END, FOR_STAFF), step.at_most or 0)


def _owe_nobody(step: Step) -> Collection[Outcome]:
    """Outcomes after which no person is due."""
    if isinstance(step, HoursStep):
        return (CLOSED, EMERGENCY)
    if isinstance(step, ClosureStep):
        return step.outcomes()
    if isinstance(step, BranchStep) and step.fact == "listed":
        return [name for name, case in step.cases.items() if set(case.texts) == {BLOCKED}]
    return (TALKED,)


def _is_goal(step: Step) -> bool:
    """A person; or the end of a called flow, looked at alone: of the one that calls, which goes on
    from there, the best is supposed."""
    returns = isinstance(step, ReturnStep) and step.outcome not in step.then
    return step.do in PEOPLE or returns


def _only_announces(steps: Mapping[StepName, Step]) -> bool:
    """Whether nobody chooses or decides anything, and no person is spoken of."""
    return all(
        step.do not in PEOPLE and len(step.outcomes() - {TOO_MANY}) < 2 for step in steps.values()
    )


def _sends_away(place: Place, places: Mapping[StepName, Place]) -> bool:
    return any(target in places and places[target].ends for target in place.arrows.values())


def _way(
    name: StepName, goals: Collection[StepName], places: Mapping[StepName, Place],
    away: Mapping[StepName, float],
) -> list[StepName]:  # fmt: skip
    """The steps of the shortest way, up to a limit that must be used up; empty: there is none."""
    way: list[StepName] = []
    while name and name not in way and away[name] < inf:
        way.append(name)
        if name in goals:
            break
        arrows = places[name].arrows.items()
        fits = [to for outcome, to in arrows if (outcome in KEYS) + away[to] == away[name]]
        name = min(fits, key=lambda to: (to in way, away[to]), default=UNKNOWN)
    return way

"""Ways for callers through a flow, made from its graph: to every outcome of every step, and a
hang-up wherever a call spends time. Pure.

What a caller can do in a step of each kind stands in `DEEDS`; a new kind is a row more.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from ivr.flow import (
    DONE,
    KEYS,
    NO_MATCH,
    SILENCE,
    TOO_MANY,
    BranchStep,
    Flow,
    ListenStep,
    LookupStep,
    MenuStep,
    Step,
)

HANG_UP = "hang up"
TAKES_TIME = ("say", "menu", "listen", "goodbye")
"""Kinds in which a caller's hang-up is noticed: the others take a few milliseconds, but for
`lookup`, which is over before anybody looks. (Who has come to a queue waits there and hangs up
after a moment; the step has ended before.)"""
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


@dataclass(frozen=True, slots=True)
class Path:
    """One call."""

    world: World
    deeds: tuple[Deed, ...]

    @property
    def trail(self) -> list[str]:
        """What the journal says of it."""
        return [
            f"{deed.step}:{'caller gone' if deed.outcome == HANG_UP else deed.outcome}"
            for deed in self.deeds
        ]

    @property
    def pairs(self) -> set[tuple[str, str]]:
        return {(deed.step, deed.outcome) for deed in self.deeds}

    @property
    def seconds(self) -> float:
        return sum(deed.seconds for deed in self.deeds)


Answer = tuple[str, Mapping[str, str]]
"""How a lookup ends, and the values that it gives."""


@dataclass(frozen=True)
class Maze:
    """A flow, and what answers its callers get from outside."""

    flow: Flow
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """Of lookups, by the text that is asked for; any other is not found."""


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


def _no_answer(step: MenuStep | ListenStep, at: At, wrong: str) -> Iterator[Deed]:
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


DEEDS: dict[str, Callable[[Maze, Any, At], Iterator[Deed]]] = {
    "say": _say,
    "menu": _menu,
    "listen": _listen,
    "set": lambda maze, step, at: iter([Deed(at.step, DONE, values=tuple(step.values.items()))]),
    "branch": _branch,
    "hours": lambda maze, step, at: iter([Deed(at.step, "open" if at.world.open else "closed")]),
    "lookup": _lookup,
    "queue": lambda maze, step, at: iter([Deed(at.step, "waiting", seconds=1)]),
    "goodbye": _say,
}


# ---------------------------------------------------------------- ways


def ways(maze: Maze, worlds: Sequence[World]) -> dict[tuple[str, str], Path]:
    """The quickest way to every outcome that some caller can meet."""
    found: dict[tuple[str, str], Path] = {}
    order = count()
    todo: list[tuple[float, int, At, tuple[Deed, ...]]] = [
        (0.0, next(order), At(maze.flow.first, world), ()) for world in worlds
    ]
    been: set[At] = set()
    while todo:
        took, _, at, deeds = heapq.heappop(todo)
        if at in been:
            continue
        been.add(at)
        for deed in deeds_at(maze, at):
            path = Path(at.world, (*deeds, deed))
            found.setdefault((at.step, deed.outcome), path)
            following = maze.flow.after(at.step, deed.outcome)
            if following:
                new = _then(maze, at, deed, following)
                heapq.heappush(todo, (took + deed.seconds, next(order), new, path.deeds))
        if maze.flow.steps[at.step].do in TAKES_TIME:
            found.setdefault((at.step, HANG_UP), Path(at.world, (*deeds, Deed(at.step, HANG_UP))))
    return found


def deeds_at(maze: Maze, at: At) -> Iterator[Deed]:
    """What a caller can do who has come to this step."""
    step = maze.flow.steps[at.step]
    if step.at_most and dict(at.visits).get(at.step, 0) >= step.at_most:
        return iter([Deed(at.step, TOO_MANY)])
    return DEEDS[step.do](maze, step, at)


def _then(maze: Maze, at: At, deed: Deed, following: str) -> At:
    visits, values = dict(at.visits), {**dict(at.values), **dict(deed.values)}
    if maze.flow.steps[at.step].at_most:
        visits[at.step] = visits.get(at.step, 0) + 1
    return At(following, at.world, tuple(sorted(visits.items())), tuple(sorted(values.items())))


def calls(maze: Maze, worlds: Sequence[World]) -> list[Path]:
    """Calls that together meet every outcome, and hang up wherever that is possible."""
    found = ways(maze, worlds)
    chosen: list[Path] = []
    covered: set[tuple[str, str]] = set()
    for pair in sorted(found, key=lambda pair: (-len(found[pair].deeds), pair)):
        if pair not in covered:
            path = _to_an_end(maze, found[pair], covered, found)
            chosen.append(path)
            covered |= path.pairs
    return chosen


def _to_an_end(
    maze: Maze, path: Path, covered: set[tuple[str, str]], found: Mapping[tuple[str, str], Path]
) -> Path:
    """The path, until the call is over: the caller hangs up as soon as a step takes time."""
    at = At(maze.flow.first, path.world)
    for deed in path.deeds:
        following = maze.flow.after(deed.step, deed.outcome)
        if deed.outcome == HANG_UP or not following:
            return path
        at = _then(maze, at, deed, following)
    deeds = list(path.deeds)
    while maze.flow.steps[at.step].do not in TAKES_TIME:
        deed = next(iter(deeds_at(maze, at)))
        deeds.append(deed)
        following = maze.flow.after(at.step, deed.outcome)
        if not following:
            return Path(path.world, tuple(deeds))
        at = _then(maze, at, deed, following)
    deed = next(iter(deeds_at(maze, at)))
    if deed.outcome == TOO_MANY:
        return _to_an_end(maze, Path(path.world, (*deeds, deed)), covered, found)
    over = not maze.flow.steps[at.step].then and (at.step, DONE) not in covered
    return Path(path.world, (*deeds, deed if over else Deed(at.step, HANG_UP)))

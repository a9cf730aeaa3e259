"""Ways for callers through a flow, made from its graph: to every outcome of every step, and a
hang-up wherever a call spends time. Pure.

What a caller can do in a step of each kind stands in `tests/flow_deeds.py`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from ivr.flow import DONE, TOO_MANY, Flow
from ivr.graph import reachable
from ivr.steps_waiting import WAITING
from tests.flow_deeds import BY_FAULTS, DEEDS, HANG_UP, At, Deed, Maze, World, takes_time


@dataclass(frozen=True, slots=True)
class Path:
    """One call."""

    world: World
    deeds: tuple[Deed, ...]

    @property
    def trail(self) -> list[str]:
        """What the journal says of it. Who was talked to or left the line has waited before."""
        trail: list[str] = []
        for deed in self.deeds:
            trail += [f"{deed.step}:{WAITING}"] if deed.waited else []
            told = "caller gone" if deed.outcome == HANG_UP else deed.outcome
            trail.append(f"{deed.step}:{told}")
        return trail

    @property
    def pairs(self) -> set[tuple[str, str]]:
        return {(deed.step, deed.outcome) for deed in self.deeds}

    @property
    def seconds(self) -> float:
        return sum(deed.seconds for deed in self.deeds)


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
        if takes_time(maze, at):
            found.setdefault((at.step, HANG_UP), Path(at.world, (*deeds, Deed(at.step, HANG_UP))))
    return found


def deeds_at(maze: Maze, at: At) -> Iterator[Deed]:
    """What a caller can do who has come to this step."""
    step = maze.flow.steps[at.step]
    if step.at_most and dict(at.visits).get(at.step, 0) >= step.at_most:
        return iter([Deed(at.step, TOO_MANY)])
    return DEEDS[step.do](maze, step, at)


def _then(maze: Maze, at: At, deed: Deed, following: str) -> At:
    known = {} if deed.waited else dict(at.values)
    visits, values = dict(at.visits), {**known, **dict(deed.values)}
    if maze.flow.steps[at.step].at_most:
        visits[at.step] = visits.get(at.step, 0) + 1
    return At(following, at.world, tuple(sorted(visits.items())), tuple(sorted(values.items())))


def only_by_faults(flow: Flow) -> set[tuple[str, str]]:
    """Outcomes that no caller can bring about, and whatever only follows them; of a step that is an
    end, the outcome is empty."""
    steps = flow.steps
    faults = {name: BY_FAULTS.get(step.do, ()) for name, step in steps.items()}
    ways = {
        name: {outcome: to for outcome, to in step.then.items() if outcome not in faults[name]}
        for name, step in steps.items()
    }
    met = reachable(flow.first, ways)
    return {
        (name, outcome)
        for name, step in steps.items()
        for outcome in step.outcomes() or [""]
        if name not in met or outcome in faults[name]
    }


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
    while not takes_time(maze, at):
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

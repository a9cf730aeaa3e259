"""What can be proved of a flow from its arrows alone. Pure; steps are names.

Arrows lead from a step by an outcome to a step. Unknown targets are left out beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

Arrows = Mapping[str, Mapping[str, str]]


def among(arrows: Arrows) -> Arrows:
    """The arrows that lead to a step."""
    return {
        name: {outcome: target for outcome, target in out.items() if target in arrows}
        for name, out in arrows.items()
    }


def reachable(first: str, arrows: Arrows) -> set[str]:
    """Every step that some caller can come to."""
    found, todo = {first}, [first]
    while todo:
        new = set(arrows[todo.pop()].values()) - found
        found |= new
        todo += new
    return found


def way(first: str, to: str, arrows: Arrows) -> list[str]:
    """The shortest way between two steps, both included; empty when there is none."""
    came_from = {first: ""}
    todo = [first]
    for step in todo:  # grows while it is walked
        if step == to:
            break
        for target in arrows[step].values():
            if target not in came_from:
                came_from[target] = step
                todo.append(target)
    found = [to] if to in came_from else []
    while found and came_from[found[0]]:
        found.insert(0, came_from[found[0]])
    return found


def loops(arrows: Arrows, limited: Collection[str], way_out: str) -> list[list[str]]:
    """Ways round that no limit ends, each as its steps in order; one for each tangle of them.

    A limited step whose limit is used up has one arrow left, its `way_out`. If what remains then
    has no way round, every walk ends: that is the whole proof.
    """
    left = {
        step: [
            target for outcome, target in out.items() if step not in limited or outcome == way_out
        ]
        for step, out in arrows.items()
    }
    found: list[list[str]] = []
    done: set[str] = set()
    for step in left:
        way = _way_round(step, left, done)
        if way:
            found.append(way)
    return found


def _way_round(start: str, left: Mapping[str, list[str]], done: set[str]) -> list[str]:
    """A way from here that comes back upon itself; marks as done what it has looked at."""
    path: list[str] = []
    todo = [(start, False)]
    while todo:
        step, leaving = todo.pop()
        if leaving:
            path.pop()
            done.add(step)
        elif step in path:
            done.update(path)
            return path[path.index(step) :]
        elif step not in done:
            path.append(step)
            todo.append((step, True))
            todo += [(target, False) for target in left[step]]
    return []

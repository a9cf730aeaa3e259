"""What a flow must keep to after a talk (`talked` of a `queue`)."""

from __future__ import annotations

from collections.abc import Mapping

from ivr import graph
from ivr.faults import Faults
from ivr.step import AnyStep
from ivr.steps_waiting import TALKED, QueueStep

Steps = Mapping[str, AnyStep]


def follow(arrows: graph.Arrows, steps: Steps) -> dict[str, str]:
    """The step that follows the talk, by the name of the `queue`; `arrows` lead to steps only."""
    return {
        name: arrows[name][TALKED]
        for name, step in steps.items()
        if isinstance(step, QueueStep) and TALKED in arrows[name]
    }


def no_second(arrows: graph.Arrows, steps: Steps, faults: Faults) -> None:
    """Nobody is brought to a queue again: their contact has been served, and its place is gone."""
    known = graph.among(arrows)
    queues = [name for name, step in steps.items() if isinstance(step, QueueStep)]
    for name, target in follow(known, steps).items():
        ways = (graph.way(target, queue, known) for queue in queues)
        if way := next(filter(None, ways), None):
            text = (
                f"leads to a queue again ({' -> '.join([name, *way])}); after a talk the flow "
                "ends with a `goodbye`"
            )
            faults.add(("steps", name, "then", TALKED), text)

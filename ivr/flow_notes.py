"""What works in a flow but is hardly meant, a sentence each: seen with the rules of its queues."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from acd.config import Queue
from acd.model import QueueId
from ivr.flow import Flow, QueueStep
from ivr.settings import NumberEntry
from ivr.steps_spilling import outcome_of


def notes(
    flow: Flow, queues: Mapping[QueueId, Queue], numbers: Iterable[NumberEntry],
    offered: Collection[str] = (),
) -> Iterator[str]:  # fmt: skip
    """Where the overflow rules of a queue lead and its step has no way. `numbers`: all that are
    answered. `offered`: channels that callers are asked about, and led to by no step."""
    own = {QueueId(entry.queue) for entry in numbers if flow.name in entry.flows}
    for name, step in flow.steps.items():
        if not isinstance(step, QueueStep):
            continue
        for queue in sorted({QueueId(step.queue)} if step.queue else own):
            rules = queues[queue].overflow if queue in queues else ()
            others = (rule.to for rule in rules if rule.to not in {*queues, *offered})
            ways = dict.fromkeys(outcome_of(to) for to in others)
            for outcome in ways:
                if not step.leads_on(outcome):
                    yield (
                        f"{flow.name}: steps.{name}: a rule of the queue {queue!r} leads to "
                        f"{outcome!r}; without a step for it in `overflow` callers stay"
                    )

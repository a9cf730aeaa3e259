"""What works in a flow but is hardly meant, a sentence each: seen with the rules of its queues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from acd.config import Queue
from acd.model import QueueId
from ivr.flow import Flow, QueueStep
from ivr.settings import NumberEntry
from ivr.steps_spilling import outcome_of


def notes(
    flow: Flow, queues: Mapping[QueueId, Queue], numbers: Iterable[NumberEntry]
) -> Iterator[str]:
    """Where the overflow rules of a queue lead and its step has no way. `numbers`: all that are
    answered."""
    own = {QueueId(entry.queue) for entry in numbers if flow.name in entry.flows}
    for name, step in flow.steps.items():
        if not isinstance(step, QueueStep):
            continue
        for queue in sorted({QueueId(step.queue)} if step.queue else own):
            rules = queues[queue].overflow if queue in queues else ()
            ways = dict.fromkeys(outcome_of(rule.to) for rule in rules if rule.to not in queues)
            for outcome in ways:
                if not step.leads_on(outcome):
                    yield (
                        f"{flow.name}: steps.{name}: a rule of the queue {queue!r} leads to "
                        f"{outcome!r}; without a step for it in `overflow` callers stay"
                    )

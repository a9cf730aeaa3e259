"""How callbacks are tried: the plan of the house, and what single queues have otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from acd.model import Seconds
from acd.schedule import Schedule
from ivr.faults import meant
from ivr.keys import Keys, Name

HOUR: Seconds = 3600.0
FAR: Seconds = 21 * 24 * HOUR
"""Nobody is promised a call that is further away than this."""


def _prefix(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9]{1,15}", text):
        raise ValueError("is the beginning of a number, like +86 or 0")
    return text


class CallbackPlan(Keys):
    """When and how often a callback is tried."""

    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    minutes_between: Annotated[float, Field(ge=1, le=1440)] = 30
    hours: Name = "always"
    """While these are closed it is quiet: nobody is called."""
    longest_hours: Annotated[float, Field(gt=0, le=336)] = 24
    """For so long after the first moment at which it may be tried a promise is kept."""
    most_open: Annotated[int, Field(ge=1, le=20)] = 3
    """So many promises may be open for one number, and so many asked for by one caller."""
    first: Literal["agent", "customer"] = "agent"
    """Who is on the line first: an agent, and then the customer is dialled; or the customer, who
    then waits in the queue, at their place."""
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 30
    """How long the customer's telephone rings."""
    machine_message: bool = True
    """Whether it is said before hanging up on whoever picks up and presses no key."""


PLAN = tuple(CallbackPlan.model_fields)


class CallbackSettings(CallbackPlan):
    """The plan of the house."""

    prefixes: tuple[Annotated[str, AfterValidator(_prefix)], ...] = ()
    """Only numbers that begin so, as they are signalled or keyed, are called; none: every one."""
    queues: dict[Name, CallbackPlan] = Field(default_factory=dict)
    """What single queues have otherwise."""

    def for_queue(self, queue: str) -> CallbackPlan:
        """The plan that holds for this queue."""
        own = self.queues.get(queue, CallbackPlan())
        plans = {name: own if name in own.model_fields_set else self for name in PLAN}
        return CallbackPlan(**{name: getattr(plan, name) for name, plan in plans.items()})

    def may_call(self, number: str) -> bool:
        """Whether this house calls such numbers."""
        return not self.prefixes or number.startswith(self.prefixes)

    def faults(self, queues: Collection[str], hours: Collection[str]) -> Iterator[str]:
        """What the rest of the rules does not know."""
        plans = {"callbacks": self.hours}
        for queue, entry in self.queues.items():
            here = f"callbacks.queues.{queue}"
            if queue not in queues:
                yield f"site.yaml: {here}: there is no queue {queue!r}{meant(queue, queues)}"
            if "hours" in entry.model_fields_set:
                plans[here] = entry.hours
        for here, name in plans.items():
            if name not in hours:
                yield f"site.yaml: {here}.hours: there are no hours {name!r}{meant(name, hours)}"


def not_before(hours: Schedule, now: Seconds) -> Seconds | None:
    """The first moment from now on at which these hours are open; None: not within weeks."""
    at = now
    while not hours.is_open(at):
        at = hours.next_edge(at)
        if at > now + FAR:
            return None
    return at

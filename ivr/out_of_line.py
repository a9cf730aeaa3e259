"""A waiting caller goes back into the flow and keeps the place: by a key of the `queue` step, or
because the queue's overflow rules say so.

The waiting loop itself lets the caller out, through the gate that agents' legs pass: an agent who
answers in the same instant wins. Then it runs the script, told how the caller came out
(`CallFacts.left`). For the time of the dialogue the contact is parked with its order key; in a
`queue` step it waits on, at the same place. Where the script cannot be run, the loop takes the
caller back within seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acd import events
from acd.events import Event
from acd.model import CALLED_BACK, CALLS, Contact, ContactId, QueueId, Seconds
from ivr.flow import TALKED, Flow, QueueStep, StepName

LONGEST: Seconds = 365 * 86_400.0
"""For so long the contact may stay parked: longer than any call, the end of which ends it, too, and
than any promise."""


@dataclass(frozen=True, slots=True)
class WaitsIn:
    """What the waiting loop knows of the step that a caller waits in."""

    step: StepName
    keys: str
    after: str
    goes_on: bool


def step_for(flow: Flow, queue: str) -> WaitsIn | None:
    """The step in which this flow lets callers wait for a queue by its name; None: it has none."""
    for name, step in flow.steps.items():
        if isinstance(step, QueueStep) and step.queue == queue:
            return WaitsIn(name, "".join(step.keys), step.after, TALKED in step.then)
    return None


def let_out(contact: ContactId) -> Event:
    """The caller is no longer in the waiting loop, but still on the line: nobody is rung."""
    return events.Parked(contact, limit=LONGEST, channel=CALLS)


def waits_again(contact: Contact, queue: str, skills: Mapping[str, int]) -> list[Event]:
    """What to tell of a known contact that comes to a `queue` step, which says anew what is asked
    of agents; it waits when the waiting loop says so. Who was promised a callback waits after all,
    and is not called back."""
    told: list[Event] = []
    if contact.channel == CALLED_BACK:
        told.append(events.Moved(contact.id, CALLS))
    if (contact.queue, contact.skills) != (queue, skills):
        told.append(events.Transferred(contact.id, QueueId(queue), dict(skills)))
    return told


def way_of(flow: Flow, step: StepName, left: str) -> StepName | None:
    """Where the flow goes on for a caller who came out of the waiting loop at this step. None: they
    have gone on already, a script began again."""
    waited = flow.steps.get(step)
    if not isinstance(waited, QueueStep):
        return None
    return waited.leads_on(left) or step  # what leads nowhere any more: they wait on

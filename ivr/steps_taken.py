"""What callers did in a flow during a period, counted from the journal.

The journal's notes of steps do not name the flow: a call belongs to the flow that its dialled
number leads to now. Calls of which the journal does not tell the number, or whose number leads
nowhere any more, are counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from acd.model import ContactId, Seconds
from ivr.flow import Outcome, StepName
from ivr.recorded_day import LATE, Readable, first_since


@dataclass(frozen=True, slots=True)
class StepsTaken:
    """How often each step ended in each outcome, by how many calls; how many could not be told."""

    counts: Mapping[tuple[StepName, Outcome], int]
    calls: int
    untold: int
    """Calls with steps in this period that may belong to any flow."""


async def count(
    journal: Readable, start: Seconds, end: Seconds, flow: str, flows: Mapping[str, str]
) -> StepsTaken:
    """The steps of this flow that ended from `start` until before `end` (UTC seconds).

    `flows` has the flow of each dialled number. A call that began more than an hour before `start`
    is not told.
    """
    numbers: dict[ContactId, str] = {}
    counts: Counter[tuple[StepName, Outcome]] = Counter()
    calls: set[ContactId] = set()
    untold: set[ContactId] = set()
    after = await first_since(journal, start - LATE)
    async for record in journal.read(after, ("CallStarted", "StepTaken")):
        if record.at >= end:
            break
        contact, data = record.contact, record.data
        if contact is None:
            continue
        if record.kind == "CallStarted":
            numbers[contact] = str(data.get("dialled", ""))
        elif record.at >= start:
            found = flows.get(numbers.get(contact, ""))
            if found == flow:
                calls.add(contact)
                counts[str(data["step"]), str(data["outcome"])] += 1
            elif found is None:
                untold.add(contact)
    return StepsTaken(counts, len(calls), len(untold))

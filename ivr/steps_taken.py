"""What callers did in a flow during a period, counted from the journal.

The journal's note of a step names the flow and its version (`main/3`). Older notes do not: their
call belongs to the flow that its dialled number leads to now. Calls of which neither can be told
are counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from acd.model import ContactId, Seconds
from ivr.flow import Outcome, StepName
from ivr.recorded_day import LATE
from ivr.since import Readable, first_since


@dataclass(frozen=True, slots=True)
class StepsTaken:
    """How often each step ended in each outcome, by how many calls; how many could not be told."""

    counts: Mapping[tuple[StepName, Outcome], int]
    calls: int
    untold: int
    """Calls with steps in this period that may belong to what is counted, or not."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Which steps are counted."""

    flow: str
    version: int | None = None
    """One that was published; None: all, drafts too."""

    def has(self, walked: str) -> bool:
        """Whether a step is meant whose note names this flow (`main/3`, `main/file-1f5c`)."""
        name, _, version = walked.rpartition("/")
        return name == self.flow and self.version in (None, _number(version))

    def has_unnamed(self, flow: str | None) -> bool | None:
        """The same where the note names none, and the number leads to `flow`; None: who knows."""
        if flow is None or (flow == self.flow and self.version is not None):
            return None
        return flow == self.flow


def _number(version: str) -> int | None:
    return int(version) if version.isascii() and version.isdecimal() else None


async def count(
    journal: Readable, start: Seconds, end: Seconds, counted: Counted, flows: Mapping[str, str]
) -> StepsTaken:
    """The steps that ended from `start` until before `end` (UTC seconds).

    `flows` has the flow of each dialled number, for notes that name no flow; of those, a call that
    began more than an hour before `start` is not told.
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
            walked = str(data.get("flow", ""))
            dialled = flows.get(numbers.get(contact, ""))
            meant = counted.has(walked) if walked else counted.has_unnamed(dialled)
            if meant:
                calls.add(contact)
                counts[str(data["step"]), str(data["outcome"])] += 1
            elif meant is None:
                untold.add(contact)
    return StepsTaken(counts, len(calls), len(untold))

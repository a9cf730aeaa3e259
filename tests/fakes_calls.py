"""Stand-ins for what a call's walker asks of the rest of the house."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acd.model import ContactId, Seconds
from acd.schedule import ALWAYS, weekly
from ivr.check import House
from ivr.flow import Flow
from ivr.load import load
from ivr.matter import ANY, Matter
from ivr.ports import CallFacts, PersonId
from tests.fakes_python import FUNCTIONS

FLOWS = Path(__file__).parent / "flows"
NOON_ON_SUNDAY = 1_700_395_200.0
HOURS = {"always": ALWAYS, "weekdays": weekly("UTC", {"mon-fri": "09:00-18:00"})}
HOUSE = House(
    ("zh", "en"), ("support", "sales"), HOURS, services=("orders",), python=FUNCTIONS,
    destinations=("reception",), urgency=("card_loss",),
    able={"support": [{"billing": 8, "english": 5}, {"cards": 3}], "sales": [{"billing": 4}]},
)  # fmt: skip
ANYBODY = PersonId("per_1")


@dataclass(slots=True)
class FakeAcceptance:
    """`ivr.ports.Acceptance` that remembers; `away` names what never answers."""

    away: frozenset[str] = frozenset()
    fails: Mapping[str, Exception] = field(default_factory=dict)
    enqueued: list[tuple[str, str, str, PersonId | None]] = field(default_factory=list)
    """Queue, class, language, person."""
    resumed: list[ContactId | None] = field(default_factory=list)
    """Whose place each took up."""
    matters: list[Matter] = field(default_factory=list)
    """What each came with."""
    person: PersonId = ANYBODY
    """Whose call it is."""
    leads_to: str = ""
    """Where the overflow rules of all queues lead."""
    asked_about: list[tuple[str, str]] = field(default_factory=list)
    """Queue and class whose rules were asked for."""
    let_out_of_line: list[ContactId] = field(default_factory=list)
    """Who came out of the waiting loop."""
    noted: list[tuple[str, str]] = field(default_factory=list)
    """Step and outcome."""
    written: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """Kind and data of what had an effect."""

    async def begin(self, facts: CallFacts) -> PersonId | None:
        await self._answer("begin")
        return self.person

    async def enqueue(
        self, facts: CallFacts, queue: str, class_: str, language: str,
        person: PersonId | None, matter: Matter = ANY,
    ) -> Seconds:  # fmt: skip
        self.resumed.append(matter.resumes)
        await self._answer("enqueue")
        self.matters.append(matter)
        self.enqueued.append((queue, class_, language, person))
        return NOON_ON_SUNDAY

    async def let_out(self, facts: CallFacts) -> None:
        await self._answer("let_out")
        self.let_out_of_line.append(facts.contact)

    async def way_out(self, queue: str, class_: str) -> str:
        await self._answer("way_out")
        self.asked_about.append((queue, class_))
        return self.leads_to

    async def note(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        await self._answer("note")
        self.noted.append((data["step"], data["outcome"]))

    async def write(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        await self._answer("write")
        self.written.append((kind, data))

    async def _answer(self, what: str) -> None:
        if what in self.away:
            await asyncio.Event().wait()
        if what in self.fails:
            raise self.fails[what]


@dataclass(slots=True)
class StandingClock:
    """`ivr.ports.Clock` that shows what it is set to."""

    at: Seconds = NOON_ON_SUNDAY

    def now(self) -> Seconds:
        return self.at


def flow_of(text: str, folder: Path) -> Flow:
    """The flow written here."""
    file = folder / "test.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, HOUSE)

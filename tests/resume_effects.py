"""What calls left behind in journal and tickets: each thing once, whatever died meanwhile."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import httpx

from tests.flow_stage import FlowStage

MOST_SECONDS = 30.0
ONCE = ("call_started", "arrived", "ticket_opened", "contact_ended")
"""What a ticket's timeline tells once of each call."""
EFFECTS = (
    "MessageLeft", "RecordingKept", "TicketNoted", "CallbackPromised", "ClosureSet",
    "SurveyAnswered", "DestinationEnded",
)  # fmt: skip
CHAIN_EFFECTS = {"ticket": "TicketNoted", "transfer": "DestinationEnded"}
"""Kinds of steps in the chains, and the records that tell of what each does."""


async def effects(stage: FlowStage) -> defaultdict[tuple[str, str], Counter[str]]:
    """How often the journal tells of each effect, by its key; by contact and kind of record."""
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for record in await stage.house.records(*EFFECTS):
        found[str(record.contact), record.kind][record.data["effect"]] += 1
    return found


async def twice(stage: FlowStage) -> list[str]:
    """What happened twice: every caller came to the queue once and kept that place, ended once, and
    has one ticket, on which nothing is told twice."""
    faults: list[str] = []
    places: dict[Any, set[float]] = {}
    for record in await stage.house.records("Arrived"):
        places.setdefault(record.contact, set()).add(record.data["entered_at"])
    faults += [f"{len(at)} places of {who}" for who, at in places.items() if len(at) > 1]
    ended = Counter(record.contact for record in await stage.house.records("ContactEnded"))
    faults += [f"{who} ended {n} times" for who, n in ended.items() if n > 1]
    tickets = Tickets(stage)
    found: list[str] = []

    async def told() -> bool:
        found[:] = [ticket["id"] for ticket in await tickets.everything("tickets")]
        return len(found) >= len(places)

    await stage.house.until(told, MOST_SECONDS)
    if len(found) != len(places):
        faults.append(f"{len(found)} tickets for {len(places)} callers in the queue")
    for ticket in found:
        entries = await tickets.everything(f"tickets/{ticket}/timeline")
        counts = Counter(entry["kind"] for entry in entries)
        faults += [f"{ticket} has {kind} twice" for kind in ONCE if counts[kind] > 1]
        keys = Counter(
            (entry["kind"], entry["data"]["effect"])
            for entry in entries
            if entry["data"].get("effect")
        )
        faults += [f"{ticket} tells {key} twice" for key, n in keys.items() if n > 1]
    return faults


class Tickets:
    """What the web service says."""

    def __init__(self, stage: FlowStage) -> None:
        settings = stage.house.settings
        self._headers = {"Authorization": f"Bearer {settings.secret('operator-token')}"}
        self._root = f"http://127.0.0.1:{settings.ports.web}/api/v1"

    async def everything(self, what: str) -> list[Any]:
        """All pages of a list."""
        found: list[Any] = []
        query: dict[str, Any] = {"limit": 100}
        options: dict[str, Any] = {"timeout": 10, "trust_env": False, "headers": self._headers}
        async with httpx.AsyncClient(**options) as client:
            while True:
                reply = await client.get(f"{self._root}/{what}", params=query)
                page = reply.raise_for_status().json()
                found += page["items"]
                if not page["next"]:
                    return found
                query["cursor"] = page["next"]

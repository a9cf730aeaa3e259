"""The history of calls, lost calls, and their callbacks under `/api/v1`."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field

from adapters.tickets.call_queries import CallFilter
from adapters.tickets.call_shapes import (
    CallbackRequest,
    CallbackShape,
    CallShape,
    CorrectedShape,
    CorrectionRequest,
    FindRequest,
    FoundShape,
    LostCallShape,
    Outcome,
    call_shape,
    lost_shape,
)  # fmt: skip
from adapters.tickets.parts import OPERATOR, ListQuery, Use
from adapters.tickets.shapes import AgentName, ContactName, CustomerName, Page, QueueName
from ivr.ports import Audited, CoreRefused
from ivr.tickets.call_history import no_talk_with

log = logging.getLogger(__name__)

router = APIRouter()
LONGEST = 30 * 86_400.0


def _with_zone(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("give the time with its zone, like 2026-11-21T09:30:00Z")
    return at


Instant = Annotated[datetime, AfterValidator(_with_zone)]
Length = Annotated[float, Field(ge=0, le=LONGEST)]


class CallsQuery(ListQuery):
    """Which calls: all that is named must fit."""

    since: Instant | None = None
    until: Instant | None = None
    queue: QueueName | None = None
    agent: AgentName | None = None
    outcome: Outcome | None = None
    customer: CustomerName | None = None
    min_wait: Length | None = None
    min_talk: Length | None = None
    disposition: QueueName | None = None
    undisposed: bool = False
    text: Annotated[str | None, Query(max_length=200, pattern=r"^[\x21-\x7e]+$")] = None

    def wanted(self) -> CallFilter:
        """As the queries take it."""
        same = {
            name: getattr(self, name)
            for name in ("queue", "agent", "outcome", "customer", "min_wait", "min_talk", "text")
        }
        since = self.since.timestamp() if self.since else None
        until = self.until.timestamp() if self.until else None
        said = "" if self.undisposed else self.disposition
        return CallFilter(since=since, until=until, disposition=said, **same)


class LostQuery(CallsQuery):
    """Which lost calls."""

    settled: bool = False


@router.get("/calls", tags=["calls"])
async def list_calls(use: Use, query: Annotated[CallsQuery, Query()]) -> Page[CallShape]:
    """The history of calls, newest first. `since` and `until`: when they began."""
    found = await use.calls.calls(query.wanted(), query.limit + 1, query.cursor)
    items = [call_shape(story) for story in found[: query.limit]]
    return Page(items=items, next=items[-1].id if len(found) > query.limit else None)


@router.get("/calls/lost", tags=["calls"])
async def list_lost(use: Use, query: Annotated[LostQuery, Query()]) -> Page[LostCallShape]:
    """Callers who got neither a person nor a promise. With `settled=true` those, too, who were
    served or promised a callback since."""
    found = await use.calls.lost(query.wanted(), query.limit + 1, query.cursor, query.settled)
    items = [lost_shape(lost) for lost in found[: query.limit]]
    return Page(items=items, next=items[-1].id if len(found) > query.limit else None)


@router.post("/calls/{contact}/callback", tags=["calls"])
async def call_back(use: Use, contact: ContactName, body: CallbackRequest) -> CallbackShape:
    """Promise a callback for a lost call, by the plan of its queue. Once, however often asked."""
    lost = await use.calls.one(contact)
    if lost.why_not:
        raise CoreRefused(lost.why_not)
    story = lost.story
    answer = await use.core.ask(
        "callback lost",
        contact=story.reference,
        person=story.person,
        queue=body.queue or story.queue,
        language=story.language,
        **{"class": story.class_},
        who=OPERATOR,
        why=body.reason,
    )
    log.info("lost call taken", extra={"contact": contact, "made": answer["made"]})
    return CallbackShape(lost=contact, reference=answer["contact"], made=answer["made"])


@router.post("/calls/{contact}/disposition", tags=["calls"])
async def correct_disposition(
    use: Use, contact: ContactName, body: CorrectionRequest
) -> CorrectedShape:
    """Say, or say otherwise, what a talk that is over came to. It stands in the audit."""
    story = (await use.calls.one(contact)).story
    if refusal := no_talk_with(story, body.agent):
        raise CoreRefused(refusal)
    answer = await use.core.ask(
        "disposition correct", contact=story.reference, agent=body.agent, code=body.code,
        queue=body.queue or story.queue, who=OPERATOR, why=body.reason,
    )  # fmt: skip
    log.info("disposition corrected", extra={"contact": contact})
    same = {name: answer[name] for name in ("agent", "queue", "code")}
    return CorrectedShape(call=contact, **same)


@router.post("/customers/find", tags=["customers"])
async def find(use: Use, body: FindRequest) -> FoundShape:
    """Who has this number. Who asked and why is in the audit, the number is not."""
    person = await use.vault.find(body.number)
    entry = Audited(use.now(), OPERATOR, "find by number", person or "nobody", body.reason)
    await use.audit.write(entry)
    return FoundShape(id=person)

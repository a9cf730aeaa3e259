"""Agents, queues, flows and live events under `/api/v1`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from adapters.tickets.parts import MaybeKeyed, NoSuchEvent, Parts, Use, shown
from adapters.tickets.shapes import (
    AgentName,
    AgentShape,
    EventShape,
    FlowShape,
    LoginRequest,
    Page,
    PauseRequest,
    QueueShape,
    agent_shape,
    queue_shape,
)  # fmt: skip
from adapters.tickets.store import Keyed
from ivr.tickets.life import NoSuch

log = logging.getLogger(__name__)

router = APIRouter()


class EventsQuery(BaseModel):
    """From where on. Without it: from now."""

    model_config = ConfigDict(extra="forbid")
    after: int | None = Field(default=None, ge=0, le=2**53)


LastEvent = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, le=2**53, description="Goes before `after`.")
]


@router.get("/agents", tags=["agents"])
async def list_agents(use: Use) -> Page[AgentShape]:
    """All agents as they are now."""
    answer = await use.core.ask("agents")
    return Page(items=[agent_shape(agent) for agent in answer["agents"]], next=None)


@router.get("/agents/{agent}", tags=["agents"])
async def read_agent(use: Use, agent: AgentName) -> AgentShape:
    """One agent as they are now."""
    answer = await use.core.ask("agents")
    for found in answer["agents"]:
        if found["agent"] == agent:
            return agent_shape(found)
    raise NoSuch("there is no such agent")


@router.post("/agents/{agent}/login", tags=["agents"])
async def log_in(
    use: Use, agent: AgentName, keyed: MaybeKeyed, body: LoginRequest | None = None
) -> AgentShape:
    """Log an agent in: to these queues, or to their own."""
    wanted = body or LoginRequest()
    return await _ask(use, "agent login", agent, keyed, queues=wanted.queues, ready=wanted.ready)


@router.post("/agents/{agent}/pause", tags=["agents"])
async def pause(
    use: Use, agent: AgentName, keyed: MaybeKeyed, body: PauseRequest | None = None
) -> AgentShape:
    """A break: at once, or after the talk and its wrap-up."""
    reason = (body or PauseRequest()).reason
    return await _ask(use, "agent pause", agent, keyed, reason=reason)


@router.post("/agents/{agent}/ready", tags=["agents"])
async def ready(use: Use, agent: AgentName, keyed: MaybeKeyed) -> AgentShape:
    """Back from a break, or done with wrap-up before its time."""
    return await _ask(use, "agent ready", agent, keyed)


@router.post("/agents/{agent}/logout", tags=["agents"])
async def log_out(use: Use, agent: AgentName, keyed: MaybeKeyed) -> AgentShape:
    """Log an agent off: at once, or after the talk."""
    return await _ask(use, "agent logout", agent, keyed)


@router.get("/queues", tags=["queues"])
async def list_queues(use: Use) -> Page[QueueShape]:
    """All queues as they are now."""
    answer = await use.core.ask("queues")
    return Page(items=[queue_shape(queue) for queue in answer["queues"]], next=None)


@router.get("/flows", tags=["flows"])
async def list_flows(use: Use) -> Page[FlowShape]:
    """The flows that calls can walk."""
    flows = sorted(use.flows().items())
    return Page(items=[FlowShape(id=name, version=version) for name, version in flows], next=None)


@router.get(
    "/events",
    tags=["events"],
    response_class=StreamingResponse,
    responses={200: {"model": EventShape, "content": {"text/event-stream": {}}}},
)
async def events(
    use: Use, query: Annotated[EventsQuery, Query()], last_event: LastEvent = None
) -> StreamingResponse:
    """Live events as server-sent events, each `data` one event, each `id` its `seq`.

    To go on after a break give the last `seq` as `Last-Event-ID` or `after`: nothing is missed.
    """
    use.live.check_room()
    after = last_event if last_event is not None else query.after
    newest = await use.queries.last_event()
    if after is None:
        after = newest
    elif after > newest:
        raise NoSuchEvent("there is no such event (any more): begin without a position")
    stream = use.live.stream(use.queries, partial(shown, use.vault), after)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _ask(
    use: Parts, what: str, agent: str, keyed: Keyed | None, **fields: object
) -> AgentShape:
    """A repeat that was answered once gets that answer. The core itself refuses what makes no
    sense twice, so that a repeat after a crash between deed and note does no harm."""
    answer: Mapping[str, Any] | None = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        answer = await use.core.ask(what, agent=agent, **fields)
        log.info(what, extra={"agent": agent})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    return agent_shape(answer)

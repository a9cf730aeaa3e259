"""What agents do with a talk, under `/api/v1/agents/{agent}/talk`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, model_validator

from adapters.tickets.parts import MaybeKeyed, Parts, Use
from adapters.tickets.shapes import AgentName, At, QueueName, Shape, moment
from adapters.tickets.store import Keyed

log = logging.getLogger(__name__)

router = APIRouter()

DestinationName = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$", examples=["reception"])]
Number = Annotated[str, Field(pattern="^[+]?[0-9]{3,20}$", examples=["+861012345678"])]
ONE_TARGET = "name exactly one of to_agent, to_queue, to_destination and to_number"


class ConsultRequest(Shape):
    to_agent: AgentName = Field(description="Must be ready.")


class TransferRequest(Shape):
    """Where a caller is sent: exactly one place."""

    to_agent: AgentName | None = Field(default=None, description="Must be ready.")
    to_queue: QueueName | None = Field(default=None, description="The caller's place stays.")
    to_destination: DestinationName | None = None
    to_number: Number | None = Field(default=None, description="As `outbound` allows.")

    @model_validator(mode="after")
    def _one(self) -> TransferRequest:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(ONE_TARGET)
        return self


class TalkShape(Shape):
    """A talk after something was asked of it."""

    agent: AgentName
    reference: str = Field(description="The contact, by its own id.")
    state: str = Field(examples=["held"], description="Of the contact.")
    queue: str = Field(examples=["support"])
    consulted: str | None = Field(description="The agent who is being consulted.")
    confirmed: bool = Field(
        description="False: asked for, but the telephone side has not said so within 2 seconds."
    )


class DispositionRequest(Shape):
    """What a talk came to."""

    code: QueueName = Field(examples=["solved"], description="One of the queue's `dispositions`.")
    contact: str | None = Field(
        default=None, max_length=200, description="Its reference, if the agent has several."
    )


class DisposedShape(Shape):
    """What was said of a talk."""

    agent: AgentName
    reference: str = Field(description="The contact, by its own id.")
    queue: str = Field(examples=["support"])
    code: str = Field(examples=["solved"])
    state: str = Field(examples=["wrap-up"], description="Of the agent.")


class ChoiceShape(Shape):
    """What can be said of a talk, and how it stands with it."""

    agent: AgentName
    reference: str = Field(description="The contact, by its own id.")
    queue: str = Field(examples=["support"])
    state: str = Field(examples=["wrap-up"], description="Of the agent.")
    given: str | None = Field(description="What was said so far, while the talk goes on.")
    needed_until: At | None = Field(
        description="Wrap-up waits for it until then; null: it doesn't."
    )
    dispositions: dict[str, dict[str, str]] = Field(
        examples=[{"solved": {"zh": "已解决", "en": "Solved"}}],
        description="Codes, each with its words by language.",
    )


@router.post("/agents/{agent}/talk/hold", tags=["agents"])
async def hold(use: Use, agent: AgentName, keyed: MaybeKeyed) -> TalkShape:
    """Leave the caller to the music."""
    return await _ask(use, "hold", agent, keyed)


@router.post("/agents/{agent}/talk/resume", tags=["agents"])
async def resume(use: Use, agent: AgentName, keyed: MaybeKeyed) -> TalkShape:
    """Speak with the caller again."""
    return await _ask(use, "resume", agent, keyed)


@router.post("/agents/{agent}/talk/transfer", tags=["agents"])
async def transfer(
    use: Use, agent: AgentName, body: TransferRequest, keyed: MaybeKeyed
) -> TalkShape:
    """Hand the caller on without a word."""
    return await _ask(use, "transfer", agent, keyed, **body.model_dump(exclude_none=True))


@router.post("/agents/{agent}/talk/consult", tags=["agents"])
async def consult(use: Use, agent: AgentName, body: ConsultRequest, keyed: MaybeKeyed) -> TalkShape:
    """Ring another agent, while the caller hears music."""
    return await _ask(use, "consult", agent, keyed, to_agent=body.to_agent)


@router.post("/agents/{agent}/talk/swap", tags=["agents"])
async def swap(use: Use, agent: AgentName, keyed: MaybeKeyed) -> TalkShape:
    """From the consulted agent to the caller, and back."""
    return await _ask(use, "swap", agent, keyed)


@router.post("/agents/{agent}/talk/conference", tags=["agents"])
async def conference(use: Use, agent: AgentName, keyed: MaybeKeyed) -> TalkShape:
    """Caller and both agents together."""
    return await _ask(use, "conference", agent, keyed)


@router.post("/agents/{agent}/talk/complete", tags=["agents"])
async def complete(use: Use, agent: AgentName, keyed: MaybeKeyed) -> TalkShape:
    """Leave; the consulted agent has the caller from now on."""
    return await _ask(use, "complete", agent, keyed)


@router.post("/agents/{agent}/talk/cancel", tags=["agents"])
async def cancel(use: Use, agent: AgentName, keyed: MaybeKeyed) -> TalkShape:
    """Let the consulted agent go, and speak with the caller."""
    return await _ask(use, "cancel", agent, keyed)


@router.get("/agents/{agent}/talk/dispositions", tags=["agents"])
async def dispositions(use: Use, agent: AgentName) -> ChoiceShape:
    """What the agent's talk, or the one that they wrap up, may have come to."""
    answer = await use.core.ask("talk dispositions", agent=agent)
    until = answer["needed_until"]
    return ChoiceShape(
        agent=answer["agent"], reference=answer["contact"], queue=answer["queue"],
        state=answer["state"], given=answer["given"],
        needed_until=None if until is None else moment(until), dispositions=answer["dispositions"],
    )  # fmt: skip


@router.post("/agents/{agent}/talk/disposition", tags=["agents"])
async def disposition(
    use: Use, agent: AgentName, body: DispositionRequest, keyed: MaybeKeyed
) -> DisposedShape:
    """Say what the talk came to: while it goes on, or during wrap-up. The last word holds."""
    answer = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        fields = body.model_dump(exclude_none=True)
        answer = await use.core.ask("talk disposition", agent=agent, **fields)
        log.info("talk disposition", extra={"agent": agent})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    same = {name: answer[name] for name in ("agent", "queue", "code", "state")}
    return DisposedShape(reference=answer["contact"], **same)


async def _ask(
    use: Parts, what: str, agent: str, keyed: Keyed | None, **fields: object
) -> TalkShape:
    """A repeat that was answered once gets that answer."""
    answer: Mapping[str, Any] | None = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        answer = await use.core.ask(f"talk {what}", agent=agent, **fields)
        log.info("talk %s", what, extra={"agent": agent})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    same = {name: answer[name] for name in ("agent", "state", "queue", "consulted", "confirmed")}
    return TalkShape(reference=answer["contact"], **same)

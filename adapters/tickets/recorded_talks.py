"""Talks under `/api/v1`: their recording paused, resumed, stopped; supervisors who listen."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from adapters.tickets.parts import OPERATOR, MaybeKeyed, Parts, Use
from adapters.tickets.shapes import AgentName, ContactName, Reason, Shape
from adapters.tickets.store import Keyed

log = logging.getLogger(__name__)

router = APIRouter(tags=["talks"])

Deed = Literal["pause", "resume", "stop"]
PhoneName = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$", examples=["supervisor-1"])]


class RecordingShape(Shape):
    """How it stands with the recording of a talk."""

    reference: str = Field(description="The contact's own id.")
    recording: Literal["on", "paused", "off"]


class ListenRequest(Shape):
    phone: PhoneName = Field(description="It rings; one of `listeners` in the site file.")
    how: Literal["listen", "whisper", "barge"] = "listen"


class ListeningShape(Shape):
    """A supervisor's telephone that rings for a talk. The audit has it."""

    reference: str = Field(description="The contact's own id.")
    agent: str
    phone: str
    how: str = Field(examples=["listen"])


class TakeOverRequest(Shape):
    phone: PhoneName = Field(description="It listens to the talk; one of `listeners`.")
    reason: Reason = Field(examples=["The agent asked for help"])


class TakenShape(Shape):
    """A talk that a supervisor has taken over. The audit has it."""

    agent: str = Field(description="Who has it now: the supervisor, as an agent.")
    reference: str = Field(description="The contact's own id.")
    state: str = Field(examples=["talking"], description="Of the contact.")
    queue: str = Field(examples=["support"])
    confirmed: bool = Field(
        description="False: asked for, but the telephone side has not said so within 2 seconds."
    )


@router.post("/agents/{agent}/recording/{deed}")
async def record_agent(use: Use, agent: AgentName, deed: Deed, keyed: MaybeKeyed) -> RecordingShape:
    """Pause, resume or stop the recording of the talk that the agent has."""
    return _recording(await _asked(use, f"recording {deed}", keyed, of=agent))


@router.post("/contacts/{contact}/recording/{deed}")
async def record_contact(
    use: Use, contact: ContactName, deed: Deed, keyed: MaybeKeyed
) -> RecordingShape:
    """Pause, resume or stop the recording of a contact's talk, with whomever it is."""
    reference = (await use.queries.contact(contact)).reference
    return _recording(await _asked(use, f"recording {deed}", keyed, of=reference))


@router.post("/agents/{agent}/listen")
async def listen(
    use: Use, agent: AgentName, body: ListenRequest, keyed: MaybeKeyed
) -> ListeningShape:
    """Hear the agent's talk, speak with the agent (whisper) or with both (barge)."""
    told = await _asked(use, "listen", keyed, of=agent, phone=body.phone, how=body.how)
    same = {name: told[name] for name in ("agent", "phone", "how")}
    return ListeningShape(reference=told["contact"], **same)


@router.post("/agents/{agent}/take-over")
async def take_over(
    use: Use, agent: AgentName, body: TakeOverRequest, keyed: MaybeKeyed
) -> TakenShape:
    """Have the caller whose talk the telephone listens to; the agent is let go."""
    told = await _asked(use, "take over", keyed, of=agent, phone=body.phone, why=body.reason)
    same = {name: told[name] for name in ("agent", "state", "queue", "confirmed")}
    return TakenShape(reference=told["contact"], **same)


def _recording(answer: Mapping[str, Any]) -> RecordingShape:
    return RecordingShape(reference=answer["contact"], recording=answer["recording"])


async def _asked(use: Parts, what: str, keyed: Keyed | None, **fields: object) -> Mapping[str, Any]:
    """A repeat that was answered once gets that answer."""
    answer: Mapping[str, Any] | None = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        answer = await use.core.ask(what, **fields, who=OPERATOR)
        log.info(what, extra={"of": fields["of"]})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    return answer

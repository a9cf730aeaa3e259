"""Passes under `/api/v1`: the operator issues them, whoever holds one looks at it and redeems it.

The last two need no token: the pass is what is shown. Looking changes nothing, however often link
scanners do it. A pass that is not known is refused here and never reaches the core.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints

from adapters.tickets.parts import OPERATOR, Parts, Use
from adapters.tickets.shapes import At, ContactName, Reason, Shape, moment, moment_or_none
from ivr.pass_guesses import TooManyWrong
from ivr.pass_secrets import Secret, read
from ivr.passes import SENTENCES, Form, PassState, Refusal
from ivr.ports import CoreRefused
from ivr.tickets.life import NoSuch

log = logging.getLogger(__name__)

router = APIRouter()

Held = Annotated[
    str,
    Path(max_length=40, description="The secret of a link, or the nine digits of a code."),
]
ChannelName = Annotated[
    str, StringConstraints(pattern="^[a-z][a-z0-9_-]{0,31}$"), Field(examples=["webchat"])
]
Own = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,200}$")]


class PassRequest(Shape):
    """Which pass is wanted."""

    channel: ChannelName = Field(description="The one channel that it leads into.")
    form: Literal["link", "code"] = Field(
        default="link", description="128 random bits to open, or nine digits to hear and key in."
    )
    reason: Reason | None = Field(default=None, description="For the audit.")


class IssuedShape(Shape):
    """A pass, with the secret that redeems it: shown this once."""

    id: str = Field(examples=["pas_01KAKJ2B7C8D9E0F1G2H3J4K5M"])
    secret: str = Field(examples=["k3Jw0Qm5SxO1nTzv9bYh2A"])
    spoken: str | None = Field(description="A code in groups of three.", examples=["402 771 905"])
    channel: ChannelName
    form: str = Field(examples=["link"])
    until: str | None = Field(
        description="When its time is over; null: while the contact waits, and 15 minutes after.",
        examples=["2026-11-21T09:40:00.250Z"],
    )


class SeenShape(Shape):
    """How it stands with a pass."""

    state: PassState
    channel: ChannelName
    form: str = Field(examples=["link"])
    made_at: At
    until: str | None = Field(examples=[None])
    refused: str | None = Field(
        description="Why redeeming it would be refused now; null: it would not.",
        examples=["used"],
    )
    say: Mapping[str, str] | None = Field(
        description="The same in one sentence, by language.",
        examples=[SENTENCES[Refusal.USED]],
    )


class RedeemRequest(Shape):
    """Where the customer is, and who asks."""

    channel: ChannelName
    by: Own | None = Field(
        default=None,
        description="Chosen by the asker. The same pass again with the same word is answered "
        "alike; otherwise it is used.",
        examples=["c5f2a1d0-4c1c-4b62-9d7e-0a6f4b8e2d11"],
    )


class RedeemedShape(Shape):
    """The contact goes on in this channel, with its place."""

    reference: str = Field(description="The contact, by its own id.", examples=["ast-1763.5"])
    channel: ChannelName
    verified: str = Field(description="What counts as proved there.", examples=["no"])
    again: bool = Field(description="Whether this was answered before.")
    answered: bool = Field(description="An agent was quicker on the telephone.")


@router.post("/contacts/{contact}/passes", status_code=201, tags=["passes"])
async def issue(use: Use, contact: ContactName, body: PassRequest) -> IssuedShape:
    """Make a pass for a contact that waits. 409 says why not."""
    story = await use.queries.contact(contact)
    answer = await use.core.ask(
        "pass issue", contact=story.reference, channel=body.channel, form=body.form,
        person=story.person or "", who=OPERATOR, why=body.reason or "",
    )  # fmt: skip
    return IssuedShape(
        id=answer["id"], secret=answer["pass"], spoken=answer.get("groups"),
        channel=answer["channel"], form=answer["form"], until=moment_or_none(answer["until"]),
    )  # fmt: skip


@router.head("/passes/{held}", include_in_schema=False)
@router.get("/passes/{held}", tags=["passes"])
async def look(use: Use, held: Held) -> SeenShape:
    """How it stands with a pass. Changes nothing. 404: there is no such pass."""
    answer = await _asked(use, await _known(use, held), "pass look", {})
    return SeenShape(
        state=answer["state"], channel=answer["channel"], form=answer["form"],
        made_at=moment(answer["made_at"]), until=moment_or_none(answer["until"]),
        refused=answer.get("refused"), say=answer.get("say"),
    )  # fmt: skip


@router.post("/passes/{held}/redeem", tags=["passes"])
async def redeem(use: Use, held: Held, body: RedeemRequest) -> RedeemedShape:
    """Go on in this channel with the place that the pass carries. Good for one time. 404: there is
    no such pass; 409 says why else not."""
    secret = await _known(use, held)
    asked = {"channel": body.channel, "by": body.by or ""}
    answer = await _asked(use, secret, "pass redeem", asked)
    if "refused" in answer:
        raise CoreRefused(SENTENCES[Refusal(answer["refused"])]["en"])
    return RedeemedShape(
        reference=answer["contact"], channel=answer["channel"], verified=answer["level"],
        again=answer["again"], answered=answer["answered"],
    )  # fmt: skip


async def _known(use: Parts, held: str) -> Secret:
    """The secret, if it is one of ours."""
    secret = read(held)
    is_code = secret is not None and secret.form is Form.CODE
    if is_code and use.guesses.are_too_many(use.now()):
        raise TooManyWrong(SENTENCES[Refusal.TRIES]["en"])
    if secret and await use.knows(secret):
        return secret
    if is_code and use.guesses.wrong(use.now()):
        log.error("codes are being guessed: none is taken for a while")
    raise _unknown()


async def _asked(
    use: Parts, secret: Secret, what: str, fields: Mapping[str, str]
) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = await use.core.ask(what, **{"pass": secret.text}, **fields)
    if answer.get("refused") == Refusal.UNKNOWN:
        raise _unknown()
    return answer


def _unknown() -> NoSuch:
    return NoSuch(SENTENCES[Refusal.UNKNOWN]["en"])

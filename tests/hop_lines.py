"""The house of random days of passes: its agents, its rules, and its telephone side, which is the
test's.
"""

from __future__ import annotations

import asyncio

from acd.commands import Offer
from acd.config import Capacity, Centre, Class, Member, Queue
from acd.model import AgentId, ContactId, OfferId, QueueId
from ivr.callback_plan import CallbackPlan, CallbackSettings
from ivr.chat_settings import ChatSettings
from ivr.outward import Dialling, Told
from ivr.reconcile import CallerSeen
from tests.fakes_outward import FakeOutward

SUPPORT, SALES = QueueId("support"), QueueId("sales")
APP = "app"
"""A channel beside the chat, into which passes lead; its customers are rung for as callers are."""
ANN, BEN, CAT = AgentId("ann"), AgentId("ben"), AgentId("cat")
ROOM = {ANN: (1, 1), BEN: (1, 0), CAT: (0, 2)}
"""Calls and chats that each takes at once, never both."""
CENTRE = Centre(
    queues={name: Queue(name, wrap_up_seconds=0.0) for name in (SUPPORT, SALES)},
    classes={"standard": Class(), "vip": Class(credit=90.0)},
    agents={
        name: Member(
            name, {SUPPORT: 0.0, SALES: 0.0},
            capacity=Capacity(voice=calls, chat=chats, interruptible=frozenset()),
        )
        for name, (calls, chats) in ROOM.items()
    },
)  # fmt: skip
CHAT = ChatSettings.model_validate(
    {"url": "http://127.0.0.1:8099", "text_by": "sms", "away_seconds": 30}
)
PLAN = CallbackSettings(
    attempts=10, minutes_between=1, most_open=20,
    queues={SALES: CallbackPlan(first="customer")},
)  # fmt: skip
"""In support the agent is rung first; in sales the customer, who then waits on the telephone."""


INSTANT = 0.001
"""Seconds between two deeds at least: no two happen at the same time."""


class Telephones(FakeOutward):
    """The telephone side: who is on the line, and which legs of agents there are."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[ContactId, CallerSeen] = {}
        """Who is in the waiting loop, or talks out of it."""
        self.legs: dict[OfferId, Offer] = {}
        self.are_anew = False
        """Whether Asterisk has begun anew, and no core has been linked with it."""

    async def ring_agent(self, offer: Offer, about: str) -> None:
        self.legs[offer.offer] = offer

    async def dial(self, dialling: Dialling) -> Told | None:
        """Rings until somebody picks up or nobody does; a customer has one telephone."""
        others = [one for one in self.dialled if one.id in self.alive]
        assert dialling.contact not in [one.contact for one in others], "dialled twice at once"
        assert dialling.contact not in self.there, "dialled while on the line"
        self.dialled.append(dialling)
        self.alive.add(dialling.id)
        end: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()
        self.ends[dialling.id] = end
        return await end

    def ringing(self) -> list[Dialling]:
        """What rings at customers just now, whoever began it."""
        return [one for one in self.dialled if one.id in self.alive]

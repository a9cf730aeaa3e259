"""How an agent is rung, and what comes before the gate: where, told what, asked for which key.

Agents hear what they are about to talk about while the caller hears music still. Telephones outside
are dialled by the rules of the house, and asked to accept: a voicemail presses no key.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from acd import events
from acd.commands import Offer
from acd.model import AgentId, Rule, Seconds
from ivr.dialling import NotDialled, Route, Routing
from ivr.dialling_rules import RUNG_OUTSIDE
from ivr.distributor import Distributor
from ivr.phone_settings import PhoneEntry
from ivr.ports import Note
from ivr.seats import Seats
from ivr.site_file import SiteFile
from voice.ports import Prompt, PromptStore, SpeechFailed

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 30.0
"""How often it is looked whether telephones outside may be dialled."""
OF_THE_HOUSE = PhoneEntry()


@dataclass(frozen=True, slots=True)
class LegPlan:
    """How the leg of an offer is made. By default: at once."""

    phone: str = ""
    """The telephone of the house that rings; empty: the agent's own."""
    routes: tuple[Route, ...] = field(default=(), repr=False)
    """The ways to a telephone outside, which is asked to accept; none: it is of the house."""
    hears: Path | None = None
    """What the agent is told before the gate."""
    answers_itself: bool = False
    accept_seconds: Seconds = 0.0


class AgentPhones:
    """Plans legs; `run` has the announcements made, and watches telephones outside."""

    def __init__(
        self, site: SiteFile, distributor: Distributor, routing: Routing, prompts: PromptStore,
        seats: Seats,
    ) -> None:  # fmt: skip
        self._phones: Mapping[str, PhoneEntry] = site.phones
        self._distributor = distributor
        self._routing = routing
        self._prompts = prompts
        self.seats = seats
        self._told = {
            queue: Prompt(text, site.languages[0]) for queue, text in site.announcements.items()
        }

    async def plan(self, offer: Offer, of_a_caller: bool) -> LegPlan:
        """`of_a_caller`: somebody waits for the agent; else it is told in other words what the call
        is about. A number outside is on the record before it rings; `NotDialled` if the rules
        refuse it, and the agent counts as out of reach from then on."""
        where = self.seats.phone_of(offer.agent)
        phone = self._phones.get(where, OF_THE_HOUSE)
        hears = self._hears(offer) if of_a_caller and offer.rule is not Rule.CONSULT else None
        if not phone.number:
            return LegPlan(where, hears=hears, answers_itself=phone.auto_answer)
        asked = self._routing.counted(phone.number, queue=self._queue(offer), agent=offer.agent)
        try:
            async with asked as ways:
                data = {"agent": offer.agent, **ways[0].noted, "effect": f"leg-{offer.offer}"}
                await self._distributor.record(Note(offer.contact, RUNG_OUTSIDE, data))
        except NotDialled:
            self._distributor.post(events.PhoneChanged(offer.agent, reachable=False))
            raise
        return LegPlan(routes=ways, hears=hears, accept_seconds=phone.accept_seconds)

    def _queue(self, offer: Offer) -> str:
        made = self._distributor.engine.offers.get(offer.offer)
        return made.queue if made else ""

    def _hears(self, offer: Offer) -> Path | None:
        """None, too, while it has not been made: nobody waits for that."""
        prompt = self._told.get(self._queue(offer))
        return self._prompts.find(prompt) if prompt else None

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._look()
            for prompt in self._told.values():
                await self._make(prompt)
            await asyncio.sleep(LOOK_SECONDS)

    async def _make(self, prompt: Prompt) -> None:
        try:
            await self._prompts.make(prompt)
        except SpeechFailed as why:  # agents are connected without it
            log.warning("announcement not made", extra={"why": str(why)})

    async def _look(self) -> None:
        """A number outside has no state of its own: it can be rung while the rules let it out."""
        engine = self._distributor.engine
        for name, phone in self._phones.items():
            agent = engine.agents.get(AgentId(name))
            if not phone.number or agent is None or agent.id in self.seats.taken:
                continue
            queue = next(iter(agent.queues), "")
            try:
                await self._routing(phone.number, queue=queue, agent=name)
                reachable = True
            except NotDialled as refusal:
                reachable = False
                log.info("agent not rung outside", extra={"agent": name, "why": str(refusal)})
            self._distributor.post(events.PhoneChanged(agent.id, reachable))

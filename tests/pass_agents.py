"""What agents do on a random day: they pick up, decline, let it ring, talk, and hand on."""

from __future__ import annotations

from acd import events
from acd.events import OfferEnd
from acd.model import AgentId, Medium, OfferMade
from ivr.outward import Told
from tests.hop_lines import ANN, CAT, SALES, SUPPORT
from tests.pass_ideal import LEFT_ALONE, Customer, Deeds, Where

DESK_GONE = 70.0
FAILS = (Told.BUSY, Told.NO_ANSWER, Told.MACHINE, Told.UNREACHABLE)


class AgentDeeds(Deeds):
    """Each deed says whether there was anybody to do it."""

    def _rings(self) -> tuple[OfferMade, Customer] | None:
        """An offer that rings, and for whom; one whose page has just gone is left to ring."""
        unseen = [one.contact for one in self.ideal.live() if one.where is Where.UNSEEN]
        rings = [one for one in self.house.engine.offers.values() if one.answered_at is None]
        made = [one for one in rings if not one.withdrawn and one.contact not in unseen]
        if not made:
            return None
        offer = self.dice.choice(made)
        return offer, next(one for one in self.ideal.live() if one.contact == offer.contact)

    async def _picks_up(self) -> bool:
        if (found := self._rings()) is None:
            return False
        offer, one = found
        if offer.medium is Medium.CHAT and one.where is Where.CHAT:
            await self.house.ask("chat accept", agent=offer.agent, offer=offer.id)
            one.back_to = Where.CHAT
        else:
            await self.house.tell(events.OfferAnswered(one.contact, offer.id))
            if one.where is Where.CALLBACK:  # now they are dialled
                self.house.agent_waits(one.contact, offer.id)
                return True
            one.back_to = Where.APP if offer.medium is Medium.CHAT else Where.PHONE
        one.where, one.with_agent = Where.TALKS, (offer.agent, offer.id)
        return True

    async def _declines(self) -> bool:
        if (found := self._rings()) is None:
            return False
        offer, one = found
        self.ideal.barred[offer.agent, one.number] = self.house.clock.now() + LEFT_ALONE
        if offer.medium is Medium.CHAT and one.where is Where.CHAT:
            await self.house.ask("chat decline", agent=offer.agent, offer=offer.id)
        else:
            self.house.lines.legs.pop(offer.id, None)
            await self.house.tell(events.OfferEnded(offer.id, OfferEnd.DECLINED))
        return True

    async def _rings_out(self) -> bool:
        """The agent is not ready from then on, until they say so."""
        if (found := self._rings()) is None:
            return False
        offer, _ = found
        self.house.clock.at += 16.0
        if offer.medium is not Medium.CHAT:
            self.house.lines.legs.pop(offer.id, None)
            await self.house.tell(events.OfferEnded(offer.id, OfferEnd.RANG_OUT))
        return True

    async def _ready(self) -> bool:
        for agent in self.house.engine.agents.values():
            if agent.state == "not ready":
                await self.house.tell(events.AgentReady(agent.id))
                return True
        return False

    # ---------------------------------------------------------------- who is called back

    async def _dialled(self) -> bool:
        """A customer's telephone rings: somebody picks it up and presses the key, or nobody."""
        ringing = self.house.lines.ringing()
        if not ringing:
            return False
        dialling = self.dice.choice(ringing)
        one = next(each for each in self.ideal.live() if each.contact == dialling.contact)
        if self.dice.random() < 0.25:
            await self.house.customer_says(dialling, self.dice.choice(FAILS))
            return True
        await self.house.customer_says(dialling, None)
        contact = self.house.engine.contacts[one.contact]
        offer = self.house.engine.offers.get(contact.offer) if contact.offer else None
        if dialling.variables["LEG"] and offer and offer.answered_at is not None:
            one.where, one.with_agent, one.back_to = (
                Where.TALKS, (offer.agent, offer.id), Where.PHONE,
            )  # fmt: skip
        else:
            one.where = Where.PHONE
        return True

    # ---------------------------------------------------------------- the end of a talk

    async def _talk_ends(self) -> bool:
        one = self.one(Where.TALKS)
        if one is None or one.with_agent is None:
            return False
        agent, offer = one.with_agent
        if one.back_to is Where.CHAT:
            if self.dice.random() < 0.5:
                await self.house.ask("chat close", agent=agent, contact=one.contact)
            else:
                await self.house.ask("chat end", by=one.by)
        else:
            self.house.lines.legs.pop(offer, None)
            await self.house.tell(events.LegEnded(one.contact, offer))
            await self.house.line_ends(one.contact)
            await self.house.tell(events.CallerLeft(one.contact))
        one.where = Where.GONE
        self.did["served"] += 1
        return True

    async def _sent_back(self) -> bool:
        """Not by the customer's will: the agent's network fails, or they hand the chat on."""
        one = self.one(Where.TALKS)
        if one is None or one.with_agent is None:
            return False
        agent, offer = one.with_agent
        if one.back_to is Where.CHAT:
            one.queue = SALES if one.queue == SUPPORT else SUPPORT
            asked = {"agent": agent, "contact": one.contact, "queue": one.queue}
            await self.house.ask("chat transfer", **asked)
        else:
            self.house.lines.legs.pop(offer, None)
            ended = events.LegEnded(one.contact, offer)
            await self.house.tell(ended, events.Returned(one.contact, offer))
        one.where, one.with_agent = one.back_to, None
        return True

    async def _desk_goes(self) -> bool:
        """The agents' page is gone for more than two minutes: chats go back into the line."""
        agent: AgentId = self.dice.choice((ANN, CAT))
        await self.house.ask("chat desk", agent=agent, open=False)
        await self.house.settle()
        for _ in range(2):
            self.house.clock.at += DESK_GONE
            await self.house.settle()
        for one in self.ideal.live():
            chats = one.where is Where.TALKS and one.back_to is Where.CHAT
            if chats and one.with_agent and one.with_agent[0] == agent:
                one.where, one.with_agent = Where.CHAT, None
        await self.between()
        await self.house.ask("chat desk", agent=agent, open=True)
        return True

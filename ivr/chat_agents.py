"""What agents ask of chats, by way of their page. Every deed is durable when it is answered."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd import events
from acd.model import CHATS, AgentId, Contact, ContactId, OfferId, OfferMade, QueueId, Rule
from acd.states import ContactState
from ivr.chat_desk import id_of, told, words_of
from ivr.chat_lines import ChatLines, Writer
from ivr.chat_offers import ChatOffers
from ivr.chat_presence import Presence
from ivr.chat_waits import wait_of
from ivr.chats import Chat, How, Phrase, Who, field_of_name, state_of
from ivr.faults import meant
from ivr.message_agents import MessageAgents
from ivr.ports import CoreRefused

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]


class ChatAgents:
    """Answers by name (`known`). Refusals are `CoreRefused`."""

    def __init__(
        self, lines: ChatLines, offers: ChatOffers, presence: Presence, messages: MessageAgents
    ) -> None:
        self._lines = lines
        self._offers = offers
        self._presence = presence
        self._messages = messages
        self._engine = lines.distributor.engine

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        asked = {
            "desk": self._desk, "list": self._list, "accept": self._accept,
            "decline": self._decline, "say": self._say, "close": self._close,
            "transfer": self._transfer,
        }  # fmt: skip
        return {"chats": told(self._all)} | {f"chat {n}": told(deed) for n, deed in asked.items()}

    # ---------------------------------------------------------------- questions

    async def _list(self, fields: Fields) -> Fields:
        """What rings on this agent's page, and whom they serve."""
        agent = _agent(fields)
        self._presence.works(agent)
        ringing, made = self._offers.ringing(agent), self._offers.of(agent)
        served = [one for one in made if one.answered_at is not None]
        return {
            "agent": agent, "open": self._engine.agents[agent].desk,
            "offers": [one for offer in ringing if (one := await self._rings(offer))],
            "chats": [one for offer in served if (one := await self._served(offer))],
            "messages": await self._messages.of(agent),
        }  # fmt: skip

    async def _all(self, fields: Fields) -> Fields:
        """Every chat that is not over, the oldest first."""
        chats = sorted(self._lines.book.open.values(), key=lambda chat: chat.since)
        found = [(chat, self._engine.contacts.get(chat.contact)) for chat in chats]
        listed = ((chat, contact) for chat, contact in found if contact or chat.flow)
        return {"chats": [self._plain(chat, contact) for chat, contact in listed]}

    async def _rings(self, offer: OfferMade) -> Fields | None:
        found = self._known(offer)
        if found is None:
            return None
        return {
            **await self._about(*found), "offer": offer.id, "rings_until": offer.rings_until,
            "why": offer.rule,
        }  # fmt: skip

    async def _served(self, offer: OfferMade) -> Fields | None:
        found = self._known(offer)
        if found is None or found[1].offer != offer.id:
            return None
        chat, contact = found
        return {
            **await self._about(chat, contact), "offer": offer.id, "since": offer.answered_at,
            "last": chat.last, "state": state_of(chat, contact), "asked": self._asked(chat.contact),
        }  # fmt: skip

    def _known(self, offer: OfferMade) -> tuple[Chat, Contact] | None:
        chat = self._lines.book.open.get(offer.contact)
        contact = self._engine.contacts.get(offer.contact)
        return (chat, contact) if chat and contact else None

    async def _about(self, chat: Chat, contact: Contact) -> dict[str, Any]:
        """What an agent sees of a chat; `name` is what the customer wants to be called."""
        name = await self._lines.vault.open(chat.person, field_of_name(chat.contact))
        return {
            "contact": chat.contact, "queue": contact.queue, "language": chat.language,
            "customer": chat.person, "origin": chat.origin, "name": name or "",
        }  # fmt: skip

    def _plain(self, chat: Chat, contact: Contact | None) -> Fields:
        """`contact`: None while a flow asks."""
        offer = self._engine.offers.get(contact.offer) if contact and contact.offer else None
        now = self._lines.clock.now()
        return {
            "contact": chat.contact, "state": state_of(chat, contact),
            "queue": contact.queue if contact else chat.queue,
            "language": chat.language, "origin": chat.origin, "since": chat.since,
            "last": chat.last, "agent": offer.agent if offer else "",
            "skipped": contact is not None and contact.state is ContactState.PARKED,
            "wait": wait_of(self._engine, contact, now) if contact else None,
        }  # fmt: skip

    # ---------------------------------------------------------------- deeds

    async def _desk(self, fields: Fields) -> Fields:
        agent, is_open = _agent(fields), fields.get("open")
        if agent not in self._engine.agents:
            raise CoreRefused(f"there is no agent {agent}")
        if not isinstance(is_open, bool):
            raise CoreRefused("say whether the desk is open: open=true or open=false")
        await self._lines.distributor.record(events.DeskChanged(agent, is_open))
        return {"agent": agent, "open": is_open}

    async def _accept(self, fields: Fields) -> Fields:
        agent = _agent(fields)
        contact, new = await self._offers.accept(agent, _offer(fields))
        chat = self._lines.book.open.get(contact)
        if chat and new:
            await self._lines.house(chat, Phrase.JOINED, agent=agent)
        log.info("chat accepted", extra={"contact": contact, "agent": agent})
        return {"contact": contact}

    async def _decline(self, fields: Fields) -> Fields:
        return {"contact": await self._offers.decline(_agent(fields), _offer(fields))}

    async def _say(self, fields: Fields) -> Fields:
        agent, words = _agent(fields), words_of(fields)
        self._presence.works(agent)
        writer = Writer(Who.AGENT, id_of(fields), agent)
        known = self._lines.book.chats.get(ContactId(str(fields.get("contact") or "")))
        written = known and self._lines.written(known, writer)
        chat = known if known and written else self._mine(fields)[0]
        said, new = await self._lines.say(chat, writer, words)
        return {"number": said.number, "at": said.at, "new": new}

    async def _close(self, fields: Fields) -> Fields:
        chat, _ = self._mine(fields)
        await self._lines.end(chat, How.AGENT, _agent(fields))
        return {"state": state_of(chat, self._engine.contacts.get(chat.contact))}

    async def _transfer(self, fields: Fields) -> Fields:
        """To a queue, at once; or to an agent, who is asked: until they accept nothing changes."""
        chat, offer = self._mine(fields)
        if asked := self._asked(chat.contact):
            raise CoreRefused(f"agent {asked} is being asked to take it: wait for the answer")
        if to := str(fields.get("to_agent") or ""):
            await self._ask(chat, _agent(fields), AgentId(to))
        else:
            await self._send(chat, offer, fields)
        return {"state": state_of(chat, self._engine.contacts.get(chat.contact))}

    async def _ask(self, chat: Chat, me: AgentId, to: AgentId) -> None:
        if to == me:
            raise CoreRefused("you serve this chat already")
        await self._lines.distributor.record(events.ConsultAsked(chat.contact, to))
        log.info("chat to be taken over", extra={"contact": chat.contact, "agent": to})

    def _asked(self, contact: ContactId) -> str:
        """Whose page rings to take this chat over; empty: nobody's."""
        made = [one for one in self._engine.offers.values() if one.contact == contact
                and one.rule is Rule.CONSULT and one.answered_at is None]  # fmt: skip
        return next((one.agent for one in made if not one.withdrawn), "")

    async def _send(self, chat: Chat, offer: OfferId, fields: Fields) -> None:
        queue, queues = str(fields.get("queue") or ""), self._engine.centre.queues
        if queue not in queues:
            raise CoreRefused(f"there is no queue {queue!r}{meant(queue, queues)}")
        ended = events.LegEnded(chat.contact, offer)
        sent = events.Transferred(chat.contact, QueueId(queue), offer=offer)
        await self._lines.distributor.record(ended, sent)
        await self._lines.house(chat, Phrase.TRANSFERRED, queue=queue)

    # ---------------------------------------------------------------- what is asked

    def serves(self, fields: Fields) -> Chat:
        """The chat, if this agent serves it; raises `CoreRefused`."""
        return self._mine(fields)[0]

    def _mine(self, fields: Fields) -> tuple[Chat, OfferId]:
        """A chat that this agent serves just now."""
        agent, id_ = _agent(fields), ContactId(str(fields.get("contact") or ""))
        contact, chat = self._engine.contacts.get(id_), self._lines.book.chats.get(id_)
        offer = self._engine.offers.get(contact.offer) if contact and contact.offer else None
        if chat is None or chat.ended_at is not None or contact is None:
            raise CoreRefused("this chat is over, or there is none")
        if offer is None or offer.agent != agent or offer.answered_at is None:
            raise CoreRefused(f"agent {agent} does not serve this chat")
        if contact.channel != CHATS:
            raise CoreRefused("this contact goes on by telephone")
        return chat, offer.id


def _agent(fields: Fields) -> AgentId:
    if not isinstance(fields.get("agent"), str):
        raise CoreRefused("name the agent: agent=...")
    return AgentId(fields["agent"])


def _offer(fields: Fields) -> OfferId:
    if not isinstance(fields.get("offer"), str):
        raise CoreRefused("name the offer: offer=...")
    return OfferId(fields["offer"])

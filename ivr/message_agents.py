"""What agents ask of messages, by way of their page: what one says, and how it was answered.

An answer is kept before anything leaves the house: words into the vault, the text by its own key,
then a line in the journal. The same `id` again is the same answer.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd import events
from acd.model import (
    MESSAGES,
    AgentId,
    Contact,
    ContactId,
    Medium,
    OfferId,
    OfferMade,
    QueueId,
    Seconds,
)  # fmt: skip
from ivr.chat_desk import id_of, told, words_of
from ivr.chat_lines import ChatLines
from ivr.chat_offers import ChatOffers
from ivr.chat_offline import Ask, ChatOffline
from ivr.chat_presence import Presence
from ivr.faults import meant
from ivr.messages import (
    ANSWERED,
    How,
    Message,
    answer_effect,
    field_of_answer,
    state_of,
)
from ivr.ports import CoreRefused, Note, Record

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
ABSENT = {"name": None, "number": None, "mail": None, "words": None}
"""What is left of a message whose person is erased."""


class MessageAgents:
    """Answers by name (`known`). Refusals are `CoreRefused`."""

    def __init__(
        self, lines: ChatLines, offers: ChatOffers, presence: Presence, offline: ChatOffline,
        text_by: str | None, asked: Mapping[str, Ask],
    ) -> None:  # fmt: skip
        """`asked`: what else the core can be asked: texts are sent and calls are made by it."""
        self._lines = lines
        self._offers = offers
        self._presence = presence
        self._offline = offline
        self._book = offline.book
        self._engine = lines.distributor.engine
        self._text_by = text_by if "text send" in asked else None
        self._asked = asked

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        asked = {
            "answer": self._answer, "call": self._call, "close": self._close,
            "transfer": self._transfer,
        }  # fmt: skip
        return {"messages": told(self._all)} | {
            f"message {name}": told(deed) for name, deed in asked.items()
        }

    # ---------------------------------------------------------------- questions

    async def of(self, agent: AgentId) -> list[Fields]:
        """What rings on this agent's page, and what they answer; what it says from then on."""
        found = []
        for offer in self._offers.of(agent):
            contact = self._engine.contacts.get(offer.contact)
            message = self._book.of(offer.contact)
            if message and contact and contact.offer == offer.id and not offer.withdrawn:
                found.append(await self._about(message, contact, offer))
        return found

    async def _about(self, message: Message, contact: Contact, offer: OfferMade) -> Fields:
        rings = offer.answered_at is None
        said = None if rings else await self._offline.said(message) or ABSENT
        return {
            "contact": contact.id, "offer": offer.id, "of": message.of, "queue": contact.queue,
            "language": message.language, "customer": message.person, "left_at": message.at,
            "until": message.until, "rings_until": offer.rings_until if rings else None,
            "answered": message.answered_at is not None, **(said or ABSENT), "rings": rings,
            "ways": [] if rings else self._ways(said or ABSENT),
        }  # fmt: skip

    def _ways(self, said: Mapping[str, str | None]) -> list[How]:
        """How this message can be answered."""
        by_number = [How.TEXT] if self._text_by else []
        calls = [How.CALL] if "agent call" in self._asked else []
        return [*(by_number + calls if said["number"] else []), How.NOTE]

    async def _all(self, fields: Fields) -> Fields:
        """Every message that is still to be answered, what is due first first."""
        found = [
            (contact, message) for contact in self._engine.contacts.values()
            if contact.channel == MESSAGES and (message := self._book.of(contact.id))
        ]  # fmt: skip
        found.sort(key=lambda pair: pair[0].due_at)
        return {"messages": [self._plain(contact, message) for contact, message in found]}

    def _plain(self, contact: Contact, message: Message) -> Fields:
        offer = self._engine.offers.get(contact.offer) if contact.offer else None
        return {
            "contact": contact.id, "of": message.of, "queue": contact.queue,
            "customer": message.person, "left_at": message.at, "until": message.until,
            "state": state_of(message, contact), "agent": offer.agent if offer else "",
            "answered": message.answered_at is not None,
        }  # fmt: skip

    # ---------------------------------------------------------------- deeds

    async def _answer(self, fields: Fields) -> Fields:
        """By a text, or as a note of how it was answered."""
        agent, id_, words = self._agent(fields), id_of(fields), words_of(fields)
        known = self._book.of(ContactId(str(fields.get("contact") or "")))
        if known and (effect := answer_effect(known, agent, id_)) in self._book.answers:
            return {"effect": effect, "new": False}
        contact, message, _ = self._mine(fields)
        how = self._how(fields)
        effect = answer_effect(message, agent, id_)
        try:
            await self._lines.vault.seal(message.person, field_of_answer(effect), words)
        except LookupError as gone:
            raise CoreRefused("this customer is erased") from gone
        if how is How.TEXT:
            await self._text(message, agent, effect, words, str(fields.get("ticket") or ""))
        await self._answered(contact.id, message, agent, how, effect)
        return {"effect": effect, "new": True}

    def _how(self, fields: Fields) -> How:
        how = fields.get("how")
        if how not in (How.TEXT, How.NOTE):
            raise CoreRefused("say how it is answered: how=text or how=note")
        return How(how)

    async def _text(
        self, message: Message, agent: AgentId, effect: str, words: str, ticket: str
    ) -> None:
        whom = await self._offline.whom(message)
        if self._text_by is None or not whom:
            raise CoreRefused("no text can be sent to this customer")
        asked = {"channel": self._text_by, "words": words, "key": effect, "who": agent, **whom}
        await self._asked["text send"]({**asked, "ticket": ticket})

    async def _call(self, fields: Fields) -> Fields:
        """The agent's telephone rings, then that of the customer."""
        contact, message, _ = self._mine(fields)
        whom = await self._offline.whom(message)
        if not whom or "agent call" not in self._asked:
            raise CoreRefused("there is no number to call")
        agent = self._agent(fields)
        asked = {"agent": agent, "queue": contact.queue, **whom}
        made = await self._asked["agent call"](asked)
        effect = answer_effect(message, agent, str(made["contact"]))
        await self._answered(contact.id, message, agent, How.CALL, effect, made["contact"])
        return {"contact": made["contact"]}

    async def _answered(
        self, contact: ContactId, message: Message, agent: AgentId, how: How, effect: str,
        call: str = "",
    ) -> None:  # fmt: skip
        about: dict[str, Any] = {
            "effect": effect, "left": message.left, "agent": agent, "how": how,
        }  # fmt: skip
        about |= {"call": call} if call else {"person": message.person}
        await self._lines.distributor.record(Note(contact, ANSWERED, about))
        self._book.learn(Record(self._lines.clock.now(), ANSWERED, about, contact))
        log.info("message answered", extra={"contact": contact, "agent": agent, "how": how})

    async def _close(self, fields: Fields) -> Fields:
        """The agent is done with it; wrap-up follows."""
        contact, message, offer = self._mine(fields)
        await self._lines.distributor.record(
            events.LegEnded(contact.id, offer), events.CallerLeft(contact.id, channel=MESSAGES)
        )
        return {"state": state_of(message, self._engine.contacts.get(contact.id))}

    async def _transfer(self, fields: Fields) -> Fields:
        """For another queue, as due as it was."""
        contact, message, offer = self._mine(fields)
        queue, queues = str(fields.get("queue") or ""), self._engine.centre.queues
        if queue not in queues:
            raise CoreRefused(f"there is no queue {queue!r}{meant(queue, queues)}")
        await self._lines.distributor.record(
            events.LegEnded(contact.id, offer),
            events.Transferred(contact.id, QueueId(queue), offer=offer),
        )
        return {"state": state_of(message, self._engine.contacts.get(contact.id))}

    # ---------------------------------------------------------------- what goes on by itself

    async def look(self, now: Seconds) -> None:
        """What an agent has whose page is gone goes back into the line, at its place."""
        for offer in list(self._engine.offers.values()):
            is_ours = offer.medium is Medium.MAIL and self._book.of(offer.contact) is not None
            is_served = is_ours and offer.answered_at is not None
            if is_served and self._presence.is_desk_gone(offer.agent, now):
                log.info("desk gone, message back in line", extra={"contact": offer.contact})
                ended = events.LegEnded(offer.contact, offer.id)
                back = events.Returned(offer.contact, offer.id)
                await self._lines.distributor.record(ended, back)

    # ---------------------------------------------------------------- what is asked

    def _agent(self, fields: Fields) -> AgentId:
        if not isinstance(fields.get("agent"), str):
            raise CoreRefused("name the agent: agent=...")
        return AgentId(fields["agent"])

    def _mine(self, fields: Fields) -> tuple[Contact, Message, OfferId]:
        """A message that this agent answers just now."""
        agent, id_ = self._agent(fields), ContactId(str(fields.get("contact") or ""))
        self._presence.works(agent)
        contact, message = self._engine.contacts.get(id_), self._book.of(id_)
        offer = self._engine.offers.get(contact.offer) if contact and contact.offer else None
        if contact is None or message is None or contact.channel != MESSAGES:
            raise CoreRefused("this message is done with, or there is none")
        if offer is None or offer.agent != agent or offer.answered_at is None:
            raise CoreRefused(f"agent {agent} does not have this message")
        return contact, message, offer.id

"""How a caller gets online: a link by text message, or a code that is spoken.

The secret goes to the customer and nowhere else: sealed with the words of the text, or into a
recording that is deleted when it was heard. Who cannot go online waits on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import CHATS, Contact, ContactId
from ivr.chat_settings import ChatSettings
from ivr.online_ladder import ACCEPTED
from ivr.online_words import FAILED, SENDING, code_prompt, phrase, text_of
from ivr.outbound import OutboundSettings
from ivr.passes import Form
from ivr.phone_numbers import e164, is_landline, may_be_mobile
from ivr.ports import CoreRefused, PersonId, StoreFailed, StoreRefused, Vault
from ivr.text_desk import ALONE
from ivr.texts import text_id
from ivr.whose import Whose
from voice.ports import Prompt

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
Questions = Mapping[str, Callable[[Fields], Awaitable[Fields]]]
Write = Callable[[ContactId, str, Mapping[str, Any]], Awaitable[None]]
FAULTS = (CoreRefused, StoreFailed, StoreRefused, LookupError)
CUSTOMER, WHY = "customer", "pressed a key while waiting"
TEXT, CODE = "text", "code"


@dataclass(frozen=True, slots=True)
class Way:
    """What was opened for a caller, and what they hear of it. `by`: `text`, `code` or nothing."""

    by: str
    say: Prompt = field(repr=False)


class WayOnline:
    """Opens ways into the chat. Raises nothing: who gets no text hears a code, or that it is not
    possible."""

    def __init__(
        self, questions: Questions, chat: ChatSettings, outbound: OutboundSettings, whose: Whose,
        vault: Vault, write: Write,
    ) -> None:  # fmt: skip
        """`questions`: those of passes and of texts. `write`: into the journal, durably."""
        self._questions = questions
        self._chat = chat
        self._outbound = outbound
        self._whose = whose
        self._vault = vault
        self._write = write

    async def may_key(self, contact: Contact) -> bool:
        """Whether this caller is asked for a mobile number: texts are sent here, and there is no
        number of theirs to send one to."""
        if not self._chat.text_by:
            return False
        try:
            number = await self._number(await self._whose.of(contact.id))
            return not (number and may_be_mobile(number))
        except FAULTS as fault:
            log.info("not asked for a number", extra={"contact": contact.id, "why": str(fault)})
            return False

    async def fits(self, keyed: str) -> str:
        """The number (E.164) that these keys are, if texts may be sent to it; else nothing."""
        number = e164(keyed, self._outbound.region, self._outbound.new_ranges)
        if number is None or is_landline(number):
            return ""
        try:
            asked = {"channel": self._chat.text_by, "number": number, "key": keyed}
            await self._questions["text may"](asked)
        except FAULTS as fault:
            log.info("no text to the number that was keyed", extra={"why": str(fault)})
            return ""
        return number

    async def open(self, contact: Contact) -> Way:
        """A link to their mobile phone; else a code; else the sentence that it is not possible."""
        try:
            person = await self._whose.of(contact.id) if self._chat.text_by else None
            number = await self._number(person)
            if person and number and may_be_mobile(number):
                await self._text(contact, person, number, person)
                return Way(TEXT, phrase(SENDING, contact.language))
        except FAULTS as fault:
            log.info("no text for who waits", extra={"contact": contact.id, "why": str(fault)})
        return await self.code(contact)

    async def open_to(self, contact: Contact, number: str) -> Way:
        """A link to this number (E.164), which they have keyed in and confirmed; else a code."""
        try:
            to = await self._vault.person_for_number(number)
            await self._text(contact, await self._whose.of(contact.id), number, to)
            return Way(TEXT, phrase(SENDING, contact.language))
        except FAULTS as fault:
            log.info("no text for who waits", extra={"contact": contact.id, "why": str(fault)})
        return await self.code(contact, instead=True)

    async def code(self, contact: Contact, instead: bool = False) -> Way:
        """A code that is spoken; else the sentence that it is not possible. `instead`: of a text
        that was promised, which is said first."""
        language = contact.language
        try:
            made = await self._pass(contact, Form.CODE, await self._whose.of(contact.id))
            await self._write(contact.id, ACCEPTED, {"by": CODE})
            return Way(CODE, code_prompt(self._chat, made["groups"], language, instead))
        except FAULTS as fault:
            told = {"contact": contact.id, "why": str(fault)}
            log.warning("no way online for who waits", extra=told)
        return Way("", phrase(FAILED, language))

    async def _number(self, person: PersonId | None) -> str | None:
        return await self._vault.open(person, "number") if person else None

    async def _text(
        self, contact: Contact, whose: PersonId | None, number: str, to: PersonId
    ) -> None:
        """Send a link. It is in the journal before: who goes on after us knows what was promised,
        and a text that never came to be is missed like one that nobody takes."""
        channel = self._chat.text_by
        asked = {"channel": channel, "person": to, "number": number, "key": f"{contact.id}/online"}
        await self._questions["text may"](asked)
        made = await self._pass(contact, Form.LINK, whose)
        text = text_id(f"{channel} {made['id']}")
        await self._write(contact.id, ACCEPTED, {"by": TEXT, "text": text, "to": to})
        link = self._chat.link(made["pass"])
        await self._questions["text send"]({
            "channel": channel, "person": to, "key": made["id"], "who": CUSTOMER,
            "words": text_of(self._chat, link, contact.language), ALONE: True,
        })  # fmt: skip

    async def _pass(self, contact: Contact, form: Form, person: PersonId | None = None) -> Fields:
        order = {
            "contact": contact.id, "channel": CHATS, "form": form, "person": person,
            "who": CUSTOMER, "why": WHY,
        }  # fmt: skip
        return await self._questions["pass issue"](order)

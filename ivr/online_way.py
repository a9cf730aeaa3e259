"""How a caller gets online: a link by text message, or a code that is spoken.

The secret goes to the customer and nowhere else: sealed with the words of the text, or into a
recording that is deleted when it was heard. Who cannot go online waits on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import CHATS, Contact
from ivr.chat_settings import ChatSettings
from ivr.online_words import FAILED, SENT, code_prompt, phrase, text_of
from ivr.passes import Form
from ivr.phone_numbers import may_be_mobile
from ivr.ports import CoreRefused, PersonId, StoreFailed, StoreRefused, Vault
from ivr.text_desk import ALONE
from ivr.texts import TextState
from ivr.whose import Whose
from voice.ports import Prompt

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
Questions = Mapping[str, Callable[[Fields], Awaitable[Fields]]]
FAULTS = (CoreRefused, StoreFailed, StoreRefused, LookupError)
CUSTOMER, WHY = "customer", "pressed a key while waiting"


@dataclass(frozen=True, slots=True)
class Way:
    """What was opened for a caller, and what they hear of it. `by`: `text`, `code` or nothing."""

    by: str
    say: Prompt = field(repr=False)
    text: str = ""
    """The id of the text that carries the link."""


class WayOnline:
    """Opens ways into the chat. `has_failed` raises `CoreRefused`; the others nothing."""

    def __init__(
        self, questions: Questions, chat: ChatSettings, whose: Whose, vault: Vault
    ) -> None:
        """`questions`: those of passes and of texts."""
        self._questions = questions
        self._chat = chat
        self._whose = whose
        self._vault = vault

    async def open(self, contact: Contact) -> Way:
        """A link to their mobile phone; else a code; else the sentence that it is not possible."""
        try:
            person = await self._mobile(contact)
            if person:
                text = await self._text(contact, person)
                return Way("text", phrase(SENT, contact.language), text)
        except FAULTS as fault:
            log.info("no text for who waits", extra={"contact": contact.id, "why": str(fault)})
        return await self.code(contact)

    async def code(self, contact: Contact) -> Way:
        """A code that is spoken; else the sentence that it is not possible."""
        language = contact.language
        try:
            made = await self._pass(contact, Form.CODE, await self._whose.of(contact.id))
            return Way("code", code_prompt(self._chat, made["groups"], language))
        except FAULTS as fault:
            told = {"contact": contact.id, "why": str(fault)}
            log.warning("no way online for who waits", extra=told)
        return Way("", phrase(FAILED, language))

    async def _mobile(self, contact: Contact) -> PersonId | None:
        """Whose number texts may be sent to."""
        person = await self._whose.of(contact.id) if self._chat.text_by else None
        number = await self._vault.open(person, "number") if person else None
        return person if number and may_be_mobile(number) else None

    async def has_failed(self, text: str) -> bool:
        """Whether this text will not reach its customer."""
        due = await self._questions["text due"]({"text": text})
        return bool(due["state"] == TextState.FAILED)

    async def _text(self, contact: Contact, person: PersonId) -> str:
        """The id of the text that carries a link."""
        made = await self._pass(contact, Form.LINK, person)
        link = self._chat.link(made["pass"])
        sent = await self._questions["text send"]({
            "channel": self._chat.text_by, "person": person, "key": made["id"], "who": CUSTOMER,
            "words": text_of(self._chat, link, contact.language), ALONE: True,
        })  # fmt: skip
        return str(sent["text"])

    async def _pass(self, contact: Contact, form: Form, person: PersonId | None = None) -> Fields:
        order = {
            "contact": contact.id, "channel": CHATS, "form": form, "person": person,
            "who": CUSTOMER, "why": WHY,
        }  # fmt: skip
        return await self._questions["pass issue"](order)

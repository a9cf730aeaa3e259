"""The next rung when a text has failed: the customer is promised a callback."""

from __future__ import annotations

import logging

from acd.model import ContactId
from ivr.channel_settings import ChannelEntry
from ivr.ports import CallFacts, EffectKey, Vault
from ivr.promises import Callbacks, CannotPromise, Wish
from ivr.texts import SentText

log = logging.getLogger(__name__)


class CallbackLadder:
    """`ivr.text_desk.Ladder`."""

    def __init__(self, callbacks: Callbacks, vault: Vault, language: str) -> None:
        self._callbacks = callbacks
        self._vault = vault
        self._language = language

    async def next_rung(self, text: SentText, entry: ChannelEntry) -> None:
        """One promise for a text. Where none can be given the text has failed all the same."""
        key = EffectKey(f"{text.id}/callback/1")
        if await self._callbacks.kept(key):
            return
        number = await self._vault.open(text.person, "number")
        if not number:
            return
        facts = CallFacts(ContactId(f"{text.id}-callback"), "", None, language=self._language)
        wish = Wish(key, facts, entry.queue, self._language, number, text.person)
        try:
            await self._callbacks.promise(wish)
        except CannotPromise as refusal:
            told = {"contact": text.contact, "text": text.id, "why": str(refusal)}
            log.warning("no callback for a text that failed", extra=told)

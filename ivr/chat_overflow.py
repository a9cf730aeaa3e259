"""Carries out what overflow rules say of chats: to another queue they go by themselves, place kept.

Other ways out are for callers; a chat for which rules name one stays in its line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from acd import events
from acd.commands import Overflow
from acd.model import CHATS, QueueId
from acd.states import ContactState
from ivr.chat_lines import ChatLines
from ivr.chats import Phrase

log = logging.getLogger(__name__)

CarryOut = Callable[[Overflow], Coroutine[Any, Any, None]]


class ChatOverflow:
    """Stands before whoever carries it out for calls."""

    def __init__(self, lines: ChatLines, calls: CarryOut | None) -> None:
        self._lines = lines
        self._engine = lines.distributor.engine
        self._calls = calls

    async def carry_out(self, command: Overflow) -> None:
        contact = self._engine.contacts.get(command.contact)
        if contact is None or contact.channel != CHATS:
            if self._calls:
                await self._calls(command)
            return
        told = {"contact": command.contact, "to": command.to}
        if command.to not in self._engine.centre.queues:
            log.info("no way there for a chat, it stays", extra=told)
        elif contact.state in (ContactState.WAITING, ContactState.PARKED):
            sent = events.Transferred(command.contact, QueueId(command.to))
            await self._lines.distributor.record(sent)
            if chat := self._lines.book.open.get(command.contact):
                await self._lines.house(chat, Phrase.TRANSFERRED, queue=command.to)

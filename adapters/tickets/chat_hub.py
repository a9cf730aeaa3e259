"""Wakes whoever looks at a chat, and knows who types there and who has read how far.

All of it is of the moment, in this process alone: what is lost with it nobody misses.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from acd.model import ContactId, Seconds

TYPING_SECONDS: Seconds = 8.0
"""Who has not said for so long that they type, types no more."""
MOST_KEPT = 10_000
"""Contacts of which it is known who types, and who has read; the oldest are forgotten."""


class ChatHub:
    """One for the web process: customers' sockets, agents' pages and the journal meet here."""

    def __init__(self, hurry: Callable[[], None] = lambda: None) -> None:
        """`hurry`: has what was just written read at once, instead of in a moment."""
        self.hurry = hurry
        self._news: dict[ContactId, asyncio.Event] = {}
        self._typing: OrderedDict[tuple[ContactId, str], Seconds] = OrderedDict()
        self._read: OrderedDict[tuple[ContactId, str], int] = OrderedDict()

    def listen(self, contact: ContactId) -> asyncio.Event:
        """Is set with the next news of this contact. Taken before looking, nothing is missed."""
        return self._news.setdefault(contact, asyncio.Event())

    def told(self, contact: ContactId) -> None:
        """Something was done here: the journal has it, and the lines will in a moment."""
        self.hurry()
        self.wake(contact)

    def wake(self, contact: ContactId) -> None:
        """There is news that can be seen already."""
        if event := self._news.pop(contact, None):
            event.set()

    def typing(self, contact: ContactId, who: str, on: bool) -> None:
        """`who` types, or has stopped to; to be said again while it goes on."""
        now = asyncio.get_running_loop().time()
        was = self._typing.pop((contact, who), now) > now
        if on:
            self._typing[contact, who] = now + TYPING_SECONDS
            _shorten(self._typing)
        if on is not was:
            self.wake(contact)

    def typing_of(self, contact: ContactId) -> Sequence[str]:
        """Who types just now."""
        now = asyncio.get_running_loop().time()
        return [
            who for (where, who), until in self._typing.items() if where == contact and until > now
        ]

    def read(self, contact: ContactId, who: str, number: int) -> None:
        """`who` has seen the lines up to this one."""
        if number > self.read_of(contact, who):
            self._read.pop((contact, who), None)
            self._read[contact, who] = number
            _shorten(self._read)
            self.wake(contact)

    def read_of(self, contact: ContactId, who: str) -> int:
        """The last line that they have seen; 0: none, or it is not known."""
        return self._read.get((contact, who), 0)


def _shorten(kept: OrderedDict[tuple[ContactId, str], Any]) -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)

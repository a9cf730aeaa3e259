"""Tells a customer's page what is new in their chat: lines, how it stands, who types, what is read.

It looks again with every news of the contact, and now and then without: waits grow and shrink.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from acd.model import ContactId, Seconds
from adapters.chat.parts import AGENT, ChatParts
from adapters.chat.peer import Peer
from ivr.ports import CoreAway, CoreRefused, StoreFailed, StoreRefused

LOOK_SECONDS: Seconds = 15.0
"""So often it looks without news."""
AGAIN_SECONDS: Seconds = 2.0
"""So soon it looks again when somebody did not answer."""
OVER = "over"
SILENT = (CoreAway, CoreRefused, StoreFailed, StoreRefused)
"""What keeps us from looking, and goes by."""


class Teller:
    """One page of one customer."""

    def __init__(
        self, parts: ChatParts, peer: Peer, by: str, contact: ContactId, after: int
    ) -> None:
        """`after`: the last line that the page has."""
        self._parts, self._peer = parts, peer
        self._by, self.contact = by, contact
        self._after = after
        self._here = False
        """Whether the core has been told, a moment ago, that the page is there."""
        self._told: dict[str, Any] = {"typing": False, "read": 0}
        self.done: dict[str, bool] = {}
        """What the customer has done, beside lines: shown with the state."""

    async def run(self) -> None:
        """Until cancelled. Raises `Gone` with the page."""
        while True:
            news = self._parts.hub.listen(self.contact)
            seconds = LOOK_SECONDS
            try:
                await self._look()
            except SILENT:
                seconds = AGAIN_SECONDS
                await self._once("state", {"away": True})
            self._here = await _within(news, seconds)

    async def _look(self) -> None:
        await self._lines()
        await self._once("typing", AGENT in self._parts.hub.typing_of(self.contact), "on")
        await self._once("read", self._parts.hub.read_of(self.contact, AGENT), "number")
        state = await self._parts.core.ask("chat state", by=self._by)
        if state["state"] != OVER and (state["skipped"] or not self._here):
            await self._parts.core.ask("chat here", by=self._by)  # a new core does not know it
            state = await self._parts.core.ask("chat state", by=self._by)
        told = {name: value for name, value in state.items() if name != "contact"}
        await self._once("state", {**told, **self.done})

    async def _lines(self) -> None:
        while lines := await self._parts.lines(self.contact, self._after):
            for line in lines:
                await self._peer.say("line", **shown(line))
                self._after = line["number"]

    async def _once(self, kind: str, what: Any, name: str = "") -> None:
        """Say it if it is not what was said last."""
        if self._told.get(kind) != what:
            self._told[kind] = what
            await self._peer.say(kind, **({name: what} if name else what))


def shown(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line as a customer sees it: words, a file, or a phrase that their page has words for."""
    told = {name: line[name] for name in ("number", "who", "at")}
    if line.get("phrase"):
        return {**told, "phrase": line["phrase"], "values": dict(line.get("values") or {})}
    by = {"agent": line["agent"]} if line["who"] == AGENT else {}
    if line.get("file"):
        return {**told, **by, "file": dict(line["file"])}
    return {**told, **by, "words": line.get("words")}


async def _within(news: asyncio.Event, seconds: Seconds) -> bool:
    """Whether there is news before so many seconds are over."""
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return False
    return True

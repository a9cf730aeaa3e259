"""Sends what waits in the outbox: at least once to the channel, under one id, so that it is once.

A text that a channel does not take now is tried again, later each time and never all at one moment;
a channel that fails again and again is left alone for a while. What became of a text is told to
the core before its entry goes: killed anywhere in between, the next process sends it under the same
id.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from acd.model import Seconds
from adapters.channels.figures import RareLog, texts, waiting
from adapters.channels.patience import FIRST_PAUSE, Shelf, Try, Waits, keep_looking
from ivr.breaker import Breaker
from ivr.channel_ports import Because, Channel, NotNow, Refused, Text, TextId
from ivr.channel_settings import ChannelEntry
from ivr.ports import (
    Core,
    CoreAway,
    CoreRefused,
    EffectKey,
    Outgoing,
    PersonId,
    StoreFailed,
    StoreRefused,
)
from ivr.texts import TextState, address_field, field_of_text

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Texts that one channel is handed at the same moment."""
FAULTS = (CoreAway, CoreRefused, StoreFailed, StoreRefused)
"""Ours: nothing of the channel, so that its breaker is left as it is."""


class Opens(Protocol):
    """As much of the vault as is needed to send."""

    async def open(self, person: PersonId, field_name: str) -> str | None: ...


class Sender:
    """One task; each channel is served beside the others."""

    def __init__(
        self, channels: Mapping[str, Channel], entries: Mapping[str, ChannelEntry], shelf: Shelf,
        vault: Opens, core: Core, monotonic: Callable[[], Seconds] = time.monotonic,
        utc: Callable[[], Seconds] = time.time, chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._channels = channels
        self._entries = entries
        self._shelf = shelf
        self._vault = vault
        self._core = core
        self._monotonic = monotonic
        self._utc = utc
        self._chance = chance
        self._breakers = {name: Breaker(e.failures, e.rest) for name, e in entries.items()}
        self._tries: dict[EffectKey, Try] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._rare = RareLog(log, monotonic)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            await keep_looking(self.look, self._rare)
        finally:
            for task in self._busy.values():
                task.cancel()

    async def look(self) -> None:
        """Begin to send what is due, a channel beside the other."""
        found = await asyncio.to_thread(lambda: list(self._shelf.waiting()))
        here = {one.outgoing.key for one in found}
        self._tries = {key: one for key, one in self._tries.items() if key in here}
        for name in self._channels:
            mine = [one for one in found if one.outgoing.data.get("channel") == name]
            waiting.labels(name).set(len(mine))
            if name in self._busy and not self._busy[name].done():
                continue
            if due := self._due(mine):
                self._busy[name] = asyncio.create_task(self._send_all(name, due))
        for name in {str(one.outgoing.data.get("channel")) for one in found} - set(self._channels):
            self._rare.warn("text for a channel that is not in the site file", name)

    async def settle(self) -> None:
        """Until everything that was begun is done."""
        if tasks := list(self._busy.values()):
            await asyncio.wait(tasks)

    def _due(self, mine: Sequence[Waits]) -> list[Waits]:
        """The oldest of each customer, if it is time: texts do not overtake each other."""
        first: dict[PersonId | None, Waits] = {}
        for one in mine:
            first.setdefault(one.outgoing.to, one)
        now = self._monotonic()
        return [one for one in first.values() if self._try(one).next_at <= now]

    async def _send_all(self, name: str, due: Sequence[Waits]) -> None:
        """One that raises what nobody foresaw is tried later: others wait behind it."""
        free = asyncio.Semaphore(AT_ONCE)

        async def one_of_few(one: Waits) -> None:
            async with free:
                await self._attempt(name, one)

        ends = await asyncio.gather(*map(one_of_few, due), return_exceptions=True)
        for one, end in zip(due, ends, strict=True):
            if isinstance(end, Exception):
                self._later(self._try(one))
                log.error("text not sent, trying again", exc_info=end)

    async def _attempt(self, name: str, one: Waits) -> None:
        """One text, one try; whatever happens it is told, tried again, or left for the next."""
        tried = self._try(one)
        try:
            if tried.became is None:
                await self._hand_over(name, one, tried)
            if tried.became is not None:
                await self._tell(name, one, tried)
        except FAULTS as fault:
            self._later(tried)
            self._rare.warn("text waits for us", name, type(fault).__name__)

    async def _hand_over(self, name: str, one: Waits, tried: Try) -> None:
        key, entry, breaker = one.outgoing.key, self._entries[name], self._breakers[name]
        state = (await self._core.ask("text due", text=key))["state"]
        if state != TextState.QUEUED:
            await self._shelf.done(key)  # it was told already, or never written down
            return
        if self._utc() - one.at > entry.try_minutes * 60:
            tried.became, tried.why = TextState.FAILED, Because.TOO_OLD
            return
        text = await self._text(name, one.outgoing)
        if text is None:
            tried.became, tried.why = TextState.FAILED, Because.NOBODY
            return
        if not breaker.may_ask(self._monotonic()):
            tried.next_at = self._monotonic() + FIRST_PAUSE
            return
        try:
            await self._channels[name].send(text)
            tried.became = TextState.SENT
        except Refused:
            tried.became, tried.why = TextState.FAILED, Because.REFUSED
        except NotNow as fault:
            self._failed(name, tried, fault)
            return
        except BaseException:
            breaker.broken_off()
            raise
        if breaker.answered():
            log.info("channel used again", extra={"channel": name})
        texts.labels(name, tried.became).inc()

    async def _text(self, name: str, outgoing: Outgoing) -> Text | None:
        """None: the customer is erased."""
        if outgoing.to is None:
            return None
        numbers = self._channels[name].capabilities.numbers
        to = await self._vault.open(outgoing.to, "number" if numbers else address_field(name))
        words = await self._vault.open(outgoing.to, field_of_text(outgoing.key))
        return Text(TextId(outgoing.key), to, words) if to and words else None

    async def _tell(self, name: str, one: Waits, tried: Try) -> None:
        """The core first, then the entry goes."""
        told = {"channel": name, "state": tried.became, "why": tried.why}
        await self._core.ask("text told", text=one.outgoing.key, **told)
        await self._shelf.done(one.outgoing.key)

    def _failed(self, name: str, tried: Try, fault: NotNow) -> None:
        texts.labels(name, "again").inc()
        self._later(tried, fault.wait)
        if self._breakers[name].failed(self._monotonic()):
            told = {"channel": name, "seconds": self._breakers[name].rest, "why": str(fault)}
            log.error("channel left alone", extra=told)

    def _later(self, tried: Try, least: Seconds = 0.0) -> None:
        tried.later(self._monotonic(), self._chance(), least)

    def _try(self, one: Waits) -> Try:
        return self._tries.setdefault(one.outgoing.key, Try())

"""Sends notices by e-mail: each to the address of its queue, at least once, under one id.

It holds which queue, when, for how long, and how to hear it: no number, no name, nothing that was
said. What the mail server does not take now waits and is tried again; what it refuses for good lies
among the failed ones until somebody looks (`./hotline outbox`).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from acd.model import Seconds
from adapters.channels.figures import RareLog, notices
from adapters.channels.patience import FIRST_PAUSE, Shelf, Try, Waits, keep_looking
from ivr.breaker import Breaker
from ivr.channel_ports import NotNow, Refused
from ivr.notice_words import NotANotice, Notice, notice_of
from ivr.ports import EMAIL, EffectKey, Outgoing, StoreFailed
from ivr.texts import TextState

log = logging.getLogger(__name__)

LONGEST_WAIT: Seconds = 3 * 86_400.0
"""From then on a notice that nobody takes is given up: a weekend and a day."""
FAILURES, REST = 5, 30.0
"""So many failures in a row, and the server is left alone for so many seconds."""
TOO_OLD, NO_ADDRESS = "too old", "no address"

Post = Callable[[str, Notice], Awaitable[None]]
"""To this address: returns when the server has taken it; raises `Refused` or `NotNow` in time."""


class Keeps(Protocol):
    """Where failed ones lie."""

    async def put(self, outgoing: Outgoing) -> None: ...


class NoticeSender:
    """One task; a notice after the other: a house has few of them."""

    def __init__(
        self, addresses: Mapping[str, str], post: Post, shelf: Shelf, failed: Keeps,
        monotonic: Callable[[], Seconds] = time.monotonic,
        utc: Callable[[], Seconds] = time.time, chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._addresses = addresses
        self._post = post
        self._shelf = shelf
        self._failed = failed
        self._monotonic = monotonic
        self._utc = utc
        self._chance = chance
        self._breaker = Breaker(FAILURES, REST)
        self._tries: dict[EffectKey, Try] = {}
        self._rare = RareLog(log, monotonic)

    async def run(self) -> None:
        """Work until cancelled."""
        await keep_looking(self.look, self._rare)

    async def look(self) -> None:
        """Send what is due, the oldest first."""
        found = await asyncio.to_thread(lambda: list(self._shelf.waiting()))
        mine = [one for one in found if one.outgoing.kind == EMAIL]
        self._tries = {one.outgoing.key: self._try(one) for one in mine}
        for one in mine:
            if self._try(one).next_at <= self._monotonic():
                await self._attempt(one, self._try(one))

    async def _attempt(self, one: Waits, tried: Try) -> None:
        """One try; what ends here goes from the outbox, and nothing is sent twice for that."""
        try:
            if tried.became is None:
                await self._hand_over(one, tried)
            if tried.became is TextState.FAILED:
                await self._failed.put(_with(one, tried.why))
            if tried.became is not None:
                await self._shelf.done(one.outgoing.key)
                self._tries.pop(one.outgoing.key)  # it may be put there again
                notices.labels(tried.became).inc()
        except StoreFailed as fault:
            self._later(tried)
            self._rare.warn("notice waits for us", EMAIL, type(fault).__name__)

    async def _hand_over(self, one: Waits, tried: Try) -> None:
        ready = self._ready(one)
        if isinstance(ready, str):
            tried.became, tried.why = TextState.FAILED, ready
            log.error("notice given up", extra={"key": one.outgoing.key, "why": ready})
            return
        if not self._breaker.may_ask(self._monotonic()):
            tried.next_at = self._monotonic() + FIRST_PAUSE
            return
        try:
            await self._post(*ready)
            tried.became = TextState.SENT
        except Refused as fault:
            tried.became, tried.why = TextState.FAILED, str(fault)
            log.error("notice refused", extra={"key": one.outgoing.key, "why": str(fault)})
        except NotNow as fault:
            self._not_now(tried, fault)
            return
        except BaseException:
            self._breaker.broken_off()
            self._later(tried)  # whatever it is, others do not wait behind it
            raise
        if self._breaker.answered():
            log.info("mail server used again")

    def _ready(self, one: Waits) -> tuple[str, Notice] | str:
        """The address and what goes there, or why nothing ever will."""
        if self._utc() - one.at > LONGEST_WAIT:
            return TOO_OLD
        try:
            notice = notice_of(one.outgoing, one.at)
        except NotANotice as fault:
            return str(fault)
        address = self._addresses.get(notice.queue)
        return (address, notice) if address else NO_ADDRESS

    def _not_now(self, tried: Try, fault: NotNow) -> None:
        notices.labels("again").inc()
        self._later(tried)
        self._rare.warn("notice not taken", EMAIL, str(fault))
        if self._breaker.failed(self._monotonic()):
            log.error("mail server left alone", extra={"seconds": REST, "why": str(fault)})

    def _later(self, tried: Try) -> None:
        tried.later(self._monotonic(), self._chance())

    def _try(self, one: Waits) -> Try:
        return self._tries.setdefault(one.outgoing.key, Try())


def _with(one: Waits, why: str) -> Outgoing:
    """What failed, with the reason, and with when it was put there first."""
    entry = one.outgoing
    return Outgoing(entry.key, entry.kind, entry.to, {"at": one.at, **entry.data, "why": why})

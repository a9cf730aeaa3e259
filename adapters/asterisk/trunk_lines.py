"""Whether any trunk that takes calls has a line left: asked while a rule wants to know.

Asterisk counts the calls of each trunk, both ways together, as the dialplan does before it takes
one more (`acd-line`). The engine is told when the answer changes, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from acd.engine import Engine
from acd.equipment import TrunksChanged
from acd.model import Seconds
from adapters.asterisk.ami_wire import AmiAway, AmiRefused, AmiSlow
from ivr.trunks import TrunkEntry, endpoint_of

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 1.0
BOTH_WAYS = ("lines", "out")
"""The groups in which the dialplan counts the calls of a trunk: come in, and dialled."""
NOT_THERE = "UNAVAILABLE"
"""Asterisk's word for a trunk that does not answer, and by which nobody talks either."""


class Link(Protocol):
    """`adapters.asterisk.ami.Ami`, as far as it is asked."""

    @property
    def up(self) -> bool: ...

    async def send(self, action: Mapping[str, str]) -> Mapping[str, str]: ...


class TrunkLines:
    """`run` it once."""

    def __init__(
        self, link: Link, trunks: Mapping[str, TrunkEntry], engine: Engine,
        post: Callable[[TrunksChanged], None],
    ) -> None:  # fmt: skip
        self._link = link
        self._most = {endpoint_of(n): t.channels for n, t in trunks.items() if t.incoming}
        """How many calls at once each trunk takes; None: it is never full."""
        self._engine = engine
        self._post = post
        self._complaint = ""

    async def run(self, pause: Callable[[Seconds], Awaitable[None]] = asyncio.sleep) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await pause(LOOK_SECONDS)

    async def look(self) -> None:
        """Once. While Asterisk cannot be asked, what was seen last stands."""
        if not self._link.up:
            return
        try:
            busy = self._matters() and await self._are_busy()
        except (AmiAway, AmiSlow, AmiRefused) as fault:
            self._complain(str(fault))
            return
        self._complaint = ""
        if busy != self._engine.trunks_busy:
            log.info("all trunks are busy" if busy else "a trunk has a line again")
            self._post(TrunksChanged(busy))

    def _matters(self) -> bool:
        """Whether any rule in force names the trunks."""
        queues = self._engine.centre.queues.values()
        return any(rule.when.trunks_busy is not None for q in queues for rule in q.overflow)

    async def _are_busy(self) -> bool:
        """At least one is full, and no other is there that could take a call."""
        full = False
        for trunk, most in self._most.items():
            if most is not None and await self._calls(trunk) >= most:
                full = True
            elif await self._value(f"DEVICE_STATE(PJSIP/{trunk})") != NOT_THERE:
                return False
        return full

    async def _calls(self, trunk: str) -> int:
        counts = [await self._value(f"GROUP_COUNT({trunk}@{group})") for group in BOTH_WAYS]
        return sum(int(count) for count in counts if count.isdecimal())

    async def _value(self, name: str) -> str:
        return (await self._link.send({"Action": "Getvar", "Variable": name})).get("Value", "")

    def _complain(self, complaint: str) -> None:
        """Once a complaint, however often it is asked again."""
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("cannot ask for the lines of trunks", extra={"why": complaint})

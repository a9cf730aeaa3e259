"""The dialling rules of the house, with how often was dialled today, as the journal has it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

from acd.model import Seconds
from ivr.callback_states import DIALLED
from ivr.dialling import Route, Routing, Today, routes
from ivr.outbound import OutboundSettings
from ivr.ports import Clock, Journal, Record
from ivr.trunks import TrunkEntry

CALLED = "AgentCalled"
"""Journal kind: an agent calls somebody by themselves."""
HANDED_ON = "DestinationDialled"
"""Journal kind: a caller is to talk with a number outside."""
RUNG_OUTSIDE = "AgentRungOutside"
"""Journal kind: the telephone of an agent that is a number outside is rung for a contact."""
KINDS = (DIALLED, CALLED, HANDED_ON, RUNG_OUTSIDE)


class DiallingRules(Routing):
    """`ivr.dialling.Routing`. Calls, callbacks, transfers and agents rung outside count alike;
    numbers of help do not count."""

    def __init__(
        self, outbound: OutboundSettings, trunks: Mapping[str, TrunkEntry], journal: Journal,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._outbound = outbound
        self._trunks = trunks
        self._journal = journal
        self._clock = clock
        self._effects: set[str] = set()
        """What has an effect counts once, however often it is written."""
        self._seq = 0
        self._day: date | None = None
        self._by_agent: Counter[str] = Counter()
        self._one = asyncio.Lock()
        """Who reads, or is let out and not on record yet: there is one at a time."""

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        async with self._one:
            return self._ways(number, queue, await self._today(agent))

    @asynccontextmanager
    async def counted(
        self, number: str, *, queue: str, agent: str = ""
    ) -> AsyncIterator[tuple[Route, ...]]:
        async with self._one:
            yield self._ways(number, queue, await self._today(agent))

    async def again(self, number: str, *, queue: str) -> tuple[Route, ...]:
        return self._ways(number, queue, Today())

    def _ways(self, number: str, queue: str, today: Today) -> tuple[Route, ...]:
        return routes(self._outbound, self._trunks, number, queue=queue, today=today)

    async def _today(self, agent: str) -> Today:
        await self._read()
        mine = self._by_agent[agent] if agent else 0
        return Today(by_agent=mine, in_all=self._by_agent.total())

    async def _read(self) -> None:
        day = _day_of(self._clock.now())
        if day != self._day:
            self._day = day
            self._by_agent.clear()
            self._effects.clear()
        async for record in self._journal.read(self._seq, KINDS):
            self._seq = record.seq
            if _day_of(record.at) == day:
                self._count(record)

    def _count(self, record: Record) -> None:
        effect = str(record.data.get("effect", ""))
        if record.data.get("help") or effect in self._effects:
            return
        self._by_agent[str(record.data.get("agent", ""))] += 1
        if effect:
            self._effects.add(effect)


def _day_of(at: Seconds) -> date:
    """By the midnight of this machine."""
    return datetime.fromtimestamp(at, UTC).astimezone().date()

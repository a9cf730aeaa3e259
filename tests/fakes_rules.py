"""Dialling rules that are one function of the test's: they count nothing."""

from __future__ import annotations

from typing import Protocol

from ivr.dialling import Route, Routing


class Ways(Protocol):
    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]: ...


class RulesBy(Routing):
    """What `ways` answers, whoever asks and however."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        return await self._ways(number, queue=queue, agent=agent)

"""A random day of customers who go from channel to channel, beside one ideal queue.

From the telephone into the chat or an app by a pass, from the chat or the telephone into a
callback, from there back to the telephone: up to five times, in any order, with three agents who
answer, decline, let it ring, hand on and go. Customers ask twice, race themselves with two
browsers, show passes that are spent, hang up and come back by pass or by calling again; supervisors
regrade; ten times as many come at once; passes and texts come in floods, most of them forged, spent
or sent before; the core dies wherever it is, its store fails, the link flaps, Asterisk is killed,
alone or with the core, and texts fail.
"""

from __future__ import annotations

from random import Random

from acd.requests import AgentLoggedIn, AgentReady
from acd.states import AgentState
from tests.hop_house import HopHouse
from tests.hop_lines import ROOM
from tests.pass_agents import AgentDeeds
from tests.pass_floods import FloodDeeds
from tests.pass_ideal import Ideal

DEEDS = {
    "comes": 12, "comes to the page": 5, "burst": 1, "goes online": 14, "calls back": 5,
    "asks to be called": 6, "hangs up": 5, "returns": 9, "page goes": 2, "page comes": 3,
    "calls in": 3, "stays": 2, "spent": 3, "regraded": 4, "gives up": 1,
    "picks up": 18, "declines": 9, "rings out": 3, "ready": 8, "dialled": 10, "talk ends": 10,
    "sent back": 9, "desk goes": 1, "dies": 2, "dies in it": 4, "store fails": 2, "crashes": 1,
    "all die": 1, "link flaps": 1, "passes flood": 2, "texts flood": 1,
}  # fmt: skip
END_ROUNDS = 200


class PassDay(AgentDeeds, FloodDeeds):
    """`play` it; the faults that were seen, the first of them ends the day."""

    def __init__(self, seed: str, deeds: int = 100) -> None:
        house = HopHouse()
        super().__init__(Random(seed), house, Ideal(house))
        self.deeds = deeds

    @property
    def hops(self) -> int:
        """Moves from channel to channel."""
        return sum(one.hops for one in self.ideal.customers)

    @property
    def faults(self) -> list[str]:
        return self.ideal.faults

    async def play(self) -> list[str]:
        await self.house.begin()
        for agent in ROOM:
            await self.house.tell(AgentLoggedIn(agent))
        await self._pages_come()
        names, weights = zip(*DEEDS.items(), strict=True)
        for _ in range(self.deeds):
            if not self.faults:
                await self._do(self.dice.choices(names, weights)[0])
        for _ in range(END_ROUNDS):
            if self.faults or not self.ideal.live():
                break
            await self._end()
        if self.ideal.live() and not self.faults:
            left = [f"{one.number} {one.where}" for one in self.ideal.live()]
            self.faults.append(f"never served: {', '.join(left)}")
        self.house.running.cancel()
        return self.faults

    async def _end(self) -> None:
        """Nobody comes any more: all come back, and are served."""
        for agent in ROOM:
            if self.house.engine.agents[agent].state is AgentState.NOT_READY:
                await self.house.tell(AgentReady(agent))
        deeds = ("page comes", "returns", "picks up", "dialled", "talk ends")
        for deed in deeds:
            if self.faults:
                return
            await self._do(deed, 20.0 if deed == "dialled" else 0.0)

    async def _do(self, deed: str, wait: float | None = None) -> None:
        before = self.ideal.waiting()
        self.house.clock.at += self.dice.choice((0, 1, 7, 60)) if wait is None else wait
        await self.house.settle()
        self.ideal.look(before)
        if self.faults:
            self.faults[-1] += f" (after a while, before {deed!r})"
            return
        self.before = self.ideal.waiting()
        if await getattr(self, f"_{deed.replace(' ', '_')}")():
            self.did[deed] += 1
        await self.house.settle()
        self.ideal.look(self.before)
        if self.faults:
            self.faults[-1] += f" (after {deed!r})"

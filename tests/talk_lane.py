"""Random sequences of what agents and callers do in a talk, each step foretold and compared.

One lane plays one sequence after the other: a caller dials, an agent answers, and so on by chance.
The foretelling is `tests/talk_model.py`; each step waits until the house's account and Asterisk's
say what it says, for some seconds at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from ivr.ports import CoreAway, CoreRefused
from tests.talk_deeds import deeds, endings
from tests.talk_hands import Deed, Differs, Hands
from tests.talk_house import Place, TalkHouse
from tests.talk_model import Talk

EQUAL_SECONDS = 6.0
"""So long a step may take; the page's two seconds and what a busy machine adds."""
OVER_SECONDS = 20.0
"""Until a caller has heard goodbye."""
SETTLE_SECONDS = 40.0
LOOK_EVERY = 0.05
UNCHANGED_SECONDS = 0.4
BARRED_SECONDS = 9.0
"""A declined contact comes back after ten: near that both is right."""
ENDS_EARLY = 0.05
"""How likely a talk is over before its length; "agent hangs up" in a consultation ends none."""
OFTEN = {"answer": 8, "B answers": 8, "consult": 8, "conference": 4, "swap": 4, "refused": 1}
"""How often a deed is done, beside others that have 2."""
LEAVES = "caller hangs up"
FAULTS = (Differs, TimeoutError, CoreRefused, CoreAway, AssertionError, OSError, ValueError)


@dataclass
class Played:
    """One sequence as it went: what was done, and how long until it could be seen."""

    steps: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    contact: str = ""


class Lane:
    """Four agents and one caller at a time; `between` is done after each step, and true if all must
    be looked at again after it."""

    def __init__(self, house: TalkHouse, place: Place) -> None:
        self.place = place
        self.hands = Hands(house.house, place)
        self.between: Callable[[Talk], Awaitable[bool]] = _nothing
        self._house = house

    async def play(self, chance: Random, caller: str) -> Played:
        """One sequence to its end; what differs is raised, with the steps as its note."""
        run = Played()
        talk = Talk(self.place.queues, self.place.front, dict.fromkeys(self.place.agents, "ready"))
        try:
            await self._dial(run, caller)
            length = chance.randint(4, 12)
            while talk.phase != "over":
                await self._step(run, talk, chance, ends=len(run.steps) >= length)
                if await self.between(talk):
                    run.steps.append("KILL")
                    await self._equal(run, talk)
            await self._end_wrap_ups(run, talk)
        except FAULTS as error:
            error.add_note(f"after {' > '.join(run.steps)}")
            raise
        finally:
            await self.hands.caller_hangs_up()
        return run

    async def follow(self, script: Sequence[str], caller: str) -> Played:
        """One call in which these deeds are done, by their names (`consult` for anybody's), and the
        caller hangs up in the end. In the line, whoever is rung next is waited for."""
        run, chance = Played(), Random(0)
        talk = Talk(self.place.queues, self.place.front, dict.fromkeys(self.place.agents, "ready"))
        try:
            await self._dial(run, caller)
            for name in script:
                if talk.phase == "waiting":
                    await self._wait_on(run, talk, chance)
                possible = deeds(talk, self.hands, chance)
                [found] = [one for one in possible if one.partition(": agent-")[0] == name]
                await self._do(run, talk, found, possible[found])
            if talk.phase != "over":
                await self._do(run, talk, LEAVES, endings(talk, self.hands)[LEAVES])
            await self._end_wrap_ups(run, talk)
        finally:
            await self.hands.caller_hangs_up()
        return run

    async def _dial(self, run: Played, number: str) -> None:
        run.steps.append("dial")
        await self.hands.dial(number)
        async with asyncio.timeout(EQUAL_SECONDS):
            while not (found := await self._house.contact_of(number)):
                await asyncio.sleep(LOOK_EVERY)
        run.contact = found

    async def _step(self, run: Played, talk: Talk, chance: Random, ends: bool) -> None:
        if talk.phase == "waiting":
            return await self._wait_on(run, talk, chance)
        possible = deeds(talk, self.hands, chance)
        last = endings(talk, self.hands)
        if ends or chance.random() < ENDS_EARLY:
            possible = last
        elif possible.keys() > last.keys():
            possible = {name: deed for name, deed in possible.items() if name not in last}
        names = sorted(possible)
        name = chance.choices(names, [OFTEN.get(n.partition(":")[0], 2) for n in names])[0]
        return await self._do(run, talk, name, possible[name])

    async def _do(self, run: Played, talk: Talk, name: str, deed: Deed) -> None:
        run.steps.append(name)
        await deed()
        await self._equal(run, talk, unchanged=name.startswith("refused"))

    async def _wait_on(self, run: Played, talk: Talk, chance: Random) -> None:
        """Somebody is rung, or first becomes ready; or the caller leaves."""
        if not self._may_ring(talk):
            wrapped = [a for a in talk.queues[talk.queue] if talk.agents[a] == "wrap-up"]
            wrapped = [agent for agent in wrapped if agent not in talk.barred]
            if not wrapped:
                run.steps.append("caller leaves the line")
                talk.caller_hangs_up()
                await self.hands.caller_hangs_up()
                return await self._equal(run, talk)
            await self._equal(run, talk)
            agent = chance.choice(wrapped)
            run.steps.append(f"ready: {agent}")
            await self.hands.ask("agent ready", agent)
            talk.agents[agent] = "ready"
        return await self._rings(run, talk)

    async def _rings(self, run: Played, talk: Talk) -> None:
        began = time.monotonic()
        while True:
            seen = await self._house.look(self.place, run.contact)
            self._may_ring(talk)
            if ringing := [agent for agent in talk.candidates() if agent in seen.rings]:
                run.steps.append(f"rings: {ringing[0]}")
                talk.taken(ringing[0])
                return await self._equal(run, talk)
            if time.monotonic() - began > EQUAL_SECONDS:
                raise Differs(f"rings at none of {talk.candidates()}: {seen}")
            await asyncio.sleep(LOOK_EVERY)

    async def _equal(self, run: Played, talk: Talk, unchanged: bool = False) -> None:
        """Until both accounts say what is foretold; what shall change nothing, after a while."""
        if self._may_ring(talk):
            return  # it does already, or soon: `_rings` looks
        if unchanged:
            await asyncio.sleep(UNCHANGED_SECONDS)
        began = time.monotonic()
        most = OVER_SECONDS if talk.phase == "over" else EQUAL_SECONDS
        while wrong := talk.wrong(await self._house.look(self.place, run.contact)):
            if self._may_ring(talk):
                return  # the wait of who has declined has ended meanwhile
            if time.monotonic() - began > most:
                raise Differs(f"{talk.phase}: {'; '.join(wrong)}")
            await asyncio.sleep(LOOK_EVERY)
        if talk.phase != "over":  # goodbye takes as long as its words
            run.took.append(time.monotonic() - began)

    def _may_ring(self, talk: Talk) -> bool:
        """Whether the line may ring at somebody by now: who has declined is barred for a while,
        however long this machine takes for the steps between."""
        now, since = time.monotonic(), self.hands.declined
        talk.barred = {a for a in talk.barred if now - since.get(a, now) < BARRED_SECONDS}
        return talk.phase == "waiting" and bool(talk.candidates())

    async def _end_wrap_ups(self, run: Played, talk: Talk) -> None:
        for agent, state in talk.agents.items():
            if state == "wrap-up":
                await self.hands.ask("agent ready", agent)
                talk.agents[agent] = "ready"
        await self._equal(run, talk)

    async def settle(self) -> Sequence[str]:
        """After a fault: everybody hangs up and says ready; who then is not is stuck."""
        await self.hands.hang_up_all()
        end, stuck = time.monotonic() + SETTLE_SECONDS, list(self.place.agents)
        while stuck and time.monotonic() < end:
            for agent in stuck:
                with suppress(CoreRefused, CoreAway):
                    await self.hands.ask("agent ready", agent)
            seen = await self._house.look(self.place, "")
            busy = seen.there | seen.rings
            stuck = [a for a in self.place.agents if seen.agents[a] != "ready" or a in busy]
            await asyncio.sleep(0.2)
        return stuck


async def _nothing(talk: Talk) -> bool:
    return False

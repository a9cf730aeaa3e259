"""A house whose talks are recorded, for one talk after the other, and the books of each of them.

Three agents at their phones, who speak and hear; ANN gets every caller. When a talk is over, all
accounts of it must agree: one end, one wrap-up for each owner, one line in the history of calls,
and a recording whose parts are complete and in order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adapters.asterisk.config import Folders
from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from adapters.tickets.call_queries import CallFilter, CallQueries
from ivr.ports import Record, RecordingId, StoreFailed, StoreRefused
from ivr.tickets.story import ContactStory
from tests.house import House, house
from tests.integration.test_talk_on_asterisk import ANN, BOB, CID, Talk
from tests.phones import Call, Phone
from tests.rig import login
from tests.speaking import HEARD, Mouth, mouth, of_sound, strength

AGENTS = {"ann": ANN, "bob": BOB, "cid": CID}
BOSS = "boss"
SITE = {
    "recording": {"others": "always"},
    "listeners": [BOSS],
    "phones": {name: {} for name in (*AGENTS.values(), BOSS)},
}
FIRST, SECOND, LAST = 700.0, 930.0, 1130.0
"""What customers say, one after the other, in hertz."""
WAIT = 20.0
HISTORY = 60.0
"""Seconds until the history of calls has the whole of it: its process begins after all others."""


@dataclass
class Books:
    """What is kept of one talk, by the house's own account."""

    stage: TalkStage
    contact: str

    async def records(self, *kinds: str) -> list[Record]:
        found = await self.stage.house.records(*kinds)
        return [one for one in found if one.contact == self.contact]

    async def until(self, count: int, *kinds: str) -> list[Record]:
        """The records of these kinds, once there are so many; exactly so many."""

        async def there() -> bool:
            return len(await self.records(*kinds)) >= count

        await self.stage.house.until(there, WAIT)
        found = await self.records(*kinds)
        assert len(found) == count, [(one.kind, dict(one.data)) for one in found]
        return found

    async def story(self) -> ContactStory:
        """Its line in the history of calls, once the call is over there, too."""
        found: list[ContactStory] = []

        async def there() -> bool:
            found[:] = [one for one in await self.stage.history() if one.reference == self.contact]
            return bool(found) and found[0].call_ended_at is not None

        await self.stage.house.until(there, HISTORY)
        [story] = found
        return story

    async def close(
        self, *owners: str, wrapped: Sequence[str], said: Sequence[Sequence[float]]
    ) -> None:
        """All that must hold of a talk that these agents had one after the other: whose wrap-up
        goes on, and which tones the customer has said in each part, in this order."""
        [ended] = await self.until(1, "ContactEnded")
        assert ended.data["how"] == "served"
        states = await self.stage.states()
        assert {name for name, state in states.items() if state == "wrap-up"} == set(wrapped)
        rest = {state for name, state in states.items() if name not in wrapped}
        assert rest <= {"ready", "logged off"}, states
        legs = [one.data["offer"] for one in await self.records("LegEnded")]
        assert len(legs) == len(set(legs)), "one end of each leg"
        story = await self.story()
        assert story.outcome == "served"
        assert story.agents.split() == [AGENTS[owner] for owner in owners]
        parts = await self.until(len(said), "TalkRecorded")
        assert [one.data["part"] for one in parts] == sorted({one.data["part"] for one in parts})
        for part, tones in zip(parts, said, strict=True):
            sound = await self.stage.opened(str(part.data["customer"]))
            assert in_order(sound, tones), (part.data["part"], tones)
        assert not list(Folders.of(self.stage.house.settings).talks.iterdir()), "all is sealed"


def in_order(sound: np.ndarray, tones: Sequence[float]) -> bool:
    """Whether all of these tones are in there, each after the one before, and no other of ours."""
    tenths = [sound[at : at + 800] for at in range(0, len(sound) - 800, 800)]
    heard = [
        hertz for piece in tenths for hertz in (FIRST, SECOND, LAST)
        if strength(piece, hertz) > HEARD
    ]  # fmt: skip
    return list(dict.fromkeys(heard)) == list(tones) and sorted(heard, key=tones.index) == heard


@dataclass
class Spoken(Talk):
    """One talk of ANN's with a caller who can be heard."""

    books: Books = field(kw_only=True)
    customer: Mouth = field(kw_only=True)
    stack: AsyncExitStack = field(kw_only=True)

    async def say(self, hertz: float) -> None:
        """The customer says something of a second's length."""
        await self.customer.say(hertz, 1.0)

    async def answers(self, name: str) -> Call:
        """This agent's telephone rings, and is answered."""
        leg = await self.phones[name].rings(WAIT)
        leg.answer()
        await self.stack.enter_async_context(mouth(leg))
        return leg

    async def until_state(self, state: str) -> None:
        """The contact is in this state, whoever is named for it."""

        async def so() -> bool:
            contacts = (await self.house.core.ask("contacts"))["contacts"]
            return [one["state"] for one in contacts] == [state]

        await self.house.until(so, WAIT)

    async def until_without(self, name: str) -> None:
        """This agent has no line any more. (Their telephone is told later where it has handed on
        its caller by itself: Asterisk waits until the caller is with somebody.)"""

        async def so() -> bool:
            return not any(name in one for one in self.house.channels())

        await self.house.until(so, 8)

    async def taken(self) -> str:
        """Whoever rings answers, until somebody has the caller: who, by their short name."""
        found: list[str] = []

        async def so() -> bool:
            for name in (BOB, CID):
                if not self.phones[name].rung.empty():
                    await self.answers(name)
            together = self.bridges()
            found[:] = [one for one, name in AGENTS.items() if {"caller", name} in together]
            return bool(found)

        await self.house.until(so, 2 * WAIT)
        await self.until_contact("talking", AGENTS[found[0]])
        return found[0]

    async def back(self) -> None:
        """Python begins anew, after `kill_python`."""
        await self.house.start_calls()

    async def lose(self, *names: str, causes: Sequence[str] = ("38",)) -> None:
        """The lines of these agents end, one at once after the other, by these causes (38: the
        network)."""
        lines = self.house.channels()
        channels = [next(one for one in lines if name in one) for name in names]
        link = await login(self.house.asterisk, "acd")
        try:
            for channel, cause in zip(channels, causes, strict=True):
                await link.do("Hangup", Channel=channel, Cause=cause)
        finally:
            await link.close()


class TalkStage:
    """The house, and its telephones."""

    def __init__(self, house: House, phones: dict[str, Phone]) -> None:
        self.house, self.phones = house, phones
        self._count = 0

    async def states(self) -> dict[str, str]:
        """Of each agent, by their short name."""
        agents = (await self.house.core.ask("agents"))["agents"]
        told = {one["agent"]: one["state"] for one in agents}
        return {short: told[name] for short, name in AGENTS.items()}

    async def history(self) -> list[ContactStory]:
        """The newest calls, as the history of calls has them; nothing while it is not there."""
        try:
            url = self.house.settings.database_url("web")
            database = await open_database(url, "web", read_only=True)
        except (StoreFailed, StoreRefused):
            return []
        try:
            return await CallQueries(database).calls(CallFilter(), 20)
        finally:
            await database.close()

    async def opened(self, recording: str) -> np.ndarray:
        """One direction of a sealed part, as samples."""
        settings = self.house.settings
        database = await open_database(settings.database_url("core"), "core", read_only=True)
        try:
            kept = SealedRecordings(database, KeyRing(settings.secrets), settings.data)
            sound = await kept.open(RecordingId(recording))
        finally:
            await database.close()
        assert sound is not None
        return of_sound(sound)

    async def fresh(self) -> None:
        """Nobody talks, nobody wraps up, ANN alone is there."""
        for phone in self.phones.values():
            for call in phone.calls:
                await call.hang_up()
            phone.calls.clear()
            while not phone.rung.empty():
                phone.rung.get_nowait()
        for name, state in (await self.states()).items():
            if state == "wrap-up":
                await self.house.core.ask("agent ready", agent=AGENTS[name])
            if name != "ann" and state != "logged off":
                await self.house.core.ask("agent logout", agent=AGENTS[name])
        if (await self.states())["ann"] == "logged off":
            await self.house.core.ask("agent login", agent=ANN)
        await self.house.until_agent(
            ANN, lambda one: (one["state"], one["phone"]) == ("ready", "reachable"), WAIT
        )

    @asynccontextmanager
    async def talk(self, caller: type[Phone] = Phone) -> AsyncIterator[Spoken]:
        """ANN talks with a caller, who has said FIRST; BOB and CID are ready."""
        await self.fresh()
        self._count += 1
        server = ("127.0.0.1", self.house.settings.ports.sip)
        async with AsyncExitStack() as stack:
            outside = await stack.enter_async_context(caller(server, f"1555{self._count:04d}"))
            call = await outside.call("4000")
            customer = await stack.enter_async_context(mouth(call))
            leg = await self.phones[ANN].rings(WAIT)
            leg.answer()
            await stack.enter_async_context(mouth(leg))
            for name in (BOB, CID):
                await self.house.core.ask("agent login", agent=name)
            [told] = (await self.house.core.ask("contacts"))["contacts"]
            made = Spoken(
                self.house, call, leg, self.phones,
                books=Books(self, told["contact"]), customer=customer, stack=stack,
            )  # fmt: skip
            await made.until_together("caller", ANN)
            await made.until_contact("talking", ANN)
            await made.say(FIRST)
            yield made
            await made.until_over()


@asynccontextmanager
async def talk_stage(
    phone: type[Phone] = Phone, site: Mapping[str, Any] | None = None
) -> AsyncIterator[TalkStage]:
    """A running house; `phone`: what the agents have on their desks; `site`: more of its file."""
    plan = {**SITE, **(site or {})}
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(
            house(len(AGENTS), wrap_up=600.0, ring=90.0, site=plan)
        )
        server = ("127.0.0.1", found.settings.ports.sip)
        phones: dict[str, Phone] = {}
        for name in (*AGENTS.values(), BOSS):
            made = phone(server, name, found.settings.phone_secret(name))
            phones[name] = await stack.enter_async_context(made)
            await phones[name].register()
        yield TalkStage(found, phones)

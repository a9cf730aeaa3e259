"""The rows of docs/ownership.md on the real Asterisk, with the real core, and without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from ivr.ports import CoreRefused
from tests.house import House, house
from tests.phones import Call, Phone

pytestmark = pytest.mark.asterisk

ANN, BOB, CID = "agent-1001", "agent-1002", "agent-1003"


def _in(state: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an agent, as the core tells of them, is in this state."""
    return lambda agent: agent["state"] == state


@dataclass
class Talk:
    """One caller who talks with ANN; BOB and CID are ready."""

    house: House
    caller: Call
    leg: Call
    phones: dict[str, Phone]

    async def ask(self, what: str, **fields: Any) -> dict[str, Any]:
        """What ANN asks of the talk; it is confirmed."""
        answer = dict(await self.house.core.ask(f"talk {what}", agent=ANN, **fields))
        assert answer["confirmed"], (what, answer)
        return answer

    def bridges(self) -> list[set[str]]:
        """Whose channels are together now: `caller`, or the agent's name."""
        found: dict[str, set[str]] = {}
        for line in self.house.asterisk.command("core show channels concise").splitlines():
            name, *rest = line.split("!")
            if rest and rest[-2]:
                who = name.partition("/")[2].rpartition("-")[0].replace("trunk", "caller")
                found.setdefault(rest[-2], set()).add(who)
        return list(found.values())

    async def until_together(self, *who: str) -> None:
        async def so() -> bool:
            return set(who) in self.bridges()

        await self.house.until(so, 8)

    async def until_agents(self, **states: str) -> None:
        """ann=, bob=, cid="""
        names = {"ann": ANN, "bob": BOB, "cid": CID}
        for name, state in states.items():
            await self.house.until_agent(names[name], _in(state), 8)

    async def until_contact(self, state: str, agent: str | None = None) -> None:
        async def so() -> bool:
            contacts = (await self.house.core.ask("contacts"))["contacts"]
            return any((c["state"], c["agent"]) == (state, agent) for c in contacts)

        await self.house.until(so, 8)

    async def until_over(self, *agents: str) -> None:
        """No channel is left, nor any contact."""

        async def so() -> bool:
            contacts = (await self.house.core.ask("contacts"))["contacts"]
            return not self.house.channels() and not contacts

        await self.house.until(so, 15)

    async def endings(self) -> list[str]:
        return [r.data["how"] for r in await self.house.records("ContactEnded")]

    async def served_once(self) -> None:
        await self.until_over()
        assert await self.endings() == ["served"]


@asynccontextmanager
async def talk(agents: int = 3, **more: Any) -> AsyncIterator[Talk]:
    async with house(agents, **{"wrap_up": 30.0, **more}) as found, AsyncExitStack() as stack:
        server = ("127.0.0.1", found.settings.ports.sip)
        phones: dict[str, Phone] = {}
        for name in found.agents:
            secret = found.settings.phone_secret(name)
            phones[name] = await stack.enter_async_context(Phone(server, name, secret))
            await phones[name].register()
        outside = await stack.enter_async_context(Phone(server, "15551234"))
        await found.core.ask("agent login", agent=ANN)
        await found.until_agent(ANN, lambda a: a["phone"] == "reachable")
        caller = await outside.call("4000")
        leg = await phones[ANN].rings()
        leg.answer()
        for name in found.agents[1:]:
            await found.core.ask("agent login", agent=name)
        made = Talk(found, caller, leg, phones)
        await made.until_together("caller", ANN)
        await made.until_contact("talking", ANN)
        yield made


async def answered(phone: Phone) -> Call:
    leg = await phone.rings()
    leg.answer()
    return leg


async def consulted(talk: Talk) -> Call:
    """BOB has answered ANN's question."""
    await talk.ask("consult", to_agent=BOB)
    leg = await answered(talk.phones[BOB])
    await talk.until_together(ANN, BOB)
    return leg


# ---------------------------------------------------------------- hold


async def test_a_caller_on_hold_is_the_agents_and_comes_back() -> None:
    async with talk() as it:
        await it.ask("hold")
        assert it.bridges() == []
        with pytest.raises(CoreRefused, match="on hold already"):
            await it.ask("hold")
        await it.ask("resume")
        await it.until_together("caller", ANN)
        assert await it.leg.offer_again("sendonly") == 200
        await it.until_contact("held", ANN)
        with pytest.raises(CoreRefused, match="telephone itself"):
            await it.ask("resume")
        await it.leg.offer_again("sendrecv")
        await it.until_contact("talking", ANN)
        await it.ask("hold")
        await it.leg.hang_up()
        await it.until_agents(ann="wrap-up")
        await it.served_once()


async def test_a_hold_outlives_python_and_the_agents_star_ends_it() -> None:
    async with talk() as it:
        await it.ask("hold")
        it.house.kill_python()
        await asyncio.sleep(1.5)
        assert it.bridges() == [] and len(it.house.channels()) == 2
        await it.leg.press("*")
        await it.until_together("caller", ANN)
        assert await it.leg.offer_again("inactive") == 200
        await it.house.start_calls()
        await it.until_contact("held", ANN)
        await it.leg.offer_again("sendrecv")
        await it.until_contact("talking", ANN)
        await it.caller.hang_up()
        await it.served_once()


# ---------------------------------------------------------------- transfer without words


async def test_a_contact_goes_to_another_agent_or_back_to_its_sender() -> None:
    async with talk(wrap_up=0.0) as it:
        await it.ask("transfer", to_agent=BOB)
        (await it.phones[BOB].rings()).decline("603 Decline")
        again = await it.phones[ANN].rings()
        again.answer()
        await it.until_contact("talking", ANN)
        await it.until_together("caller", ANN)
        await it.ask("transfer", to_agent=CID)
        leg = await answered(it.phones[CID])
        await it.until_together("caller", CID)
        await it.until_contact("talking", CID)
        await it.until_agents(ann="ready", bob="ready", cid="talking")
        await leg.hang_up()
        await it.served_once()


async def test_a_contact_that_nobody_takes_waits_with_its_key() -> None:
    async with talk() as it:
        [before] = (await it.house.core.ask("contacts"))["contacts"]
        await it.ask("transfer", to_agent=BOB)
        (await it.phones[BOB].rings()).decline("486 Busy Here")
        leg = await it.phones[CID].rings()
        [after] = (await it.house.core.ask("contacts"))["contacts"]
        assert (after["key"], after["state"]) == (before["key"], "ringing")
        await it.until_agents(ann="wrap-up")
        leg.answer()
        await it.until_together("caller", CID)
        await it.caller.hang_up()
        await it.served_once()


async def test_a_transfer_is_refused_where_it_leads_nowhere() -> None:
    async with talk() as it:
        for fields, why in (
            ({"to_queue": "nowhere"}, "no queue 'nowhere'"),
            ({"to_destination": "reception"}, "no destination"),
            ({"to_number": "+861012345678"}, "not dialled: numbers that begin so"),
            ({"to_agent": ANN}, "no room"),
            ({}, "say where to"),
        ):
            with pytest.raises(CoreRefused, match=why):
                await it.ask("transfer", **fields)
        await it.until_together("caller", ANN)
        await it.ask("transfer", to_queue="support")
        leg = await answered(it.phones[BOB])
        await it.until_together("caller", BOB)
        await it.until_agents(ann="wrap-up", bob="talking")
        await leg.hang_up()
        await it.served_once()


@pytest.mark.parametrize("killed", [False, True])
async def test_a_destination_talks_with_the_caller_or_gives_them_back(killed: bool) -> None:
    """Rows 25 to 27, and 29."""
    site = {"destinations": {"reception": {"phone": "2001"}}}
    async with talk(site=site) as it:
        server = ("127.0.0.1", it.house.settings.ports.sip)
        async with Phone(server, "2001", it.house.settings.phone_secret("2001")) as reception:
            await reception.register()
            await it.ask("transfer", to_destination="reception")
            rings = await reception.rings()
            if killed:
                it.house.kill_python()
                rings.answer()
                await it.until_together("caller", "2001")
                await it.house.start_calls()
                await it.until_contact("after")
                await rings.hang_up()
            else:
                rings.decline("486 Busy Here")
                leg = await answered(it.phones[BOB])
                await it.until_together("caller", BOB)
                await it.house.core.ask("talk transfer", agent=BOB, to_destination="reception")
                rings = await answered(reception)
                await it.until_together("caller", "2001")
                await asyncio.wait_for(leg.ended.wait(), 5)
                await it.until_agents(ann="wrap-up", bob="wrap-up")
                await rings.hang_up()
        await it.served_once()


async def test_a_telephone_hands_its_caller_on_by_itself() -> None:
    """Rows 32 and 33: REFER without Replaces."""
    async with talk() as it:
        assert await it.leg.refer("somebody-outside") == 202, "the failure is told by NOTIFY"
        await asyncio.sleep(0.5)
        assert it.bridges() == [{"caller", ANN}]
        own = await it.phones[ANN].call("4000")
        assert own.failed == 486, "no second place to put the caller into"
        await it.leg.offer_again("sendonly")
        assert await it.leg.refer(BOB) == 202
        leg = await answered(it.phones[BOB])
        await it.until_together("caller", BOB)
        await it.until_contact("talking", BOB)
        await it.until_agents(ann="wrap-up", bob="talking")
        assert await leg.refer("support") == 202
        last = await answered(it.phones[CID])
        await it.until_together("caller", CID)
        await it.until_agents(ann="wrap-up", bob="wrap-up", cid="talking")
        await last.hang_up()
        await it.served_once()


async def test_a_transfer_that_rings_goes_on_without_python() -> None:
    async with talk() as it:
        await it.ask("transfer", to_agent=BOB)
        leg = await it.phones[BOB].rings()
        it.house.kill_python()
        leg.answer()
        await it.until_together("caller", BOB)
        await it.house.start_calls()
        await it.until_contact("talking", BOB)
        await it.until_agents(ann="wrap-up", bob="talking")
        await leg.hang_up()
        await it.served_once()


# ---------------------------------------------------------------- consultation and conference


async def test_a_consultation_is_swapped_joined_and_completed() -> None:
    async with talk() as it:
        leg = await consulted(it)
        await it.until_contact("held", ANN)
        with pytest.raises(CoreRefused, match="is being consulted"):
            await it.ask("consult", to_agent=CID)
        await it.ask("swap")
        await it.until_together("caller", ANN)
        await it.ask("swap")
        await it.until_together(BOB, ANN)
        await it.ask("conference")
        await it.until_together("caller", ANN, BOB)
        await it.ask("swap")
        await it.until_together(BOB, ANN)
        await it.ask("complete")
        await it.until_together("caller", BOB)
        await it.until_contact("talking", BOB)
        await it.until_agents(ann="wrap-up", bob="talking")
        await leg.hang_up()
        await it.until_agents(bob="wrap-up")
        await it.served_once()


async def test_who_does_not_answer_or_is_cancelled_leaves_the_caller_with_the_agent() -> None:
    async with talk() as it:
        await it.ask("consult", to_agent=BOB)
        (await it.phones[BOB].rings()).decline("603 Decline")
        await it.until_together("caller", ANN)
        await it.until_contact("talking", ANN)
        await it.ask("consult", to_agent=BOB)
        leg = await it.phones[BOB].rings()
        await it.ask("cancel")
        await it.until_together("caller", ANN)
        await asyncio.wait_for(leg.ended.wait(), 5)
        leg = await consulted(it)
        await it.ask("cancel")
        await it.until_together("caller", ANN)
        await asyncio.wait_for(leg.ended.wait(), 5)
        await it.until_agents(ann="talking", bob="ready")
        await it.caller.hang_up()
        await it.served_once()


@pytest.mark.parametrize("during", ["consult", "swap", "conference"])
async def test_every_leg_of_three_may_hang_up(during: str) -> None:
    """Rows 47, 51 to 54."""
    async with talk(wrap_up=0.0) as it:
        for who in ("bob", "ann", "caller"):
            leg = await consulted(it)
            if during != "consult":
                await it.ask(during)
            if who == "bob":
                await leg.hang_up()
                await it.until_together("caller", ANN)
                await it.until_contact("talking", ANN)
                await it.until_agents(ann="talking", bob="ready")
            elif who == "ann":
                await it.leg.hang_up()
                await it.until_together("caller", BOB)
                await it.until_contact("talking", BOB)
                await it.until_agents(ann="ready", bob="talking")
                # and back to ANN, to begin again
                await it.house.core.ask("talk transfer", agent=BOB, to_agent=ANN)
                it.leg = await answered(it.phones[ANN])
                await it.until_together("caller", ANN)
                await it.until_contact("talking", ANN)
                await it.until_agents(bob="ready")
            else:
                await it.caller.hang_up()
        await it.served_once()


@pytest.mark.parametrize("during", ["consult", "swap", "conference"])
async def test_without_python_the_consulted_agent_takes_over(during: str) -> None:
    async with talk() as it:
        leg = await consulted(it)
        if during != "consult":
            await it.ask(during)
        it.house.kill_python()
        await it.leg.hang_up()
        await it.until_together("caller", BOB)
        await it.house.start_calls()
        await it.until_contact("talking", BOB)
        await it.until_agents(ann="wrap-up", bob="talking")
        await leg.hang_up()
        await it.served_once()


async def test_a_line_that_is_lost_gives_the_place_back() -> None:
    """Row 7 on hold, and row 49: a phone that only rings is no heir of a lost line."""
    async with talk() as it:
        await it.ask("consult", to_agent=BOB)
        rings = await it.phones[BOB].rings()
        [leg] = [c for c in it.house.channels() if ANN in c]
        await lose(it.house, leg)
        await asyncio.wait_for(rings.ended.wait(), 5)
        await it.until_agents(ann="wrap-up")
        found = await answered_by_one_of(it, (BOB, CID))
        await it.until_together("caller", found.phone.name)
        await found.hang_up()
        await it.served_once()


async def test_a_conference_is_not_handed_on_by_a_telephone() -> None:
    """Row 59."""
    async with talk() as it:
        leg = await consulted(it)
        await it.ask("conference")
        await it.until_together("caller", ANN, BOB)
        assert await it.leg.refer(CID) == 202
        await it.until_together("caller", ANN)
        await asyncio.wait_for(leg.ended.wait(), 5)
        await it.until_agents(ann="talking", bob="ready", cid="ready")
        await it.caller.hang_up()
        await it.served_once()


async def lose(house: House, channel: str) -> None:
    """This channel ends as by a network that was lost."""
    from adapters.asterisk.ami import Ami

    up = asyncio.Event()
    ports, secret = house.settings.ports, house.settings.secret("ami")
    link = Ami(
        "127.0.0.1",
        ports.ami,
        "acd",
        secret,
        on_event=lambda e: None,
        on_link=lambda is_up: up.set(),
    )
    running = asyncio.create_task(link.run())
    try:
        await asyncio.wait_for(up.wait(), 5)
        await link.send({"Action": "Hangup", "Channel": channel, "Cause": "38"})
    finally:
        running.cancel()
        await asyncio.wait({running})


async def answered_by_one_of(talk: Talk, names: Sequence[str]) -> Call:
    """Whoever of these rings, answers."""
    waits = [asyncio.create_task(talk.phones[name].rings()) for name in names]
    done, others = await asyncio.wait(waits, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    leg = done.pop().result()
    leg.answer()
    return leg

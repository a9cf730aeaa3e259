"""A supervisor takes a talk over: rows 100 to 108 of docs/ownership.md, on the real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ivr.ports import CoreRefused
from tests.integration.test_talk_on_asterisk import ANN, BOB, CID, Talk, answered, talk
from tests.phones import Call
from tests.speaking import mouth

pytestmark = pytest.mark.asterisk

SITE = {"listeners": {CID: {"may": ["listen", "barge", "take_over"]}}}
TAKES = {"of": ANN, "phone": CID, "who": "eve", "why": "help"}


@asynccontextmanager
async def listened(how: str = "listen", **more: Any) -> AsyncIterator[tuple[Talk, Call]]:
    """ANN talks with a caller; CID, a supervisor who is not logged in, listens. BOB is ready."""
    async with talk(site=SITE, **more) as it:
        await it.house.core.ask("agent logout", agent=CID)
        yield it, await listens(it, how)


async def listens(it: Talk, how: str = "listen") -> Call:
    await it.house.core.ask("listen", of=ANN, phone=CID, how=how, who="eve")
    leg = await answered(it.phones[CID])

    async def so() -> bool:
        return "ChanSpy" in it.house.asterisk.command("core show channels concise")

    await it.house.until(so, 8)
    return leg


async def takes(it: Talk) -> dict[str, Any]:
    answer = dict(await it.house.core.ask("take over", **TAKES))
    assert (answer["agent"], answer["confirmed"]) == (CID, True)
    return answer


@pytest.mark.parametrize("how", ["listen", "barge", "held"])
async def test_the_supervisor_is_the_talks_agent_and_the_agent_wraps_up(how: str) -> None:
    """Rows 100 to 102; the supervisor's own talk then goes on by the rows of any talk."""
    async with listened("listen" if how == "held" else how) as (it, leg):
        if how == "held":
            await it.ask("hold")
        await takes(it)
        await it.until_together("caller", CID)
        await asyncio.wait_for(it.leg.ended.wait(), 5)
        await it.until_contact("talking", CID)
        await it.until_agents(ann="wrap-up", cid="talking")
        held = await it.house.core.ask("talk hold", agent=CID)
        assert (held["state"], held["confirmed"]) == ("held", True)
        await it.house.core.ask("talk resume", agent=CID)
        await it.until_together("caller", CID)
        assert not leg.ended.is_set()
        await it.caller.hang_up()
        await asyncio.wait_for(leg.ended.wait(), 5)
        await it.until_agents(cid="wrap-up")
        await it.served_once()
        taken = await it.house.records("TakenOver")
        assert [one.data["agent"] for one in taken] == [CID]
        assert len(await it.house.records("TakeOverAsked")) == 1


async def test_a_contact_that_was_taken_over_is_transferred_like_any() -> None:
    async with listened(wrap_up=0.0) as (it, leg):
        await takes(it)
        await it.until_contact("talking", CID)
        await it.house.core.ask("talk transfer", agent=CID, to_agent=BOB)
        await asyncio.wait_for(leg.ended.wait(), 5)
        last = await answered(it.phones[BOB])
        await it.until_together("caller", BOB)
        await it.until_agents(ann="ready", bob="talking", cid="logged off")
        await last.hang_up()
        await it.served_once()


async def test_a_supervisor_who_hangs_up_before_leaves_the_talk_as_it_is() -> None:
    """Rows 103 and 106."""
    async with listened() as (it, leg):
        with pytest.raises(CoreRefused, match="names who"):
            await it.house.core.ask("take over", **(TAKES | {"phone": BOB}))
        await it.ask("consult", to_agent=BOB)
        with pytest.raises(CoreRefused, match="being consulted"):
            await it.house.core.ask("take over", **TAKES)
        await it.ask("cancel")
        assert not leg.ended.is_set(), "a consultation ends no listening"

        async def gone() -> bool:
            return len(it.house.channels()) == 2

        async with mouth(it.leg) as agent:  # of a silent talk no listener is let go before its end
            speaks = asyncio.create_task(agent.say(520.0, 6.0))
            await leg.hang_up()
            await it.house.until(gone, 5)
            speaks.cancel()
            await asyncio.wait([speaks])
        with pytest.raises(CoreRefused, match="listen first"):
            await it.house.core.ask("take over", **TAKES)
        await it.until_together("caller", ANN)
        await it.until_agents(ann="talking", cid="logged off")
        await it.caller.hang_up()
        await it.served_once()


async def test_a_supervisor_whose_phone_dies_in_the_middle_gives_the_caller_to_the_queue() -> None:
    """Row 104: the agent's leg is gone, and the supervisor's has not taken the caller yet."""
    async with listened() as (it, leg):
        [before] = (await it.house.core.ask("contacts"))["contacts"]
        asked = asyncio.create_task(it.house.core.ask("take over", **TAKES))
        await asyncio.wait_for(it.leg.ended.wait(), 5)
        await leg.hang_up()
        assert (await asked)["confirmed"] is False
        last = await answered(it.phones[BOB])
        await it.until_together("caller", BOB)
        [after] = (await it.house.core.ask("contacts"))["contacts"]
        assert (after["key"], after["agent"]) == (before["key"], BOB)
        await it.until_agents(ann="wrap-up", bob="talking", cid="logged off")
        assert await it.house.records("TakenOver") == []
        await last.hang_up()
        await it.served_once()


async def test_a_caller_who_hangs_up_in_the_middle_leaves_nobody_behind() -> None:
    """Row 105."""
    async with listened() as (it, leg):
        asked = asyncio.create_task(it.house.core.ask("take over", **TAKES))
        await asyncio.wait_for(it.leg.ended.wait(), 5)
        await it.caller.hang_up()
        await asyncio.wait_for(leg.ended.wait(), 5)
        await asked
        await it.served_once()
        await it.until_agents(ann="wrap-up", bob="ready")


async def test_without_python_the_takeover_goes_on_and_the_next_core_knows_the_owner() -> None:
    """Row 108: killed as soon as the agent's telephone is told that its leg is over."""
    async with listened() as (it, leg):
        asked = asyncio.create_task(it.house.core.ask("take over", **TAKES))
        await asyncio.wait_for(it.leg.ended.wait(), 5)
        it.house.kill_python()
        await asyncio.gather(asked, return_exceptions=True)
        await it.until_together("caller", CID)
        await it.house.start_calls()
        await it.until_contact("talking", CID)
        await it.until_agents(ann="wrap-up", bob="ready", cid="talking")
        await leg.hang_up()
        await it.until_agents(cid="wrap-up")
        await it.served_once()


async def test_who_listens_while_python_is_killed_listens_on_and_then_anew() -> None:
    """Row 107."""
    async with listened() as (it, leg):
        it.house.kill_python()
        await it.house.start_calls()
        await it.until_contact("talking", ANN)
        assert not leg.ended.is_set()
        with pytest.raises(CoreRefused, match="listen anew"):
            await it.house.core.ask("take over", **TAKES)
        await it.until_together("caller", ANN)
        await leg.hang_up()
        again = await listens(it)
        await takes(it)
        await it.until_together("caller", CID)
        await again.hang_up()
        await it.served_once()

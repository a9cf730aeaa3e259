"""From the line into a callback, and from the chat back to the telephone: at the place that the
customer had among callers, as one contact with one ticket. Every process real, and a browser.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.browser import Tab
from tests.way_stage import way_stage

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

AGENT = "agent-1001"
FIRST, SECOND, THIRD = (f"+861380013800{n}" for n in range(3))
RINGS = 40.0
"""Seconds, on a machine that has other work."""
CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "ring_seconds": 30}},
    "agents": {AGENT: {"queues": ["support"], "capacity": {"voice": 1, "chat": 1}}},
}


async def test_who_asks_to_be_called_back_is_called_between_those_who_waited_on() -> None:
    async with way_stage(CENTRE) as stage:
        house = stage.house
        phones = [await stage.phone(name) for name in (FIRST, SECOND, THIRD)]
        (first, one), (second, moved), (third, last) = [await stage.comes(each) for each in phones]
        place = await stage.key_of(moved)
        await stage.presses_until(second, "2", "Parked")
        await stage.presses_until(second, "1", "CallbackPromised")
        await asyncio.wait_for(second.ended.wait(), 30)
        assert await stage.key_of(moved) == place
        await stage.house.until(stage.is_due, 20)  # while they are on the line they are not called

        desk = await stage.agents_phone(AGENT)
        await house.core.ask("agent login", agent=AGENT)
        await stage.talks_and_ends(await desk.rings(RINGS), 1)
        leg = await desk.rings(RINGS)
        assert stage.outside.rung.empty(), "nobody is dialled before the agent is there"
        leg.answer()
        called = await stage.is_called()
        assert await stage.key_of(moved) == place and not third.ended.is_set()
        await called.hang_up()
        await desk.rings(RINGS)
        assert await stage.rung() == [one, moved, last]
        shown, told = await stage.story(moved)
        assert told.count("ticket_opened") == 1 and told.count("contact_ended") == 1
        assert {"callback_promised", "outward_confirmed"} <= set(told) and shown["ticket"]
        all_ = (await stage.total("contacts"), await stage.total("tickets"))
        assert all_ == (3, 3), "one contact and one ticket for each of them"
        assert first.ended.is_set()


async def test_call_me_in_the_page_rings_the_telephone_when_the_old_key_says(tab: Tab) -> None:
    async with way_stage(CENTRE) as stage:
        house = stage.house
        phones = [await stage.phone(name) for name in (FIRST, SECOND, THIRD)]
        (_first, one), (second, moved), (third, last) = [await stage.comes(each) for each in phones]
        place = await stage.key_of(moved)
        made = await house.core.ask("pass issue", contact=moved, channel="chat")
        await tab.open(f"{stage.web}/chat?language=en#{made['pass']}")
        await tab.click("#redeem")
        await tab.shown("#state", "in line")
        await asyncio.wait_for(second.ended.wait(), 60)
        await tab.click("#call")
        await tab.type("#number", f"{SECOND}\n")
        await tab.shown("#state", "call you")
        assert await stage.key_of(moved) == place
        await stage.house.until(stage.is_due, 20)  # while they are on the line they are not called

        desk = await stage.agents_phone(AGENT)
        await house.core.ask("chat desk", agent=AGENT, open=True)
        await house.core.ask("agent login", agent=AGENT)
        await stage.talks_and_ends(await desk.rings(RINGS), 1)
        (await desk.rings(RINGS)).answer()
        called = await stage.is_called()
        await house.until_agent(AGENT, lambda agent: agent["state"] == "talking")
        assert await stage.key_of(moved) == place and not third.ended.is_set()
        await called.hang_up()
        await desk.rings(RINGS)
        assert await stage.rung() == [one, moved, last]
        _shown, told = await stage.story(moved)
        assert told.count("ticket_opened") == 1 and told.count("contact_ended") == 1
        story = ["pass_redeemed", "chat_begun", "callback_promised", "outward_confirmed"]
        assert [kind for kind in told if kind in story] == story
        all_ = (await stage.total("contacts"), await stage.total("tickets"))
        assert all_ == (3, 3), "one contact and one ticket for each of them"

"""The telephone line of who has gone online ends when they have heard so, unless they stay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd import events
from acd.config import Queue
from acd.events import CallerLeft, OfferAnswered, Parked, Reached
from acd.model import CALLS, CHATS, Contact, ContactId, Medium
from acd.states import ContactState
from ivr.online_legs import AGAIN_SECONDS, LEAVES
from ivr.ports import CallFacts, Origin
from ivr.reconcile import CallerSeen, Seen, reconcile
from tests.fakes_online import ALL_ASKED, ANN, BOB, ONE, SUPPORT, TWO, OnlineHouse


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[OnlineHouse]:
    made = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED))
    await made.begin()
    yield made
    made.running.cancel()


async def goes_online(house: OnlineHouse, contact: ContactId = ONE) -> None:
    """The caller redeems a pass, and holds the telephone still."""
    issue = {"contact": contact, "channel": CHATS}
    made = await house.questions["pass issue"](issue)
    await house.opens(made["pass"])
    await house.look()


def of(house: OnlineHouse, contact: ContactId = ONE) -> Contact:
    return house.engine.contacts[contact]


async def test_who_is_online_hears_so_and_then_the_line_ends(house: OnlineHouse) -> None:
    await house.comes()
    key = of(house).order_key
    await goes_online(house)
    assert house.loop.led == []
    assert house.loop.asked[ONE][2] > 0, "a key has some seconds"
    said = await house.says()
    assert "in our chat now" in said and "this call ends" in said and "press one" in said
    assert house.loop.led == [(ONE, LEAVES)]
    await house.hangs_up()
    assert (of(house).channel, of(house).order_key) == (CHATS, key)
    await house.look(60.0)
    assert house.loop.led == [(ONE, LEAVES)]


async def test_a_key_takes_the_contact_back_to_the_telephone_with_its_place(
    house: OnlineHouse,
) -> None:
    await house.comes()
    key = of(house).order_key
    await goes_online(house)
    await house.says(key="1")
    contact = of(house)
    assert (contact.channel, contact.state) == (CALLS, ContactState.WAITING)
    assert contact.order_key == key and house.loop.led == []
    assert "You stay on the phone" in house.hears()
    await house.says()
    await house.look(30.0)
    assert house.loop.led == [] and house.hears() == ""


async def test_who_stayed_can_go_online_once_more(house: OnlineHouse) -> None:
    await house.agents(BOB)
    await house.comes()
    await house.look()
    await house.look(5.0)
    await house.says()
    await house.presses()
    await house.says()
    await goes_online(house)
    await house.says(key="1")
    await house.says()
    await house.presses()
    assert "text message" in house.hears() and len(house.records("TextQueued")) == 2


async def test_a_chat_that_rings_at_a_desk_is_withdrawn_for_who_stays(house: OnlineHouse) -> None:
    await house.comes()
    await goes_online(house)
    await house.agents(BOB)
    assert of(house).state is ContactState.RINGING
    await house.says(key="1")
    assert house.records("Withdrawn") and not house.engine.offers
    assert (of(house).channel, of(house).state) == (CALLS, ContactState.WAITING)


async def test_the_key_comes_too_late_for_a_chat_that_an_agent_has(house: OnlineHouse) -> None:
    await house.comes()
    await goes_online(house)
    await house.agents(BOB)
    offer = of(house).offer
    assert offer
    await house.tell(OfferAnswered(ONE, offer))
    await house.says(key="1")
    assert (of(house).channel, of(house).state) == (CHATS, ContactState.TALKING)
    assert house.loop.led == [(ONE, LEAVES)]


async def test_while_an_agents_telephone_rings_nothing_is_said_and_the_answer_wins(
    house: OnlineHouse,
) -> None:
    await house.agents(ANN)
    await house.comes()
    offer = of(house).offer
    assert offer and house.engine.offers[offer].medium is Medium.VOICE
    await goes_online(house)
    await house.look(5.0)
    assert house.hears() == "" and house.loop.led == []
    await house.tell(OfferAnswered(ONE, offer))
    await house.look(5.0)
    assert (of(house).channel, of(house).state) == (CALLS, ContactState.TALKING)
    assert house.hears() == "" and house.loop.led == []


async def test_a_telephone_that_rings_out_leaves_them_online(house: OnlineHouse) -> None:
    await house.agents(ANN)
    await house.comes()
    await goes_online(house)
    offer = of(house).offer
    assert offer
    await house.tell(events.OfferEnded(offer, events.OfferEnd.RANG_OUT))
    await house.look()
    assert "in our chat now" in house.hears()


async def test_a_line_that_did_not_end_is_asked_again(house: OnlineHouse) -> None:
    await house.comes()
    await goes_online(house)
    await house.says()
    await house.look(AGAIN_SECONDS)
    assert house.loop.led == [(ONE, LEAVES)] * 2


async def test_what_was_not_said_ends_no_line(house: OnlineHouse) -> None:
    await house.comes()
    await goes_online(house)
    for _ in range(10):
        await house.look(10.0)
    assert house.loop.led == []


async def test_who_leaves_the_chat_and_holds_the_telephone_waits_there_again(
    house: OnlineHouse,
) -> None:
    await house.comes()
    await goes_online(house)
    await house.tell(Parked(ONE, channel=CHATS))
    await house.look()
    assert (of(house).channel, of(house).state) == (CALLS, ContactState.WAITING)
    assert "You stay on the phone" in house.hears()


async def test_a_chat_that_is_over_before_its_line_leaves_nobody_on_it(house: OnlineHouse) -> None:
    await house.comes()
    await goes_online(house)
    await house.tell(CallerLeft(ONE))
    await house.look()
    assert house.loop.led == [(ONE, LEAVES)]


async def test_a_new_process_tells_who_is_online_and_still_on_the_line(house: OnlineHouse) -> None:
    await house.comes()
    await goes_online(house)
    house.loop.asked.clear()
    await house.again()
    await house.look()
    assert "in our chat now" in house.hears()


async def test_a_line_that_waits_on_says_nothing_of_a_chat_whose_page_is_away(
    house: OnlineHouse,
) -> None:
    await house.comes()
    await goes_online(house)
    await house.tell(Parked(ONE, channel=CHATS))
    house.distributor.meet(CallFacts(ONE, "4000", None), Reached(ONE))
    await house.settle()
    assert of(house).state is ContactState.PARKED


@pytest.mark.parametrize("served", [False, True])
async def test_a_look_at_all_lines_changes_nothing_for_who_is_online(
    house: OnlineHouse, served: bool
) -> None:
    await house.comes()
    await goes_online(house)
    if served:
        await house.agents(BOB)
        offer = of(house).offer
        assert offer
        await house.tell(OfferAnswered(ONE, offer))
    seen = CallerSeen(ONE, "PJSIP/x-1", True, 0.0, SUPPORT, "standard", "en")
    assert reconcile(house.engine, Seen((seen,))).events == (), "a chat has no leg to be missed"


async def test_others_hear_nothing_of_it(house: OnlineHouse) -> None:
    await house.comes()
    await house.comes(TWO, number=None)
    house.loop.lines[TWO] = Origin("4000", "person")
    await goes_online(house)
    assert house.hears(TWO) == ""

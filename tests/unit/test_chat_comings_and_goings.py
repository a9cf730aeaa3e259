"""Chats whose pages come and go, that come from the telephone, and that outlive the core."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from acd import events
from acd.model import CHATS, ContactId
from acd.states import AgentState, ContactState
from ivr.chat_presence import DESK_SECONDS
from ivr.chats import ChatBook
from ivr.online_legs import back_to_the_phone
from ivr.reconcile import CallerSeen, Seen, reconcile
from tests.fakes_core_chats import ANN, BEN, LI, SUPPORT, WU, ChatHouse


@pytest.fixture
async def house() -> AsyncIterator[ChatHouse]:
    made = ChatHouse()
    await made.begin()
    yield made
    made.running.cancel()


# ---------------------------------------------------------------- pages


async def test_a_waiting_chat_without_its_page_is_skipped_and_waits_again_at_its_place(
    house: ChatHouse,
) -> None:
    first = await house.begins()
    second = await house.begins(WU)
    await house.ask("chat away", by=LI)
    await house.passes_by(29.0)
    assert house.contact(first).state is ContactState.WAITING
    await house.passes_by(1.5)
    assert (await house.ask("chat state", by=LI))["skipped"] is True
    assert (await house.ask("chat here", by=LI))["state"] == "waiting"
    assert [contact.id for contact in house.engine.waiting()] == [first, second]


async def test_what_rings_for_a_page_that_is_gone_is_taken_back(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    offer = house.contact(contact).offer
    assert offer
    await house.ask("chat away", by=LI)
    await house.ask("chat away", by=LI)
    house.engine.offers[offer].rings_until += 60.0
    await house.passes_by(31.0)
    assert (await house.ask("chat list", agent=ANN))["offers"] == []
    assert house.engine.agents[ANN].state is AgentState.READY


async def test_a_place_is_kept_as_long_as_the_queue_says_and_then_the_chat_is_over(
    house: ChatHouse,
) -> None:
    await house.begins()
    await house.ask("chat away", by=LI)
    await house.passes_by(31.0)
    await house.passes_by(1800.0)
    told = await house.ask("chat state", by=LI)
    assert (told["state"], told["how"]) == ("over", "expired")
    assert not house.chats.lines.book.open


async def test_a_chat_that_is_served_and_silent_is_over(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.accepts()
    await house.ask("chat away", by=LI)
    await house.passes_by(14 * 60.0)
    assert await house.state() == "served"
    await house.passes_by(61.0)
    assert (await house.ask("chat state", by=LI))["how"] == "silent"
    assert house.of(contact, "ContactEnded")[0].data["how"] == "served"
    assert house.engine.agents[ANN].state is AgentState.WRAP_UP


async def test_who_comes_back_in_time_is_not_silent(house: ChatHouse) -> None:
    await house.agent_comes()
    await house.begins()
    await house.accepts()
    await house.ask("chat away", by=LI)
    await house.passes_by(14 * 60.0)
    await house.ask("chat here", by=LI)
    await house.passes_by(14 * 60.0)
    assert await house.state() == "served"


async def test_a_chat_goes_back_into_the_line_when_its_agents_page_stays_away(
    house: ChatHouse,
) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.accepts()
    key = house.contact(contact).order_key
    await house.ask("chat desk", agent=ANN, open=False)
    await house.passes_by(DESK_SECONDS - 1)
    await house.passes_by(DESK_SECONDS - 1)
    assert await house.state() == "served"
    await house.passes_by(2.0)
    assert await house.state() == "waiting"
    assert house.contact(contact).order_key == key
    assert house.lines(contact)[-1] == "3 house returned"
    await house.agent_comes(BEN)
    assert await house.accepts(BEN) == contact


async def test_a_desk_that_is_open_again_in_time_keeps_its_chats(house: ChatHouse) -> None:
    await house.agent_comes()
    await house.begins()
    await house.accepts()
    for _ in range(5):
        await house.ask("chat desk", agent=ANN, open=False)
        await house.passes_by(DESK_SECONDS - 1)
        await house.ask("chat desk", agent=ANN, open=True)
        await house.passes_by(1.0)
    assert await house.state() == "served"


async def test_when_the_web_process_begins_all_pages_have_to_say_that_they_are_there(
    house: ChatHouse,
) -> None:
    await house.begins()
    await house.begins(WU)
    assert (await house.ask("chat pages gone"))["chats"] == 2
    await house.ask("chat here", by=WU)
    await house.passes_by(31.0)
    states = [(await house.ask("chat state", by=by))["skipped"] for by in (LI, WU)]
    assert states == [True, False]


# ---------------------------------------------------------------- from the telephone


async def test_a_caller_goes_on_in_the_chat_with_place_and_person(house: ChatHouse) -> None:
    await house.link_up()
    person = await house.vault.person_for_number("+8613800138000")
    phone, later = await house.calls("ast-1.1"), await house.begins(WU)
    secret = await house.pass_for(phone, person)
    house.clock.at += 60.0
    done = await house.ask("chat join", by=LI, **{"pass": secret})
    assert done == {"contact": phone, "level": "no", "again": False, "answered": False}
    assert [contact.id for contact in house.engine.waiting()] == [phone, later]
    told = await house.ask("chat state", by=LI)
    assert (told["origin"], told["language"], told["state"]) == ("phone", "en", "waiting")
    assert house.lines(phone) == ["1 house waiting"]
    begun = house.of(phone, "ChatBegun")[0].data
    assert (begun["person"], begun["origin"]) == (person, "phone")
    again = await house.ask("chat join", by=LI, **{"pass": secret})
    assert again == {**done, "again": True}
    assert house.lines(phone) == ["1 house waiting"]


async def test_a_pass_that_is_not_good_is_refused_in_one_sentence(house: ChatHouse) -> None:
    for by in (LI, WU):
        phone = await house.calls(f"ast-{by[:4]}")
    secret = await house.pass_for(phone)
    await house.ask("chat join", by=LI, **{"pass": secret})
    for typed, why in ((secret, "used"), ("A" * 22, "unknown"), ("", "unknown")):
        answer = await house.ask("chat join", by=WU, **{"pass": typed})
        assert answer["refused"] == why and answer["say"]["en"].endswith(".")
    assert WU not in str(house.journal.records)


async def test_an_agent_who_was_quicker_on_the_telephone_has_the_contact(house: ChatHouse) -> None:
    await house.link_up()
    await house.tell(events.PhoneChanged(ANN, True))
    phone = await house.calls("ast-1.1")
    secret = await house.pass_for(phone)
    await house.agent_comes()
    [rings] = house.rung
    await house.ask("chat join", by=LI, **{"pass": secret})
    await house.tell(events.OfferAnswered(phone, rings.offer))
    await house.passes_by(1.0)
    assert house.contact(phone).channel == "voice"
    told = await house.ask("chat state", by=LI)
    assert (told["state"], told["how"]) == ("over", "phone")


async def test_a_phone_that_rang_when_its_contact_went_online_is_the_telephone_sides(
    house: ChatHouse,
) -> None:
    await house.link_up()
    await house.tell(events.PhoneChanged(ANN, True))
    phone = await house.calls("ast-1.1")
    secret = await house.pass_for(phone)
    await house.agent_comes()
    await house.ask("chat join", by=LI, **{"pass": secret})
    assert (await house.ask("chat list", agent=ANN))["offers"] == []
    await house.passes_by(15.5)
    assert [one.offer for one in house.ended] == [one.offer for one in house.rung]
    await house.tell(events.AgentReady(ANN))
    await house.settled()
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    assert (offer["contact"], offer["origin"]) == (phone, "phone")


async def test_news_of_the_line_that_a_chat_has_left_brings_it_nowhere(house: ChatHouse) -> None:
    await house.link_up()
    phone = await house.calls("ast-1.1")
    await house.ask("chat join", by=LI, **{"pass": await house.pass_for(phone)})
    await house.agent_comes()
    await house.accepts()
    await house.tell(events.CallerLeft(phone, channel="voice"))
    await house.tell(events.Parked(phone, channel="voice"))
    assert await house.state() == "served"


async def test_a_look_at_the_telephone_side_leaves_chats_alone(house: ChatHouse) -> None:
    """What rings, what is served, and a caller whose line is about to end."""
    await house.link_up()
    phone = await house.calls("ast-1.1")
    await house.ask("chat join", by=LI, **{"pass": await house.pass_for(phone)})
    await house.agent_comes()
    await house.accepts()
    rings = await house.begins(WU)
    line = CallerSeen(phone, "PJSIP/x", True, house.clock.at, SUPPORT, "standard", "en")
    assert reconcile(house.engine, Seen((line,))).events == ()
    assert reconcile(house.engine, Seen()).events == ()
    assert house.contact(rings).state is ContactState.RINGING


# ---------------------------------------------------------------- one channel down


async def test_chats_are_offered_and_served_while_the_telephone_side_is_away(
    house: ChatHouse,
) -> None:
    await house.link_up()
    await house.tell(events.PhoneChanged(ANN, True))
    await house.agent_comes()
    await house.link_up(False)
    call = await house.calls("ast-1.1")
    contact = await house.begins()
    assert await house.accepts() == contact
    await house.ask("chat say", agent=ANN, contact=contact, id="1", words="Still here")
    await house.ask("chat close", agent=ANN, contact=contact)
    await house.passes_by(11.0)
    assert house.rung == []
    await house.link_up()
    await house.settled()
    assert [one.contact for one in house.rung] == [call]


# ---------------------------------------------------------------- a core that dies


async def test_chats_that_wait_ring_and_are_served_are_there_after_kill_9(
    house: ChatHouse,
) -> None:
    await house.agent_comes()
    served = await house.begins()
    await house.accepts()
    await house.ask("chat write", by=LI, id="a", words="first")
    rings = await house.begins(WU)
    before = (house.contact(served).order_key, house.contact(rings).order_key)
    await house.again()
    assert (await house.state(LI), await house.state(WU)) == ("served", "waiting")
    assert (house.contact(served).order_key, house.contact(rings).order_key) == before
    again = await house.ask("chat write", by=LI, id="a", words="first")
    assert again["new"] is False
    await house.ask("chat desk", agent=ANN, open=True)
    [one] = (await house.ask("chat list", agent=ANN))["chats"]
    said = await house.ask("chat say", agent=ANN, contact=served, id="b", words="on we go")
    assert (one["contact"], one["last"], said["number"]) == (served, 3, 4)
    assert await house.accepts() == rings


async def test_after_a_start_pages_that_do_not_come_back_are_gone(house: ChatHouse) -> None:
    await house.begins()
    await house.begins(WU)
    await house.again()
    await house.ask("chat here", by=WU)
    await house.passes_by(31.0)
    assert [(await house.ask("chat state", by=by))["skipped"] for by in (LI, WU)] == [True, False]


async def test_a_page_that_did_not_notice_the_start_is_there_when_it_asks(
    house: ChatHouse,
) -> None:
    """It looks now and then; it has not said that it was gone, nor that it came back."""
    await house.agent_comes()
    await house.begins()
    await house.accepts()
    await house.again()
    for _ in range(80):
        await house.passes_by(15.0)
        assert await house.state() == "served"
        await house.ask("chat list", agent=ANN)  # as the agent's page does
    await house.ask("chat away", by=LI)
    await house.state()
    await house.passes_by(15 * 60.0)
    assert await house.state() == "over", "it has said that it is gone"


async def test_after_a_start_a_chat_waits_a_while_for_its_agents_page(house: ChatHouse) -> None:
    await house.agent_comes()
    await house.begins()
    await house.accepts()
    await house.again()
    await house.ask("chat here", by=LI)
    await house.passes_by(1.0)
    await house.passes_by(DESK_SECONDS)
    assert await house.state() == "waiting"


async def test_the_book_is_read_from_the_journal_as_it_was_written(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.ask("chat write", by=LI, id="a", words="hello")
    await house.accepts()
    await house.begins(WU)
    await house.ask("chat end", by=WU)
    book = ChatBook()
    for _ in range(2):  # twice does no harm
        for record in house.journal.records:
            book.learn(record)
    assert book.chats == house.chats.lines.book.chats
    assert list(book.open) == [contact]
    book.forget(house.clock.at + 2 * 86_400.0)
    assert list(book.chats) == [contact] and book.of(WU) is None


async def test_a_contact_of_another_kind_is_no_chat(house: ChatHouse) -> None:
    await house.calls("ast-1.1")
    await house.passes_by(1.0)
    assert (await house.ask("chats"))["chats"] == []
    assert house.contact(ContactId("ast-1.1")).channel != CHATS


async def test_who_left_the_chat_for_the_telephone_comes_back_in_the_same_browser(
    house: ChatHouse,
) -> None:
    contact = await house.calls("h-1")
    await house.ask("chat join", **{"by": LI, "pass": await house.pass_for(contact)})
    await house.passes_by(5.0)
    await house.tell(*back_to_the_phone(contact))
    await house.passes_by(5.0)
    assert await house.state() == "over"
    await house.passes_by(1.0)
    again = {"by": LI, "pass": await house.pass_for(contact)}
    for _ in range(2):
        assert (await house.ask("chat join", **again))["contact"] == contact
        assert await house.state() == "waiting"
    await house.agent_comes()
    assert await house.accepts() == contact

"""Chats in the core: who comes, what is said, who serves, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from acd import events
from acd.commands import Overflow
from acd.events import OfferEnd
from acd.model import CHATS, ContactId, OfferId
from acd.states import AgentState, ContactState
from ivr.chat_overflow import ChatOverflow
from ivr.pickups import Pickups
from ivr.ports import CoreRefused
from tests.fakes_core_chats import ANN, BEN, LI, SUPPORT, WU, ChatHouse, by_of


@pytest.fixture
async def house() -> AsyncIterator[ChatHouse]:
    made = ChatHouse()
    await made.begin()
    yield made
    made.running.cancel()


# ---------------------------------------------------------------- coming


async def test_who_begins_to_chat_waits_in_the_queue_and_is_told_how_it_stands(
    house: ChatHouse,
) -> None:
    contact = await house.begins(name="Li  Lei")
    known = house.contact(contact)
    assert (known.channel, known.queue, known.state) == (CHATS, "support", ContactState.WAITING)
    assert house.lines(contact) == ["1 house waiting"]
    told = await house.ask("chat state", by=LI)
    assert told == {
        "contact": contact, "state": "waiting", "how": "", "language": "en", "queue": "support",
        "agent": "", "wait": None, "last": 1, "origin": "chat", "skipped": False,
        "form": None, "message": None,
    }  # fmt: skip
    [person] = house.vault.fields
    assert house.vault.fields[person] == {f"chat name {contact}": "Li Lei"}


async def test_the_same_page_begins_once_however_often_it_asks(house: ChatHouse) -> None:
    asked = {"by": LI, "language": "en", "queue": "", "name": ""}
    answers = await asyncio.gather(*(house.ask("chat begin", **asked) for _ in range(10)))
    assert len({answer["contact"] for answer in answers}) == 1
    assert [answer["new"] for answer in answers].count(True) == 1
    assert len(house.engine.contacts) == 1


async def test_an_unknown_language_is_the_first_of_the_house_and_an_unknown_queue_is_refused(
    house: ChatHouse,
) -> None:
    assert house.contact(await house.begins(language="xx")).language == "zh"
    with pytest.raises(CoreRefused, match="there is no queue"):
        await house.begins(WU, queue="loans")


async def test_a_chat_that_names_no_queue_asks_of_agents_what_the_settings_say() -> None:
    house = ChatHouse()
    house.settings = house.settings.model_copy(update={"skills": {"typing": 3}})
    await house.begin()
    assert house.contact(await house.begins()).skills == {"typing": 3}
    assert house.contact(await house.begins(WU, queue="sales")).skills == {}
    house.running.cancel()


async def test_who_asks_must_say_so_by_a_digest(house: ChatHouse) -> None:
    for by in ("", "li", "F" * 64, LI + "0"):
        with pytest.raises(CoreRefused, match="say who asks"):
            await house.begins(by)
    with pytest.raises(CoreRefused, match="there is no such chat"):
        await house.state(WU)


async def test_a_queue_that_is_closed_says_when_it_opens(house: ChatHouse) -> None:
    """It is Sunday."""
    contact = await house.begins(queue="night")
    assert house.lines(contact) == ["1 house closed"]
    opens = house.of(contact, "ChatSaid")[0].data["values"]["opens"]
    assert 20 * 3600 < opens - house.clock.now() < 22 * 3600


async def test_the_wait_is_told_where_somebody_could_serve(house: ChatHouse) -> None:
    await house.agent_comes()
    for number in range(4):
        contact = await house.begins(by_of(str(number)))
    said = house.of(contact, "ChatSaid")[0].data
    low, high = said["values"]["wait"]
    assert 0 <= low <= high and said["who"] == "house"
    assert (await house.ask("chat state", by=by_of("3")))["wait"][1] == high


async def test_who_comes_is_told_the_place_and_the_promise_of_the_queue_if_it_can_be_kept(
    house: ChatHouse,
) -> None:
    def told(contact: ContactId) -> tuple[object, object]:
        values = house.of(contact, "ChatSaid")[0].data["values"]
        return values["place"], values["by"]

    assert told(await house.begins(by_of("1"))) == (1, None), "the queue has no promise"
    rules = house.engine.centre
    support = replace(rules.queues[SUPPORT], promise_seconds=1800.0)
    house.engine.use(replace(rules, queues={**rules.queues, SUPPORT: support}), 0.0)
    assert told(await house.begins(by_of("2"))) == (2, house.clock.now() + 1800.0)
    support = replace(support, promise_seconds=1.0)
    house.engine.use(replace(rules, queues={**rules.queues, SUPPORT: support}), 0.0)
    await house.agent_comes()
    for number in range(3, 6):
        contact = await house.begins(by_of(str(number)))
    said = house.of(contact, "ChatSaid")[0].data["values"]
    assert said["place"] and said["wait"][1] > 1.0 and said["by"] is None, "not to be kept"


# ---------------------------------------------------------------- being served


async def test_a_chat_rings_on_an_open_desk_and_on_no_telephone(house: ChatHouse) -> None:
    await house.link_up()
    await house.tell(events.PhoneChanged(ANN, True))
    await house.agent_comes(desk=False)
    contact = await house.begins()
    assert await house.state() == "waiting"
    await house.ask("chat desk", agent=ANN, open=True)
    assert await house.state() == "offered"
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    assert (offer["contact"], offer["why"], offer["origin"]) == (contact, "order", "chat")
    assert offer["rings_until"] == house.clock.now() + 15.0
    assert house.rung == []


async def test_customer_and_agent_write_in_one_numbered_line(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    first = await house.ask("chat write", by=LI, id="a", words="Hello?")
    assert await house.accepts() == contact
    said = await house.ask("chat say", agent=ANN, contact=contact, id="a", words="Hi <b>there</b>")
    assert (first["number"], first["new"], said["number"], said["new"]) == (2, True, 4, True)
    assert house.lines(contact) == [
        "1 house waiting", "2 customer Hello?", "3 house joined", "4 agent Hi <b>there</b>",
    ]  # fmt: skip
    told = await house.ask("chat state", by=LI)
    assert (told["state"], told["agent"], told["last"]) == ("served", "ann", 4)
    [served] = (await house.ask("chat list", agent=ANN))["chats"]
    assert (served["contact"], served["last"], served["state"]) == (contact, 4, "served")


async def test_no_word_stands_in_the_journal(house: ChatHouse) -> None:
    contact = await house.begins(name="Han Meimei")
    await house.ask("chat write", by=LI, id="my id 138", words="my number is 13800138000")
    journal = str(house.journal.records)
    assert contact in journal
    assert not any(secret in journal for secret in ("13800138000", "Meimei", "my id"))


async def test_a_line_is_written_once_for_its_id_even_at_the_same_time(house: ChatHouse) -> None:
    contact = await house.begins()
    asked = {"by": LI, "id": "x1", "words": "once"}
    answers = await asyncio.gather(*(house.ask("chat write", **asked) for _ in range(8)))
    assert {answer["number"] for answer in answers} == {2}
    assert [answer["new"] for answer in answers].count(True) == 1
    assert house.lines(contact) == ["1 house waiting", "2 customer once"]


@pytest.mark.parametrize(
    ("line", "why"),
    [({"id": "", "words": "x"}, "id"), ({"id": "y" * 65, "words": "x"}, "id"),
     ({"id": "a", "words": " "}, "say something"), ({"id": "a", "words": "x" * 4001}, "4000")],
)  # fmt: skip
async def test_a_line_that_cannot_be_is_refused(
    house: ChatHouse, line: dict[str, str], why: str
) -> None:
    await house.begins()
    with pytest.raises(CoreRefused, match=why):
        await house.ask("chat write", by=LI, **line)


async def test_control_characters_do_not_get_in(house: ChatHouse) -> None:
    contact = await house.begins()
    await house.ask("chat write", by=LI, id="a", words="one\x00\x1b[2J\ntwo\ud800")
    assert house.lines(contact)[1] == "2 customer one[2J\ntwo"


async def test_while_the_store_takes_nothing_a_line_is_refused_and_can_be_asked_for_again(
    house: ChatHouse,
) -> None:
    contact = await house.begins()
    person = house.of(contact, "ChatBegun")[0].data["person"]
    kept = house.vault.fields.pop(person)
    with pytest.raises(CoreRefused, match="erased"):
        await house.ask("chat write", by=LI, id="a", words="hello")
    house.vault.fields[person] = kept
    assert (await house.ask("chat write", by=LI, id="a", words="hello"))["number"] == 2


async def test_a_line_whose_asker_gave_up_is_written_or_not_but_never_numbered_twice(
    house: ChatHouse,
) -> None:
    contact = await house.begins()
    house.journal.failing = "disk full"
    asked = {"by": LI, "id": "a", "words": "slow"}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(house.ask("chat write", **asked), 0.05)
    house.journal.failing = ""
    other = await house.ask("chat write", by=LI, id="b", words="quick")
    again = await house.ask("chat write", **asked)
    assert (other["number"], again["number"], again["new"]) == (3, 2, False)
    assert house.lines(contact) == ["1 house waiting", "2 customer slow", "3 customer quick"]


async def test_an_agent_has_as_many_chats_as_the_capacity_says(house: ChatHouse) -> None:
    await house.agent_comes()
    chats = [await house.begins(by_of(str(number))) for number in range(3)]
    assert [await house.accepts(), await house.accepts()] == chats[:2]
    assert (await house.ask("chat list", agent=ANN))["offers"] == []
    assert house.contact(chats[2]).state is ContactState.WAITING
    await house.ask("chat close", agent=ANN, contact=chats[0])
    await house.passes_by(10.5)  # wrap-up
    assert await house.accepts() == chats[2]


async def test_only_the_agent_who_serves_a_chat_writes_closes_and_transfers_it(
    house: ChatHouse,
) -> None:
    await house.agent_comes()
    await house.agent_comes(BEN)
    contact = await house.begins()
    for what, more in (("say", {"id": "a", "words": "x"}), ("close", {}),
                       ("transfer", {"queue": "sales"})):  # fmt: skip
        for agent in (ANN, BEN):
            with pytest.raises(CoreRefused, match="does not serve"):
                await house.ask(f"chat {what}", agent=agent, contact=contact, **more)


async def test_a_chat_that_was_declined_rings_at_a_colleague(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    await house.ask("chat decline", agent=ANN, offer=offer["offer"])
    await house.agent_comes(BEN)
    assert await house.accepts(BEN) == contact


async def test_a_chat_that_nobody_takes_rings_out_and_its_agent_is_asked_nothing_more(
    house: ChatHouse,
) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.passes_by(15.5)
    assert house.contact(contact).state is ContactState.WAITING
    agent = house.engine.agents[ANN]
    assert (agent.state, agent.reason) == (AgentState.NOT_READY, "no answer")
    [ended] = [one for one in house.journal.records if one.kind == "OfferEnded"]
    assert ended.data["how"] == "released"


async def test_who_accepts_in_the_instant_in_which_it_rings_out_has_it_or_is_refused(
    house: ChatHouse,
) -> None:
    await house.agent_comes()
    contact = await house.begins()
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    house.clock.at += 15.5
    answering = asyncio.create_task(house.ask("chat accept", agent=ANN, offer=offer["offer"]))
    await house.settled()
    try:
        await answering
    except CoreRefused:
        assert house.contact(contact).state is ContactState.WAITING
    else:
        assert house.contact(contact).state is ContactState.TALKING
    assert len(house.engine.offers) == (house.contact(contact).state is ContactState.TALKING)


async def test_an_offer_that_was_withdrawn_cannot_be_accepted(house: ChatHouse) -> None:
    await house.agent_comes()
    await house.begins()
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    await house.ask("chat end", by=LI)
    await house.settled()
    with pytest.raises(CoreRefused, match="rings no longer"):
        await house.ask("chat accept", agent=ANN, offer=offer["offer"])
    assert house.engine.agents[ANN].state is AgentState.READY


async def test_accepting_twice_is_accepting_once(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    asked = {"agent": ANN, "offer": offer["offer"]}
    both = await asyncio.gather(
        house.ask("chat accept", **asked), house.ask("chat accept", **asked)
    )
    assert [one["contact"] for one in both] == [contact, contact]
    assert (await house.ask("chat accept", **asked))["contact"] == contact
    with pytest.raises(CoreRefused, match="accepted"):
        await house.ask("chat decline", **asked)
    assert house.contact(contact).state is ContactState.TALKING


async def test_an_agent_answers_only_their_own_offers(house: ChatHouse) -> None:
    await house.agent_comes()
    await house.begins()
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    for agent, name in ((BEN, offer["offer"]), (ANN, "9.9.9")):
        with pytest.raises(CoreRefused, match="rings no longer"):
            await house.ask("chat accept", agent=agent, offer=name)
    with pytest.raises(CoreRefused, match="no agent"):
        await house.ask("chat list", agent="nobody")


# ---------------------------------------------------------------- the end


async def test_the_agent_closes_and_wraps_up_as_after_a_call(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.accepts()
    assert (await house.ask("chat close", agent=ANN, contact=contact))["state"] == "over"
    assert house.engine.agents[ANN].state is AgentState.WRAP_UP
    told = await house.ask("chat state", by=LI)
    assert (told["state"], told["how"]) == ("over", "agent")
    [ended] = house.of(contact, "ContactEnded")
    assert ended.data["how"] == "served"
    with pytest.raises(CoreRefused, match="over"):
        await house.ask("chat write", by=LI, id="late", words="and another thing")


@pytest.mark.parametrize("served", [True, False])
async def test_the_customer_ends_it(house: ChatHouse, served: bool) -> None:
    await house.agent_comes()
    contact = await house.begins()
    if served:
        await house.accepts()
    assert (await house.ask("chat end", by=LI))["state"] == "over"
    assert (await house.ask("chat end", by=LI))["state"] == "over"
    await house.settled()
    assert house.of(contact, "ContactEnded")[0].data["how"] == ("served" if served else "abandoned")
    after = AgentState.WRAP_UP if served else AgentState.READY
    assert house.engine.agents[ANN].state is after
    assert len(house.of(contact, "ChatEnded")) == 1


async def test_a_line_that_was_written_is_answered_the_same_after_the_end(house: ChatHouse) -> None:
    await house.begins()
    asked = {"by": LI, "id": "a", "words": "hello"}
    first = await house.ask("chat write", **asked)
    await house.ask("chat end", by=LI)
    assert await house.ask("chat write", **asked) == {**first, "new": False}


async def test_a_chat_is_rated_once(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.accepts()
    await house.ask("chat close", agent=ANN, contact=contact)
    for bad in (0, 6, "5", None):
        with pytest.raises(CoreRefused, match="from 1 to 5"):
            await house.ask("chat rate", by=LI, value=bad)
    assert (await house.ask("chat rate", by=LI, value=4))["new"] is True
    assert (await house.ask("chat rate", by=LI, value=1))["new"] is False
    [rated] = house.of(contact, "ChatRated")
    assert (rated.data["value"], rated.data["agent"]) == (4, "ann")


async def test_a_chat_is_sent_to_another_queue_with_its_place(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.accepts()
    key = house.contact(contact).order_key
    asked = {"agent": ANN, "contact": contact}
    with pytest.raises(CoreRefused, match="there is no queue 'loans'"):
        await house.ask("chat transfer", **asked, queue="loans")
    assert (await house.ask("chat transfer", **asked, queue="sales"))["state"] == "waiting"
    assert house.contact(contact).order_key == key
    assert house.engine.agents[ANN].state is AgentState.WRAP_UP
    await house.agent_comes(BEN)
    assert await house.accepts(BEN) == contact
    assert house.lines(contact)[2:] == ["3 house transferred", "4 house joined"]


async def test_a_telephones_code_takes_no_chat_that_rings_at_a_colleague(house: ChatHouse) -> None:
    await house.agent_comes()
    contact = await house.begins()
    pickups = Pickups(house.distributor, house.audit, house.clock)
    assert pickups.ringing_at(ANN) == contact
    assert pickups.by_phone(BEN, ANN) is False


async def test_overflow_rules_send_a_waiting_chat_to_another_queue_with_its_place(
    house: ChatHouse,
) -> None:
    """Without any telephone side; what is for callers only leaves the chat where it is."""
    contact = await house.begins(queue="spills")
    key = house.contact(contact).order_key
    await house.passes_by(10.5)
    assert house.contact(contact).queue == "spills"
    await house.passes_by(10.0)
    await house.settled()
    assert (house.contact(contact).queue, house.contact(contact).order_key) == ("sales", key)
    assert house.lines(contact) == ["1 house waiting", "2 house transferred"]


async def test_overflow_of_calls_is_carried_out_as_before(house: ChatHouse) -> None:
    told: list[Overflow] = []

    async def calls(command: Overflow) -> None:
        told.append(command)

    phone = await house.calls("ast-1.1")
    said = Overflow(phone, "sales", "for the test")
    await ChatOverflow(house.chats.lines, calls).carry_out(said)
    await ChatOverflow(house.chats.lines, None).carry_out(said)
    assert told == [said] and house.contact(phone).queue == "support"


async def test_an_offer_of_the_engine_is_told_by_nobody_else(house: ChatHouse) -> None:
    """What the telephone side says of an offer that is none of its own changes nothing."""
    await house.agent_comes()
    contact = await house.begins()
    await house.tell(events.OfferEnded(OfferId("7.7.7"), OfferEnd.RELEASED))
    assert house.contact(contact).state is ContactState.RINGING


async def test_the_list_of_open_chats_says_how_each_stands(house: ChatHouse) -> None:
    await house.agent_comes()
    first = await house.begins()
    await house.accepts()
    second = await house.begins(WU, language="zh", queue="sales")
    rows = (await house.ask("chats"))["chats"]
    assert [(one["contact"], one["state"], one["queue"], one["agent"]) for one in rows] == [
        (first, "served", "support", "ann"), (second, "waiting", "sales", ""),
    ]  # fmt: skip
    await house.ask("chat end", by=LI)
    assert [one["contact"] for one in (await house.ask("chats"))["chats"]] == [second]

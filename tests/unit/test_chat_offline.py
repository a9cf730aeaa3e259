"""Nobody is in the chat: a message is left, promised an answer, and offered to agents in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from acd import events
from acd.config import Capacity, Centre, Class, Member, Queue
from acd.model import CHATS, MESSAGES, ContactId, Lane, Medium
from acd.schedule import weekly
from acd.states import AgentState, ContactState
from ivr.chat_offline import MOST_TEXTS
from ivr.ports import CoreRefused
from ivr.reconcile import Seen, reconcile
from tests.fakes_core_chats import ANN, BEN, LI, SALES, SUPPORT, WU, ChatHouse, by_of

HOUR = 3600.0
OFFICE = weekly("UTC", {"mon-fri": "09:00-18:00"}, frozenset({date(2026, 11, 23)}))
BOTH = {SUPPORT: 0.0, SALES: 0.0}
CENTRE = Centre(
    queues={
        SUPPORT: Queue(SUPPORT, hours=OFFICE, answer_within=4 * HOUR),
        SALES: Queue(SALES, answer_within=2 * HOUR),
    },
    classes={"standard": Class()},
    agents={ANN: Member(ANN, BOTH, capacity=Capacity(mail=1)), BEN: Member(BEN, BOTH)},
)
FORM = {"name": "Li Lei", "number": "13800138000", "mail": "", "words": "My card\nis lost"}


@pytest.fixture
async def house() -> AsyncIterator[ChatHouse]:
    made = ChatHouse(CENTRE)
    made.clock.at = datetime(
        2026, 11, 20, 17, tzinfo=UTC
    ).timestamp()  # Friday; Monday is a holiday
    await made.begin()
    yield made
    made.running.cancel()


async def leaves(house: ChatHouse, by: str = LI, **more: Any) -> Mapping[str, Any]:
    return await house.ask("chat leave", by=by, **FORM | more)


async def left(house: ChatHouse, by: str = LI, queue: str = "sales", **more: Any) -> ContactId:
    """The contact of a message that this customer has left."""
    before = set(house.engine.contacts)
    chat = await house.begins(by, queue=queue)
    await leaves(house, by, **more)
    [made] = [c for c in house.engine.contacts if c not in before and c != chat]
    return made


async def mine(house: ChatHouse) -> Mapping[str, Any]:
    """What Ann's page shows of messages."""
    [found] = (await house.ask("chat list", agent=ANN))["messages"]
    return dict(found)


async def takes(house: ChatHouse) -> ContactId:
    found = await mine(house)
    await house.ask("chat accept", agent=ANN, offer=found["offer"])
    return ContactId(found["contact"])


async def answers(house: ChatHouse, contact: ContactId, **more: Any) -> Mapping[str, Any]:
    told = {"agent": ANN, "contact": contact, "id": "a", "how": "note", "words": "mailed"} | more
    return await house.ask("message answer", **told)


def texts(house: ChatHouse) -> list[dict[str, Any]]:
    """The core sends texts from here on: what was asked for, each key once."""
    sent: dict[str, dict[str, Any]] = {}

    async def send(fields: Mapping[str, Any]) -> Mapping[str, Any]:
        sent.setdefault(fields["key"], dict(fields))
        found.clear()
        found.extend(sent.values())
        return {"text": "txt_1"}

    found: list[dict[str, Any]] = []
    house.settings = house.settings.model_copy(update={"text_by": "sms"})
    house.asked["text send"] = send
    return found


# ---------------------------------------------------------------- the form


async def test_who_comes_when_it_is_closed_is_told_so_and_until_when_a_message_is_answered(
    house: ChatHouse,
) -> None:
    """Four hours of opening, from Friday evening, and no Monday: until Tuesday at one."""
    house.clock.at += HOUR
    contact = await house.begins()
    assert house.lines(contact) == ["1 house closed"]
    form = (await house.ask("chat state", by=LI))["form"]
    until = datetime(2026, 11, 24, 13, tzinfo=UTC).timestamp()
    assert form == {"until": until, "texts": False}
    house.clock.at -= 1.5 * HOUR
    form = (await house.ask("chat state", by=LI))["form"]
    assert form["until"] == datetime(2026, 11, 24, 11, 30, tzinfo=UTC).timestamp()


async def test_who_comes_when_nobody_chats_is_told_so_and_who_finds_somebody_sees_no_form(
    house: ChatHouse,
) -> None:
    contact = await house.begins(queue="sales")
    assert house.lines(contact) == ["1 house absent"]
    await house.agent_comes()
    assert (await house.ask("chat state", by=LI))["form"] is None
    other = await house.begins(WU, queue="sales")
    assert house.lines(other) == ["1 house waiting"]


async def test_a_queue_that_promises_nothing_offers_no_form() -> None:
    house = ChatHouse()
    await house.begin()
    contact = await house.begins(queue="night")
    assert house.lines(contact) == ["1 house closed"]
    assert (await house.ask("chat state", by=LI))["form"] is None
    with pytest.raises(CoreRefused, match="no message can be left"):
        await leaves(house)
    house.running.cancel()


@pytest.mark.parametrize(
    ("more", "wrong"),
    [({"words": " \n"}, "words"), ({"words": "x" * 4001}, "words"), ({"number": "12"}, "number"),
     ({"number": "110"}, "number"), ({"number": "call me"}, "number"), ({"mail": "li"}, "mail"),
     ({"mail": "a b@example.com"}, "mail"), ({"number": "", "mail": ""}, "reach"),
     ({"mail": f"{'l' * 64}@{'e' * 190}.{'c' * 60}"}, "mail")],
)  # fmt: skip
async def test_a_form_that_cannot_be_answered_is_sent_back_with_the_reason(
    house: ChatHouse, more: dict[str, str], wrong: str
) -> None:
    contact = await house.begins(queue="sales")
    assert await leaves(house, **more) == {"refused": wrong}
    assert list(house.engine.contacts) == [contact]


async def test_a_message_is_work_for_an_agent_and_the_chat_is_over(house: ChatHouse) -> None:
    chat = await house.begins(queue="sales")
    answer = await leaves(house, words="My card\x00\x1b is lost")
    assert answer == {"until": house.clock.now() + 2 * HOUR, "new": True}
    assert house.lines(chat) == ["1 house absent", "2 house kept"]
    told = await house.ask("chat state", by=LI)
    assert (told["state"], told["how"], told["form"]) == ("over", "message", None)
    assert told["message"] == {"until": answer["until"], "state": "waiting", "live": False}
    [contact] = house.engine.contacts.values()
    assert (contact.channel, contact.medium, contact.lane) == (MESSAGES, Medium.MAIL, Lane.DEFERRED)
    assert (contact.due_at, contact.state) == (answer["until"], ContactState.WAITING)
    person = house.of(chat, "MessageLeft")[0].data["person"]
    assert house.of(contact.id, "AnswerPromised")[0].data["person"] == person
    assert house.vault.fields[person][f"message {chat}/message"] == "My card is lost"
    assert house.vault.fields[person]["number"] == "+8613800138000"


async def test_no_word_number_or_name_of_a_message_stands_in_the_journal(house: ChatHouse) -> None:
    await left(house, mail="li@example.com")
    journal = str(house.journal.records)
    assert not any(x in journal for x in ("13800138000", "Li Lei", "li@example", "card"))


async def test_a_message_that_is_sent_twice_is_one(house: ChatHouse) -> None:
    await house.begins(queue="sales")
    found = await asyncio.gather(*(leaves(house) for _ in range(8)))
    assert [one["new"] for one in found].count(True) == 1
    assert len({one["until"] for one in found}) == 1
    assert len(house.engine.contacts) == 1
    await house.again()
    assert (await leaves(house))["new"] is False
    assert len(house.engine.contacts) == 1


async def test_killed_before_the_record_nothing_was_left_and_after_it_all_of_it(
    house: ChatHouse,
) -> None:
    """Between deed and record: what lies in the vault is sealed anew, and nothing is doubled."""
    chat = await house.begins(queue="sales")
    house.journal.failing = "disk full"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(leaves(house), 0.05)
    house.journal.failing = ""
    await house.again()
    assert await house.state() == "waiting"
    assert (await leaves(house))["new"] is True
    assert house.lines(chat) == ["1 house absent", "2 house kept"]
    await house.again()
    assert [c.channel for c in house.engine.contacts.values()] == [MESSAGES]
    assert (await house.ask("chat state", by=LI))["message"]["state"] == "waiting"


async def test_what_an_erased_customer_leaves_is_refused_and_what_they_left_is_gone(
    house: ChatHouse,
) -> None:
    contact = await left(house)
    await house.agent_comes()
    await takes(house)
    person = house.of(contact, "AnswerPromised")[0].data["person"]
    await house.vault.erase(person)
    found = await mine(house)
    assert [found[x] for x in ("name", "number", "mail", "words")] == [None] * 4
    with pytest.raises(CoreRefused, match="erased"):
        await answers(house, contact)
    await house.ask("message close", agent=ANN, contact=contact)
    assert contact not in house.engine.contacts


async def test_more_messages_than_anybody_could_answer_are_refused(
    house: ChatHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.chat_offline.MOST_OPEN", 2)
    for number in range(2):
        await left(house, by_of(str(number)))
    await house.begins(queue="sales")
    with pytest.raises(CoreRefused, match="too many messages"):
        await leaves(house)
    assert await house.state() == "waiting"


# ---------------------------------------------------------------- the text that confirms it


async def test_a_text_confirms_it_once_where_it_is_wanted_even_after_a_crash(
    house: ChatHouse,
) -> None:
    sent = texts(house)
    await house.again()
    chat = await house.begins(queue="sales")
    assert (await house.ask("chat state", by=LI))["form"]["texts"] is True
    await leaves(house, text=True)
    assert sent == []
    await house.again()  # killed before it was asked for
    await house.passes_by(1.0)
    await house.again()  # and after
    await house.passes_by(1.0)
    [text] = sent
    assert text["words"] == "We have your message and will answer it by 19:00 on 20 November."
    assert (text["channel"], text["key"]) == ("sms", f"{chat}/message/kept")
    assert text["person"] == house.of(chat, "MessageLeft")[0].data["person"]
    await house.passes_by(700.0)
    await left(house, WU)
    assert len(sent) == 1


async def test_a_page_that_is_open_to_anybody_cannot_spend_the_texts_of_the_house(
    house: ChatHouse,
) -> None:
    sent = texts(house)
    await house.again()
    for number in range(MOST_TEXTS + 3):
        await left(house, by_of(str(number)), text=True)
    await house.passes_by(1.0)
    assert len(sent) == MOST_TEXTS
    await house.passes_by(HOUR)
    await house.begins(queue="sales")
    assert (await house.ask("chat state", by=LI))["form"]["texts"] is True


async def test_a_text_that_is_refused_keeps_nobody_from_anything(house: ChatHouse) -> None:
    async def refuses(fields: Mapping[str, Any]) -> Mapping[str, Any]:
        raise CoreRefused("3 texts in an hour to one customer are all")

    texts(house)
    house.asked["text send"] = refuses
    await house.again()
    await left(house, text=True)
    await house.passes_by(1.0)
    assert (await house.ask("chat state", by=LI))["message"]["state"] == "waiting"


# ---------------------------------------------------------------- it is offered, and answered


async def test_a_message_comes_after_everybody_who_is_there_and_keeps_nobody_away(
    house: ChatHouse,
) -> None:
    """Late as it is: promised hours ago, and behind a caller and a chat of this minute."""
    message = await left(house)
    house.clock.at += 5 * HOUR
    call = ContactId("call")
    arrived = events.Arrived(call, SALES, house.clock.now(), waits=True)
    await house.link_up()
    await house.tell(events.PhoneChanged(ANN, True), arrived)
    await house.agent_comes()
    assert [one.contact for one in house.engine.offers.values()] == [call]
    await house.tell(events.CallerLeft(call))
    await house.settled()
    assert await takes(house) == message
    house.clock.at += 1
    await house.begins(WU, queue="sales")
    [offer] = (await house.ask("chat list", agent=ANN))["offers"]
    assert offer["why"] == "order"


async def test_a_message_rings_on_an_open_desk_and_on_no_telephone(house: ChatHouse) -> None:
    message = await left(house)
    await house.link_up()
    await house.tell(events.PhoneChanged(ANN, True))
    await house.agent_comes(desk=False)
    assert house.contact(message).state is ContactState.WAITING
    await house.ask("chat desk", agent=ANN, open=True)
    found = await mine(house)
    assert (found["contact"], found["rings"], found["words"]) == (message, True, None)
    assert (found["until"], house.rung) == (house.contact(message).due_at, [])
    assert house.engine.agents[ANN].state is AgentState.OFFERED
    await takes(house)
    found = await mine(house)
    assert (found["words"], found["name"]) == ("My card\nis lost", "Li Lei")
    assert (found["number"], found["ways"]) == ("+8613800138000", ["note"])


async def test_who_has_a_message_may_call_its_customer_meanwhile(house: ChatHouse) -> None:
    message = await left(house)
    await house.link_up()
    await house.tell(events.PhoneChanged(ANN, True))
    await house.agent_comes()
    await takes(house)
    await house.tell(events.CalledOut(ContactId("call-1"), ANN, SALES))
    assert house.contact(message).state is ContactState.TALKING
    assert "call-1" in [one.contact for one in house.engine.offers.values()]


async def test_the_first_due_is_offered_first_whenever_it_was_left(house: ChatHouse) -> None:
    late = await left(house, LI, "support")
    soon = await left(house, WU, "sales")
    assert [one["contact"] for one in (await house.ask("messages"))["messages"]] == [soon, late]
    await house.agent_comes()
    assert await takes(house) == soon


async def test_why_says_until_when_it_was_promised(house: ChatHouse) -> None:
    await left(house)
    house.clock.at += HOUR
    await house.agent_comes()
    [offer] = house.engine.offers.values()
    assert "nobody who is there came first, promised within 1:00:00;" in offer.why
    await house.ask("chat decline", agent=ANN, offer=offer.id)
    house.clock.at += 2 * HOUR
    await house.settled()
    [offer] = house.engine.offers.values()
    assert "was promised 1:00:00 ago;" in offer.why


async def test_an_answer_by_note_is_kept_once_and_the_message_closed(house: ChatHouse) -> None:
    message = await left(house)
    await house.agent_comes()
    await takes(house)
    found = [await answers(house, message) for _ in range(3)]
    assert [one["new"] for one in found] == [True, False, False]
    assert (await house.ask("chat state", by=LI))["message"]["state"] == "served"
    await house.ask("message close", agent=ANN, contact=message)
    assert house.engine.agents[ANN].state is AgentState.WRAP_UP
    assert (await house.ask("chat state", by=LI))["message"]["state"] == "answered"
    assert (await answers(house, message))["new"] is False
    with pytest.raises(CoreRefused, match="done with"):
        await answers(house, message, id="b")
    [told] = house.of(message, "MessageAnswered")
    assert house.vault.fields[told.data["person"]][f"answer {told.data['effect']}"] == "mailed"


async def test_an_answer_by_text_goes_to_the_number_that_was_left(house: ChatHouse) -> None:
    sent = texts(house)
    await house.again()
    message = await left(house)
    await house.agent_comes()
    await takes(house)
    assert (await mine(house))["ways"] == ["text", "note"]
    for _ in range(2):
        await answers(house, message, how="text", words="It is blocked.", ticket="tic_1")
    [text] = sent
    assert (text["words"], text["who"], text["ticket"]) == ("It is blocked.", "ann", "tic_1")
    person = house.of(message, "AnswerPromised")[0].data["person"]
    assert text["person"] == person


async def test_a_number_that_is_not_the_persons_own_gets_the_text_and_changes_nothing_of_theirs(
    house: ChatHouse,
) -> None:
    """Who came by a pass is known by the number of the call."""
    sent = texts(house)
    await house.again()
    call = await house.calls("call-1")
    person = await house.vault.person_for_number("+8613900139000")
    await house.ask("chat join", by=LI, **{"pass": await house.pass_for(call, person)})
    await leaves(house, text=True)
    await house.passes_by(1.0)
    [text] = sent
    assert (text["number"], "person" in text) == ("+8613800138000", False)
    assert await house.vault.open(person, "number") == "+8613900139000"


async def test_an_answer_by_call_rings_the_agents_phone_for_the_person(house: ChatHouse) -> None:
    called: list[Mapping[str, Any]] = []

    async def call(fields: Mapping[str, Any]) -> Mapping[str, Any]:
        called.append(fields)
        return {"contact": "call-7", **fields}

    house.asked["agent call"] = call
    await house.again()
    message = await left(house)
    await house.agent_comes()
    await takes(house)
    assert (await mine(house))["ways"] == ["call", "note"]
    made = await house.ask("message call", agent=ANN, contact=message)
    person = house.of(message, "AnswerPromised")[0].data["person"]
    assert called == [{"agent": ANN, "queue": "sales", "person": person}]
    [told] = house.of(message, "MessageAnswered")
    assert (told.data["how"], told.data["call"], made["contact"]) == ("call", "call-7", "call-7")


async def test_only_who_has_the_message_answers_it(house: ChatHouse) -> None:
    message = await left(house)
    await house.agent_comes()
    with pytest.raises(CoreRefused, match="does not have"):
        await answers(house, message)
    await takes(house)
    for what in ("answer", "call", "close", "transfer"):
        with pytest.raises(CoreRefused, match="does not have"):
            fields = {"agent": BEN, "contact": message, "id": "a", "words": "x", "how": "note"}
            await house.ask(f"message {what}", **fields)
    with pytest.raises(CoreRefused, match="how=text or how=note"):
        await answers(house, message, how="pigeon")
    with pytest.raises(CoreRefused, match="no text can be sent"):
        await answers(house, message, how="text")


async def test_a_message_that_is_handed_on_is_as_due_as_before(house: ChatHouse) -> None:
    message = await left(house)
    await house.agent_comes()
    await takes(house)
    due = house.contact(message).due_at
    with pytest.raises(CoreRefused, match="no queue 'suport'; did you mean 'support'"):
        await house.ask("message transfer", agent=ANN, contact=message, queue="suport")
    await house.ask("message transfer", agent=ANN, contact=message, queue="support")
    found = house.contact(message)
    assert (found.queue, found.due_at, found.lane) == (SUPPORT, due, Lane.DEFERRED)


async def test_a_message_whose_agent_is_gone_goes_back_and_a_declined_one_to_somebody_else(
    house: ChatHouse,
) -> None:
    message = await left(house)
    await house.agent_comes()
    await takes(house)
    await house.ask("chat desk", agent=ANN, open=False)
    await house.passes_by(1.0)
    await house.passes_by(119.0)
    assert house.contact(message).state is ContactState.TALKING
    await house.passes_by(2.0)
    assert house.contact(message).state is ContactState.WAITING
    await house.agent_comes(BEN)
    assert house.contact(message).state is ContactState.RINGING


async def test_a_message_that_is_worked_on_outlives_the_core_and_asterisk(house: ChatHouse) -> None:
    message = await left(house)
    await house.agent_comes()
    await takes(house)
    await house.again()
    assert house.contact(message).state is ContactState.TALKING
    assert (await mine(house))["words"] == "My card\nis lost"


async def test_a_look_at_asterisk_ends_no_message(house: ChatHouse) -> None:
    """No leg and no channel is there for it, and none is missing."""
    await left(house)
    await house.agent_comes()
    assert reconcile(house.engine, Seen()).events == ()
    await takes(house)
    assert reconcile(house.engine, Seen()).events == ()


async def test_messages_that_wait_send_no_caller_elsewhere() -> None:
    from acd.config import Condition, OverflowRule

    when = Condition(length=1), Condition(longest_wait=60.0), Condition(waited=3000.0)
    rules = tuple(OverflowRule(one, "sales") for one in when)
    queues = {**CENTRE.queues, SUPPORT: Queue(SUPPORT, answer_within=HOUR, overflow=rules)}
    house = ChatHouse(replace(CENTRE, queues=queues))
    await house.begin()
    await left(house, queue="support")
    await house.link_up()
    await house.passes_by(4 * HOUR)
    call = events.Arrived(ContactId("call"), SUPPORT, house.clock.now(), waits=True)
    await house.tell(call)
    await house.passes_by(10.0)
    assert not [one for one in house.journal.records if one.kind == "Overflowed"]
    house.running.cancel()


# ---------------------------------------------------------------- the customer is back


async def test_who_comes_back_before_it_is_answered_chats_with_the_key_of_when_they_came(
    house: ChatHouse,
) -> None:
    message = await left(house)
    asked = house.contact(message).entered_at
    assert (await house.ask("chat state", by=LI))["message"]["live"] is False
    with pytest.raises(CoreRefused, match="nobody is here to chat"):
        await house.ask("chat live", by=LI)
    await house.agent_comes(BEN)
    await house.ask("chat decline", agent=BEN, offer=next(iter(house.engine.offers)))
    house.clock.at += 1.0
    other = await house.begins(WU, queue="support")
    assert (await house.ask("chat state", by=LI))["message"]["live"] is True
    for _ in range(2):
        assert await house.ask("chat live", by=LI) == {"contact": message}
    found = house.contact(message)
    assert (found.channel, found.lane, found.order_key[0]) == (CHATS, Lane.LIVE, asked)
    assert found.order_key < house.contact(other).order_key
    assert await house.state() == "waiting"
    await house.again()
    assert house.contact(message).lane is Lane.LIVE
    await house.ask("chat desk", agent=BEN, open=True)
    house.clock.at += 20.0
    await house.settled()
    assert await house.accepts(BEN) == message


async def test_who_comes_back_and_leaves_unserved_is_still_answered_as_promised(
    house: ChatHouse,
) -> None:
    message = await left(house)
    due = house.contact(message).due_at
    await house.tell(events.AgentLoggedIn(BEN), events.DeskChanged(BEN, True))
    await house.ask("chat decline", agent=BEN, offer=next(iter(house.engine.offers)))
    await house.tell(events.AgentPaused(BEN, "lunch"))
    await house.ask("chat live", by=LI)
    await house.ask("chat end", by=LI)
    await house.again()
    await house.passes_by(1.0)
    [found] = house.engine.contacts.values()
    assert (found.channel, found.due_at, found.lane) == (MESSAGES, due, Lane.DEFERRED)
    assert (await house.ask("chat state", by=LI))["message"]["state"] == "waiting"
    await house.passes_by(1.0)
    assert len(house.engine.contacts) == 1


async def test_a_message_is_known_to_its_page_for_two_weeks(house: ChatHouse) -> None:
    await left(house)
    for days, there in ((3, True), (12, False)):
        house.clock.at += days * 24 * HOUR
        house.chats.lines.book.forget(house.clock.at)
        assert (house.chats.lines.book.of(LI) is not None) is there

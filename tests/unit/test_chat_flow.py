"""A flow asks in a chat before a person does: what it says, what answers it, where it leads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from acd.model import CHATS, ContactId
from acd.states import ContactState
from ivr import chat_flow
from ivr.ports import CoreRefused, StoreFailed
from ivr.text_secrets import DOTS
from ivr.tickets.projection import Known, tell
from ivr.tickets.story import ContactStory
from tests.fakes_chat_flow import AskedHouse
from tests.fakes_core_chats import ANN, LI, WU

ORDERS = """
first: welcome
steps:
  welcome: {do: say, say: {zh: 您好。, en: Welcome.}, then: topic}
  topic:
    do: menu
    say: {zh: 请选择。, en: What is it about?}
    buttons: {"1": {zh: 订单, en: My order}, "2": {zh: 留言, en: Leave a message}, "0": {zh: 其他, en: Something else}}
    tries: 2
    then: {"1": order, "2": note, "0": general, silence: general, no_match: general}
  order:
    do: listen
    say: {zh: 订单号？, en: Your order number?}
    after_no_match: {zh: 订单号是四位数字。, en: An order number has four digits.}
    into: order
    keys: {least: 4, most: 4}
    then: {done: status, silence: general, no_match: general}
  status:
    do: lookup
    service: orders
    path: /orders/{order}
    into: {day: day, price: price}
    then: {done: told, not_found: general, failed: general, timeout: general}
  told: {do: say, say: {zh: "{day:date}送达，{price:money}。", en: "It comes on {day:date}, {price:money}."}, then: more}
  more:
    do: ask
    say: {zh: 还需要人工吗？, en: Do you need a person?}
    then: {"yes": sales, "no": bye, silence: bye, no_match: sales}
  note:
    do: message
    say: {zh: 请写下留言。, en: Please write your message.}
    queue: sales
    then: {done: bye, silence: general, cancelled: general, failed: general}
  sales: {do: queue, queue: sales, skills: {billing: 2}}
  general: {do: queue, say: {zh: 请稍候。, en: One moment.}}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""  # noqa: E501
ORDER = {"day": "2026-03-05", "price": "12.50 CNY"}
Opens = Callable[[str], Awaitable[AskedHouse]]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_flow, "AGAIN_SECONDS", 0.0)


@pytest.fixture
async def opens(tmp_path: Path) -> AsyncIterator[Opens]:
    made: list[AskedHouse] = []

    async def open_(text: str) -> AskedHouse:
        house = AskedHouse(text, tmp_path, o4711=ORDER)
        made.append(house)
        await house.begin()
        return house

    yield open_
    for house in made:
        house.stop()


@pytest.fixture
async def house(opens: Opens) -> AskedHouse:
    return await opens(ORDERS)


# ---------------------------------------------------------------- being asked


async def test_a_chat_is_asked_before_it_is_a_contact_and_its_choices_are_buttons(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    await house.says(contact, "Welcome.", "What is it about?")
    assert contact not in house.engine.contacts
    state = await house.ask("chat state", by=LI)
    assert (state["state"], state["queue"], state["wait"]) == ("asked", "support", None)
    assert state["asked"]["options"] == [
        {"key": "1", "label": "My order"}, {"key": "2", "label": "Leave a message"},
        {"key": "0", "label": "Something else"},
    ]  # fmt: skip
    [listed] = (await house.ask("chats"))["chats"]
    assert (listed["state"], listed["queue"], listed["wait"]) == ("asked", "support", None)


async def test_an_answer_is_looked_up_and_told_in_figures_not_in_words(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.writes("my order")
    await house.says(contact, "Your order number?")
    await house.writes("47 11")
    await house.says(contact, "It comes on 5 March 2026, CNY 12.50.", "Do you need a person?")
    assert [question for question, _ in house.shop.asked] == ["/orders/4711"]
    labels = [one["label"] for one in (await house.asked_now())["options"]]
    assert labels == ["Yes", "No"]


async def test_in_chinese_it_asks_and_tells_in_chinese(house: AskedHouse) -> None:
    contact = await house.begins(language="zh")
    await house.writes("订单。")
    await house.says(contact, "订单号？")
    await house.writes("４７１１")
    await house.says(contact, "2026年3月5日送达，12.50元。", "还需要人工吗？")
    await house.writes("是的")
    await house.comes_to("waiting")


async def test_whoever_is_led_to_a_person_brings_along_what_was_collected(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    for words in ("1", "4711", "yes"):
        await house.writes(words)
    await house.comes_to("waiting")
    known = house.contact(contact)
    assert (known.channel, known.queue, known.state) == (CHATS, "sales", ContactState.WAITING)
    assert known.skills == {"billing": 2} and known.entered_at == house.clock.now()
    assert house.collected(contact) == ["order: 4711", "day: 2026-03-05", "price: 12.50 CNY"]
    assert house.told(contact)[-1] == "(waiting)"
    assert not any("chat walk" in name and text for person in house.vault.fields.values()
                   for name, text in person.items())  # fmt: skip


async def test_a_flow_that_says_goodbye_ends_the_chat_and_no_agent_has_seen_it(
    house: AskedHouse,
) -> None:
    await house.agent_comes()
    contact = await house.begins()
    for words in ("1", "4711", "No!"):
        await house.writes(words)
    await house.comes_to("over")
    assert house.told(contact)[-1] == "Goodbye."
    assert (await house.ask("chat state", by=LI))["how"] == "answered"
    assert house.of(contact, "Arrived") == [] and house.engine.contacts == {}


async def test_several_lines_in_a_row_are_answers_in_their_order(house: AskedHouse) -> None:
    contact = await house.begins()
    await asyncio.gather(house.writes("1"), house.writes("4711"), house.writes("no"))
    await house.comes_to("over")
    assert house.trail(contact) == [
        "welcome:done", "topic:1", "order:done", "status:done", "told:done", "more:no", "bye:done",
    ]  # fmt: skip


async def test_words_that_are_no_answer_are_asked_again_and_then_lead_to_a_person(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    await house.writes("my parcel is late")
    await house.says(contact, "What is it about?", "(unclear)", "What is it about?")
    await house.writes("what?")
    await house.comes_to("waiting")
    assert house.trail(contact)[-2:] == ["topic:no_match", "general:waiting"]
    assert house.told(contact)[-2:] == ["One moment.", "(waiting)"]


async def test_where_the_step_has_words_for_it_the_house_has_none_of_its_own(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    await house.writes("1")
    await house.writes("12345")
    again = "An order number has four digits.\nYour order number?"
    await house.says(contact, "Your order number?", again)


async def test_who_has_no_answer_to_give_says_so_once(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.writes("1")
    await house.says(contact, "Your order number?")
    assert (await house.asked_now())["options"] == [{"key": "skip", "label": "I have none"}]
    await house.writes("I have none")
    await house.comes_to("waiting")
    assert "order:silence" in house.trail(contact)


async def test_a_person_is_there_for_whoever_asks_at_any_step(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.writes("1")
    await house.says(contact, "Your order number?")
    await house.writes("转人工")
    await house.comes_to("waiting")
    assert house.contact(contact).queue == "support"
    assert house.trail(contact)[-1] == "order:person"


async def test_a_person_who_is_asked_for_while_something_is_looked_up_comes_before_goodbye(
    house: AskedHouse,
) -> None:
    house.shop.holds = asyncio.Event()
    contact = await house.begins()
    await house.writes("1")
    await house.writes("4711")
    await house.says(contact, "Your order number?")
    await house.writes("no")
    await house.writes("Talk to a person.")
    house.shop.holds.set()
    await house.comes_to("waiting")
    assert house.trail(contact)[-1] == "told:person"


async def test_a_written_message_becomes_work_on_a_ticket(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.writes("2")
    await house.says(contact, "Please write your message.")
    await house.writes("The lamp is broken.\nPlease call.")
    await house.comes_to("over")
    [noted] = [one.data for one in house.of(contact, "TicketNoted")]
    assert (noted["type"], noted["queue"]) == ("message", "sales")
    assert house.vault.fields[noted["person"]][f"ticket {noted['effect']}"] == (
        "The lamp is broken.\nPlease call."
    )


async def test_the_answer_to_a_question_that_is_asked_no_more_is_refused(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    await house.says(contact, "What is it about?")
    first = (await house.asked_now())["id"]
    await house.writes("1", answers=first)
    await house.says(contact, "Your order number?")
    with pytest.raises(CoreRefused, match="answered already"):
        await house.writes("0", answers=first)
    assert house.written(contact) == ["1"]


async def test_a_line_that_is_sent_twice_answers_once(house: AskedHouse) -> None:
    contact = await house.begins()
    for _ in range(3):
        await house.ask("chat write", by=LI, id="same", words="1")
    await house.says(contact, "Your order number?")
    assert house.written(contact) == ["1"]


# ---------------------------------------------------------------- silence, and going away


async def test_silence_is_told_in_words_asked_again_and_leads_where_the_flow_says(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    await house.says(contact, "What is it about?")
    await house.is_silent(59)
    await house.says(contact, "What is it about?")
    await house.is_silent(61)
    await house.says(contact, "(unanswered)", "What is it about?")
    await house.is_silent(61)
    await house.comes_to("waiting")
    assert house.trail(contact)[-2:] == ["topic:silence", "general:waiting"]


async def test_who_writes_a_message_is_given_their_time(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.writes("2")
    await house.says(contact, "Please write your message.")
    await house.is_silent(599)
    await house.says(contact, "Please write your message.")
    await house.is_silent(601)
    await house.says(contact, "(unanswered)", "Please write your message.")


async def test_nobody_is_silent_whose_page_is_away_and_they_go_on_when_it_is_back(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    await house.says(contact, "What is it about?")
    await house.ask("chat away", by=LI)
    await house.is_silent(600)
    await house.settled()
    assert house.told(contact) == ["Welcome.", "What is it about?"]
    await house.ask("chat here", by=LI)
    await house.writes("1")
    await house.says(contact, "Your order number?")


async def test_who_stays_away_is_let_go_and_no_agent_is_troubled(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.says(contact, "What is it about?")
    await house.ask("chat away", by=LI)
    await house.passes_by(15 * 60 + 1)
    assert await house.state() == "over"
    assert house.of(contact, "ChatEnded")[0].data["how"] == "silent"
    assert house.engine.contacts == {}


async def test_a_customer_may_end_it_in_the_middle(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.says(contact, "What is it about?")
    await house.ask("chat end", by=LI)
    await house.settled()
    assert await house.state() == "over"
    assert house.trail(contact)[-1] == "topic:caller gone"
    with pytest.raises(CoreRefused, match="over"):
        await house.writes("1")


# ---------------------------------------------------------------- secrets

CARD = """
first: card
steps:
  card:
    do: listen
    say: {zh: 卡号？, en: Your card number?}
    into: card
    keys: {least: 12, most: 19}
    secret: true
    tries: 2
    then: {done: branch, silence: branch, no_match: branch}
  branch:
    do: listen
    say: {zh: 分行号？, en: Which branch?}
    into: branch
    keys: {least: 2, most: 4}
    then: {done: person, silence: person, no_match: person}
  person: {do: queue, queue: sales}
"""
NUMBER = "4111 1111 1111 1111"


async def test_a_secret_is_dots_in_the_conversation_and_no_agent_is_told_it(opens: Opens) -> None:
    house = await opens(CARD)
    contact = await house.begins()
    await house.says(contact, "Your card number?")
    assert (await house.asked_now())["secret"] is True
    written = await house.writes(NUMBER)
    assert written["words"] == DOTS
    await house.says(contact, "Which branch?")
    await house.writes("12")
    await house.comes_to("waiting")
    assert house.written(contact) == [DOTS, "12"]
    assert house.collected(contact) == ["branch: 12"]
    kept = str(house.journal.records) + str(house.vault.fields)
    assert "4111" not in kept


async def test_a_card_that_nobody_has_asked_for_is_dots_too(house: AskedHouse) -> None:
    contact = await house.begins()
    await house.writes(f"my card is {NUMBER}, help")
    await house.says(contact, "(unclear)", "What is it about?")
    assert house.written(contact) == ["my card is •••• 1111, help"]


async def test_asking_for_a_person_is_no_secret(opens: Opens) -> None:
    house = await opens(CARD)
    contact = await house.begins()
    await house.says(contact, "Your card number?")
    await house.writes("a person")
    await house.comes_to("waiting")
    assert house.written(contact) == ["a person"]


# ---------------------------------------------------------------- when something fails


async def test_what_needs_a_telephone_leads_to_a_person(opens: Opens) -> None:
    house = await opens("""
first: ring
steps:
  ring: {do: transfer, to: reception, then: {done: bye, busy: person, no_answer: person, unreachable: person}}
  person: {do: queue, queue: sales}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
""")  # noqa: E501
    contact = await house.begins(queue="spills")
    await house.comes_to("waiting")
    assert house.contact(contact).queue == "spills"
    assert house.trail(contact) == ["ring:person"]


async def test_nobody_has_a_pin_in_a_chat(opens: Opens) -> None:
    house = await opens("""
first: proof
steps:
  proof:
    do: verify
    say: {zh: 密码？, en: Your PIN?}
    then: {verified: sales, refused: person, locked: person, none: person, silence: person, failed: person}
  sales: {do: queue, queue: sales}
  person: {do: queue}
""")  # noqa: E501
    contact = await house.begins()
    await house.comes_to("waiting")
    assert house.trail(contact) == ["proof:none", "person:waiting"]
    assert house.told(contact) == ["(waiting)"]


async def test_a_flow_that_cannot_be_walked_leaves_the_chat_in_line(house: AskedHouse) -> None:
    house.flows.fails = StoreFailed("the disk is gone")
    contact = await house.begins()
    await house.comes_to("waiting")
    assert house.contact(contact).queue == "support"
    assert house.told(contact) == ["(waiting)"]


async def test_a_flow_that_breaks_off_for_good_leaves_the_chat_in_line(house: AskedHouse) -> None:
    house.settings = house.settings.model_copy(update={"skills": {"typing": 3}})
    house.flows.flow = house.flows.flow.__class__(
        "test", "nowhere", {}, ("zh", "en"), version="test/1"
    )
    await house.again()
    contact = await house.begins()
    await house.comes_to("waiting")
    assert house.contact(contact).skills == {"typing": 3}


async def test_two_chats_walk_beside_each_other(house: AskedHouse) -> None:
    one, other = await house.begins(), await house.begins(WU)
    await house.writes("1")
    await house.writes("2", WU)
    await house.says(one, "Your order number?")
    await house.says(other, "Please write your message.")


async def test_agents_see_the_conversation_of_a_chat_that_was_handed_over(
    house: AskedHouse,
) -> None:
    await house.agent_comes()
    contact = await house.begins()
    await house.writes("0")
    await house.comes_to("offered")
    assert await house.accepts() == contact
    await house.ask("chat say", agent=ANN, contact=contact, id="a", words="Hello")
    await house.writes("4111 1111 1111 1111")
    assert house.written(contact) == ["0", "4111 1111 1111 1111"]


# ---------------------------------------------------------------- on tickets and lists


def story_of(house: AskedHouse, contact: ContactId) -> tuple[Known, ContactStory]:
    """What contacts' lists and timelines make of the journal."""
    known = Known()
    for record in house.journal.records:
        tell(known, record)
    return known, known.contacts[contact]


async def test_a_chat_that_its_flow_has_ended_is_over_on_the_list_and_on_no_ticket(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    for words in ("1", "4711", "no"):
        await house.writes(words)
    known, story = story_of(house, contact)
    assert (story.channel, story.state, story.ended_at) == (CHATS, None, None)
    await house.comes_to("over")
    known, story = story_of(house, contact)
    assert (story.state, story.how, story.ticket) == (ContactState.ENDED, "left", None)
    assert story.ended_at is not None and known.tickets == {}


async def test_what_the_flow_has_said_and_collected_stands_on_the_ticket_with_its_words(
    house: AskedHouse,
) -> None:
    contact = await house.begins()
    for words in ("1", "4711", "yes"):
        await house.writes(words)
    await house.comes_to("waiting")
    known, story = story_of(house, contact)
    assert (story.state, story.queue, story.ended_at) == (ContactState.WAITING, "sales", None)
    [ticket] = known.tickets
    kinds = [entry.kind for entry in known.entries if entry.ticket == ticket]
    assert {"chat_begun", "chat_said", "values_told", "chat_handed_over"} <= {*kinds}
    said = [line for line in known.lines if line.place]
    assert [line.who for line in said].count("house") == len(house.told(contact)) - 1
    [greeting] = [line for line in known.lines if not line.place]
    assert greeting.phrase == "waiting"

"""When the telephone side fails, everybody who waited is offered one way back, and nobody else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from acd import events
from acd.model import CALLED_BACK, CHATS, ContactId
from ivr.ports import PersonId, StoreFailed
from ivr.recovery_settings import WORDS, RecoverySettings
from ivr.texts import text_id
from tests.fakes_recovery import RecoveryHouse, number

Houses = Callable[..., Awaitable[RecoveryHouse]]


@pytest.fixture
async def houses() -> AsyncIterator[Houses]:
    made: list[RecoveryHouse] = []

    async def begun(**more: Any) -> RecoveryHouse:
        made.append(RecoveryHouse(**more))
        await made[-1].begin()
        await made[-1].comes_back()
        return made[-1]

    yield begun
    for one in made:
        one.running.cancel()


async def test_who_waited_gets_a_text_with_a_pass_that_leads_to_the_old_place(
    houses: Houses,
) -> None:
    house = await houses()
    for n in (1, 2, 3):
        await house.calls(f"c-{n}", number(n))
    await house.fails()
    await house.desk.look()
    assert house.offered() == [("c-1", "text"), ("c-2", "text"), ("c-3", "text")]
    await house.calls("new", number(9))
    secrets = await house.secrets()
    for secret in (secrets[2], secrets[0]):  # whoever is quicker does not come first
        assert (await house.passes.redeem(secret, CHATS)).level == "no"
    assert [one.split("~")[0] for one in house.line()] == ["c-1", "c-3", "new voice"]


async def test_who_calls_again_takes_up_the_place_and_the_pass_is_over(houses: Houses) -> None:
    house = await houses()
    for n in (1, 2):
        await house.calls(f"c-{n}", number(n))
    await house.fails()
    await house.desk.look()
    await house.calls("new", number(9))
    await house.calls("again-2", number(2))
    await house.calls("again-1", number(1))
    assert house.line() == ["again-1 voice", "again-2 voice", "new voice"]
    with pytest.raises(Exception, match="is done"):
        await house.passes.redeem((await house.secrets())[0], CHATS)


async def test_the_place_of_a_promised_callback_is_taken_up_by_calling_again(
    houses: Houses,
) -> None:
    house = await houses(chat=None)
    for n in (1, 2):
        await house.calls(f"c-{n}", number(n))
    await house.fails()
    await house.desk.look()
    assert house.offered() == [("c-1", "callback"), ("c-2", "callback")]
    assert house.called_back() == ["c-1-callback", "c-2-callback"]
    await house.calls("new", number(9))
    await house.calls("again-2", number(2))
    assert house.line() == ["again-2 voice", "new voice"]
    assert house.called_back() == ["c-1-callback"]


async def test_a_callback_keeps_the_order_key(houses: Houses) -> None:
    house = await houses(chat=None)
    await house.calls("c-1", number(1), class_="vip")
    key = house.engine.contacts[ContactId("c-1")].order_key
    await house.fails()
    await house.desk.look()
    assert house.engine.contacts[ContactId("c-1-callback")].order_key == key


async def test_who_only_heard_the_menu_talked_or_hung_up_is_offered_nothing(
    houses: Houses,
) -> None:
    house = await houses()
    await house.in_the_menu("menu", number(1))
    await house.calls("gone", number(2))
    await house.hangs_up("gone")
    await house.calls("talks", number(3))
    contact = house.engine.contacts[ContactId("talks")]
    await house.tell(events.TakenByFallback(contact.id))
    await house.fails()
    await house.desk.look()
    assert house.offered() == []


async def test_who_was_cut_off_in_a_talk_comes_back_at_the_place_of_before(houses: Houses) -> None:
    house = await houses()
    await house.calls("talks", number(1))
    await house.tell(events.TakenByFallback(ContactId("talks")))
    await house.calls("c-2", number(2))
    await house.fails()
    await house.desk.look()
    await house.calls("again-2", number(2))
    await house.calls("again-1", number(1))
    assert house.line() == ["again-1 voice", "again-2 voice"]


async def test_nobody_who_is_still_there_is_offered_anything(houses: Houses) -> None:
    house = await houses()
    for n in (1, 2):
        await house.calls(f"c-{n}", number(n))
    for _ in range(3):
        await house.link_lost()
        await house.desk.look()
        await house.comes_back()
        await house.desk.look()
    assert house.offered() == []
    assert house.line() == ["c-1 voice", "c-2 voice"]


async def test_who_is_missing_when_the_link_is_back_is_offered_a_way(houses: Houses) -> None:
    house = await houses()
    for n in (1, 2):
        await house.calls(f"c-{n}", number(n))
    await house.link_lost()
    house.there.pop(ContactId("c-1"))
    await house.comes_back()
    await house.desk.look()
    assert house.offered() == [("c-1", "text")]
    assert house.line() == ["c-2 voice"]


async def test_an_orderly_stop_ends_calls_of_callers_who_had_not_left(houses: Houses) -> None:
    house = await houses()
    for n in (1, 2, 3):
        await house.calls(f"c-{n}", number(n))
    await house.hangs_up("c-3")
    await house.stops()
    await house.desk.look()
    await house.comes_back()
    await house.desk.look()
    assert house.offered() == [("c-1", "text"), ("c-2", "text")]
    assert len(await house.secrets()) == 2


async def test_a_callback_for_somebody_who_turns_out_to_be_there_is_off(houses: Houses) -> None:
    house = await houses(chat=None)
    await house.calls("c-1", number(1))
    await house.link_lost()
    house.link.blind = True
    await house.desk.look()
    assert house.offered() == [("c-1", "callback")]
    assert house.engine.contacts[ContactId("c-1")].channel == CALLED_BACK
    house.link.blind = False
    await house.comes_back()
    await house.desk.look()
    assert house.line() == ["c-1 voice"]
    assert len(house.offered()) == 1


async def test_out_of_sight_offers_are_made_once_also_if_the_callers_are_gone_then(
    houses: Houses,
) -> None:
    house = await houses()
    await house.calls("c-1", number(1))
    await house.link_lost()
    await house.desk.look()
    assert house.offered() == []  # a link alone says nothing
    house.link.blind = True
    await house.desk.look()
    house.link.blind = False
    house.there.clear()
    await house.comes_back()
    await house.desk.look()
    assert house.offered() == [("c-1", "text")]
    [secret] = await house.secrets()
    assert (await house.passes.redeem(secret, CHATS)).contact != "c-1"  # anew, as they had gone


async def test_without_a_number_or_any_means_the_place_is_kept(houses: Houses) -> None:
    house = await houses(chat=None, trunks=False)
    await house.calls("hidden")
    await house.calls("c-1", number(1))
    await house.fails()
    await house.desk.look()
    assert house.offered() == [("hidden", "place"), ("c-1", "place")]
    await house.calls("new", number(9))
    await house.calls("again", number(1))
    assert house.line() == ["again voice", "new voice"]


async def test_beyond_the_budgets_of_texts_callbacks_are_promised(houses: Houses) -> None:
    house = await houses(settings={"texts_a_minute": 3})
    for n in range(5):
        await house.calls(f"c-{n}", number(n))
    await house.fails()
    await house.desk.look()
    ways = dict(house.offered())
    assert [ways[f"c-{n}"] for n in range(5)] == ["text"] * 3 + ["callback"] * 2


async def test_the_days_budget_of_the_channel_holds_for_offers_too(houses: Houses) -> None:
    house = await houses(sms={"per_day": 2})
    for n in range(3):
        await house.calls(f"c-{n}", number(n))
    await house.fails()
    await house.desk.look()
    assert sorted(way for _, way in house.offered()) == ["callback", "text", "text"]
    assert len(await house.messages()) == 2


async def test_numbers_that_get_no_texts_are_called_back(houses: Houses) -> None:
    house = await houses(sms={"allow": ["+44"]})
    await house.calls("c-1", number(1))
    await house.fails()
    await house.desk.look()
    assert house.offered() == [("c-1", "callback")]


async def test_landlines_are_called_back_and_not_written_to(houses: Houses) -> None:
    house = await houses()
    await house.calls("c-1", "+861065529988")
    await house.fails()
    await house.desk.look()
    assert house.offered() == [("c-1", "callback")]


@pytest.mark.parametrize("or_callback", [False, True])
async def test_a_text_that_fails_becomes_one_callback_with_the_old_key(
    houses: Houses, or_callback: bool
) -> None:
    house = await houses(sms={"or_callback": or_callback})
    await house.calls("c-1", number(1))
    key = house.engine.contacts[ContactId("c-1")].order_key
    await house.fails()
    await house.desk.look()
    house.clock.at += 600  # beyond the grace time: we call them, so that it is no limit
    await house.text_fails(text_id("sms c-1/recovery/1"))
    await house.desk.look()
    await house.desk.look()
    assert house.offered() == [("c-1", "text"), ("c-1", "callback")]
    assert house.called_back() == ["c-1-callback"]
    assert house.engine.contacts[ContactId("c-1-callback")].order_key == key


async def test_switched_off_nobody_is_offered_anything(houses: Houses) -> None:
    house = await houses(settings={"offer": False})
    await house.calls("c-1", number(1))
    await house.fails()
    await house.desk.look()
    assert house.offered() == []


async def test_who_was_lost_long_ago_is_left_in_peace(houses: Houses) -> None:
    """Everything had stood still for hours: nobody is written to in the night for that."""
    house = await houses()
    await house.calls("c-1", number(1))
    house.clock.at += 2 * 3600
    house.there.clear()
    await house.dies()
    await house.comes_back()
    await house.desk.look()
    assert house.offered() == []


async def test_core_and_telephone_side_that_die_together_lose_no_offer(houses: Houses) -> None:
    house = await houses()
    await house.calls("c-1", number(1))
    house.there.clear()
    await house.dies()
    await house.comes_back()
    await house.desk.look()
    assert house.offered() == [("c-1", "text")]


@pytest.mark.parametrize("after", range(12))
async def test_a_core_that_dies_anywhere_in_an_offer_makes_each_once(
    houses: Houses, after: int
) -> None:
    """It is ended when it has written so many records since the failure."""
    house = await houses()
    for n in (1, 2, 3):
        await house.calls(f"c-{n}", number(n))
    await house.fails()
    last = len(house.journal.records) + after
    looking = asyncio.create_task(house.desk.look())
    while not looking.done() and len(house.journal.records) < last:
        await asyncio.sleep(0)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await house.dies()
    await house.desk.look()
    assert sorted(house.offered()) == [("c-1", "text"), ("c-2", "text"), ("c-3", "text")]
    assert len(await house.messages()) == 3


async def test_a_store_that_fails_puts_offers_off_and_not_away(houses: Houses) -> None:
    house = await houses()
    await house.calls("c-1", number(1))
    await house.fails()
    house.audit.failing = "disk full"
    with pytest.raises(StoreFailed):
        await house.desk.look()
    house.audit.failing = ""
    await house.desk.look()
    assert house.offered() == [("c-1", "text")]


async def test_one_offer_that_cannot_be_made_holds_nobody_else_up(houses: Houses) -> None:
    house = await houses()
    for n in (1, 2, 3):
        await house.calls(f"c-{n}", number(n))
    [odd] = [who for who, has in house.vault.fields.items() if has.get("number") == number(2)]
    opens = house.vault.open

    async def open_(person: PersonId, field_name: str) -> str | None:
        if person == odd:
            raise RuntimeError("nobody has thought of this")
        return await opens(person, field_name)

    house.vault.open = open_  # type: ignore[method-assign]
    await house.fails()
    await house.desk.look()
    assert house.offered() == [("c-1", "text"), ("c-3", "text")]


@pytest.mark.parametrize("seed", range(60))
async def test_each_who_waited_gets_exactly_one_offer_whatever_happens(
    houses: Houses, seed: int
) -> None:
    """Callers come and go, the link flaps, Asterisk and the core die, now and then unseen."""
    chance = random.Random(seed)
    house = await houses(settings={"texts_a_minute": chance.choice((2, 300))})
    lost: set[str] = set()
    for n in range(30):
        deed = chance.choice(
            ("calls", "calls", "calls", "leaves", "flaps", "fails", "stops", "dies")
        )
        if deed == "calls":
            await house.calls(f"c-{n}", number(n) if chance.random() < 0.9 else None)
        elif deed == "leaves" and house.there:
            await house.hangs_up(chance.choice(sorted(house.there)))
        elif deed == "flaps":
            await house.link_lost()
            if chance.random() < 0.5:
                await house.desk.look()
            await house.comes_back()
        elif deed == "fails":
            lost |= set(house.there)
            await house.fails()
            for _ in range(chance.randrange(3)):
                await house.all_gone()  # noticed twice
            await house.comes_back()
        elif deed == "stops":
            lost |= set(house.there)
            await house.stops()
            await house.comes_back()
        elif deed == "dies":
            await house.dies()
            await house.comes_back()
        if chance.random() < 0.7:
            await house.desk.look()
    await house.desk.look()
    assert sorted(contact for contact, _ in house.offered()) == sorted(lost)
    assert sorted(house.line()) == sorted(f"{contact} voice" for contact in house.there)


@pytest.mark.parametrize("words", ["", "no link", "{link} and {link}", "a\nline {link}"])
def test_words_that_could_not_be_sent_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"words\.en"):
        RecoverySettings.model_validate({"words": {"en": words}})


def test_the_usual_words_can_be_sent_and_the_houses_own_come_first() -> None:
    own = RecoverySettings.model_validate({"words": {"en": "Here: {link}"}})
    assert own.words_in("en") == "Here: {link}"
    assert own.words_in("zh") == WORDS["zh"]
    assert own.words_in("fr") == WORDS["en"]
    assert RecoverySettings.model_validate({"words": WORDS})

"""A text that does not come leaves nobody with nothing: a code, or a callback with the place."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd import events
from acd.config import Queue
from acd.events import OfferAnswered
from acd.model import CALLED_BACK, CHATS, ContactId
from ivr.online_ladder import LATE_SECONDS, RUNGS, Rung
from ivr.passes import CODE_SECONDS, PassRefused, Refusal
from tests.fakes_online import ALL_ASKED, ANN, BOB, FIXED, MOBILE, ONE, SUPPORT, OnlineHouse

LINK = re.compile(r"/chat#(\S+)$")
BACK = ContactId("c-1-callback")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[OnlineHouse]:
    made = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED))
    made.entry = {**made.entry, "or_callback": True}
    await made.begin()
    yield made
    made.running.cancel()


async def promised(house: OnlineHouse) -> None:
    """The caller has heard that a text is on its way."""
    await house.agents(BOB)
    await house.comes()
    await house.look()
    await house.says(key="1")
    assert "is on its way" in await house.says()


async def link(house: OnlineHouse) -> str:
    found = LINK.search(await house.text())
    assert found
    return found[1]


def made_good(house: OnlineHouse) -> list[tuple[str, str]]:
    return [(str(one.contact), one.data["way"]) for one in house.records("OnlineMadeGood")]


# ---------------------------------------------------------------- who stays


@pytest.mark.parametrize("again", [False, True])
async def test_who_stays_hears_a_code_when_the_text_has_not_gone_out_in_half_a_minute(
    house: OnlineHouse, again: bool
) -> None:
    await promised(house)
    if again:
        await house.again()
    await house.look(LATE_SECONDS - 1.0)
    assert house.hears() == ""
    await house.look(1.0)
    assert "The text message has not reached you. Go to" in house.hears()
    await house.says()
    await house.look(LATE_SECONDS)
    assert house.hears() == "" and len(house.records("PassIssued")) == 2
    assert house.called_back() == []


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("after", [1.0, 1200.0])
async def test_who_stays_hears_a_code_when_the_text_fails_however_late(
    house: OnlineHouse, again: bool, after: float
) -> None:
    await promised(house)
    await house.text_becomes("sent")
    if again:
        await house.again()
    await house.look(after)
    assert house.hears() == ""
    await house.text_becomes("failed")
    await house.look(1.0)
    assert "enter this code" in await house.says()
    assert house.called_back() == []


async def test_a_text_that_was_taken_in_time_is_followed_by_nothing(house: OnlineHouse) -> None:
    await promised(house)
    await house.text_becomes("delivered")
    for _ in range(5):
        await house.look(LATE_SECONDS)
    await house.hangs_up()
    await house.look(LATE_SECONDS)
    assert house.hears() == "" and made_good(house) == []


async def test_a_code_that_died_with_its_process_is_spoken_anew(house: OnlineHouse) -> None:
    await promised(house)
    await house.look(LATE_SECONDS)
    assert house.hears()
    house.loop.asked.clear()
    await house.again()
    await house.look(1.0)
    assert "enter this code" in await house.says()
    await house.again()
    await house.look(1.0)
    assert house.hears() == "", "it was heard"


async def test_a_code_that_cannot_be_made_is_tried_again_quietly(house: OnlineHouse) -> None:
    await promised(house)
    house.book.failing = "disk full"
    for _ in range(5):
        await house.look(LATE_SECONDS / 2)
        assert house.hears() == ""
    house.book.failing = ""
    await house.look(LATE_SECONDS)
    assert "enter this code" in house.hears()


async def test_while_an_agents_telephone_rings_nothing_is_said_of_the_text(
    house: OnlineHouse,
) -> None:
    await promised(house)
    await house.agents(ANN)
    await house.look(LATE_SECONDS)
    assert house.hears() == ""


async def test_a_late_link_whose_place_went_on_by_the_code_is_refused_in_one_sentence(
    house: OnlineHouse,
) -> None:
    await promised(house)
    late = await link(house)
    await house.look(LATE_SECONDS)
    await house.says()
    made = await house.questions["pass issue"]({"contact": ONE, "channel": CHATS, "form": "code"})
    assert (await house.opens(made["pass"])).contact == ONE
    await house.text_becomes("delivered")
    with pytest.raises(PassRefused) as refused:
        await house.passes.redeem(late, CHATS, "another")
    assert refused.value.why is Refusal.VOID
    assert house.engine.contacts[ONE].channel == CHATS


async def test_a_late_link_that_comes_before_the_code_is_used_leads_to_the_same_place(
    house: OnlineHouse,
) -> None:
    await promised(house)
    late, key = await link(house), house.engine.contacts[ONE].order_key
    await house.look(LATE_SECONDS)
    await house.says()
    await house.text_becomes("sent")
    assert (await house.opens(late)).contact == ONE
    contact = house.engine.contacts[ONE]
    assert (contact.channel, contact.order_key) == (CHATS, key)


async def test_who_talks_with_an_agent_is_told_of_no_text_any_more(house: OnlineHouse) -> None:
    await promised(house)
    await house.agents(ANN)
    offer = house.engine.contacts[ONE].offer
    assert offer
    await house.tell(OfferAnswered(ONE, offer))
    await house.text_becomes("failed")
    await house.look(LATE_SECONDS)
    await house.tell(events.CallerLeft(ONE))
    await house.look(LATE_SECONDS)
    assert house.hears() == "" and made_good(house) == []


# ---------------------------------------------------------------- who has hung up


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("fails", [False, True])
async def test_who_has_hung_up_is_called_back_once_with_the_order_key(
    house: OnlineHouse, again: bool, fails: bool
) -> None:
    await promised(house)
    key = house.engine.contacts[ONE].order_key
    await house.hangs_up()
    await house.look(1.0)
    assert house.called_back() == []
    if fails:
        await house.text_becomes("failed")
    if again:
        await house.again()
    await house.look(1.0 if fails else LATE_SECONDS)
    for _ in range(3):
        await house.look(LATE_SECONDS)
    await house.again()
    await house.look(LATE_SECONDS)
    [contact] = house.called_back()
    assert (contact.id, contact.order_key) == (BACK, key)
    assert made_good(house) == [(ONE, "callback")]
    [told] = house.records("OnlineMadeGood")
    assert told.data["effect"] == "c-1/online/2"
    [promise] = house.records("CallbackPromised")
    assert await house.vault.open(promise.data["to"], "number") == MOBILE
    assert "callback for a text" in {deed.action for deed in house.audit.entries}


async def test_a_core_that_dies_between_the_promise_and_its_record_promises_nothing_twice(
    house: OnlineHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await promised(house)
    await house.hangs_up()
    real = house.distributor.write

    async def dies(contact: ContactId, kind: str, data: object) -> None:
        raise RuntimeError("kill -9")

    monkeypatch.setattr(house.distributor, "write", dies)
    await house.look(LATE_SECONDS)
    monkeypatch.setattr(house.distributor, "write", real)
    await house.again()
    for _ in range(3):
        await house.look(LATE_SECONDS)
    assert [contact.id for contact in house.called_back()] == [BACK]
    assert len(house.records("CallbackPromised")) == 1


async def test_who_has_keyed_in_a_number_is_called_back_there(house: OnlineHouse) -> None:
    await house.agents(BOB)
    await house.comes(number=FIXED)
    await house.look()
    await house.says(key="1")
    for key in ("1", MOBILE.removeprefix("+86"), "1"):
        await house.says(key=key)
    await house.hangs_up()
    await house.look(LATE_SECONDS)
    [promise] = house.records("CallbackPromised")
    assert await house.vault.open(promise.data["to"], "number") == MOBILE


async def test_where_nobody_can_be_called_the_place_is_kept_and_that_is_written_down_once(
    house: OnlineHouse,
) -> None:
    house.trunks = False
    await promised(house)
    secret = await link(house)
    await house.hangs_up()
    for _ in range(3):
        await house.look(LATE_SECONDS)
    assert made_good(house) == [(ONE, "place")]
    assert house.called_back() == []
    assert (await house.opens(secret)).channel == CHATS, "late, and of use still"


async def test_who_hangs_up_while_the_code_is_spoken_may_use_it_and_is_called_back_if_not(
    house: OnlineHouse,
) -> None:
    await promised(house)
    await house.look(LATE_SECONDS)
    await house.hangs_up()
    await house.look(CODE_SECONDS - 10.0)
    assert made_good(house) == []
    await house.look(10.0)
    assert made_good(house) == [(ONE, "callback")]


async def test_whoever_went_on_by_the_link_after_hanging_up_is_not_called_back(
    house: OnlineHouse,
) -> None:
    await promised(house)
    secret = await link(house)
    await house.hangs_up()
    await house.opens(secret)
    await house.text_becomes("failed")
    await house.look(LATE_SECONDS)
    assert made_good(house) == [] and house.called_back() == []


async def test_who_called_again_and_has_taken_up_the_place_is_not_called_back(
    house: OnlineHouse,
) -> None:
    await promised(house)
    await house.hangs_up()
    again = ContactId("c-again")
    await house.tell(events.Arrived(again, SUPPORT, house.clock.now(), waits=True, resumes=ONE))
    await house.look(LATE_SECONDS)
    assert made_good(house) == [] and house.called_back() == []


async def test_a_link_that_comes_after_the_callback_was_promised_moves_nobody(
    house: OnlineHouse,
) -> None:
    await promised(house)
    secret = await link(house)
    await house.hangs_up()
    await house.look(LATE_SECONDS)
    with pytest.raises(PassRefused):
        await house.opens(secret)
    [contact] = house.called_back()
    assert contact.channel == CALLED_BACK


@pytest.mark.parametrize("recovers", [True, False])
async def test_whom_the_telephone_side_has_lost_is_offered_a_way_back_by_one_alone(
    tmp_path: Path, recovers: bool
) -> None:
    house = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED))
    house.site = house.site.model_copy(
        update={"recovery": house.site.recovery.model_copy(update={"offer": recovers})}
    )
    await house.begin()
    await promised(house)
    house.loop.lines.clear()
    await house.tell(events.CallerLeft(ONE, channel="voice", lost=True))
    await house.look(LATE_SECONDS)
    assert made_good(house) == ([] if recovers else [(ONE, "callback")])
    house.running.cancel()


# ---------------------------------------------------------------- the table


def test_every_rung_but_the_last_leads_on_and_the_last_leads_nowhere() -> None:
    assert {rung for rung, _ in RUNGS} == set(Rung) - {Rung.OVER}
    assert set(RUNGS.values()) <= set(Rung)


async def test_what_an_older_version_wrote_down_is_read_and_sends_nothing_again(
    house: OnlineHouse,
) -> None:
    await house.agents(BOB)
    await house.comes()
    await house.look()
    await house.says()
    await house.distributor.write(ONE, "OnlineAccepted", {"by": "text"})
    await house.again()
    await house.look(LATE_SECONDS)
    assert house.hears() == ""
    await house.presses()
    assert "enter this code" in house.hears() and house.records("TextQueued") == []

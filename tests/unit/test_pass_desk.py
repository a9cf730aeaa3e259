"""A redeemed pass continues the same contact, once, with its place; everything else is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd import events
from acd.events import OfferEnd
from acd.model import ContactId
from acd.requests import Regraded
from acd.states import ContactState
from ivr.pass_desk import ISSUED, REDEEMED, CannotIssue
from ivr.passes import (
    AFTER_SECONDS,
    CODE_SECONDS,
    MOST_OPEN,
    MOST_TRIES,
    Form,
    PassRefused,
    PassState,
    Refusal,
)
from ivr.ports import CallFacts, StoreFailed
from ivr.values import BY_PIN, NOTHING_PROVED
from ivr.whose import PROVED
from tests.fakes_passes import ANN, ONE, SUPPORT, THREE, TWO, MemoryPasses, PassHouse

STRANGER = ContactId("chat-9")


@pytest.fixture
async def house() -> AsyncIterator[PassHouse]:
    made = PassHouse()
    await made.begin()
    yield made
    made.running.cancel()


async def refusal(house: PassHouse, typed: str, channel: str = "webchat", **more: object) -> str:
    """Why this is not redeemed; nothing about any contact may have changed."""
    before = [(c.id, c.channel, c.state, c.order_key) for c in house.engine.contacts.values()]
    with pytest.raises(PassRefused) as refused:
        await house.desk.redeem(typed, channel, **more)  # type: ignore[arg-type]
    after = [(c.id, c.channel, c.state, c.order_key) for c in house.engine.contacts.values()]
    assert before == after
    return refused.value.why


# ---------------------------------------------------------------- the place goes along


async def test_a_redeemed_pass_continues_the_same_contact_at_the_same_place(
    house: PassHouse,
) -> None:
    for contact in (ONE, TWO, THREE):
        await house.comes(contact)
        house.wait(10)
    key = house.contact(TWO).order_key
    secret = await house.issue(TWO)
    done = await house.desk.redeem(secret.text, "webchat")
    assert (done.contact, done.channel, done.again) == (TWO, "webchat", False)
    assert house.contact(TWO).order_key == key
    assert house.line() == ["c-1 voice", "c-2 webchat", "c-3 voice"]
    await house.leaves(TWO)
    assert TWO in house.engine.contacts, "the phone leg is gone, the contact is not"


async def test_a_credit_that_was_raised_while_waiting_goes_along(house: PassHouse) -> None:
    await house.comes(ONE)
    house.wait(30)
    await house.comes(TWO)
    secret = await house.issue(TWO)
    await house.distributor.record(Regraded(TWO, 60.0, "boss", "promised"))
    await house.desk.redeem(secret.text, "webchat")
    assert house.line() == ["c-2 webchat", "c-1 voice"]


async def test_somebody_who_was_cut_off_goes_on_with_the_old_place(house: PassHouse) -> None:
    await house.comes(ONE, class_="vip")
    key = house.contact(ONE).order_key
    house.wait(20)
    await house.comes(TWO)
    secret = await house.issue(ONE)
    await house.leaves(ONE)
    house.wait(AFTER_SECONDS - 1)
    done = await house.desk.redeem(secret.text, "webchat")
    assert done.contact != ONE
    went_on = house.contact(done.contact)
    assert (went_on.order_key, went_on.class_, went_on.queue) == (key, "vip", "support")
    assert house.line()[0] == f"{done.contact} webchat"


async def test_a_place_is_taken_up_once_by_calling_again_or_by_the_pass(house: PassHouse) -> None:
    await house.comes(ONE)
    secret = await house.issue(ONE)
    await house.leaves(ONE)
    now = house.clock.now()
    await house.tell(events.Arrived(TWO, SUPPORT, now, resumes=ONE,
                                    waits=True))  # fmt: skip
    assert await refusal(house, secret.text) == Refusal.OVER


async def test_a_parked_customer_who_comes_online_is_there_again(house: PassHouse) -> None:
    await house.comes(ONE)
    secret = await house.issue(ONE)
    await house.tell(events.Parked(ONE))
    await house.desk.redeem(secret.text, "webchat")
    assert house.contact(ONE).state is ContactState.WAITING


async def test_a_caller_led_out_of_the_loop_by_the_phone_is_not_parked_online(
    house: PassHouse,
) -> None:
    await house.comes(ONE)
    await house.desk.redeem((await house.issue(ONE)).text, "webchat")
    await house.tell(events.Parked(ONE, limit=1e6, channel="voice"))
    assert house.contact(ONE).state is ContactState.WAITING


async def proves(house: PassHouse, contact: ContactId, level: str = BY_PIN) -> None:
    """Who calls has keyed in their PIN before they waited."""
    told = {"effect": f"{contact}/person/1", "level": level}
    await house.distributor.write(contact, PROVED, told)


async def test_what_was_proved_goes_along_only_as_far_as_the_channel_proves_it(
    house: PassHouse,
) -> None:
    for contact, channel, level in ((ONE, "webchat", "no"), (TWO, "app", "pin")):
        await proves(house, contact)
        await house.comes(contact)
        secret = await house.issue(contact, channel=channel)
        assert (await house.desk.look(secret.text))[0].level == BY_PIN
        done = await house.desk.redeem(secret.text, channel)
        assert done.level == level
        redeemed = [r for r in house.journal.records if r.kind == REDEEMED]
        assert redeemed[-1].data["level"] == level, "where agents read it"


async def test_what_a_channel_has_not_proved_no_later_one_believes(house: PassHouse) -> None:
    await proves(house, ONE)
    await house.comes(ONE)
    for channel, level in (("app", "pin"), ("webchat", "no"), ("app", "no")):
        await house.again()
        secret = await house.issue(ONE, channel=channel)
        assert (await house.desk.redeem(secret.text, channel)).level == level


async def test_who_has_proved_nothing_has_proved_nothing_anywhere(house: PassHouse) -> None:
    await proves(house, TWO)
    await house.comes(ONE)
    secret = await house.issue(ONE, channel="app")
    assert (await house.desk.redeem(secret.text, "app")).level == NOTHING_PROVED


async def test_a_pass_is_of_the_person_whose_contact_it_is_whoever_asks_for_it(
    house: PassHouse,
) -> None:
    facts = CallFacts(ONE, "4000", "+8613800138000")
    person = await house.distributor.begin(facts)
    await house.comes(ONE)
    secret = await house.issue(ONE)
    done = await house.desk.redeem(secret.text, "webchat")
    assert done.known.person == person


# ---------------------------------------------------------------- an agent's phone that rings


async def test_the_answer_of_a_phone_that_rings_already_wins(house: PassHouse) -> None:
    await house.comes()
    secret = await house.issue()
    await house.agent_comes()
    assert house.contact().state is ContactState.RINGING
    done = await house.desk.redeem(secret.text, "webchat")
    assert not done.answered
    await house.answers()
    assert (house.contact().state, house.contact().channel) == (ContactState.TALKING, "voice")
    await house.leaves()
    assert house.engine.contacts == {}, "the talk was on the phone, and ends with it"


async def test_who_rings_out_leaves_the_customer_online_at_the_same_place(house: PassHouse) -> None:
    await house.comes()
    key = house.contact().order_key
    secret = await house.issue()
    await house.agent_comes()
    offer = house.contact().offer
    assert offer
    await house.desk.redeem(secret.text, "webchat")
    await house.tell(events.OfferEnded(offer, OfferEnd.RANG_OUT))
    assert house.line() == ["c-1 webchat"] and house.contact().order_key == key


async def test_an_agent_who_is_quicker_than_the_journal_keeps_the_customer_on_the_phone(
    house: PassHouse,
) -> None:
    """The pass is judged while the phone rings; the answer lies in the inbox before it."""
    await house.comes()
    secret = await house.issue()
    await house.agent_comes()
    offer = house.contact().offer
    assert offer and isinstance(house.book, MemoryPasses)
    answered = events.OfferAnswered(ONE, offer)
    house.book.meanwhile = lambda: house.distributor.post(answered)
    done = await house.desk.redeem(secret.text, "webchat")
    assert done.answered
    assert (house.contact().state, house.contact().channel) == (ContactState.TALKING, "voice")


# ---------------------------------------------------------------- what is refused


async def test_a_pass_is_good_for_one_time(house: PassHouse) -> None:
    await house.comes()
    secret = await house.issue()
    await house.desk.redeem(secret.text, "webchat")
    assert await refusal(house, secret.text) == Refusal.USED


async def test_all_passes_of_a_contact_die_with_the_first_redemption(house: PassHouse) -> None:
    await house.comes()
    await house.comes(TWO)
    link, code, other = await house.issue(), await house.issue(form=Form.CODE), await house.issue()
    of_two = await house.issue(TWO)
    await house.desk.redeem(code.groups, "webchat")
    assert await refusal(house, link.text) == await refusal(house, other.text) == Refusal.VOID
    assert (await house.desk.redeem(of_two.text, "webchat")).contact == TWO


async def test_a_contact_may_move_again_by_a_new_pass(house: PassHouse) -> None:
    await house.comes()
    key = house.contact().order_key
    for channel in ("webchat", "app", "webchat", "app", "webchat"):
        secret = await house.issue(channel=channel)
        await house.desk.redeem(secret.text, channel)
        assert (house.contact().channel, house.contact().order_key) == (channel, key)


async def test_of_many_at_once_one_redeems(house: PassHouse) -> None:
    await house.comes()
    passes = [await house.issue(), await house.issue(), await house.issue(form=Form.CODE)]
    tries = [house.desk.redeem(each.text, "webchat") for each in passes * 10]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in done) == 1
    assert [r.kind for r in house.journal.records].count(REDEEMED) == 1
    assert [entry.action for entry in house.audit.entries] == ["pass redeem"]


async def test_whoever_asks_again_in_the_same_words_is_told_the_same(house: PassHouse) -> None:
    await house.comes()
    secret = await house.issue()
    first = await house.desk.redeem(secret.text, "webchat", by="tab-1")
    again = await house.desk.redeem(secret.text, "webchat", by="tab-1")
    assert (again.contact, again.level, again.again) == (first.contact, first.level, True)
    assert await refusal(house, secret.text, by="tab-2") == Refusal.USED
    assert await refusal(house, secret.text, "app", by="tab-1") == Refusal.USED
    assert [r.kind for r in house.journal.records].count(REDEEMED) == 1


async def test_the_wrong_channel_is_refused_and_the_pass_stays_good(house: PassHouse) -> None:
    await house.comes()
    secret = await house.issue()
    assert await refusal(house, secret.text, "app") == Refusal.WRONG_CHANNEL
    assert (await house.desk.redeem(secret.text, "webchat")).contact == ONE


async def test_forged_and_mistyped_passes_are_refused_alike(house: PassHouse) -> None:
    await house.comes()
    await house.issue()
    for typed in ("", "x", "A" * 22, "000 000 000", "A" * 5000, "'; DROP TABLE passes; --"):
        assert await refusal(house, typed) == Refusal.UNKNOWN


async def test_a_pass_is_too_old_a_quarter_of_an_hour_after_the_caller_left(
    house: PassHouse,
) -> None:
    await house.comes()
    secret = await house.issue()
    house.wait(3000)
    assert (await house.desk.look(secret.text))[1] is None, "as long as they wait"
    await house.leaves()
    house.wait(AFTER_SECONDS)
    assert await refusal(house, secret.text) == Refusal.EXPIRED


async def test_a_code_is_too_old_after_ten_minutes_and_a_new_one_voids_it(house: PassHouse) -> None:
    await house.comes()
    first = await house.issue(form=Form.CODE)
    second = await house.issue(form=Form.CODE)
    assert await refusal(house, first.text) == Refusal.VOID
    house.wait(CODE_SECONDS)
    assert await refusal(house, second.text) == Refusal.EXPIRED


async def test_who_talks_is_refused_and_who_was_served_is_told_that_it_is_done(
    house: PassHouse,
) -> None:
    await house.comes()
    secret = await house.issue()
    await house.agent_comes()
    await house.answers()
    assert await refusal(house, secret.text) == Refusal.TALKING
    await house.leaves()
    assert await refusal(house, secret.text) == Refusal.OVER


async def test_a_contact_keys_in_five_codes_and_no_more(house: PassHouse) -> None:
    await house.comes()
    code, link = await house.issue(form=Form.CODE), await house.issue()
    for _ in range(MOST_TRIES):
        assert await refusal(house, "000000000", tries_as=STRANGER) == Refusal.UNKNOWN
    assert await refusal(house, code.text, tries_as=STRANGER) == Refusal.TRIES
    assert (await house.desk.redeem(link.text, "webchat", tries_as=STRANGER)).contact == ONE


async def test_a_right_code_clears_what_was_wrong_before(house: PassHouse) -> None:
    await house.comes()
    code = await house.issue(form=Form.CODE)
    for _ in range(MOST_TRIES - 1):
        await refusal(house, "000000000", tries_as=STRANGER)
    await house.desk.redeem(code.text, "webchat", tries_as=STRANGER)
    assert await refusal(house, "000000000", tries_as=STRANGER) == Refusal.UNKNOWN


# ---------------------------------------------------------------- looking, issuing


async def test_looking_changes_nothing(house: PassHouse) -> None:
    await house.comes()
    secret = await house.issue()
    records = list(house.journal.records)
    for _ in range(50):
        known, why = await house.desk.look(secret.text)
        assert (known.state, why) == (PassState.OPEN, None)
    assert house.journal.records == records and house.line() == ["c-1 voice"]


async def test_no_pass_is_made_where_it_would_lead_nowhere(house: PassHouse) -> None:
    await house.comes()
    with pytest.raises(CannotIssue, match="passes lead into app, webchat"):
        await house.issue(channel="fax")
    with pytest.raises(CannotIssue, match="does not wait"):
        await house.issue(TWO)
    for _ in range(MOST_OPEN):
        await house.issue()
    with pytest.raises(CannotIssue, match="too many open passes"):
        await house.issue()
    await house.agent_comes()
    await house.answers()
    with pytest.raises(CannotIssue, match="does not wait"):
        await house.issue()


async def test_journal_audit_and_logs_tell_of_a_pass_without_its_secret(
    house: PassHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await house.comes()
    secret = await house.issue(form=Form.CODE)
    await house.desk.redeem(secret.text, "webchat")
    [issued] = [r for r in house.journal.records if r.kind == ISSUED]
    [redeemed] = [r for r in house.journal.records if r.kind == REDEEMED]
    assert issued.data["pass"] == redeemed.data["pass"]
    assert (redeemed.contact, redeemed.data["of"]) == (ONE, ONE)
    told = [record.__dict__ for record in caplog.records]
    everything = f"{house.journal.records} {house.audit.entries} {told} {house.book}"
    for form in (secret.text, secret.groups):
        assert form not in everything


# ---------------------------------------------------------------- crashes and lost stores


async def test_a_redemption_between_the_book_and_the_journal_is_told_by_the_next_process(
    house: PassHouse,
) -> None:
    await house.comes(ONE)
    await house.comes(TWO)
    secret = await house.issue(ONE)
    known, _ = await house.desk.look(secret.text)
    assert await house.book.redeem(known.id, "tab-1", house.clock.now())
    await house.again()
    assert house.line() == ["c-1 webchat", "c-2 voice"]
    assert [r.kind for r in house.journal.records].count(REDEEMED) == 1
    again = await house.desk.redeem(secret.text, "webchat", by="tab-1")
    assert (again.contact, again.again) == (ONE, True)
    assert [r.kind for r in house.journal.records].count(REDEEMED) == 1


async def test_a_redemption_told_before_the_crash_changes_nothing_after_it(
    house: PassHouse,
) -> None:
    """The journal has it, the book does not know: the contact of the caller who left is one."""
    await house.comes(ONE)
    secret = await house.issue(ONE)
    await house.leaves(ONE)
    assert isinstance(house.book, MemoryPasses)
    house.book.dies_before_told = True
    with pytest.raises(StoreFailed):
        await house.desk.redeem(secret.text, "webchat", by="tab-1")
    house.book.dies_before_told = False
    line = house.line()
    assert len(line) == 1
    await house.again()
    assert house.line() == line
    effects = [r.data["effect"] for r in house.journal.records if r.kind == REDEEMED]
    assert len(effects) == 2 and len(set(effects)) == 1, "told twice under one key is once"


async def test_while_the_store_is_away_nothing_is_redeemed_and_the_pass_stays_good(
    house: PassHouse,
) -> None:
    await house.comes()
    secret = await house.issue()
    house.audit.failing = "disk full"
    with pytest.raises(StoreFailed):
        await house.desk.redeem(secret.text, "webchat")
    house.audit.failing = ""
    assert (await house.desk.redeem(secret.text, "webchat")).contact == ONE


async def test_what_is_too_old_is_closed_and_later_forgotten(house: PassHouse) -> None:
    await house.comes()
    secret = await house.issue()
    await house.desk.tidy()
    assert (await house.desk.look(secret.text))[0].state is PassState.OPEN
    await house.leaves()
    house.wait(AFTER_SECONDS)
    await house.desk.tidy()
    assert (await house.desk.look(secret.text))[0].state is PassState.EXPIRED
    house.wait(8 * 86_400)
    await house.desk.tidy()
    assert await refusal(house, secret.text) == Refusal.UNKNOWN


async def test_an_agent_serves_by_the_key_whatever_channel_the_contact_is_in(
    house: PassHouse,
) -> None:
    await house.comes(ONE)
    house.wait(5)
    await house.comes(TWO)
    await house.desk.redeem((await house.issue(ONE)).text, "webchat")
    await house.agent_comes()
    assert house.contact(ONE).state is ContactState.RINGING
    assert house.engine.agents[ANN].offer == house.contact(ONE).offer

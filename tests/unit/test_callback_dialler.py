"""Promised callbacks are dialled: once at a time, by the plan, and with the place that was kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from acd import events
from acd.model import CALLS, ContactId
from acd.states import AgentState, ContactState
from ivr.callback_book import ANEW
from ivr.callback_states import ANSWERED, CONFIRMED, NOBODY, CallbackState
from ivr.dialling import Refusal
from ivr.outward import Told
from ivr.ports import Note
from ivr.recovery_book import STOPPED
from tests.fakes_outward import ANN, BEN, HOUR, NOON_ON_SUNDAY, NUMBER, ONE, CallingHouse

S = CallbackState


@pytest.fixture
async def house() -> AsyncIterator[CallingHouse]:
    made = CallingHouse()
    await made.begin()
    yield made
    made.running.cancel()


@pytest.fixture
async def customer_first() -> AsyncIterator[CallingHouse]:
    made = CallingHouse(first="customer")
    await made.begin()
    yield made
    made.running.cancel()


async def dialled(house: CallingHouse) -> str:
    """The promise is due, an agent has accepted, and the customer is dialled: which dialling."""
    await house.promise()
    await house.look()
    await house.accepts()
    [dialling] = house.outward.dialled
    return dialling.id


# ---------------------------------------------------------------- agent first


async def test_a_due_callback_is_offered_by_its_key_and_dialled_when_the_agent_accepts(
    house: CallingHouse,
) -> None:
    await house.promise()
    await house.look()
    assert (house.contact.state, house.callback.state) == (ContactState.WAITING, S.DUE)
    assert house.outward.dialled == [], "nobody is there to talk yet"
    offer = await house.accepts()
    [dialling] = house.outward.dialled
    assert house.outward.rung[0][1] == "callback"
    assert dialling.routes[0].dial == f"{NUMBER}@trunk.main"
    told = dialling.variables
    assert (told["CONTACT"], told["LEG"], told["CONFIRM"]) == (ONE, "PJSIP/ann-1", "1")
    assert told["QENTER"] == str(round(NOON_ON_SUNDAY * 1000)), "the place that was kept"
    assert NUMBER not in str(house.journal.records)
    assert house.of("CallbackDialled") == [{"dialling": dialling.id, "attempt": 1, "leg": offer}]


@pytest.mark.parametrize("answer", ["yes", "no", "told"])
async def test_parts_are_counted_on_and_the_answer_holds_where_the_customer_is_called_back(
    house: CallingHouse, answer: str
) -> None:
    await house.tell(
        Note(ONE, "CallStarted", {"person": "per_1"}), Note(ONE, "RecordingBegan", {"part": 1})
    )
    await house.promise()
    began = Note(ONE, "RecordingBegan", {"part": 2, "consent": answer})
    refused = Note(ONE, "NotRecorded", {"why": "no consent" if answer == "no" else "not told"})
    await house.tell(began, refused, Note(ONE, "CallEnded", {}))
    await house.tell(Note(ContactId("c-9"), "RecordingBegan", {"part": 7}))
    await house.look()
    await house.accepts()
    [dialling] = house.outward.dialled
    assert dialling.variables["RECORD_N"] == 2
    assert dialling.variables["CONSENT"] == ("" if answer == "told" else answer)
    assert dialling.variables["OWN_CALL"] == "", "who was promised a call waits without the agent"


async def test_an_agent_who_waits_says_so_again_and_again_and_nobody_is_dialled_twice(
    house: CallingHouse,
) -> None:
    await dialled(house)
    for _ in range(3):
        await house.waits(house.outward.rung[0][0].offer)
        await house.look(1)
    assert len(house.outward.dialled) == 1 and house.outward.told == []


async def test_a_person_who_presses_the_key_is_a_caller_from_then_on(house: CallingHouse) -> None:
    dialling = await dialled(house)
    house.outward.answer(dialling)
    await house.logs(ANSWERED, dialling)
    await house.look()
    assert house.callback.state is S.ASKED
    await house.tell(events.Moved(ONE, CALLS), Note(ONE, CONFIRMED, {"dialling": dialling}))
    await house.look()
    assert ONE not in house.dialler.book.open
    assert (house.contact.state, house.contact.channel) == (ContactState.TALKING, CALLS)
    assert house.of("CallbackFailed") == []


@pytest.mark.parametrize("how", [Told.BUSY, Told.NO_ANSWER, Told.UNREACHABLE])
async def test_who_is_not_reached_goes_back_with_the_key_and_the_agent_is_free(
    house: CallingHouse, how: Told
) -> None:
    dialling = await dialled(house)
    offer = house.outward.rung[0][0].offer
    house.outward.end(dialling, how)
    await house.settle()
    assert house.outward.told == [(offer, how)]
    await house.tell(events.OfferEnded(offer, events.OfferEnd.RELEASED))
    assert house.engine.agents[ANN].state is AgentState.READY
    assert (house.contact.state, house.callback.state) == (ContactState.PARKED, S.PROMISED)
    assert house.contact.order_key[0] == NOON_ON_SUNDAY
    await house.look(29 * 60)
    assert house.state == "parked", "not before the plan's minutes are over"
    await house.look(2 * 60)
    assert house.outward.rung[-1][0].offer != offer, "offered again"


async def test_a_machine_that_presses_nothing_is_a_failed_attempt(house: CallingHouse) -> None:
    dialling = await dialled(house)
    house.outward.answer(dialling)
    await house.logs(ANSWERED, dialling)
    await house.logs(NOBODY, dialling)
    await house.look()
    assert [one["why"] for one in house.of("CallbackFailed")] == ["nobody pressed the key"]
    assert house.state == "parked"


async def test_after_the_last_attempt_it_is_given_up_and_the_ticket_says_so(
    house: CallingHouse,
) -> None:
    await house.promise(attempts=1)
    await house.look()
    await house.accepts()
    house.outward.end(house.outward.dialled[0].id, Told.BUSY)
    await house.settle()
    assert house.of("CallbackClosed") == [{"how": "attempts", "attempts": 1}]
    assert ONE not in house.engine.contacts
    assert house.of("ContactEnded") == [{"how": "expired"}]


async def test_an_agent_who_hangs_up_while_it_rings_ends_the_ringing(house: CallingHouse) -> None:
    dialling = await dialled(house)
    await house.tell(events.OfferEnded(house.outward.rung[0][0].offer, events.OfferEnd.RELEASED))
    await house.settle()
    assert len(house.outward.rung) == 1, "nobody else is rung while it rings at the customer's"
    await house.look()
    assert dialling not in house.outward.alive
    assert [one["why"] for one in house.of("CallbackFailed")] == ["agent gone"]
    assert house.state == "parked"


async def test_an_agent_who_declines_leaves_it_to_the_next_one(house: CallingHouse) -> None:
    await house.promise()
    await house.look()
    await house.tell(events.AgentLoggedIn(ANN), events.AgentLoggedIn(BEN))
    await house.settle()
    first = house.outward.rung[0][0]
    await house.tell(events.OfferEnded(first.offer, events.OfferEnd.DECLINED))
    await house.settle()
    assert [offer.agent for offer, _ in house.outward.rung] == [ANN, BEN]
    assert house.outward.dialled == []


# ---------------------------------------------------------------- customer first


async def test_with_the_customer_first_nobody_is_dialled_while_nobody_works(
    customer_first: CallingHouse,
) -> None:
    house = customer_first
    await house.promise()
    await house.look()
    assert house.outward.dialled == []
    await house.tell(events.AgentLoggedIn(ANN))
    await house.look()
    [dialling] = house.outward.dialled
    assert dialling.variables["LEG"] == "" and house.outward.rung == []


async def test_with_the_customer_first_one_of_a_queue_is_dialled_at_a_time(
    customer_first: CallingHouse,
) -> None:
    house = customer_first
    await house.promise()
    await house.promise(ContactId("c-2"))
    await house.tell(events.AgentLoggedIn(ANN))
    await house.look()
    await house.look(1)
    assert [one.contact for one in house.outward.dialled] == [ONE]


async def test_with_the_customer_first_who_has_others_before_them_is_not_dialled(
    customer_first: CallingHouse,
) -> None:
    house = customer_first
    before = NOON_ON_SUNDAY - 60
    await house.tell(events.AgentLoggedIn(ANN), events.AgentPaused(ANN, "lunch"))
    waits = events.Arrived(ContactId("c-9"), house.contact_queue, before, waits=True)
    await house.tell(waits)
    await house.promise()
    await house.tell(events.PhoneChanged(ANN, False), events.AgentReady(ANN))
    await house.look()
    assert house.outward.dialled == []


# ---------------------------------------------------------------- not now, not any more


async def test_in_quiet_hours_nobody_is_rung_and_who_is_in_line_goes_out_of_it() -> None:
    house = CallingHouse(hours="weekdays")
    await house.begin()
    await house.promise()
    await house.look()
    assert house.state == "parked", "it is Sunday"
    await house.look(21 * HOUR)
    assert house.state == "waiting", "Monday at nine"
    await house.look(9 * HOUR)
    assert house.state == "parked", "Monday at six"
    house.running.cancel()


async def test_a_customer_who_calls_in_meanwhile_is_not_dialled(house: CallingHouse) -> None:
    promise = await house.promise()
    call = ContactId("c-7")
    await house.tell(Note(call, "CallStarted", {"person": promise.to}))
    await house.look()
    assert house.state == "parked"
    await house.tell(Note(call, "CallEnded", {"cause": "16"}))
    await house.look()
    assert house.state == "waiting", "they hung up: the promise stands"


async def test_whose_turn_it_is_when_the_core_begins_anew_is_not_passed_over(
    house: CallingHouse,
) -> None:
    await house.promise()
    await house.look()
    later = events.Arrived(ContactId("c-9"), house.contact_queue, NOON_ON_SUNDAY + 5, waits=True)
    await house.tell(later)
    await house.dies()
    await house.tell(events.AgentLoggedIn(ANN))  # before anybody has looked at callbacks
    await house.settle()
    assert [(offer.contact, about) for offer, about in house.outward.rung] == [(ONE, "callback")]
    assert house.state == "ringing"


async def test_while_nobody_can_say_what_was_promised_a_callback_goes_out_of_the_line(
    house: CallingHouse,
) -> None:
    await house.promise()
    await house.look()
    house.journal.unreadable = "the disk is away"
    await house.tell(events.AgentLoggedIn(ANN))
    await house.settle()
    assert (house.outward.rung, house.state) == ([], "parked")
    house.journal.unreadable = ""
    await house.look(1)
    assert [offer.contact for offer, _ in house.outward.rung] == [ONE], "and comes back to it"


@pytest.mark.parametrize("how", ["lost", "cut off", "stopped", "anew"])
async def test_whose_call_was_lost_with_the_telephone_side_is_dialled(
    house: CallingHouse, how: str
) -> None:
    promise = await house.promise()
    call, at = ContactId("c-7"), NOON_ON_SUNDAY + 5
    began = Note(call, "CallStarted", {"person": promise.to})
    await house.tell(began, events.Arrived(call, house.contact_queue, at, waits=True))
    await house.look()
    assert house.state == "parked", "they are on the line"
    if how == "stopped":  # in the menu, say, where nobody but their line knows of them
        await house.tell(events.LinkChanged(False), events.LinkChanged(True))
        await house.tell(Note(None, STOPPED, {}))
    elif how == "anew":  # nobody of ours saw it end
        await house.dies()
        await house.tell(Note(None, ANEW, {"before": house.clock.now(), "there": []}))
    else:
        await house.tell(events.CallerLeft(call, lost=how == "lost", cut_off=how == "cut off"))
    await house.look()
    assert house.state == "waiting", "nobody will ever say that this call has ended"


async def test_who_calls_in_by_the_next_asterisk_is_on_the_line(house: CallingHouse) -> None:
    promise = await house.promise()
    await house.tell(events.LinkChanged(False), events.LinkChanged(True))
    house.clock.at += 5.0
    await house.tell(Note(ContactId("c-7"), "CallStarted", {"person": promise.to}))
    await house.tell(Note(None, STOPPED, {}))  # it is told a little late
    await house.look()
    assert house.state == "parked"


@pytest.mark.parametrize(("began", "there"), [(0.0, ["c-7"]), (5.0, [])])
async def test_who_is_on_the_line_of_an_asterisk_that_is_new_is_not_dialled(
    house: CallingHouse, began: float, there: list[str]
) -> None:
    """Their call is seen, or began when one had looked already."""
    promise, looked = await house.promise(), house.clock.now()
    house.clock.at += began
    await house.tell(Note(ContactId("c-7"), "CallStarted", {"person": promise.to}))
    await house.tell(Note(None, ANEW, {"before": looked, "there": there}))
    await house.look()
    assert house.state == "parked"
    await house.tell(Note(ContactId("c-7"), "CallEnded", {"cause": "16"}))
    await house.look()
    assert house.state == "waiting"


async def test_who_asked_for_it_and_was_on_the_line_when_all_died_is_dialled(
    house: CallingHouse,
) -> None:
    await house.tell(Note(ONE, "CallStarted", {"person": "per_1"}))
    await house.promise()
    await house.look()
    assert house.state == "parked", "they hear that they will be called"
    await house.dies()
    await house.look()
    assert house.state == "parked", "they may hear it still"
    await house.tell(Note(None, ANEW, {"before": house.clock.now(), "there": []}))
    await house.look()
    assert house.state == "waiting"


async def test_a_customer_who_was_talked_to_meanwhile_is_not_called_back(
    house: CallingHouse,
) -> None:
    promise = await house.promise()
    call = ContactId("c-7")
    await house.tell(
        Note(call, "CallStarted", {"person": promise.to}),
        events.Arrived(call, house.contact_queue, NOON_ON_SUNDAY + 5, waits=True),
    )
    house.journal.records.append(
        type(house.journal.records[-1])(
            house.clock.at, "OfferAnswered", {"contact": call, "offer": "1.9.1"}, call, 1,
            len(house.journal.records) + 1,
        )
    )  # fmt: skip
    await house.look()
    assert house.of("CallbackClosed") == [{"how": "called in", "attempts": 0}]


async def test_what_the_rules_do_not_let_out_bothers_no_agent_and_counts_no_attempt(
    house: CallingHouse,
) -> None:
    await house.promise()
    house.refusal = Refusal.DAY_CAP
    await house.look()
    assert house.state == "parked"
    [put_off] = house.of("CallbackPutOff")
    assert "as often as is allowed" in put_off["why"]
    house.refusal = None
    await house.look(31 * 60)
    assert house.state == "waiting" and house.callback.attempts == 0


async def test_a_cancelled_callback_ends_whoever_rings(house: CallingHouse) -> None:
    dialling = await dialled(house)
    assert await house.dialler.cancel(ONE, "ann")
    assert dialling not in house.outward.alive and ONE not in house.engine.contacts
    assert house.of("CallbackClosed") == [{"how": "cancelled", "attempts": 1, "who": "ann"}]
    assert not await house.dialler.cancel(ONE, "ann")


async def test_who_has_picked_up_cannot_be_cancelled(house: CallingHouse) -> None:
    dialling = await dialled(house)
    house.outward.answer(dialling)
    await house.settle()
    assert not await house.dialler.cancel(ONE, "ann")
    assert house.of("CallbackClosed") == []


async def test_what_is_hastened_does_not_wait_for_the_plan(house: CallingHouse) -> None:
    dialling = await dialled(house)
    offer = house.outward.rung[0][0].offer
    house.outward.end(dialling, Told.BUSY)
    await house.settle()
    await house.tell(events.OfferEnded(offer, events.OfferEnd.RELEASED))
    assert await house.dialler.try_now(ONE, "ann")
    await house.settle()
    assert len(house.outward.rung) == 2
    assert not await house.dialler.try_now(ONE, "ann"), "it waits for nothing"


# ---------------------------------------------------------------- kill -9


async def test_a_core_that_died_before_it_dialled_dials_when_it_is_back(
    house: CallingHouse,
) -> None:
    await house.promise()
    await house.look()
    await house.tell(events.AgentLoggedIn(ANN))
    await house.settle()
    offer = house.outward.rung[0][0]
    await house.tell(events.OfferAnswered(ONE, offer.offer))
    await house.dies()
    await house.look()
    await house.waits(offer.offer)
    assert len(house.outward.dialled) == 1


async def test_a_telephone_that_rings_on_is_adopted_and_not_dialled_again(
    house: CallingHouse,
) -> None:
    dialling = await dialled(house)
    await house.dies()
    for _ in range(10):
        await house.look(1)
        await house.waits(house.outward.rung[0][0].offer)
    assert [one.id for one in house.outward.dialled] == [dialling]
    await house.tell(events.Moved(ONE, CALLS), Note(ONE, CONFIRMED, {"dialling": dialling}))
    await house.look()
    assert house.of("CallbackFailed") == [] and ONE not in house.dialler.book.open


async def test_a_dialling_that_cannot_be_found_any_more_counts_as_an_attempt(
    house: CallingHouse,
) -> None:
    dialling = await dialled(house)
    await house.dies()
    house.outward.alive.discard(dialling)
    for _ in range(3):
        await house.look(1)
    assert [one["why"] for one in house.of("CallbackFailed")] == ["unknown"]
    assert house.state == "parked" and house.callback.attempts == 1


async def test_nothing_is_done_while_the_telephone_side_cannot_be_commanded(
    house: CallingHouse,
) -> None:
    await house.promise()
    await house.tell(events.LinkChanged(False))
    await house.look()
    assert house.state == "parked"

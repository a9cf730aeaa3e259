"""What the engine, and the stories of tickets, make of contacts that go on in another channel."""

from __future__ import annotations

import json
from typing import Any

from acd import snapshot
from acd.commands import Close, ContactEnd
from acd.events import CallerLeft, LegEnded, Moved, OfferEnd, OfferEnded, Parked, Transferred
from acd.model import CALLED_BACK, CALLS, ContactId, Medium, medium_of
from acd.states import ContactState
from ivr.ports import PersonId, Record
from ivr.tickets.projection import Known, tell
from tests.routing_stage import ANN, BOB, ONE, SALES, THREE, TWO, Stage, house, member

CHAT = "webchat"


# ---------------------------------------------------------------- the engine


def test_a_pass_takes_up_a_place_beyond_the_grace_time_and_a_number_does_not() -> None:
    stage = Stage(house(member(ANN), grace=60.0))
    for contact, by_pass, entered_at in ((ONE, True, 10.0), (TWO, False, 910.0)):
        stage.arrives(contact, 10.0)
        stage.tell(CallerLeft(contact), 20.0)
        again = ContactId(f"{contact}-again")
        stage.arrives(again, 910.0, resumes=contact, by_pass=by_pass)
        assert stage.engine.contacts[again].entered_at == entered_at


def test_a_place_remembers_what_it_was_waiting_for_also_after_a_restart() -> None:
    stage = Stage(house(member(ANN, skills={"cards": 5})))
    stage.arrives(ONE, 10.0, class_="vip", urgency="", language="en", skills={"cards": 3},
                  preferred=ANN)  # fmt: skip
    stage.tell(Transferred(ONE, SALES), 15.0)
    stage.tell(CallerLeft(ONE), 20.0)
    state = json.loads(json.dumps(snapshot.dump(stage.engine)))
    for engine in (stage.engine, snapshot.load(stage.engine.centre, state, 30.0)):
        place = engine.places[ONE]
        assert (place.queue, place.class_, place.language) == (SALES, "vip", "en")
        assert place.skills == {"cards": 3} and place.left_at == 20.0


def test_a_place_that_an_older_version_wrote_down_can_be_read() -> None:
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    stage.tell(CallerLeft(ONE), 20.0)
    state = snapshot.dump(stage.engine)
    for added in ("queue", "class_", "urgency", "language", "skills", "preferred"):
        del state["places"][ONE][added]
    engine = snapshot.load(stage.engine.centre, state, 30.0)
    assert engine.places[ONE].entered_at == 10.0


def test_who_has_an_agent_is_not_moved_by_a_pass_but_by_everything_else() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(Moved(ONE, CHAT, waits=True), 12.0)
    assert not stage.engine.changed and stage.engine.contacts[ONE].channel == CALLS
    stage.tell(Moved(ONE, CHAT), 13.0)
    assert stage.engine.contacts[ONE].channel == CHAT


def test_a_phone_that_rang_when_its_contact_went_online_wins_by_answering() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.tell(Moved(ONE, CHAT, waits=True), 12.0)
    offer = stage.answers(ONE, 13.0)
    contact = stage.engine.contacts[ONE]
    assert (contact.state, contact.channel) == (ContactState.TALKING, CALLS)
    stage.tell(LegEnded(ONE, offer), 20.0)
    assert stage.tell(CallerLeft(ONE, channel=CALLS), 21.0) == [Close(ONE, ContactEnd.SERVED)]


def test_a_chat_that_is_answered_stays_a_chat_and_a_callback_a_callback() -> None:
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.arrives(ONE, 10.0, channel=CHAT)
    stage.answers(ONE, 11.0)
    assert stage.engine.contacts[ONE].channel == CHAT
    stage.arrives(TWO, 12.0, channel=CALLED_BACK)
    stage.answers(TWO, 13.0)
    assert stage.engine.contacts[TWO].channel == CALLED_BACK


def test_who_went_online_while_ringing_and_was_not_answered_waits_there_in_place() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.tell(Moved(ONE, CHAT, waits=True), 12.0)
    stage.tell(OfferEnded(stage.offer(ONE), OfferEnd.RANG_OUT), 25.0)
    assert [(c.id, c.channel) for c in stage.engine.waiting()] == [(ONE, CHAT), (TWO, CALLS)]


def test_the_telephone_parks_nobody_who_is_online() -> None:
    stage = Stage(house(member(ANN)))
    for contact, channel, state in (
        (ONE, CHAT, ContactState.WAITING),
        (TWO, CALLS, ContactState.PARKED),
        (THREE, CALLED_BACK, ContactState.PARKED),
    ):
        stage.arrives(contact, 10.0, channel=channel)
        stage.tell(Parked(contact, channel=CALLS), 11.0)
        assert stage.engine.contacts[contact].state is state
    stage.tell(Parked(ONE), 12.0)
    assert stage.engine.contacts[ONE].state is ContactState.PARKED


def test_every_channel_belongs_to_a_medium() -> None:
    assert medium_of(CALLS) is medium_of(CALLED_BACK) is Medium.VOICE
    assert medium_of("email") is Medium.MAIL
    assert medium_of(CHAT) is medium_of("anything else") is Medium.CHAT


# ---------------------------------------------------------------- tickets


def told(*records: tuple[float, str, str, dict[str, Any]]) -> Known:
    known = Known()
    for seq, (at, kind, contact, data) in enumerate(records, 1):
        tell(known, Record(at, kind, data, ContactId(contact), seq=seq))
    return known


STARTED = {"person": "per_1", "dialled": "4000", "language": "zh"}
ARRIVED = {"contact": "c1", "queue": "support", "entered_at": 5.0, "waits": True}
REDEEMED = {
    "pass": "pas_1", "of": "c1", "channel": CHAT, "level": "no", "person": "per_1",
    "effect": "c1/pas_1",
}  # fmt: skip


def test_the_end_of_the_call_is_not_the_end_of_a_contact_that_went_online() -> None:
    known = told(
        (0.0, "CallStarted", "c1", STARTED), (5.0, "Arrived", "c1", ARRIVED),
        (20.0, "PassRedeemed", "c1", REDEEMED),
        (20.0, "Moved", "c1", {"channel": CHAT}), (30.0, "CallEnded", "c1", {"cause": "16"}),
    )  # fmt: skip
    story = known.contacts[ContactId("c1")]
    assert (story.state, story.channel, story.ended_at) == (ContactState.WAITING, CHAT, None)
    assert (story.outcome, story.call_ended_at) == ("", 30.0)
    [line] = [entry for entry in known.entries if entry.kind == "pass_redeemed"]
    assert line.who == "customer"
    assert line.data == {"channel": CHAT, "level": "no", "of": "c1", "effect": "c1/pas_1"}


def test_a_contact_that_takes_up_a_place_by_a_pass_joins_the_ticket_of_its_person() -> None:
    known = told(
        (0.0, "CallStarted", "c1", STARTED), (5.0, "Arrived", "c1", ARRIVED),
        (9.0, "ContactEnded", "c1", {"how": "abandoned"}),
        (20.0, "PassRedeemed", "c1~x", REDEEMED),
        (20.0, "Arrived", "c1~x", ARRIVED | {"contact": "c1~x", "channel": CHAT}),
    )  # fmt: skip
    [ticket] = known.tickets.values()
    assert ticket.person == PersonId("per_1")
    assert known.contacts[ContactId("c1~x")].ticket == ticket.id


def test_a_redemption_that_is_told_twice_stands_on_the_timeline_once() -> None:
    known = told(
        (0.0, "CallStarted", "c1", STARTED), (5.0, "Arrived", "c1", ARRIVED),
        (20.0, "PassRedeemed", "c1", REDEEMED), (21.0, "PassRedeemed", "c1", REDEEMED),
    )  # fmt: skip
    assert [entry.kind for entry in known.entries].count("pass_redeemed") == 1

"""Which ticket a contact joins, how a ticket lives, and what its timeline says."""

from __future__ import annotations

from typing import Any

import pytest

from acd.events import Event, to_plain
from acd.model import ContactId
from acd.states import ContactState, ForbiddenMove
from ivr.ports import PersonId, Record
from ivr.tickets.life import JOIN_SECONDS, Ticket, TicketId, TicketState, after_ticket, lasting_id
from ivr.tickets.projection import Known, tell
from ivr.tickets.shown import SHOWN
from ivr.tickets.story import snake

DAY = 24 * 3600.0
SOMEBODY = PersonId("per_1")


def told(
    *records: tuple[float, str, str | None, dict[str, Any]], onto: Known | None = None
) -> Known:
    """What is known after these records, given as (at, kind, contact, data)."""
    known = onto or Known()
    for seq, (at, kind, contact, data) in enumerate(records, 1):
        tell(known, Record(at, kind, data, ContactId(contact) if contact else None, seq=seq))
    return known


def call(at: float, contact: str, person: str | None = SOMEBODY) -> list[Any]:
    started = {"person": person, "dialled": "4000", "language": "zh"}
    arrived = {"contact": contact, "queue": "support", "entered_at": at + 5, "class_": "vip"}
    return [(at, "CallStarted", contact, started), (at + 5, "Arrived", contact, arrived)]


def kinds(known: Known, ticket: Ticket) -> list[str]:
    return [entry.kind for entry in known.entries if entry.ticket == ticket.id]


def test_a_call_that_asks_for_a_person_opens_a_ticket_with_its_whole_story() -> None:
    known = told(*call(100.0, "c1"))
    (ticket,) = known.tickets.values()
    assert (ticket.person, ticket.opened_at, ticket.state) == (SOMEBODY, 105.0, TicketState.OPEN)
    assert kinds(known, ticket) == ["call_started", "arrived", "ticket_opened"]


def test_a_call_whose_script_began_again_has_started_once_and_keeps_its_person() -> None:
    again = (1.0, "CallStarted", "c1", {"person": "per_2", "dialled": "4000", "language": "zh"})
    started, arrived = call(0.0, "c1")
    known = told(started, again, arrived)
    (ticket,) = known.tickets.values()
    assert kinds(known, ticket) == ["call_started", "arrived", "ticket_opened"]
    assert ticket.person == SOMEBODY and PersonId("per_2") not in known.seen


@pytest.mark.parametrize(("later", "tickets"), [(JOIN_SECONDS, 1), (JOIN_SECONDS + 0.001, 2)])
def test_a_second_call_joins_within_24_hours_to_the_millisecond(later: float, tickets: int) -> None:
    known = told(*call(0.0, "c1"), *call(later, "c2"))
    assert len(known.tickets) == tickets


def test_the_newest_open_ticket_is_joined_and_a_closed_one_stays_closed() -> None:
    old, new, closed = (
        Ticket(TicketId(f"tic_{n}"), at, ContactId(n), SOMEBODY, state)
        for n, at, state in [
            ("a", 1.0, TicketState.OPEN),
            ("b", 2.0, TicketState.OPEN),
            ("c", 3.0, TicketState.CLOSED),
        ]
    )
    known = told(*call(10.0, "c1"), onto=Known(tickets={t.id: t for t in (closed, old, new)}))
    assert known.contacts[ContactId("c1")].ticket == new.id
    new.state = old.state = TicketState.CLOSED
    known = told(*call(20.0, "c2"), onto=known)
    assert len(known.tickets) == 4 and closed.state is TicketState.CLOSED


@pytest.mark.parametrize("person", ["per_2", None])
def test_another_person_or_an_unknown_one_never_joins(person: str | None) -> None:
    known = told(*call(0.0, "c1", person), *call(1.0, "c2", None), *call(2.0, "c3"))
    assert len({known.contacts[ContactId(c)].ticket for c in ("c1", "c2", "c3")}) == 3


def test_a_number_left_is_work_for_its_person_and_asks_only_once() -> None:
    left = {"person": "per_9"}
    known = told(*call(0.0, "c1")[:1], (3.0, "NumberLeft", "c1", left), *call(4.0, "c1")[1:])
    (ticket,) = known.tickets.values()
    assert (ticket.person, known.seen[PersonId("per_9")]) == ("per_9", 3.0)


def test_a_caller_who_is_known_late_still_gets_their_ticket() -> None:
    started, arrived = call(0.0, "c1")
    (ticket,) = told(arrived, started).tickets.values()
    assert ticket.person == SOMEBODY


def test_a_menu_call_opens_nothing_but_is_mentioned_on_an_open_ticket_once() -> None:
    over = (60.0, "CallEnded", "c2", {"cause": "16"})
    known = told(*call(0.0, "c1"), call(50.0, "c2")[0], over, over)
    (ticket,) = known.tickets.values()
    assert kinds(known, ticket).count("call_without_a_person") == 1
    menu_only = known.contacts[ContactId("c2")]
    assert (menu_only.ticket, menu_only.state, menu_only.how) == (None, ContactState.ENDED, "left")
    assert not told(call(50.0, "c2")[0], over).tickets


def test_a_contact_is_followed_through_ring_out_answer_and_end() -> None:
    ring = {"offer": "1.1.1", "agent": "ann", "waited": 9.0}
    again = {"offer": "1.1.2", "agent": "bob", "waited": 20.0}
    known = told(
        *call(0.0, "c1"),
        (6.0, "Reached", None, {"contact": "c1"}),
        (9.0, "Offered", "c1", ring),
        (24.0, "OfferEnded", None, {"offer": "1.1.1", "how": "rang out"}),
        (25.0, "Offered", "c1", again),
        (26.0, "OfferEnded", None, {"offer": "1.1.1", "how": "rang out"}),
        (28.0, "OfferAnswered", None, {"contact": "c1", "offer": "1.1.2"}),
        (90.0, "LegEnded", None, {"contact": "c1", "offer": "1.1.2"}),
        (91.0, "CallerLeft", None, {"contact": "c1", "lost": False}),
        (91.0, "ContactEnded", "c1", {"how": "served"}),
        (91.0, "CallEnded", "c1", {"cause": "16"}),
    )
    contact = known.contacts[ContactId("c1")]
    assert (contact.state, contact.how, contact.agent) == (ContactState.ENDED, "served", "bob")
    assert (contact.entered_at, contact.answered_at, contact.ended_at) == (5.0, 28.0, 91.0)
    (answered,) = [entry for entry in known.entries if entry.kind == "offer_answered"]
    assert (answered.who, answered.ticket) == ("bob", contact.ticket)


def test_arriving_is_told_once_and_then_means_to_be_in_the_loop() -> None:
    arrived = call(0.0, "c1")[1]
    waits = (6.0, "Arrived", "c1", {**arrived[3], "waits": True})
    known = told(arrived, waits)
    assert known.contacts[ContactId("c1")].state is ContactState.WAITING
    assert [entry.kind for entry in known.entries] == ["arrived", "ticket_opened", "reached"]
    assert told(waits).contacts[ContactId("c1")].state is ContactState.WAITING


def test_a_talk_may_be_learned_by_its_end_and_an_old_end_changes_nothing() -> None:
    offered = (9.0, "Offered", "c1", {"offer": "1.1.1", "agent": "ann", "waited": 9.0})
    ended = (60.0, "LegEnded", "c1", {"contact": "c1", "offer": "1.1.1"})
    known = told(*call(0.0, "c1"), (6.0, "Reached", "c1", {}), offered, ended)
    contact = known.contacts[ContactId("c1")]
    assert (contact.state, contact.agent) == (ContactState.AFTER, "ann")
    told((61.0, "Returned", "c1", {}), ended, onto=known)
    assert contact.state is ContactState.WAITING


def test_what_is_not_listed_is_never_shown() -> None:
    secret = {"key": "1", "number": "+8613800000000", "name": "anyone"}
    known = told((1.0, "KeyPressed", "c1", secret), (2.0, "Unheard", "c1", secret))
    assert [(entry.kind, entry.data) for entry in known.entries] == [("key_pressed", {"key": "1"})]


def test_every_kind_of_engine_event_is_shown_or_left_out_on_purpose() -> None:
    silent = {"Started", "LinkChanged", "TrunksChanged", "TimePassed"}
    silent |= {"CallerLeft"}  # ContactEnded says how
    engine = {event.__name__ for event in Event.__args__}
    assert engine - set(SHOWN) == silent
    assert to_plain.__module__ == "acd.events" and snake("OfferAnswered") == "offer_answered"


def test_a_ticket_moves_only_as_the_table_says() -> None:
    assert after_ticket(TicketState.OPEN, "close") is TicketState.CLOSED
    assert after_ticket(TicketState.CLOSED, "reopen") is TicketState.OPEN
    for state, move in [(TicketState.CLOSED, "close"), (TicketState.OPEN, "reopen")]:
        with pytest.raises(ForbiddenMove, match=f"{state} cannot {move}"):
            after_ticket(state, move)


def test_ids_follow_from_the_journal_and_sort_by_time() -> None:
    assert lasting_id("tic", 5.0, "c1") == lasting_id("tic", 5.0, "c1")
    assert lasting_id("tic", 5.0, "c1") < lasting_id("tic", 5.001, "c0")
    assert lasting_id("tic", 5.0, "c1") != lasting_id("tic", 5.0, "c2")


def left(at: float, contact: str, effect: str = "c1/mailbox/1") -> tuple[float, str, str, Any]:
    data = {"effect": effect, "person": SOMEBODY, "queue": "support", "recording": "rec_1",
            "seconds": 12.5}  # fmt: skip
    return (at, "MessageLeft", contact, data)


def test_a_message_is_work_for_its_person_with_the_recording_on_the_timeline() -> None:
    known = told(call(0.0, "c1")[0], left(9.0, "c1"))
    (ticket,) = known.tickets.values()
    assert ticket.person == SOMEBODY
    assert kinds(known, ticket) == ["call_started", "message_left", "ticket_opened"]
    (entry,) = [entry for entry in known.entries if entry.kind == "message_left"]
    assert entry.who == "customer" and "person" not in entry.data
    assert (entry.data["recording"], entry.data["seconds"]) == ("rec_1", 12.5)
    assert known.contacts[ContactId("c1")].queue == "support"


def test_a_message_that_is_told_twice_is_one_and_a_second_message_is_another() -> None:
    known = told(
        call(0.0, "c1")[0], left(9.0, "c1"), left(10.0, "c1"), left(11.0, "c1", "c1/mailbox/2")
    )
    (ticket,) = known.tickets.values()
    assert kinds(known, ticket).count("message_left") == 2


def test_a_message_that_is_written_after_the_call_opens_its_ticket_all_the_same() -> None:
    over = (8.0, "CallEnded", "c1", {"cause": "16"})
    (ticket,) = told(call(0.0, "c1")[0], over, left(9.0, "c1")).tickets.values()
    assert ticket.person == SOMEBODY

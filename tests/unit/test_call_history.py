"""A call in figures: how long it waited and talked, with whom, and how it came out."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from acd.commands import ContactEnd
from acd.model import ContactId
from adapters.tickets.call_shapes import Outcome
from ivr.ports import PersonId, Record
from ivr.tickets.call_history import LOST, OUTCOMES, dispositions_of, no_talk_with
from ivr.tickets.projection import Known, tell
from ivr.tickets.story import ContactStory

Line = tuple[float, str, dict[str, Any]]
CALLED: list[Line] = [
    (0.0, "CallStarted", {"person": "per_1", "dialled": "4000", "language": "zh"}),
    (2.0, "Arrived", {"contact": "c-1", "queue": "support", "entered_at": 2.0}),
    (3.0, "Reached", {"contact": "c-1"}),
]
ANSWERED: list[Line] = [
    (8.0, "Offered", {"offer": "1.1.1", "agent": "ann", "rule": "order"}),
    (10.0, "OfferAnswered", {"offer": "1.1.1", "contact": "c-1"}),
]


def story(*lines: Line, of: str = "c-1") -> ContactStory:
    known = Known()
    for seq, (at, kind, data) in enumerate(lines, 1):
        tell(known, Record(at, kind, data, ContactId(of), seq=seq))
    return known.contacts[ContactId(of)]


def over(at: float, how: str, cause: str = "16") -> list[Line]:
    return [(at, "ContactEnded", {"how": how}), (at + 0.5, "CallEnded", {"cause": cause})]


def test_a_call_is_told_with_its_wait_its_talk_and_its_hold() -> None:
    held: list[Line] = [(15.0, "Held", {}), (19.0, "Resumed", {})]
    ended: list[Line] = [(30.0, "LegEnded", {"offer": "1.1.1"})]
    told = story(*CALLED, *ANSWERED, *held, *ended, *over(31.0, "served"))
    assert (told.waited, told.talked, told.held, told.agents) == (8.0, 20.0, 4.0, "ann")
    assert (told.outcome, told.cause, told.call_ended_at) == ("served", "16", 31.5)


def test_a_hold_that_ends_with_the_talk_is_counted_to_its_end() -> None:
    told = story(*CALLED, *ANSWERED, (12.0, "Held", {}), *over(20.0, "served"))
    assert (told.talked, told.held) == (10.0, 8.0)


def test_a_call_back_from_a_talk_waits_again_and_adds_up_both_talks() -> None:
    told = story(
        *CALLED, *ANSWERED,
        (20.0, "LegEnded", {"offer": "1.1.1"}), (20.1, "Returned", {"offer": "1.1.1"}),
        (25.0, "Offered", {"offer": "1.1.2", "agent": "ben", "rule": "order"}),
        (26.0, "OfferAnswered", {"offer": "1.1.2"}),
        (31.0, "LegEnded", {"offer": "1.1.2"}), *over(31.1, "served"),
    )  # fmt: skip
    assert (told.waited, told.talked, told.agents) == (8.0, 15.0, "ann ben")


def test_a_transfer_after_advice_names_both_agents_and_counts_once() -> None:
    told = story(
        *CALLED, *ANSWERED,
        (15.0, "Offered", {"offer": "1.1.2", "agent": "ben", "rule": "consult"}),
        (17.0, "OfferAnswered", {"offer": "1.1.2"}),
        (20.0, "TransferCompleted", {"offer": "1.1.2"}),
        (20.0, "TakenOver", {"offer": "1.1.2", "agent": "ben"}),
        (20.1, "LegEnded", {"offer": "1.1.1"}),
        (40.0, "LegEnded", {"offer": "1.1.2"}), *over(40.1, "served"),
    )  # fmt: skip
    assert (told.agents, told.transfers, told.talked) == ("ann ben", 1, 30.0)


def test_advice_that_leads_to_no_transfer_is_no_talk_of_the_adviser() -> None:
    told = story(
        *CALLED, *ANSWERED,
        (15.0, "Offered", {"offer": "1.1.2", "agent": "ben", "rule": "consult"}),
        (17.0, "OfferAnswered", {"offer": "1.1.2"}), (18.0, "LegEnded", {"offer": "1.1.2"}),
        (20.0, "LegEnded", {"offer": "1.1.1"}), *over(20.1, "served"),
    )  # fmt: skip
    assert (told.agents, told.talked) == ("ann", 10.0)


PROMISE: Line = (6.0, "CallbackPromised", {"effect": "c-1/x/1", "queue": "support", "by": "per_1"})
OVERFLOW: Line = (5.0, "Overflowed", {"to": "message", "why": "has waited 3 s, 3 or more"})
ENDS: list[tuple[str, list[Line]]] = [
    ("abandoned", over(9.0, ContactEnd.ABANDONED)),
    ("lost", over(9.0, ContactEnd.LOST)),
    ("left", over(9.0, ContactEnd.LEFT)),
    ("failed", over(9.0, ContactEnd.ABANDONED, cause="38")),
    ("failed", [(4.0, "PlainMenuMet", {}), *over(9.0, ContactEnd.LEFT)]),
    ("overflowed", [OVERFLOW, *over(9.0, ContactEnd.ABANDONED)]),
    ("abandoned", [OVERFLOW, (6.0, "Reached", {}), *over(9.0, ContactEnd.ABANDONED)]),
    ("promised", [OVERFLOW, PROMISE, *over(9.0, ContactEnd.ABANDONED)]),
    ("promised", [(7.0, "NumberLeft", {"person": "per_2"}), *over(9.0, ContactEnd.ABANDONED)]),
    ("expired", [PROMISE, *over(9.0, ContactEnd.EXPIRED)]),
    ("served", [(8.0, "DestinationEnded", {"how": "done", "seconds": 2, "effect": "e"}),
                *over(9.0, ContactEnd.ABANDONED)]),
    ("abandoned", [(8.0, "DestinationEnded", {"how": "no_answer", "seconds": 0, "effect": "e"}),
                   *over(9.0, ContactEnd.ABANDONED)]),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "lines"), ENDS)
def test_every_end_has_its_outcome(outcome: str, lines: list[Line]) -> None:
    told = story(*CALLED, *lines)
    assert told.outcome == outcome and outcome in OUTCOMES


def test_a_call_that_goes_on_has_no_outcome() -> None:
    assert story(*CALLED, *ANSWERED).outcome == ""


def test_a_promised_callback_is_promised_as_soon_as_the_call_is_over() -> None:
    moved: Line = (6.0, "Moved", {"channel": "callback"})
    told = story(*CALLED, moved, PROMISE, (9.0, "CallEnded", {"cause": "16"}))
    assert (told.outcome, told.ended_at, told.waited) == ("promised", None, 4.0)


def test_a_lost_call_that_is_taken_names_the_contact_that_keeps_its_callback() -> None:
    taken: Line = (60.0, "LostCallTaken", {"holds": "c-1-callback", "effect": "c-1/lost/1"})
    told = story(*CALLED, *over(9.0, ContactEnd.ABANDONED), taken)
    assert (told.outcome, told.called_back) == ("abandoned", "c-1-callback")


def test_the_callback_of_a_lost_call_belongs_to_its_customer_and_joins_their_ticket() -> None:
    known = Known()
    lines = [*CALLED, *over(9.0, ContactEnd.ABANDONED)]
    for seq, (at, kind, data) in enumerate(lines, 1):
        tell(known, Record(at, kind, data, ContactId("c-1"), seq=seq))
    made = ContactId("c-1-callback")
    for kind, more in (
        ("CallbackFor", {"person": "per_1", "lost": "c-1"}),
        ("Arrived", {"contact": made, "queue": "support", "entered_at": 60.0}),
    ):
        tell(known, Record(60.0, kind, more, made, seq=len(lines) + 1))
    assert known.contacts[made].person == PersonId("per_1")
    assert len(known.tickets) == 1 and known.contacts[made].ticket in known.tickets


def test_the_api_names_every_outcome_and_no_other() -> None:
    assert set(get_args(Outcome)) == set(OUTCOMES)
    assert set(LOST) < set(OUTCOMES)


def said(at: float, code: str, agent: str = "ann") -> Line:
    return (at, "Disposed", {"contact": "c-1", "agent": agent, "queue": "support", "code": code})


def test_the_last_word_about_each_agents_talk_holds_also_after_the_call() -> None:
    told = story(
        *CALLED, *ANSWERED, said(12.0, "open"), (30.0, "LegEnded", {"offer": "1.1.1"}),
        *over(31.0, "served"), said(40.0, "solved"), said(41.0, "open", "ben"),
    )  # fmt: skip
    assert dispositions_of(told) == [
        {"agent": "ann", "code": "solved"}, {"agent": "ben", "code": "open"}
    ]  # fmt: skip
    assert (told.outcome, told.ended_at, told.talked) == ("served", 31.0, 20.0)


def test_something_is_said_only_of_who_talked() -> None:
    told = story(*CALLED, *ANSWERED, *over(20.0, "served"))
    assert no_talk_with(told, "ann") == ""
    assert "ann" in no_talk_with(told, "ben")

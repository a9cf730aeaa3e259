"""The demo's verdict: it finds what went wrong, and nothing passes because nothing happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from acd.model import ContactId
from adapters.cli.demo_verdict import Expected, Verdict, judge
from adapters.cli.demo_words import Words
from ivr.ports import Record

BOTH_SERVED = Expected(answered=2, abandoned=0)


class Journal:
    """Records of calls, one after the other, a second apart."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def note(self, kind: str, contact: str | None, **data: Any) -> Journal:
        seq = len(self.records) + 1
        owner = ContactId(contact) if contact else None
        self.records.append(Record(float(seq), kind, data, owner, seq=seq))
        return self

    def asks(self, contact: str) -> Journal:
        self.note("CallStarted", contact, dialled="4000")
        at = float(len(self.records) + 1)
        self.note("Arrived", contact, entered_at=at, waits=False)
        return self.note("Arrived", contact, entered_at=at, waits=True)

    def offered(self, contact: str, agent: str, offer: str) -> Journal:
        return self.note("Offered", contact, agent=agent, offer=offer, waited=1.0)

    def served(self, contact: str, agent: str, offer: str) -> Journal:
        self.offered(contact, agent, offer)
        self.note("OfferAnswered", contact, offer=offer)
        return self.note("ContactEnded", contact, how="served")


def verdict_of(
    journal: Journal, expected: Expected = BOTH_SERVED, without_ticket: Sequence[str] = ()
) -> Verdict:
    contacts = {str(r.contact) for r in journal.records if r.contact} - set(without_ticket)
    tickets = {contact: {"id": f"tic_{contact}"} for contact in contacts}
    return judge(journal.records, tickets, expected, Words("en"))


def in_order() -> Journal:
    return Journal().asks("a").asks("b").served("a", "agent-1", "1").served("b", "agent-2", "2")


def test_two_callers_served_in_their_order_are_well() -> None:
    verdict = verdict_of(in_order())
    assert verdict.well and verdict.order_kept
    assert (verdict.calls, verdict.answered, verdict.tickets) == (2, 2, 2)
    assert (verdict.decisions, verdict.choices) == (2, 1)


def test_nothing_happened_is_not_well() -> None:
    verdict = verdict_of(Journal(), Expected(answered=0, abandoned=0))
    assert not verdict.well and not verdict.order_kept


def test_a_caller_who_jumps_the_line_is_found() -> None:
    journal = Journal().asks("a").asks("b")
    journal.served("b", "agent-1", "1").served("a", "agent-2", "2")
    verdict = verdict_of(journal)
    assert not verdict.order_kept
    assert any("Caller 2" in fault and "Caller 1" in fault for fault in verdict.faults)


def test_order_without_a_choice_is_not_proved() -> None:
    journal = Journal().asks("a").served("a", "agent-1", "1")
    journal.asks("b").served("b", "agent-1", "2")
    verdict = verdict_of(journal)
    assert not verdict.well and not verdict.order_kept


def test_a_caller_who_was_declined_keeps_the_place() -> None:
    journal = Journal().asks("a").asks("b").offered("a", "agent-1", "1")
    journal.note("OfferEnded", None, offer="1", how="declined")
    kept = journal.served("a", "agent-2", "2").served("b", "agent-1", "3")
    assert verdict_of(kept).well


def test_who_comes_next_after_a_decline_is_no_jump_for_that_agent_alone() -> None:
    journal = Journal().asks("a").asks("b").offered("a", "agent-1", "1")
    journal.note("OfferEnded", None, offer="1", how="declined")
    journal.offered("b", "agent-2", "2")
    assert any("Caller 2" in fault for fault in verdict_of(journal).faults)


def test_the_agent_who_declined_may_take_the_next() -> None:
    journal = Journal().asks("a").asks("b").offered("a", "agent-1", "1")
    journal.note("OfferEnded", None, offer="1", how="declined")
    journal.asks("c").served("b", "agent-1", "2")
    journal.served("a", "agent-2", "3").served("c", "agent-1", "4")
    assert verdict_of(journal, Expected(3, 0)).well


def test_a_sign_of_life_while_a_phone_rings_is_not_a_new_place() -> None:
    journal = Journal().asks("a").asks("b").offered("a", "agent-1", "1")
    journal.note("Reached", "a").note("Arrived", "a", entered_at=2.0, waits=True)
    journal.served("b", "agent-2", "2")
    journal.note("OfferAnswered", "a", offer="1").note("ContactEnded", "a", how="served")
    assert verdict_of(journal).well


@pytest.mark.parametrize(
    ("expected", "word"),
    [
        (Expected(3, 0), "2 of 3"),
        (Expected(1, 1), "should have"),
        (Expected(2, 1), "2 of 3"),
    ],
)
def test_calls_that_are_missing_or_ended_otherwise_are_faults(
    expected: Expected, word: str
) -> None:
    assert any(word in fault for fault in verdict_of(in_order(), expected).faults)


def test_a_caller_without_an_end_is_a_fault() -> None:
    journal = in_order().asks("c").offered("c", "agent-1", "9")
    assert any("Caller 3" in fault for fault in verdict_of(journal, Expected(2, 1)).faults)


@pytest.mark.parametrize("how", ["left", "lost", ""])
def test_an_end_that_nobody_wanted_is_a_fault(how: str) -> None:
    journal = in_order().asks("c").note("ContactEnded", "c", how=how)
    assert not verdict_of(journal, Expected(2, 1)).well


def test_a_call_without_a_ticket_is_a_fault() -> None:
    verdict = verdict_of(in_order(), without_ticket=["b"])
    assert verdict.tickets == 1
    assert verdict.faults == ["Caller 2 has no ticket"]


def test_the_caller_who_gave_up_counts_as_such() -> None:
    journal = in_order().asks("c").note("ContactEnded", "c", how="abandoned")
    verdict = verdict_of(journal, Expected(2, 1))
    assert verdict.well and verdict.abandoned == 1

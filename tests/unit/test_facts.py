"""What Asterisk says, in the engine's words: recorded rows, and events as it writes them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from acd import events
from acd.events import OfferEnd
from acd.model import ContactId, OfferId
from adapters.asterisk.facts import CelRow, from_ami, from_cel
from ivr.ports import Note

RECORDED = Path(__file__).parent.parent / "recorded" / "cel" / "asterisk-22.10.1-six-calls.tsv"
ONE, OFFER = ContactId("h-1.0"), OfferId("7.1.1")


def recorded() -> list[CelRow]:
    lines = RECORDED.read_text(encoding="utf-8").splitlines()[1:]
    fields = [line.split("\t") for line in lines]
    return [CelRow(int(id_), kind, unique, extra) for id_, kind, unique, extra in fields]


def user(kind: str, extra: str) -> CelRow:
    return CelRow(1, kind, ONE, f'{{"extra":"{extra}"}}')


def test_six_recorded_calls_arrive_talk_and_end_once_each() -> None:
    told = [entry for row in recorded() for entry in from_cel(row)]
    for kind in (events.Arrived, events.OfferAnswered, events.LegEnded, events.CallerLeft):
        contacts = [entry.contact for entry in told if isinstance(entry, kind)]
        assert len(contacts) == len(set(contacts)) == 6, kind
    assert [e.data for e in told if isinstance(e, Note)] == [{"cause": "16"}] * 6


def test_recorded_contacts_arrive_with_the_time_at_which_they_asked() -> None:
    arrived = [e for row in recorded() for e in from_cel(row) if isinstance(e, events.Arrived)]
    assert all(a.entered_at < b.entered_at for a, b in pairwise(arrived))
    assert {(a.queue, a.class_, a.language, a.waits) for a in arrived} == {
        ("support", "standard", "zh", True)
    }


def test_a_waiting_caller_is_learned_of_and_reported_in_the_loop() -> None:
    words = {"Contact": ONE, "Entered": "1795304873777", "Queue": "q", "Class": "vip", "Lang": "en"}
    arrived, reached = from_ami({"Event": "UserEvent", "UserEvent": "AcdWaiting", **words})
    assert isinstance(arrived, events.Arrived) and arrived.entered_at == 1795304873.777
    assert (arrived.class_, arrived.language) == ("vip", "en")
    assert reached == events.Reached(ONE)


@pytest.mark.parametrize(
    ("cause", "how"),
    [("17", "busy"), ("21", "declined"), ("19", "rang out"), ("16", "released"),
     ("26", "released"), ("20", "unreachable"), ("0", "unreachable"), ("", "unreachable")],
)  # fmt: skip
def test_a_leg_that_was_never_answered_ended_by_its_cause(cause: str, how: str) -> None:
    event = {"Event": "Hangup", "Uniqueid": f"acd-{OFFER}", "Cause": cause}
    row = CelRow(1, "HANGUP", f"acd-{OFFER}", json.dumps({"hangupcause": cause}))
    assert from_ami(event) == from_cel(row) == [events.OfferEnded(OFFER, OfferEnd(how))]


@pytest.mark.parametrize("phase", ["talk", "callerend"])
def test_a_leg_that_was_bridged_ends_a_talk(phase: str) -> None:
    row = user("ACD_LEGEND", f"{ONE}|{OFFER}~16~{phase}~SUCCESS")
    assert from_cel(row) == [events.LegEnded(ONE, OFFER)]


@pytest.mark.parametrize("phase", ["answered", "stale", "claimed", "nobridge", ""])
def test_a_leg_that_met_nobody_releases_its_offer(phase: str) -> None:
    words = {"Contact": ONE, "Offer": OFFER, "Phase": phase}
    told = from_ami({"Event": "UserEvent", "UserEvent": "AcdLegEnd", **words})
    assert told == [events.OfferEnded(OFFER, OfferEnd.RELEASED)]


@pytest.mark.parametrize(
    ("end", "offer"), [(f"{OFFER}~44~talk", OFFER), ("fallback~0", None), ("", None)]
)
def test_a_caller_who_comes_back_names_the_talk_that_was_cut(
    end: str, offer: OfferId | None
) -> None:
    assert from_cel(user("ACD_BACK", f"{ONE}|1|{end}")) == [events.Returned(ONE, offer)]


@pytest.mark.parametrize(
    ("kind", "extra", "note"),
    [("ACD_KEY", "5", {"key": "5"}), ("ACD_SURVEY", "4", {"key": "4"}),
     ("ACD_SAID", "w5|1|OK", {"request": "w5", "key": "1", "status": "OK"})],
)  # fmt: skip
def test_the_story_is_told_by_the_event_log(kind: str, extra: str, note: dict[str, str]) -> None:
    [told] = from_cel(user(kind, f"{ONE}|{extra}"))
    assert isinstance(told, Note) and (told.contact, told.data) == (ONE, note)


@pytest.mark.parametrize("kind", ["BRIDGE_ENTER", "CHAN_START", "ACD_STALE", "SOMETHING_NEW"])
def test_what_we_do_not_know_is_no_fact(kind: str) -> None:
    assert from_cel(user(kind, f"{ONE}|x")) == []
    assert from_ami({"Event": kind}) == from_ami({}) == []


def test_a_callers_own_hang_up_is_not_taken_for_a_leg() -> None:
    assert from_ami({"Event": "Hangup", "Uniqueid": ONE, "Cause": "16"}) == []

"""When the engine says that a contact should go elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from acd import events, snapshot
from acd.commands import Command, Offer, Overflow
from acd.config import Centre, Condition, Member, OverflowRule, Queue
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId
from acd.overflow import way_out
from acd.schedule import weekly
from acd.waits import Waits

SUPPORT, ANN = QueueId("support"), AgentId("ann")
MONDAY = 1_790_553_600.0  # 2026-09-28, 00:00 UTC
EIGHT = {"mon-fri": "08:00-17:00"}


PLAIN = Queue(SUPPORT)


def started(*rules: OverflowRule, queue: Queue = PLAIN, agents: int = 1) -> Engine:
    ids = [ANN, *(AgentId(f"a{n}") for n in range(1, agents))]
    members = {id_: Member(id_, {SUPPORT: 0.0}) for id_ in ids}
    engine = Engine(Centre({SUPPORT: replace(queue, overflow=rules)}, members))
    engine.waits = Waits(engine.centre)
    engine.handle(events.Started(1), 0)
    engine.handle(events.LinkChanged(up=True), 0)
    return engine


def log_in(engine: Engine, agent: AgentId = ANN, at: float = 0) -> None:
    engine.handle(events.PhoneChanged(agent, reachable=True), at)
    engine.handle(events.AgentLoggedIn(agent), at)


def arrive(engine: Engine, name: str, at: float) -> list[Command]:
    return engine.handle(events.Arrived(ContactId(name), SUPPORT, at, waits=True), at)


def overflows(commands: list[Command]) -> list[tuple[str, str]]:
    return [(c.contact, c.to) for c in commands if isinstance(c, Overflow)]


def until(engine: Engine, end: float) -> list[tuple[float, str, str]]:
    """What overflows from now to `end`, with the times."""
    found = []
    while (at := engine.next_deadline()) is not None and at <= end:
        found += [(at, *over) for over in overflows(engine.handle(events.TimePassed(), at))]
    return found


def test_who_has_waited_as_long_as_the_rule_says_goes_then_and_only_once() -> None:
    engine = started(OverflowRule(Condition(waited=30), "chat"))
    assert overflows(arrive(engine, "one", 100)) == []
    assert until(engine, 300) == [(130, "one", "chat")]


def test_who_finds_a_free_agent_is_not_sent_elsewhere() -> None:
    engine = started(OverflowRule(Condition(length=0), "chat"))
    log_in(engine)
    commands = arrive(engine, "one", 10)
    assert isinstance(commands[0], Offer) and overflows(commands) == []


def test_the_length_counts_the_others_in_the_queue() -> None:
    engine = started(OverflowRule(Condition(length=2), "callback"))
    assert [overflows(arrive(engine, name, 10)) for name in "abc"] == [[], [], [("c", "callback")]]


def test_when_the_last_agent_logs_off_nobody_is_left_in_silence() -> None:
    engine = started(OverflowRule(Condition(nobody=True), "message"))
    log_in(engine)
    arrive(engine, "one", 10)
    engine.handle(events.OfferAnswered(ContactId("one"), engine.agents[ANN].offer or ""), 11)  # type: ignore[arg-type]
    assert overflows(arrive(engine, "two", 12)) == []
    offer = engine.agents[ANN].offer
    assert offer
    engine.handle(events.AgentLoggedOff(ANN), 13)
    assert overflows(engine.handle(events.LegEnded(ContactId("one"), offer), 20)) == []  # wrap-up
    assert until(engine, 40) == [(30, "two", "message")]


def test_all_conditions_of_a_rule_must_hold() -> None:
    engine = started(OverflowRule(Condition(nobody=True, length=1), "message"))
    assert overflows(arrive(engine, "one", 10)) == []
    assert overflows(arrive(engine, "two", 11)) == [("two", "message")]


def test_of_the_rules_that_hold_the_first_speaks_and_then_the_next() -> None:
    rules = (OverflowRule(Condition(nobody=True), "chat"),
             OverflowRule(Condition(waited=60), "callback"))  # fmt: skip
    engine = started(*rules)
    assert overflows(arrive(engine, "one", 10)) == [("one", "chat")]
    assert until(engine, 300) == [(70, "one", "callback")]


def test_the_longest_wait_of_the_queue_moves_those_behind_too() -> None:
    engine = started(OverflowRule(Condition(longest_wait=60), "chat"))
    arrive(engine, "one", 10)
    arrive(engine, "two", 69)
    assert {over[1:] for over in until(engine, 76)} == {("one", "chat"), ("two", "chat")}


def test_a_queue_that_nobody_waited_in_for_a_while_is_looked_at_for_who_comes_then() -> None:
    engine = started(OverflowRule(Condition(longest_wait=12), "chat"))
    arrive(engine, "one", 10)
    engine.handle(events.CallerLeft(ContactId("one")), 12)
    assert until(engine, 30) == []
    arrive(engine, "two", 31)
    assert until(engine, 60) == [(46, "two", "chat")]


def test_a_queue_that_closes_sends_those_who_wait_elsewhere() -> None:
    queue = Queue(SUPPORT, hours=weekly("UTC", EIGHT))
    engine = started(OverflowRule(Condition(closed=True), "message"), queue=queue)
    five = MONDAY + 17 * 3600
    assert overflows(arrive(engine, "one", five - 60)) == []
    at, contact, to = until(engine, five + 60)[0]
    assert (contact, to) == ("one", "message") and five <= at <= five + 5


@pytest.mark.parametrize(("is_holiday", "sent"), [(True, [("one", "message")]), (False, [])])
def test_on_a_holiday_of_the_queues_hours_contacts_go_where_the_rule_says(
    is_holiday: bool, sent: list[tuple[str, str]]
) -> None:
    holidays = frozenset({date(2026, 9, 28)}) if is_holiday else frozenset()
    queue = Queue(SUPPORT, hours=weekly("UTC", EIGHT, holidays))
    engine = started(OverflowRule(Condition(holiday=True), "message"), queue=queue)
    assert overflows(arrive(engine, "one", MONDAY + 9 * 3600)) == sent


def test_a_queue_without_hours_has_no_holidays() -> None:
    engine = started(OverflowRule(Condition(holiday=True), "message"))
    assert overflows(arrive(engine, "one", MONDAY + 9 * 3600)) == []


def test_a_predicted_wait_sends_on_only_when_it_is_known() -> None:
    engine = started(OverflowRule(Condition(predicted_wait=300), "chat"), agents=1)
    assert overflows(arrive(engine, "one", 10)) == []  # nobody is there: unknown, not long
    log_in(engine, at=11)
    sent = [overflows(arrive(engine, f"c{n}", 20)) for n in range(6)]
    assert sent[0] == [] and sent[-1] == [("c5", "chat")]


def test_the_reason_says_what_held_and_how_much() -> None:
    engine = started(OverflowRule(Condition(waited=30, nobody=True), "chat"))
    arrive(engine, "one", 100)
    (command,) = engine.handle(events.TimePassed(), 130)
    assert isinstance(command, Overflow)
    assert command.why == "has waited 30 s, 30 or more, nobody is logged in"


def test_a_contact_that_should_go_elsewhere_keeps_its_place_until_it_does() -> None:
    engine = started(OverflowRule(Condition(nobody=True), "chat"))
    arrive(engine, "one", 10)
    log_in(engine, at=20)
    assert [c.contact for c in engine.handle(events.TimePassed(), 20) if isinstance(c, Offer)] == []
    assert engine.agents[ANN].offer is not None


# ---------------------------------------------------------------- asked before anybody waits


def talks(engine: Engine, at: float = 10.0) -> None:
    """Ann is in a talk from now on: nobody is free."""
    log_in(engine)
    [offer] = [c for c in arrive(engine, "zero", at) if isinstance(c, Offer)]
    engine.handle(events.OfferAnswered(offer.contact, offer.offer), at)


@pytest.mark.parametrize(
    ("rule", "waiting", "to"),
    [
        (Condition(length=2), 2, "callback"),
        (Condition(length=2), 1, ""),
        (Condition(nobody=False), 0, "callback"),
        (Condition(nobody=True), 0, ""),
        (Condition(waited=1), 1, ""),
        (Condition(longest_wait=40), 1, "callback"),
        (Condition(longest_wait=60), 1, ""),
        (Condition(predicted_wait=1), 0, "callback"),
        (Condition(predicted_wait=100_000), 0, ""),
        (Condition(closed=True), 0, ""),
    ],
)
def test_a_caller_is_told_before_what_the_engine_would_say_after(
    rule: Condition, waiting: int, to: str
) -> None:
    engine = started(OverflowRule(rule, "callback"))
    talks(engine)
    for n in range(waiting):
        arrive(engine, f"before-{n}", 50)
    before = snapshot.dump(engine)
    assert way_out(engine, SUPPORT, "standard", 100) == to
    assert snapshot.dump(engine) == before, "asking changes nothing"
    after = [over for contact, over in overflows(arrive(engine, "one", 100)) if contact == "one"]
    assert after == ([to] if to else [])


def test_whoever_finds_a_free_agent_is_sent_nowhere() -> None:
    engine = started(OverflowRule(Condition(nobody=False), "callback"))
    assert way_out(engine, SUPPORT, "standard", 5) == ""
    log_in(engine)
    assert way_out(engine, SUPPORT, "standard", 10) == ""
    assert overflows(arrive(engine, "one", 10)) == []


def test_the_first_rule_that_holds_says_where() -> None:
    closed = OverflowRule(Condition(closed=True), "message")
    queue = replace(PLAIN, hours=weekly("UTC", EIGHT))
    engine = started(closed, OverflowRule(Condition(nobody=True), "sales"), queue=queue)
    assert way_out(engine, SUPPORT, "standard", MONDAY) == "message"
    assert way_out(engine, SUPPORT, "standard", MONDAY + 9 * 3600) == "sales"


def test_a_queue_without_rules_lets_everybody_wait() -> None:
    assert way_out(started(), SUPPORT, "standard", 5) == ""


# ---------------------------------------------------------------- trunks


BUSY = OverflowRule(Condition(trunks_busy=True), "chat")


def test_when_the_last_line_of_the_trunks_is_taken_all_who_wait_are_sent_on_at_once() -> None:
    engine = started(BUSY)
    assert overflows(arrive(engine, "one", 10)) == [] == overflows(arrive(engine, "two", 11))
    told = engine.handle(events.TrunksChanged(busy=True), 12)
    assert sorted(overflows(told)) == [("one", "chat"), ("two", "chat")]
    assert {c.why for c in told if isinstance(c, Overflow)} == {"all trunks are busy"}
    assert overflows(arrive(engine, "three", 13)) == [("three", "chat")]
    engine.handle(events.TrunksChanged(busy=False), 14)
    assert overflows(arrive(engine, "four", 15)) == [] and until(engine, 60) == []


def test_a_rule_may_ask_for_a_line_that_is_free() -> None:
    engine = started(OverflowRule(Condition(trunks_busy=False, waited=30), "callback"))
    engine.handle(events.TrunksChanged(busy=True), 5)
    arrive(engine, "one", 10)
    assert until(engine, 60) == []
    told = engine.handle(events.TrunksChanged(busy=False), 61)
    assert overflows(told) == [("one", "callback")]


def test_that_the_trunks_are_as_they_were_is_no_news() -> None:
    engine = started(BUSY)
    assert engine.handle(events.TrunksChanged(busy=False), 1) == [] and not engine.changed
    engine.handle(events.TrunksChanged(busy=True), 2)
    assert engine.changed
    engine.handle(events.TrunksChanged(busy=True), 3)
    assert not engine.changed


def test_while_the_telephone_side_is_away_nobody_is_sent_on_for_its_trunks() -> None:
    engine = started(BUSY)
    arrive(engine, "one", 10)
    engine.handle(events.LinkChanged(up=False), 11)
    assert overflows(engine.handle(events.TrunksChanged(busy=True), 12)) == []
    assert overflows(engine.handle(events.LinkChanged(up=True), 13)) == [("one", "chat")]


def test_busy_trunks_outlive_a_restart_and_count_as_free_in_what_was_written_before() -> None:
    engine = started(BUSY)
    engine.handle(events.TrunksChanged(busy=True), 5)
    plain = snapshot.dump(engine)
    assert overflows(arrive(snapshot.load(engine.centre, plain, 6), "one", 10)) == [("one", "chat")]
    del plain["trunks_busy"]
    assert overflows(arrive(snapshot.load(engine.centre, plain, 6), "one", 10)) == []
    assert events.from_plain(*events.to_plain(events.TrunksChanged(True))) == (
        events.TrunksChanged(True)
    )


def test_a_caller_who_comes_while_the_trunks_are_busy_is_told_so_before() -> None:
    engine = started(BUSY)
    talks(engine)
    assert way_out(engine, SUPPORT, "standard", 50) == ""
    engine.handle(events.TrunksChanged(busy=True), 51)
    assert way_out(engine, SUPPORT, "standard", 52) == "chat"

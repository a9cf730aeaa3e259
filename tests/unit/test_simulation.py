"""What a replayed trace comes to. The reference of `test_path_by_path` checks the order itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from acd.commands import Command, Offer
from acd.config import Centre, Condition, Member, OverflowRule, Queue
from acd.engine import Engine
from acd.events import Event
from acd.model import AgentId, ContactId, QueueId, Seconds
from acd.schedule import Schedule, weekly
from acd.simulation import Outcome, Result, Simulation, Traced
from acd.states import AgentState
from ivr import centre_file
from ivr import trace as trace_file
from tests.reference.traces import SHAPES, configuration

Q, R = QueueId("q"), QueueId("r")
EPOCH = 1_790_000_000.0


def centre(agents: int = 1, **queue: float) -> Centre:
    queues = {Q: Queue(Q, **{"wrap_up_seconds": 5.0, **queue}), R: Queue(R, wrap_up_seconds=0.0)}  # type: ignore[arg-type]
    ids = [AgentId(str(number)) for number in range(1, agents + 1)]
    return Centre(queues, {id_: Member(id_, {Q: 0.0, R: 0.0}) for id_ in ids})


def call(
    at: Seconds, handle: Seconds = 10, patience: Seconds | None = None, **more: object
) -> Traced:
    more = {"id": ContactId(f"at {at}"), "queue": Q, **more}
    return Traced(at=at, handle=handle, patience=patience, **more)  # type: ignore[arg-type]


def replay(*contacts: Traced, engine: Engine | None = None) -> list[Result]:
    return Simulation(engine or Engine(centre())).run(contacts)


def times(result: Result) -> tuple[Outcome, Seconds | None, Seconds | None]:
    return result.outcome, result.started, result.ended


def test_an_agent_is_free_when_wrap_up_is_over_and_patience_ends_after_that() -> None:
    found = replay(call(0), call(1, patience=14), call(2, patience=27.9))
    assert [times(result) for result in found] == [
        (Outcome.SERVED, 0, 10), (Outcome.SERVED, 15, 25), (Outcome.ABANDONED, None, 29.9),
    ]  # fmt: skip


def test_an_email_comes_after_everybody_on_the_line_and_the_oldest_email_first() -> None:
    mails = [call(1, channel="email"), call(2, channel="email")]
    found = replay(call(0), *mails, call(3), call(4))
    order = sorted(found[1:], key=lambda result: result.started or 0.0)
    assert [result.contact.at for result in order] == [3, 4, 1, 2]


def test_epoch_seconds_come_to_the_same_as_seconds_since_the_start() -> None:
    near = replay(call(0), call(1.5), call(2.25, patience=3))
    far = replay(call(EPOCH), call(EPOCH + 1.5), call(EPOCH + 2.25, patience=3))
    moved = [tuple(at and at - EPOCH for at in (r.started, r.ended)) for r in far]
    assert moved[1:] == [(r.started, r.ended) for r in near][1:]


def test_who_cannot_be_served_waits_when_nothing_more_can_happen() -> None:
    found = replay(call(0, skills={"cards": 1}), call(1))
    assert [result.outcome for result in found] == [Outcome.WAITING, Outcome.SERVED]
    assert (found[0].agent, found[0].started, found[0].ended) == (None, None, None)


def test_a_phone_that_rings_out_makes_its_agent_not_ready() -> None:
    engine = Engine(centre(agents=2, ring_seconds=15))
    found = replay(call(0, answer_after=15), call(1, answer_after=20), engine=engine)
    assert [times(result) for result in found] == [
        (Outcome.SERVED, 15, 25), (Outcome.WAITING, None, None),
    ]  # fmt: skip
    assert {agent.state for agent in engine.agents.values()} == {AgentState.NOT_READY}


def test_a_caller_who_gives_up_while_a_phone_rings_leaves_the_agent_to_the_next() -> None:
    found = replay(call(0, answer_after=9, patience=4), call(1))
    assert [times(result) for result in found] == [
        (Outcome.ABANDONED, None, 4), (Outcome.SERVED, 4, 14),
    ]  # fmt: skip


def test_news_of_an_offer_that_was_taken_back_answers_nothing() -> None:
    found = replay(call(0, answer_after=9, patience=4))
    assert times(found[0]) == (Outcome.ABANDONED, None, 4)


# ---------------------------------------------------------------- overflow rules


def sends(to: str, hours: Schedule | None = None, **when: float) -> Engine:
    """A centre whose first queue has one rule."""
    rules = centre()
    rule = OverflowRule(Condition(**when), to)  # type: ignore[arg-type]
    queue = replace(rules.queues[Q], hours=hours, overflow=(rule,))
    return Engine(replace(rules, queues={**rules.queues, Q: queue}))


def test_a_contact_that_is_sent_to_a_channel_has_overflowed_and_left() -> None:
    found = replay(call(0, 100), call(1), call(2, patience=20), engine=sends("chat", waited=30))
    assert [times(result) for result in found] == [
        (Outcome.SERVED, 0, 100), (Outcome.OVERFLOWED, None, 31), (Outcome.ABANDONED, None, 22),
    ]  # fmt: skip


def test_who_is_sent_on_by_a_rule_does_not_make_the_others_seem_impatient() -> None:
    """Else the waits that rules go by become ever shorter in a burst, and the line ever longer."""
    engine = sends("callback", predicted_wait=60)
    found = replay(*(call(n / 8, 180) for n in range(64)), engine=engine)
    assert sum(result.outcome is Outcome.OVERFLOWED for result in found) > 50
    assert engine.waits
    assert engine.waits.estimates[Q].plain()["pace"]["departed"] == 0


def test_a_contact_that_is_sent_to_another_queue_keeps_its_place_there() -> None:
    calls = call(0, 100), call(1, patience=200), call(2, queue=R), call(120)
    assert [(r.queue, *times(r)) for r in replay(*calls, engine=sends(R, waited=30))] == [
        (Q, Outcome.SERVED, 0, 100),
        (R, Outcome.SERVED, 105, 115),
        (R, Outcome.SERVED, 115, 125),  # no wrap-up in the other queue
        (Q, Outcome.SERVED, 125, 135),
    ]


def test_rules_are_asked_about_who_can_never_be_served_even_when_nothing_else_happens() -> None:
    [result] = replay(call(0, skills={"cards": 1}), engine=sends("callback", waited=3600))
    assert times(result) == (Outcome.OVERFLOWED, None, 3600)


def test_opening_hours_come_round_when_nothing_else_happens() -> None:
    office = weekly("UTC", {"mon-fri": "09:00-18:00"})
    friday = 86_400 + 10 * 3600.0  # the epoch was a Thursday
    alone = call(friday, skills={"cards": 1})
    [result] = replay(alone, engine=sends("message", office, closed=True))
    assert times(result) == (Outcome.OVERFLOWED, None, 86_400 + 18 * 3600)


@pytest.mark.parametrize("patience", [None, 1e10])
def test_a_rule_that_never_holds_is_not_asked_for_ever(patience: float | None) -> None:
    alone = call(0, patience=patience, skills={"cards": 1})
    [result] = replay(alone, engine=sends("chat", length=5))
    assert result.ended == patience


def test_the_estimate_of_the_service_sends_contacts_on() -> None:
    calls = [call(20.0 * n, 60) for n in range(200)]
    found = replay(*calls, engine=sends("chat", predicted_wait=120))
    count = Counter(result.outcome for result in found)
    assert count[Outcome.OVERFLOWED] > 50 and count[Outcome.SERVED] > 50
    assert all(result.started - result.contact.at < 400 for result in found if result.started)


# ---------------------------------------------------------------- the code of the service


class Recording(Engine):
    """Keeps what it was told and what it said."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre)
        self.told: list[tuple[list[Event], Seconds, list[Command]]] = []

    def handle_all(self, events: Iterable[Event], now: Seconds) -> list[Command]:
        events = list(events)
        decided = super().handle_all(events, now)
        self.told.append((events, now, decided))
        return decided


@pytest.mark.parametrize("number", range(len(SHAPES)), ids=lambda k: SHAPES[k].name)
def test_the_engine_of_the_service_decides_as_it_did_in_the_simulation(number: int) -> None:
    plain, trace, _ = configuration(3, number, 120)
    rules = centre_file.read(plain).centre
    contacts = [trace_file.traced(line) for line in trace]
    recording = Recording(rules)
    results = replay(*contacts, engine=recording)
    again = Engine(rules)
    assert [again.handle_all(events, now) for events, now, _ in recording.told] == [
        decided for _, _, decided in recording.told
    ]
    assert sum(isinstance(c, Offer) for _, _, made in recording.told for c in made) > 50
    assert replay(*contacts, engine=Engine(rules)) == results

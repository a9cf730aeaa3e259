"""Who stands where, and what is learned and settled, as the engine tells the estimates."""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.config import Capacity, Centre, Relax
from acd.estimate import Estimate, Range
from acd.events import CallerLeft, LegEnded, Moved, OfferAnswered, OfferEnd, PhoneChanged, TakenOver
from acd.model import CALLED_OUT, CHATS, ContactId, QueueId
from acd.requests import (
    AgentLoggedIn,
    AgentLoggedOff,
    AgentPaused,
    AgentReady,
    CalledOut,
    ColleagueAsked,
    ConsultAsked,
    PickedUp,
    TransferCompleted,
)
from acd.waits import Waits
from tests.routing_stage import (
    ANN,
    BOB,
    CHO,
    ONE,
    SALES,
    SUPPORT,
    THREE,
    TWO,
    Stage,
    house,
    member,
)

ZERO = ContactId("zero")


def places(stage: Stage, *names: ContactId) -> list[int]:
    waits = stage.engine.waits
    assert waits
    return [waits.place(stage.engine.contacts[name]) for name in names]


def watched() -> Stage:
    """One agent, who talks; everybody else waits."""
    stage = estimated(house(member(ANN)))
    stage.comes(ANN, 1.0)
    stage.arrives(ZERO, 5.0)
    stage.answers(ZERO, 6.0)
    return stage


def estimated(centre: Centre) -> Stage:
    """A house that estimates, with nobody in it yet."""
    stage = Stage(centre)
    stage.engine.waits = Waits(centre)
    return stage


def learned(stage: Stage, queue: QueueId = SUPPORT) -> tuple[int, float]:
    """How many handling times the queue's estimates have been told of, and their sum: of calls."""
    assert stage.engine.waits
    return _learned(stage.engine.waits.estimates[queue])


def learned_of_chats(stage: Stage) -> tuple[int, float]:
    assert stage.engine.waits
    return _learned(stage.engine.waits.chats[SUPPORT])


def _learned(estimate: Estimate) -> tuple[int, float]:
    pace = estimate.plain()["pace"]
    return round(pace["handles"]), round(pace["handled"], 6)


def known(stage: Stage, queue: QueueId = SUPPORT) -> int:
    """How many waits of the queue have become known."""
    assert stage.engine.waits
    return stage.engine.waits.estimates[queue].measured.known


def departed(stage: Stage, queue: QueueId = SUPPORT) -> float:
    """How many have run out of patience, as far as the queue's estimate knows."""
    assert stage.engine.waits
    return float(stage.engine.waits.estimates[queue].plain()["pace"]["departed"])


def has_a_range(stage: Stage, name: ContactId, now: float) -> bool:
    assert stage.engine.waits
    return stage.engine.waits.range(stage.engine, stage.engine.contacts[name], now) is not None


def restarted(stage: Stage, now: float) -> Stage:
    """The house after a restart."""
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    again = Stage(stage.engine.centre)
    again.engine = snapshot.load(stage.engine.centre, plain, now)
    return again


def test_everybody_in_line_stands_behind_whoever_came_before() -> None:
    stage = watched()
    for second, name in enumerate((ONE, TWO, THREE)):
        stage.arrives(name, 10.0 + second)
    assert places(stage, ONE, TWO, THREE) == [1, 2, 3]


def test_whoever_leaves_lets_those_behind_step_up() -> None:
    stage = watched()
    for second, name in enumerate((ONE, TWO, THREE)):
        stage.arrives(name, 10.0 + second)
    stage.tell(CallerLeft(TWO), 20.0)
    assert places(stage, ONE, THREE) == [1, 2]
    stage.tell(CallerLeft(ONE), 21.0)
    assert places(stage, THREE) == [1]


def test_whoever_rings_stands_first_until_answered() -> None:
    stage = watched()
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.tell(LegEnded(ZERO, stage.offer(ZERO)), 30.0)
    stage.at(60.0)
    assert places(stage, ONE, TWO) == [1, 2]
    stage.answers(ONE, 61.0)
    assert places(stage, TWO) == [1]


# ---------------------------------------------------------------- handling times


@pytest.mark.parametrize("wrap_up", [0.0, 10.0])
def test_a_handling_time_is_from_the_ring_to_the_end_of_wrap_up(wrap_up: float) -> None:
    stage = estimated(house(member(ANN), wrap_up_seconds=wrap_up))
    stage.comes(ANN, 1.0)
    stage.arrives(ONE, 5.0)
    stage.answers(ONE, 8.0)
    stage.hangs_up(ONE, 38.0)
    stage.at(38.0 + wrap_up)
    assert learned(stage) == (1, 33.0 + wrap_up)


def consultation(wrap_up: float) -> Stage:
    """ANN has asked BOB about ONE, and he has answered, at 20."""
    stage = estimated(house(member(ANN), member(BOB), wrap_up_seconds=wrap_up))
    stage.comes(ANN, 1.0)
    stage.comes(BOB, 2.0)
    stage.arrives(ONE, 5.0)
    stage.answers(ONE, 6.0)
    [offer] = stage.tell(ConsultAsked(ONE, BOB), 20.0)
    stage.tell(OfferAnswered(ONE, offer.offer), 22.0)  # type: ignore[union-attr]
    return stage


@pytest.mark.parametrize("wrap_up", [0.0, 10.0])
def test_who_was_consulted_is_not_busy_until_their_next_talk(wrap_up: float) -> None:
    stage = consultation(wrap_up)
    asked = stage.engine.agents[BOB].call
    assert asked
    stage.tell(LegEnded(ONE, asked), 60.0)
    assert learned(stage) == (0, 0.0)
    stage.arrives(TWO, 1860.0)
    stage.answers(TWO, 1861.0)
    stage.hangs_up(TWO, 2040.0)
    stage.at(2040.0 + wrap_up)
    assert learned(stage) == (1, 180.0 + wrap_up)


@pytest.mark.parametrize("wrap_up", [0.0, 10.0])
@pytest.mark.parametrize("how", [TransferCompleted, TakenOver])
def test_who_takes_a_contact_over_has_handled_it_and_so_has_who_had_it(
    wrap_up: float, how: type[TransferCompleted | TakenOver]
) -> None:
    stage = consultation(wrap_up)
    ann, bob = stage.offer(ONE), stage.engine.agents[BOB].call
    assert bob
    stage.tell(how(ONE, bob), 30.0)
    stage.tell(LegEnded(ONE, ann), 30.0)
    stage.at(30.0 + wrap_up)
    assert learned(stage) == (1, 25.0 + wrap_up)
    stage.tell(LegEnded(ONE, bob), 120.0)
    stage.at(120.0 + wrap_up)
    assert learned(stage)[0] == 2


def test_a_handling_time_counts_in_the_queues_of_the_log_in_alone() -> None:
    stage = estimated(house(member(ANN, queues={SUPPORT: 0.0, SALES: 0.0})))
    stage.tell(PhoneChanged(ANN, True), 0.0)
    stage.tell(AgentLoggedIn(ANN, (SUPPORT,)), 0.0)
    stage.arrives(ONE, 5.0)
    stage.answers(ONE, 6.0)
    stage.hangs_up(ONE, 60.0)
    stage.at(70.0)
    assert (learned(stage)[0], learned(stage, SALES)[0]) == (1, 0)


# ---------------------------------------------------------------- who is there for whom


def test_who_has_chosen_other_queues_at_log_in_is_not_there_for_this_one() -> None:
    stage = estimated(house(member(ANN, queues={SUPPORT: 0.0, SALES: 0.0})))
    stage.tell(AgentLoggedIn(ANN, (SALES,)), 0.0)
    stage.arrives(ONE, 5.0)
    stage.arrives(TWO, 6.0, queue=SALES)
    assert not has_a_range(stage, ONE, 7.0)
    assert has_a_range(stage, TWO, 7.0)
    assert places(stage, ONE, TWO) == [1, 1]


def test_an_agent_who_takes_only_chats_is_not_there_for_calls() -> None:
    stage = estimated(house(member(ANN, capacity=Capacity(voice=0))))
    stage.comes(ANN, 0.0)
    for number in range(4):
        stage.arrives(ContactId(f"chat {number}"), 1.0 + number, channel=CHATS)
    stage.arrives(ONE, 5.0)
    assert not has_a_range(stage, ONE, 7.0)
    assert has_a_range(stage, ContactId("chat 3"), 7.0)
    assert places(stage, ONE) == [1]


def test_who_goes_on_in_the_chat_stands_before_those_who_chat() -> None:
    stage = estimated(house(member(ANN, capacity=Capacity(voice=0, chat=1))))
    stage.comes(ANN, 0.0)
    stage.arrives(ZERO, 1.0, channel=CHATS)
    stage.arrives(ONE, 5.0)
    stage.arrives(TWO, 6.0, channel=CHATS)
    assert not has_a_range(stage, ONE, 8.0)
    stage.tell(Moved(ONE, CHATS, waits=True), 9.0)
    assert has_a_range(stage, ONE, 9.0)
    assert places(stage, ONE, TWO) == [2, 3]


RELAXING = house(
    member(ANN, skills={"billing": 5}), relax=(Relax(60.0, {"billing": 3}),), wrap_up_seconds=0.0
)


def test_who_will_be_served_once_skills_relax_has_a_range_and_stands_before_others() -> None:
    stage = estimated(RELAXING)
    stage.comes(ANN, 0.0)
    stage.arrives(ZERO, 1.0)
    stage.answers(ZERO, 2.0)
    stage.arrives(ONE, 5.0, skills={"billing": 8})
    stage.arrives(TWO, 6.0)
    assert has_a_range(stage, ONE, 7.0)
    assert places(stage, ONE, TWO) == [1, 2]


def test_new_rules_say_anew_how_skills_relax() -> None:
    stage = estimated(house(member(ANN, skills={"billing": 5})))
    stage.comes(ANN, 0.0)
    stage.arrives(ONE, 5.0, skills={"billing": 8})
    assert not has_a_range(stage, ONE, 7.0)
    stage.engine.use(RELAXING, 8.0)
    assert has_a_range(stage, ONE, 8.0)


def test_who_rings_at_once_does_not_wait_whoever_stands_before() -> None:
    centre = house(member(ANN, skills={"billing": 5}), member(BOB), wrap_up_seconds=0.0)
    stage = estimated(centre)
    stage.comes(ANN, 0.0)
    stage.arrives(ZERO, 1.0)
    stage.answers(ZERO, 2.0)
    for number in range(3):
        stage.arrives(ContactId(f"billing {number}"), 3.0 + number, skills={"billing": 5})
    stage.comes(BOB, 8.0)
    assert stage.arrives(ONE, 10.0) == [(ONE, BOB)]
    assert stage.engine.waits
    found = stage.engine.waits.range(stage.engine, stage.engine.contacts[ONE], 10.0)
    assert found == Range(0.0, 0.0, 0.0)
    stage.answers(ONE, 13.0)
    assert known(stage) == 0


# ---------------------------------------------------------------- those who left


def left(centre: Centre, **asks: object) -> Stage:
    """Everybody talks when ONE comes, at 10, asking for this; it leaves at 20."""
    stage = estimated(centre)
    for number, agent in enumerate(centre.agents):
        stage.comes(agent, float(number))
        taken = next(iter(centre.agents[agent].queues))
        stage.arrives(ContactId(f"first of {agent}"), 4.0 + number, queue=taken)
        stage.answers(ContactId(f"first of {agent}"), 5.0 + number)
    stage.arrives(ONE, 10.0, **asks)
    stage.tell(CallerLeft(ONE), 20.0)
    assert known(stage) == 0
    return stage


def ends_first_of(stage: Stage, agent: str, now: float) -> None:
    stage.hangs_up_of(ContactId(f"first of {agent}"), now)


def test_who_left_would_have_waited_until_somebody_turns_to_one_behind() -> None:
    stage = left(house(member(ANN), wrap_up_seconds=0.0))
    stage.arrives(TWO, 30.0)
    ends_first_of(stage, ANN, 40.0)
    assert known(stage) == 1
    stage.answers(TWO, 41.0)
    assert known(stage) == 2


def test_who_left_would_have_waited_until_somebody_has_nobody_to_turn_to() -> None:
    stage = left(house(member(ANN)))
    ends_first_of(stage, ANN, 40.0)
    assert known(stage) == 0
    stage.at(50.0)
    assert known(stage) == 1


def test_who_left_would_have_been_served_by_an_agent_who_comes_back_from_a_break() -> None:
    stage = left(house(member(ANN), member(BOB), wrap_up_seconds=0.0))
    stage.tell(AgentPaused(BOB, "lunch"), 21.0)
    ends_first_of(stage, BOB, 22.0)
    assert known(stage) == 0
    stage.tell(AgentReady(BOB), 60.0)
    assert known(stage) == 1


def test_an_agent_without_the_skill_tells_nothing_of_who_left() -> None:
    centre = house(member(ANN, skills={"billing": 5}), member(BOB), wrap_up_seconds=0.0)
    stage = left(centre, skills={"billing": 3})
    stage.arrives(TWO, 30.0)
    ends_first_of(stage, BOB, 40.0)
    assert known(stage) == 0
    ends_first_of(stage, ANN, 50.0)
    assert known(stage) == 1


def test_an_agent_of_a_second_queue_tells_nothing_before_its_contacts_come_to_them() -> None:
    centre = house(
        member(ANN), member(BOB, queues={SALES: 0.0, SUPPORT: 300.0}),
        sales={"wrap_up_seconds": 0.0},
    )  # fmt: skip
    stage = left(centre)
    ends_first_of(stage, BOB, 40.0)
    assert known(stage) == 0
    stage.arrives(TWO, 310.0, queue=SALES)
    assert known(stage) == 1


def test_an_agent_tells_of_who_left_from_when_the_skills_would_have_relaxed() -> None:
    stage = left(RELAXING, skills={"billing": 8})
    ends_first_of(stage, ANN, 40.0)
    assert known(stage) == 0
    stage.arrives(TWO, 70.0)
    assert known(stage) == 1


def test_an_agent_who_has_not_logged_in_for_the_queue_tells_nothing_of_who_left() -> None:
    stage = left(house(member(ANN), member(BOB, queues={SALES: 0.0, SUPPORT: 0.0})))
    stage.tell(AgentLoggedOff(BOB), 21.0)
    ends_first_of(stage, BOB, 22.0)
    stage.at(32.0)
    stage.tell(AgentLoggedIn(BOB, (SALES,)), 40.0)
    assert known(stage) == 0
    stage.tell(AgentLoggedOff(BOB), 50.0)
    stage.tell(AgentLoggedIn(BOB, (SUPPORT,)), 51.0)
    assert known(stage) == 1


def test_an_agent_with_room_for_chats_alone_tells_nothing_of_calls_that_left() -> None:
    stage = left(house(member(ANN), wrap_up_seconds=0.0))
    stage.tell(AgentPaused(ANN), 21.0)
    ends_first_of(stage, ANN, 22.0)
    stage.tell(PhoneChanged(ANN, False), 23.0)
    stage.tell(AgentReady(ANN), 24.0)
    assert known(stage) == 0
    stage.arrives(TWO, 30.0, channel=CHATS)
    assert known(stage) == 0
    stage.tell(PhoneChanged(ANN, True), 31.0)
    assert known(stage) == 0  # in a chat, no calls come
    stage.tell(LegEnded(TWO, stage.answers(TWO, 32.0)), 40.0)
    assert known(stage) == 1


def test_what_is_given_out_of_order_tells_nothing_of_who_left() -> None:
    centre = house(
        member(ANN, queues={SUPPORT: 0.0}), member(BOB, queues={SALES: 0.0, SUPPORT: 30.0}),
        wrap_up_seconds=0.0, sales={"wrap_up_seconds": 0.0},
    )  # fmt: skip
    stage = left(centre)
    ends_first_of(stage, BOB, 21.0)
    stage.arrives(TWO, 22.0)
    stage.tell(PickedUp(TWO, BOB, "supervisor"), 45.0)
    assert known(stage) == 0


def test_an_agent_who_is_asked_for_advice_tells_nothing_of_who_left() -> None:
    centre = house(
        member(ANN), member(BOB, queues={SALES: 0.0, SUPPORT: 30.0}),
        wrap_up_seconds=0.0, sales={"wrap_up_seconds": 0.0},
    )  # fmt: skip
    stage = left(centre)
    ends_first_of(stage, BOB, 21.0)
    stage.tell(ConsultAsked(ContactId(f"first of {ANN}"), BOB), 45.0)
    assert known(stage) == 0


def test_after_a_restart_who_left_is_settled_by_the_same_agents() -> None:
    centre = house(member(ANN, skills={"billing": 5}), member(BOB), wrap_up_seconds=0.0)
    stage = restarted(left(centre, skills={"billing": 3}), 25.0)
    ends_first_of(stage, BOB, 40.0)
    assert known(stage) == 0
    ends_first_of(stage, ANN, 50.0)
    assert known(stage) == 1


def test_after_a_restart_only_those_who_wait_for_an_agent_stand_in_line() -> None:
    stage = estimated(house(member(ANN), member(BOB), member(CHO)))
    for second, agent in enumerate((ANN, BOB, CHO)):
        stage.comes(agent, float(second))
    stage.arrives(ZERO, 5.0)
    stage.answers(ZERO, 6.0)
    stage.tell(CalledOut(ContactId("out"), BOB, SUPPORT), 7.0)
    stage.tell(AgentPaused(CHO), 8.0)
    stage.tell(ColleagueAsked(ZERO, SUPPORT, ContactId("asked")), 9.0)
    stage.arrives(ONE, 10.0)
    assert stage.engine.contacts[ContactId("out")].channel == CALLED_OUT
    assert places(stage, ONE) == [1]
    assert places(restarted(stage, 11.0), ONE) == [1]


def test_after_a_restart_everybody_has_the_same_place() -> None:
    stage = watched()
    for second, name in enumerate((ONE, TWO, THREE)):
        stage.arrives(name, 10.0 + second)
    assert places(restarted(stage, 20.0), ONE, TWO, THREE) == [1, 2, 3]


def test_who_goes_on_a_break_is_not_there_and_who_comes_back_is() -> None:
    stage = watched()
    stage.arrives(ONE, 10.0)
    stage.tell(AgentPaused(ANN), 11.0)
    assert not has_a_range(stage, ONE, 11.0)
    stage.tell(AgentReady(ANN), 12.0)
    assert has_a_range(stage, ONE, 12.0)


def test_a_colleague_who_comes_in_turn_has_passed_those_before() -> None:
    stage = left(house(member(ANN), member(BOB), wrap_up_seconds=0.0), class_="vip")
    first = ContactId(f"first of {ANN}")
    stage.tell(ColleagueAsked(first, SUPPORT, ContactId("asked")), 30.0)
    ends_first_of(stage, BOB, 40.0)
    assert stage.engine.agents[BOB].call
    assert known(stage) == 1


def test_a_chat_that_rings_in_vain_leaves_the_others_handling_time_as_it_was() -> None:
    stage = estimated(house(member(ANN), wrap_up_seconds=0.0))
    stage.comes(ANN, 0.0)
    stage.arrives(ONE, 10.0, channel=CHATS)
    stage.answers(ONE, 11.0)
    stage.arrives(TWO, 20.0, channel=CHATS)
    stage.ends(TWO, OfferEnd.DECLINED, 25.0)
    stage.tell(CallerLeft(TWO), 26.0)
    stage.hangs_up(ONE, 70.0)
    assert learned_of_chats(stage) == (1, 60.0)


def test_each_of_several_chats_counts_with_its_own_handling_time_and_none_as_a_call() -> None:
    stage = estimated(house(member(ANN), wrap_up_seconds=10.0))
    stage.comes(ANN, 0.0)
    for number, name in enumerate((ONE, TWO, THREE)):
        stage.arrives(name, 10.0 + 10 * number, channel=CHATS)
        stage.answers(name, 11.0 + 10 * number)
    stage.hangs_up(TWO, 100.0)
    stage.at(110.0)
    assert learned_of_chats(stage) == (1, 90.0)
    stage.hangs_up(ONE, 200.0)
    again = restarted(stage, 205.0)
    for one in (stage, again):
        one.at(210.0)
        one.hangs_up(THREE, 210.0)
        one.at(220.0)
        count, seconds = learned_of_chats(one)
        assert (count, round(seconds)) == (3, round(90 * 0.995**2 + 200 * 0.995 + 190))
        assert learned(one) == (0, 0.0)


def test_what_an_older_version_wrote_down_of_who_is_busy_is_still_read() -> None:
    stage = watched()
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    del plain["waits"]["chats"], plain["waits"]["since"]
    plain["waits"]["busy_since"] = {ANN: 5.0, "somebody who has left": 1.0}
    stage.engine = snapshot.load(stage.engine.centre, plain, 20.0)
    stage.hangs_up(ZERO, 60.0)
    stage.at(70.0)
    assert learned(stage) == (1, 65.0)


def test_of_several_chats_an_older_version_wrote_down_only_when_the_first_began() -> None:
    stage = estimated(house(member(ANN), wrap_up_seconds=0.0))
    stage.comes(ANN, 1.0)
    for at, name in ((10.0, ONE), (20.0, TWO)):
        stage.arrives(name, at, channel=CHATS)
        stage.answers(name, at)
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    del plain["waits"]["chats"], plain["waits"]["since"]
    plain["waits"]["busy_since"] = {ANN: 10.0}
    stage.engine = snapshot.load(stage.engine.centre, plain, 30.0)
    stage.hangs_up_of(TWO, 60.0)
    assert learned_of_chats(stage) == (0, 0.0)
    stage.hangs_up_of(ONE, 70.0)
    assert learned_of_chats(stage) == (1, 60.0)


def test_who_was_lost_with_the_telephone_side_had_patience_left() -> None:
    stage = watched()
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.tell(CallerLeft(ONE, lost=True), 20.0)
    assert departed(stage) == 0
    stage.tell(CallerLeft(TWO), 20.0)
    assert departed(stage) == 1

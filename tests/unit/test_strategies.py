"""Which of several agents gets a contact, by each strategy; ties go by the agent's id."""

from __future__ import annotations

from collections import Counter

import pytest

from acd.assign import A_FEW
from acd.config import Capacity, Centre, Member, Strategy
from acd.events import CallerLeft, OfferEnd
from acd.model import AgentId, ContactId
from acd.requests import AgentLoggedOff
from tests.routing_stage import ANN, BOB, CHO, ONE, TWO, Stage, house, member


def serve(stage: Stage, n: int, start: float) -> list[AgentId]:
    """So many contacts, one after another, each answered and over before the next comes."""
    chosen = []
    for number in range(n):
        at = start + number * 100.0
        contact = ContactId(f"at {at}")
        [(_, agent)] = stage.arrives(contact, at)
        stage.answers(contact, at + 1.0)
        stage.hangs_up(contact, at + 2.0)
        stage.tell(CallerLeft(contact), at + 2.0)
        stage.at(at + 50.0)
        chosen.append(agent)
    return chosen


def three(strategy: Strategy, *skills: dict[str, int]) -> Centre:
    return house(
        *(member(a, skills=s) for a, s in zip((ANN, BOB, CHO), skills or ({},) * 3, strict=True)),
        strategy=strategy,
    )


@pytest.mark.parametrize("strategy", [s for s in Strategy if s is not Strategy.RANDOM])
def test_among_equals_the_agents_id_decides(strategy: Strategy) -> None:
    stage = Stage(three(strategy))
    for agent in (CHO, ANN, BOB):
        stage.comes(agent, 5.0)
    assert stage.arrives(ONE, 10.0) == [(ONE, ANN)]


def test_the_longest_idle_is_first() -> None:
    assert serve(Stage(three(Strategy.LONGEST_IDLE), CHO, ANN, BOB), 4, 10.0) == [
        CHO,
        ANN,
        BOB,
        CHO,
    ]


def test_idle_time_goes_on_when_an_offer_is_withdrawn_or_declined() -> None:
    stage = Stage(three(Strategy.LONGEST_IDLE), CHO, ANN, BOB)
    stage.arrives(ONE, 10.0)
    assert stage.ends(ONE, OfferEnd.DECLINED, 11.0) == [(ONE, ANN)]
    assert stage.arrives(TWO, 12.0) == [(TWO, CHO)]


def test_those_who_can_do_least_are_first() -> None:
    skills = {"billing": 9, "english": 9, "loans": 9}, {"billing": 1}, {"billing": 5, "english": 5}
    stage = Stage(three(Strategy.FEWEST_SKILLS, *skills), ANN, BOB, CHO)
    assert stage.arrives(ONE, 10.0, skills={"billing": 1}) == [(ONE, BOB)]
    assert stage.arrives(TWO, 11.0, skills={"english": 1}) == [(TWO, CHO)]


def test_the_highest_levels_in_what_is_asked_for_are_first() -> None:
    skills = {"billing": 5, "english": 9}, {"billing": 6}, {"billing": 4, "english": 1}
    stage = Stage(three(Strategy.LEVEL, *skills), ANN, CHO, BOB)
    assert stage.arrives(ONE, 10.0, skills={"billing": 3}) == [(ONE, BOB)]
    assert stage.arrives(TWO, 11.0, skills={"billing": 3, "english": 1}) == [(TWO, ANN)]


def test_the_fewest_contacts_since_logging_in_are_first() -> None:
    stage = Stage(three(Strategy.FEWEST_CONTACTS), ANN, BOB)
    assert serve(stage, 3, 10.0) == [ANN, BOB, ANN]
    stage.comes(CHO, 400.0)
    assert serve(stage, 3, 500.0)[:2] == [CHO, BOB]


def test_a_break_is_no_new_day_and_a_night_is() -> None:
    """Who logs out for lunch is not the first again."""
    stage = Stage(three(Strategy.FEWEST_CONTACTS), ANN, BOB)
    assert serve(stage, 3, 10.0) == [ANN, BOB, ANN]
    stage.tell(AgentLoggedOff(ANN), 400.0)
    stage.comes(ANN, 4000.0)
    assert serve(stage, 1, 4100.0) == [BOB]
    stage.tell(AgentLoggedOff(ANN), 5000.0)
    stage.comes(ANN, 40_000.0)
    assert serve(stage, 2, 40_100.0) == [ANN, ANN]


def test_round_robin_goes_by_the_last_offer_answered_or_not() -> None:
    stage = Stage(three(Strategy.ROUND_ROBIN), CHO, BOB, ANN)
    stage.arrives(ONE, 10.0)
    assert stage.ends(ONE, OfferEnd.DECLINED, 11.0) == [(ONE, BOB)]
    assert stage.arrives(TWO, 12.0) == [(TWO, CHO)]


def test_random_is_the_same_for_the_same_seed_and_fair_in_the_long_run() -> None:
    runs = [serve(Stage(three(Strategy.RANDOM), ANN, BOB, CHO), 300, 10.0) for _ in range(2)]
    assert runs[0] == runs[1]
    assert min(Counter(runs[0]).values()) > 70


@pytest.mark.parametrize("strategy", Strategy)
def test_who_has_nothing_gets_a_chat_before_who_has_one(strategy: Strategy) -> None:
    """Real balance for chats, whatever the strategy: https://github.com/chatwoot/chatwoot/issues/11034"""
    stage = Stage(three(strategy), ANN, BOB, CHO)
    chats = [stage.arrives(ContactId(f"s{n}"), 10.0 + n, channel="sms")[0][1] for n in range(9)]
    assert [len({*chats[n : n + 3]}) for n in (0, 3, 6)] == [3, 3, 3]


def test_the_only_one_with_the_skill_is_found_behind_many_who_have_been_idle_for_longer() -> None:
    many = [AgentId(f"a{n}") for n in range(A_FEW + 4)]
    skilled = member(ANN, skills={"loans": 5})
    stage = Stage(house(skilled, *map(member, many)), *many, ANN)
    assert stage.arrives(ONE, 100.0, skills={"loans": 1}) == [(ONE, ANN)]


@pytest.mark.parametrize(
    ("capacity", "held", "comes", "taken"),
    [
        (Capacity(), ["voice"], "voice", False),
        (Capacity(), ["sms", "sms"], "sms", True),
        (Capacity(), ["sms", "sms", "sms"], "sms", False),
        (Capacity(), ["sms"], "voice", False),
        (Capacity(), ["voice"], "sms", False),
        (Capacity(mix=True), ["voice"], "sms", True),
        (Capacity(mix=True), ["sms", "sms", "sms"], "voice", True),
        (Capacity(mix=True), ["voice"], "voice", False),
        (Capacity(), ["email"], "voice", True),
        (Capacity(), ["email"], "sms", True),
        (Capacity(), ["voice"], "email", False),
        (Capacity(interruptible=frozenset()), ["email"], "voice", False),
        (Capacity(voice=0), [], "voice", False),
        (Capacity(mail=0), [], "email", False),
        (Capacity(chat=1), [], "sms", True),
        (Capacity(voice=2), ["callback"], "voice", True),
    ],
)
def test_an_agent_takes_what_their_capacity_allows(
    capacity: Capacity, held: list[str], comes: str, taken: bool
) -> None:
    stage = Stage(house(Member(ANN, {"support": 0.0}, capacity=capacity)), ANN)  # type: ignore[dict-item]
    for n, channel in enumerate(held):
        contact = ContactId(f"h{n}")
        assert stage.arrives(contact, 10.0 + n, channel=channel) == [(contact, ANN)]
        stage.answers(contact, 10.5 + n)
    assert stage.arrives(ONE, 20.0, channel=comes) == ([(ONE, ANN)] if taken else [])


def test_wrap_up_after_a_chat_takes_its_share_and_no_more() -> None:
    stage = Stage(house(member(ANN, capacity=Capacity(chat=2)), wrap_up_seconds=30.0), ANN)
    for n, contact in enumerate((ONE, TWO)):
        stage.arrives(contact, 10.0 + n, channel="sms")
        stage.answers(contact, 12.0 + n)
    stage.hangs_up(ONE, 20.0)
    assert stage.arrives(ContactId("three"), 21.0, channel="sms") == []
    assert stage.wakes(50.0) == [("three", ANN)]

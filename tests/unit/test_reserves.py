"""Reserves: what is counted along the way is what a count of everybody would give."""

from __future__ import annotations

from collections import Counter
from random import Random

from acd.model import Agent, AgentId, ContactId, Medium, OfferId, OfferMade, QueueId
from acd.reserves import Reserves
from acd.states import AgentState
from tests.reference.shift import WEIGHTS, Shift

Q, OTHER = QueueId("q"), QueueId("other")


def offer(number: int, class_: str) -> OfferMade:
    id_ = OfferId(f"1.{number}.1")
    return OfferMade(id_, ContactId(str(number)), AgentId("a"), 0, 15, queue=Q, class_=class_)


def crew(reserves: Reserves, count: int, queue: QueueId = Q) -> list[Agent]:
    agents = [Agent(AgentId(f"{queue}{n}"), {queue: 0.0}) for n in range(count)]
    for agent in agents:
        reserves.came(agent)
        reserves.opened(agent, Medium.VOICE)
    return agents


def test_others_are_kept_back_from_the_last_agents_of_a_reserve() -> None:
    reserves = Reserves({"vip": 2}, ())
    agents = crew(reserves, 3)
    assert not reserves.keep_back(Q, Medium.VOICE, "standard")
    reserves.closed(agents[0].id, Medium.VOICE)
    assert reserves.keep_back(Q, Medium.VOICE, "standard")
    assert not reserves.keep_back(Q, Medium.VOICE, "vip")


def test_who_is_with_a_vip_counts_for_the_reserve() -> None:
    reserves = Reserves({"vip": 2}, [offer(1, "vip")])
    agents = crew(reserves, 4)
    for agent in agents[:2]:
        reserves.closed(agent.id, Medium.VOICE)
    assert not reserves.keep_back(Q, Medium.VOICE, "standard")
    reserves.over(offer(1, "vip"))
    assert reserves.keep_back(Q, Medium.VOICE, "standard")


def test_the_last_agent_of_a_queue_is_nobodys() -> None:
    reserves = Reserves({"vip": 5}, ())
    crew(reserves, 1)
    assert not reserves.keep_back(Q, Medium.VOICE, "standard")


def test_idle_agents_look_again_only_when_somebody_was_kept_back_from_them() -> None:
    reserves = Reserves({"vip": 2}, ())
    agents, others = crew(reserves, 3), crew(reserves, 1, OTHER)
    reserves.closed(agents[0].id, Medium.VOICE)
    assert reserves.loosened(agents[0]) == []
    assert reserves.keep_back(Q, Medium.VOICE, "standard")
    assert reserves.loosened(others[0]) == []
    assert reserves.loosened(agents[0]) == [agent.id for agent in agents[1:]]
    assert reserves.loosened(agents[0]) == []


def test_on_any_day_the_counts_are_those_of_everybody() -> None:
    random, day = Random(11), Shift(lambda day, told: None)
    names, weights = [*WEIGHTS], [*WEIGHTS.values()]
    checked = 0
    for _ in range(1500):
        day.act(random.choices(names, weights)[0], random)
        engine = day.engine
        if not engine.reserves:
            continue
        staff = Counter(
            queue
            for agent in engine.agents.values()
            if agent.state is not AgentState.LOGGED_OFF and not agent.off_duty
            for queue in agent.queues
        )
        free = Counter(
            (queue, medium)
            for medium, openings in engine.openings.items()
            for id_ in openings.agents
            for queue in engine.agents[id_].queues
        )
        with_class = Counter((made.queue, made.class_) for made in engine.offers.values())
        counted = vars(engine.reserves)
        assert (counted["_staff"], counted["_free"]) == (staff, free)
        assert counted["_with"] == with_class
        checked += 1
    assert checked > 500

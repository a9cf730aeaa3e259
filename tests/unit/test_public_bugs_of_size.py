"""Faults of other systems that people have reported in public: of size, and of settings.

Work is counted in calls of functions, not in time, so that the machine does not matter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from acd.config import Centre, Class, Member, Queue
from acd.engine import Engine
from acd.events import Arrived, LinkChanged, PhoneChanged
from acd.model import AgentId, ContactId, QueueId
from acd.requests import AgentLoggedIn, AgentReady
from ivr import centre_file
from ivr.faults import BadSettings
from tests.routing_stage import ANN, ONE, Stage, house, member


def work(of: Callable[[], object]) -> int:
    """How many functions of ours this calls."""
    calls = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        of()
    finally:
        sys.setprofile(before)
    return calls


def large(queues: int) -> Centre:
    """So many queues, and twice as many agents, each in two of them."""
    names = [QueueId(f"q{n}") for n in range(queues)]
    agents = [
        Member(AgentId(f"a{n}"), {names[n % queues]: 0.0, names[(n * 7 + 1) % queues]: 0.0})
        for n in range(2 * queues)
    ]
    return Centre(
        queues={name: Queue(name) for name in names},
        agents={agent.id: agent for agent in agents},
        classes={"standard": Class()},
    )


def at_work(centre: Centre) -> Engine:
    """Everybody is logged in and free, but for the agents of the first queue."""
    engine = Engine(centre)
    engine.handle(LinkChanged(True), 0.0)
    for agent, own in centre.agents.items():
        if QueueId("q0") not in own.queues:
            engine.handle(PhoneChanged(agent, True), 0.0)
            engine.handle(AgentLoggedIn(agent), 0.0)
    return engine


def test_rules_of_many_queues_are_loaded_anew_with_work_that_grows_as_they_do() -> None:
    """https://github.com/asterisk/asterisk/issues/1972. What agents may serve is looked up with the
    first call that asks for it.
    """
    small, big = large(250), large(1000)
    some, many = at_work(small), at_work(big)
    fewer, more = work(lambda: some.use(small, 1.0)), work(lambda: many.use(big, 1.0))
    assert more < 5 * fewer, "four times the queues and agents, not sixteen times the work"


def test_one_more_call_costs_the_same_however_many_queues_there_are() -> None:
    """https://github.com/asterisk/asterisk/issues/1214 and .../1215. The first that asks for
    something after the rules were loaded looks at every agent once.
    """

    def cost(queues: int) -> int:
        engine = at_work(large(queues))
        calls = [
            Arrived(ContactId(f"c{n}"), QueueId(queue), 1.0, waits=True)
            for n, queue in enumerate(("q0", "q2", "q0", "q2"))
        ]
        for call in calls[:2]:
            engine.handle(call, 1.0)
        return work(lambda: [engine.handle(call, 2.0) for call in calls[2:]])

    assert cost(1000) <= 1.5 * cost(50)


def test_an_agent_can_come_on_a_break_and_is_rung_for_nobody_before_they_are_ready() -> None:
    """https://github.com/asterisk/asterisk/pull/1008"""
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    stage.tell(PhoneChanged(ANN, True), 11.0)
    assert stage.tell(AgentLoggedIn(ANN, ready=False), 12.0) == []
    assert stage.at(60.0) == []
    assert [c.contact for c in stage.tell(AgentReady(ANN), 61.0)] == [ONE]


def test_a_strategy_that_nobody_knows_is_refused_with_its_line(tmp_path: Path) -> None:
    """https://github.com/asterisk/asterisk/issues/707"""
    file = tmp_path / "centre.yaml"
    file.write_text("queues:\n  support: {strategy: ringall_please}\n", encoding="utf-8")
    with pytest.raises(BadSettings) as refusal:
        centre_file.read(file)
    [fault] = refusal.value.faults
    assert ":2: queues.support.strategy: must be one of longest_idle" in fault

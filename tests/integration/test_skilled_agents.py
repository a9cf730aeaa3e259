"""Callers whose flow asks for skills, or who come back, with the whole core on a real Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from adapters.asterisk.instance import Instance
from tests import rig
from tests.flow_stage import write_flow
from tests.integration.test_waiting_callers import core, waits
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

FLOWS: dict[str, dict[str, Any]] = {
    "bills": {"person": {"do": "queue", "skills": {"billing": 5}}},
    "anything": {"person": {"do": "queue"}},
}
RULES = {
    "queues": {"support": {"hold_for_preferred": 60, "wrap_up_seconds": 0}},
    "agents": {
        "a1": {"queues": ["support"]},
        "a2": {"queues": ["support"], "skills": {"billing": 5}},
    },
}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    numbers = {"4000": {"flow": "bills"}, "4001": {"flow": "anything"}}
    with rig.asterisk(phones=2, numbers=numbers, centre=RULES) as instance:
        (instance.settings.data / "flows").mkdir()
        for name, steps in FLOWS.items():
            write_flow(instance.settings.data, name, steps)
        yield instance


@pytest.fixture
async def other(asterisk: Instance) -> AsyncIterator[Phone]:
    async with rig.phone(asterisk, "a2") as phone:
        await phone.register()
        yield phone


async def answers(ami: rig.Ami, agent: Phone, contact: str) -> None:
    leg = await agent.rings()
    leg.answer()
    await ami.event("BridgeEnter", Uniqueid=contact)
    await leg.hang_up()


async def test_who_can_do_what_the_flow_asks_for_is_rung_and_the_next_time_waited_for(
    asterisk: Instance, ami: rig.Ami, agent: Phone, other: Phone, caller: Phone
) -> None:
    async with core(asterisk) as client:
        await client.ask("agent login", agent="a1")
        told = await waits(ami, caller, "4000")
    async with core(asterisk) as client:  # begun anew, it asks for the same
        await client.ask("agent login", agent="a2")
        await answers(ami, other, told["Contact"])
    async with core(asterisk):
        told = await waits(ami, caller, "4001")
        await answers(ami, other, told["Contact"])
    assert agent.calls == [], "ready all the time, and idle for longer"

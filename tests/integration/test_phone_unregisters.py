"""An agent's telephone that unregisters is not rung, and says so; the caller waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from tests import rig
from tests.before_gate_stage import STRAIGHT, Stage, staged
from tests.flow_house import flow_house
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "ring_seconds": 20}},
    "agents": {name: {"queues": ["support"]} for name in ("a1", "a2")},
}
SITE = {"plan": {f"a{n}": {"secret": f"s{n}"} for n in (1, 2)}}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with flow_house(STRAIGHT, CENTRE, {"4000": "support"}, **SITE) as instance:
        yield instance


@pytest_asyncio.fixture
async def stage(asterisk: Instance) -> AsyncIterator[Stage]:
    async with staged(asterisk) as found:
        yield found


async def test_a_phone_that_unregisters_is_not_offered_calls_until_it_is_back(
    asterisk: Instance, stage: Stage, caller: Phone
) -> None:
    async with rig.phone(asterisk, "a1") as first, rig.phone(asterisk, "a2") as second:
        await first.register()
        await stage.ready("a1")
        await first.register(expires=0)
        await stage.until_agent("a1", state="ready", phone="out of reach")
        told = await stage.calls(caller, "4000")

        await second.register()
        await stage.ready("a2")  # who has been free for less long, and can be rung
        (await second.rings()).answer()
        await stage.together(told)
        assert [one.data["agent"] for one in await stage.story(told, "Offered")] == ["a2"]
        await caller.calls[-1].hang_up()
        await stage.core.ask("agent logout", agent="a2")

        told = await stage.calls(caller, "4000")
        await first.register()
        (await first.rings()).answer()
        await stage.together(told)
        await caller.calls[-1].hang_up()

"""Numbers of help on the real Asterisk: telephones of the house, and none of our processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from adapters.asterisk.instance import Instance
from tests import rig
from tests.before_gate_stage import STRAIGHT
from tests.flow_house import flow_house
from tests.integration.test_inside_the_house import CENTRE
from tests.outside import Outside, dialled
from tests.ports import reserved_port
from tests.trunk_peer import Peer, believed, free_place

pytestmark = pytest.mark.asterisk

FULL, ALIVE, OURS = free_place("127.0.0.2"), reserved_port(), "+861012345678"
SITE: Mapping[str, Any] = {
    "plan": {"a1": {"secret": "s1"}},
    "trunks": {
        "full": {"address": f"{FULL[0]}:{FULL[1]}", "caller_ids": [OURS], "incoming": False},
        "alive": {"address": f"127.0.0.1:{ALIVE}", "caller_ids": [OURS], "incoming": False},
    },
}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with flow_house(STRAIGHT, CENTRE, {"4000": "support"}, **SITE) as instance:
        yield instance


@pytest_asyncio.fixture
async def police(asterisk: Instance) -> AsyncIterator[Outside]:
    async with (
        Peer(FULL, invite="503 Service Unavailable"),
        Outside(("127.0.0.1", asterisk.settings.ports.sip), ALIVE) as phone,
    ):
        await believed(asterisk, "alive")
        yield phone


async def test_a_telephone_calls_the_police_by_the_next_trunk_and_without_python(
    asterisk: Instance, police: Outside
) -> None:
    async with rig.phone(asterisk, "a1") as ann:
        await ann.register()
        calling = asyncio.create_task(ann.call("110"))
        rung = await police.rings()
        assert dialled(rung) == "110" and rung.invite and OURS in rung.invite["From"]
        rung.answer()
        call = await calling
        assert call.up.is_set()
        await rung.hang_up()
        await asyncio.wait_for(call.ended.wait(), 5)


async def test_other_numbers_outside_are_nobodys_to_dial_without_a_talk(
    asterisk: Instance, police: Outside
) -> None:
    async with rig.phone(asterisk, "a1") as ann:
        await ann.register()
        call = await ann.call("13800138000")
        assert call.failed and police.rung.empty()

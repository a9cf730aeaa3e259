"""Rules for who waits while the trunks are full: a trunk of one channel, with the whole core."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from adapters.asterisk.instance import Instance
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr.ports import Record
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_keys_while_waiting import comes_to
from tests.integration.test_waiting_callers import core, waits
from tests.phones import DEADLINE, Phone
from tests.trunk_peer import Peer, free_place

pytestmark = pytest.mark.asterisk

PLACE = free_place("127.0.0.2")
CENTRE = {
    "queues": {
        "support": {"overflow": [{"when": {"trunks_busy": True}, "to": "spare"}]},
        "spare": {},
    },
    "agents": {"a1": {"queues": ["spare", "support"]}},
}
FLOW = {"first": "person", "steps": {"person": {"do": "queue"}}}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    trunk = {"address": f"{PLACE[0]}:{PLACE[1]}", "channels": 1}
    with flow_house(FLOW, CENTRE, {"4000": "support"}, trunks={"narrow": trunk}) as instance:
        yield instance


async def records(asterisk: Instance, kind: str) -> list[Record]:
    database = await open_database(asterisk.settings.database_url("core"), "core", read_only=True)
    try:
        return [record async for record in JournalReader(database).read(0, (kind,))]
    finally:
        await database.close()


async def told(asterisk: Instance, *busy: bool) -> None:
    """Until the journal has just this of the trunks."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = [record.data["busy"] for record in await records(asterisk, "TrunksChanged")]
            if found == list(busy):
                return
            await asyncio.sleep(0.05)


async def test_who_waits_goes_elsewhere_with_their_key_when_the_only_line_is_taken(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    server = ("127.0.0.1", asterisk.settings.ports.sip)
    async with core(asterisk) as client, Peer(PLACE) as peer:
        first = await waits(ami, caller)
        key = (await comes_to(client, first, "waiting"))["key"]
        by_trunk = await peer.dial(server, "4000")
        assert by_trunk.status == 200
        assert (await peer.dial(server, "4000")).status == 503, "the only line is taken"
        await told(asterisk, True)
        async with asyncio.timeout(DEADLINE):
            while (known := await comes_to(client, first, "waiting"))["queue"] != "spare":
                await asyncio.sleep(0.05)
        assert known["key"] == key
        [why] = {r.data["why"] for r in await records(asterisk, "Overflowed")}
        assert why == "all trunks are busy"
        await peer.hang_up(by_trunk, server)
        await told(asterisk, True, False)

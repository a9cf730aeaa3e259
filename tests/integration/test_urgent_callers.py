"""An urgent caller who has keyed something, with the whole core on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.asterisk.instance import Instance
from adapters.stores.journal import JournalReader
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr.load import house_of, load
from ivr.ports import PersonId
from tests import rig
from tests.flow_stage import write_flow
from tests.integration.test_waiting_callers import CENTRE, core
from voice.prompts import PromptFolder, make_missing

pytestmark = pytest.mark.asterisk

STEPS: dict[str, Any] = {
    "order": {
        "do": "listen", "say": {"zh": "订单号。", "en": "Your order."}, "into": "order", "tries": 1,
        "keys": {"least": 4, "most": 4}, "seconds": 10,
        "then": {"done": "person", "silence": "person", "no_match": "person"},
    },
    "person": {"do": "queue", "urgency": "card_loss", "tell": ["order"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    rules = {
        **CENTRE,
        "classes": {"vip": {"credit": 90}},
        "urgency": {"card_loss": {"credit": 300}},
    }
    numbers = {"4000": {"flow": "lost", "language": "en", "class": "vip"}}
    with rig.asterisk(phones=1, numbers=numbers, centre=rules) as instance:
        data = instance.settings.data
        (data / "flows").mkdir()
        write_flow(data, "lost", STEPS)
        spoken = load(data / "flows" / "lost.yaml", house_of(instance.settings)).prompts()
        done = asyncio.run(make_missing(PromptFolder(instance.settings.prompts), spoken))
        assert done.failed == []
        yield instance


async def test_they_stand_before_others_and_the_agent_can_read_what_they_keyed(
    asterisk: Instance,
) -> None:
    async with rig.ami(asterisk) as ami, core(asterisk), rig.phone(asterisk, "15551234") as caller:
        await ami.set("", "GLOBAL(AGI_NEXT)", "0")
        call = await caller.call("4000")
        for key in "4711":
            await call.press(key)
        told = await ami.event("AcdWaiting")
        entered = int(await ami.get(told["Channel"], "QENTER"))
        order = int(await ami.get(told["Channel"], "ORDER"))
    assert entered - order == 390_000, "also where only the dialplan orders callers"
    database = await open_database(asterisk.settings.database_url("core"), "core", read_only=True)
    try:
        records = [record async for record in JournalReader(database).read(0, ())]
        [shown] = [record for record in records if record.kind == "ValuesTold"]
        arrived, *_ = [record for record in records if record.kind == "Arrived"]
        vault = SqlVault(database, KeyRing(asterisk.settings.secrets), "CN")
        person, effect = PersonId(shown.data["person"]), shown.data["effect"]
        assert await vault.open(person, f"values {effect}") == "order: 4711"
    finally:
        await database.close()
    assert arrived.data["urgency"] == "card_loss" and shown.seq < arrived.seq
    assert "4711" not in "".join(str(record) for record in records)

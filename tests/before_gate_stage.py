"""One Asterisk with the whole core, for tests of what comes before the gate of an agent's leg.

4000 leads to an announcement and then the desk phone `a1`; 4001 to `a2`, which picks up by itself;
4002 to `a3`, which is a number outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr.ports import Record
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_transfer_on_asterisk import records
from tests.integration.test_waiting_callers import core
from tests.phones import Call, Phone
from voice.ports import Prompt
from voice.prompts import PromptFolder

STRAIGHT = {"first": "person", "steps": {"person": {"do": "queue"}}}
DESK, ITSELF, ABROAD = "4000", "4001", "4002"
"""Numbers that callers dial."""
QUEUES = {DESK: "support", ITSELF: "sales", ABROAD: "field"}
RING_SECONDS = 4
CENTRE: dict[str, Any] = {
    "queues": {
        name: {"wrap_up_seconds": 0, "ring_seconds": RING_SECONDS} for name in QUEUES.values()
    },
    "agents": {
        "a1": {"queues": ["support"]}, "a2": {"queues": ["sales"]}, "a3": {"queues": ["field"]},
        "a4": {"queues": ["support"]},
    },
}  # fmt: skip
MOBILE, OURS = "+8613800138000", "+861012345678"
WORDS = "客服热线的客户，请先核对姓名和订单号码，然后再回答问题，谢谢。"
"""It takes some five seconds to say: longer than a phone may ring here."""


def site(port: int) -> dict[str, Any]:
    """The trunk's other end is at this port."""
    return {
        "plan": {
            "a1": {"secret": "s1"},
            "a2": {"secret": "s2", "auto_answer": True},
            "a3": {"number": MOBILE, "accept_seconds": 5},
            "a4": {"secret": "s4"},
        },
        "announcements": {"support": WORDS},
        "trunks": {
            "alive": {"address": f"127.0.0.1:{port}", "caller_ids": [OURS], "incoming": False}
        },
        "outbound": {"allow": ["+86"], "caller_id": OURS},
    }


@contextmanager
def before_gate(port: int) -> Iterator[Instance]:
    """A running Asterisk of this site."""
    with flow_house(STRAIGHT, CENTRE, QUEUES, **site(port)) as instance:
        yield instance


@dataclass
class Stage:
    """Asterisk, the core, and a line that hears everything."""

    asterisk: Instance
    ami: rig.Ami
    core: CoreClient

    async def ready(self, agent: str) -> None:
        """Log the agent in, whose phone can be rung: whoever waits rings there at once."""
        await self.until_agent(agent, phone="reachable")
        await self.core.ask("agent login", agent=agent)

    async def agent(self, name: str) -> Mapping[str, Any]:
        agents = (await self.core.ask("agents"))["agents"]
        return next(one for one in agents if one["agent"] == name)

    async def until_agent(self, name: str, **wanted: str) -> None:
        async with asyncio.timeout(10):
            while True:
                found = await self.agent(name)
                if all(found[key] == value for key, value in wanted.items()):
                    return
                await asyncio.sleep(0.02)

    async def calls(self, caller: Phone, number: str) -> rig.Event:
        """What is told of a caller who waits."""
        seen = len(self.ami.events)
        await caller.call(number)
        return await self.ami.event("AcdWaiting", since=seen)

    async def announcement(self) -> None:
        """Wait until it has been made."""
        prompts = PromptFolder(self.asterisk.settings.prompts)
        async with asyncio.timeout(20):
            while prompts.find(Prompt(WORDS, "zh")) is None:
                await asyncio.sleep(0.05)

    async def ahead(self, told: rig.Event) -> rig.Event:
        """The agent's phone was answered, and the gate is still to come."""
        heard = await self.ami.event("AcdAhead", Contact=told["Contact"])
        assert self.ami.count("AcdClaimed", Contact=told["Contact"]) == 0
        return heard

    async def together(self, told: rig.Event) -> None:
        await self.ami.event("AcdClaimed", Contact=told["Contact"])
        await self.ami.event("BridgeEnter", Uniqueid=told["Uniqueid"])

    async def story(self, told: rig.Event, kind: str) -> list[Record]:
        """The records of this kind, once there is one."""
        found = await records(self.asterisk, told["Contact"], kind, 1)
        return [record for record in found if record.kind == kind]

    async def how_ended(self, told: rig.Event) -> str:
        """How the first offer of this contact ended without a talk."""
        first = (await self.story(told, "Offered"))[0].data["offer"]
        url = self.asterisk.settings.database_url("core")
        database = await open_database(url, "core", read_only=True)
        try:
            async with asyncio.timeout(10):
                while True:
                    async for record in JournalReader(database).read(0, ("OfferEnded",)):
                        if record.data["offer"] == first:
                            return str(record.data["how"])
                    await asyncio.sleep(0.05)
        finally:
            await database.close()


@asynccontextmanager
async def staged(asterisk: Instance, logs_off: bool = True) -> AsyncIterator[Stage]:
    """One run of the core. `logs_off`: nobody is logged in any more when it ends."""
    async with rig.ami(asterisk) as line, core(asterisk) as client:
        await line.set("", "GLOBAL(AGI_NEXT)", "0")
        stage = Stage(asterisk, line, client)
        yield stage
        agents = (await client.ask("agents"))["agents"] if logs_off else ()
        for agent in agents:
            if agent["state"] != "logged off":
                await client.ask("agent logout", agent=agent["agent"])


async def ended(call: Call, wait: float) -> None:
    """The other side has hung up, within so many seconds."""
    await asyncio.wait_for(call.ended.wait(), wait)

"""What Asterisk is told of new rules."""

from __future__ import annotations

import asyncio

from acd.config import Centre, Queue
from acd.engine import Engine
from acd.events import TimePassed
from acd.model import AgentId, QueueId
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.ami import Ami
from adapters.asterisk.cel import CelLog
from adapters.asterisk.event_log import EventLog
from adapters.asterisk.phone_holds import PhoneHolds
from adapters.asterisk.resync import Resync
from adapters.asterisk.switchboard import Switchboard
from adapters.asterisk.talks import AsteriskTalks
from ivr.distributor import Distributor
from ivr.settings import ROOT
from tests.centres import centre
from tests.fake_asterisk import WORD, FakeAmi
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryJournal, MemoryVault

SUPPORT, ANN = QueueId("support"), AgentId("ann")
RULES = centre({SUPPORT: Queue(SUPPORT)}, {"vip": 89.6}, {ANN: (SUPPORT,)})
PHONES = (
    "Response: Success\r\n{of}EventList: start\r\nMessage: will follow\r\n\r\n"
    "Event: DeviceStateChange\r\n{of}Device: PJSIP/ann\r\nState: NOT_INUSE\r\n\r\n"
    "Event: DeviceStateListComplete\r\n{of}EventList: Complete\r\nListItems: 1\r\n\r\n"
)


def resync_at(port: int) -> tuple[Resync, Ami, Distributor]:
    ami = Ami("127.0.0.1", port, "acd", WORD, on_event=lambda event: None, on_link=lambda up: None)
    switchboard = Switchboard(ami, AgentLines(ROOT))
    vault = MemoryVault()
    distributor = Distributor(Engine(RULES), MemoryJournal(), switchboard, vault, StandingClock())
    switchboard.tell(distributor)
    holds = PhoneHolds(ami, distributor.engine, distributor.post)
    talks = AsteriskTalks(ami)
    log = EventLog(CelLog(ROOT / "nowhere"), distributor, vault, talks.pause_ended)
    return Resync(ami, log, switchboard, distributor, holds, followed), ami, distributor


async def followed(centre: Centre) -> None:
    assert centre is RULES


async def test_new_rules_bring_their_credits_and_the_phones_of_new_agents() -> None:
    async with FakeAmi() as fake:
        fake.answers["DeviceStateList"] = lambda of: PHONES.format(of=of).encode()
        resync, ami, distributor = resync_at(fake.port)
        running = [asyncio.create_task(part) for part in (ami.run(), distributor.run())]
        async with asyncio.timeout(5):
            while not ami.up:
                await asyncio.sleep(0)
        await resync.rules_changed()
        told = {a["Variable"]: a["Value"] for a in fake.actions if a["Action"] == "Setvar"}
        assert told == {"GLOBAL(ACD_CREDIT_vip)": "90"}
        await distributor.record(TimePassed())
        assert distributor.engine.agents[ANN].reachable
        for task in running:
            task.cancel()


async def test_rules_change_without_a_link_too() -> None:
    resync, _, _ = resync_at(port=1)
    await asyncio.wait_for(resync.rules_changed(), 5)

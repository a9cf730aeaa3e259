"""A whole installation for talks among many agents, and what Asterisk says of their channels.

Agents are in lanes of four, each lane with two queues and a number of its own: what happens in one
lane changes nothing in another, so that each can be foretold while all of them load one core.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.asterisk.instance import Instance
from ivr.settings import load
from tests.house import STRAIGHT, House
from tests.rig import Ami, Event, login
from tests.talk_model import CALLER, Parties, Seen
from tests.watch import let_watch

LANE = 4
"""Agents in a lane: two serve its front queue, two the one behind it."""
WRAP_UP_SECONDS = 3600.0
"""Longer than any sequence: whose wrap-up has begun can be seen until it is ended by hand."""
LINES = {"Up": "there", "Ringing": "rings"}


@dataclass(frozen=True)
class Place:
    """One lane: its agents, its queues, and the number that callers dial."""

    index: int
    agents: Sequence[str]
    queues: Mapping[str, Sequence[str]]
    number: str

    @property
    def front(self) -> str:
        return next(iter(self.queues))


def places(agents: int) -> list[Place]:
    """So many agents in lanes; what does not fill a lane is left out."""
    found = []
    for index in range(agents // LANE):
        names = [f"agent-{1001 + LANE * index + n}" for n in range(LANE)]
        queues = {f"front-{index}": names[:2], f"back-{index}": names[2:]}
        found.append(Place(index, names, queues, str(4100 + index)))
    return found


def furnish(data: Path, lanes: Sequence[Place]) -> None:
    """Numbers, phones, queues and agents of the lanes, in the data folder of a house."""
    (data / "flows" / "main.yaml").write_text(json.dumps(STRAIGHT))
    site: dict[str, Any] = {
        "phones": {agent: {} for lane in lanes for agent in lane.agents},
        "numbers": {
            lane.number: {"flow": "main", "language": "en", "queue": lane.front} for lane in lanes
        },
    }
    (data / "site.yaml").write_text(json.dumps(site))
    queues = [queue for lane in lanes for queue in lane.queues]
    staff = {
        agent: {"queues": [queue]}
        for lane in lanes
        for queue, agents in lane.queues.items()
        for agent in agents
    }
    rules = {"ring_seconds": 60, "wrap_up_seconds": WRAP_UP_SECONDS}
    centre = {"queues": dict.fromkeys(queues, rules), "agents": staff}
    (data / "centre.yaml").write_text(json.dumps(centre))


class Exchange:
    """What Asterisk says about its channels, asked for as a whole."""

    def __init__(self, ami: Ami) -> None:
        self._ami = ami
        self._told: list[Event] = []
        self._turn = asyncio.Lock()
        ami.hears = self._hears

    def _hears(self, event: Event) -> None:
        if event["Event"] == "CoreShowChannel":
            self._told.append(event)
        elif event["Event"] == "CoreShowChannelsComplete":
            self._ami.events.append(event)

    async def channels(self) -> list[Event]:
        """Every channel there is, with state and bridge."""
        async with self._turn:
            self._told = []
            self._ami.events.clear()
            await self._ami.do("CoreShowChannels")
            await self._ami.event("CoreShowChannelsComplete")
            return self._told


class TalkHouse:
    """The house and its exchange; `look` puts both accounts of one contact side by side."""

    def __init__(self, house: House, exchange: Exchange) -> None:
        self.house, self.exchange = house, exchange

    async def contact_of(self, number: str) -> str:
        """The contact of the caller with this number; "" as long as there is none."""
        told = await self.exchange.channels()
        return next((one["Uniqueid"] for one in told if one["CallerIDNum"] == number
                     and one["Channel"].startswith("PJSIP/trunk-")), "")  # fmt: skip

    async def look(self, place: Place, contact: str) -> Seen:
        """The contact, its lane's agents, and their channels, as they are told now."""
        agents = (await self.house.core.ask("agents"))["agents"]
        contacts = (await self.house.core.ask("contacts"))["contacts"]
        found: dict[str, Any] = next((one for one in contacts if one["contact"] == contact), {})
        states = {one["agent"]: one["state"] for one in agents if one["agent"] in place.agents}
        lines = by_line(await self.exchange.channels(), place.agents, contact)
        return Seen(
            str(found.get("state", "ended")), str(found.get("agent") or ""), states,
            frozenset(lines["rings"]), frozenset(lines["there"]),
            frozenset(p for name, p in lines.items() if len(p) > 1 and name not in LINES.values()),
        )  # fmt: skip


def by_line(told: Sequence[Event], agents: Sequence[str], contact: str) -> dict[str, Parties]:
    """Who is there, whose phone rings, and who is in each bridge (by its id)."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in told:
        phone = one["Channel"].removeprefix("PJSIP/").rpartition("-")[0]
        party = CALLER if one["Uniqueid"] == contact else phone
        if party == CALLER or party in agents:
            found[LINES.get(one["ChannelStateDesc"], "otherwise")].add(party)
            if one["BridgeId"]:
                found[one["BridgeId"]].add(party)
    return defaultdict(Parties, {name: frozenset(parties) for name, parties in found.items()})


@asynccontextmanager
async def talk_house(lanes: Sequence[Place]) -> AsyncIterator[TalkHouse]:
    """A running house with these lanes; gone afterwards. Of what failed, the log is shown."""
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        house = House(Path(folder), 0)
        furnish(house.settings.data, lanes)
        house.settings = load(house.environment)
        house.asterisk = Instance(house.settings)
        let_watch(house.settings, ["FullyBooted"])
        try:
            await house.start_calls()
            ami = await login(house.asterisk)
            try:
                yield TalkHouse(house, Exchange(ami))
            finally:
                await ami.close()
        except BaseException:
            print(house.log[-4000:])
            raise
        finally:
            await house.stop()

"""Lanes in which the offer gate is raced: one caller, two agents' phones, and a rival.

Each lane commands by a manager connection of its own; one more connection watches all of them. So
a cut link is seen by the lane that cuts it and by nobody else.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from adapters.asterisk.instance import Instance
from tests import rig
from tests.bench.tally import Tally
from tests.phones import Call

EARLIEST, LATEST = -0.010, 0.020
"""The rival's moment, in seconds from the answer."""
WATCH = 0.15
"""How long a talk is watched before it is ended: a thief would need a few milliseconds."""
SETTLING = 8.0
EXPECTED = {"two legs": 1, "announcement": 1, "link": 1}
"""Talks that must come of a race; in other kinds the rival may win."""


@dataclass
class World:
    """What all lanes share: an epoch (a new one makes every older offer stale) and the events."""

    instance: Instance
    lanes: list[Lane] = field(default_factory=list)
    epoch: int = 1

    def hear(self, event: rig.Event) -> None:
        for lane in self.lanes:
            if lane.is_about_us(event):
                lane.events.append(event)


class Lane:
    """One caller raced over, again and again."""

    def __init__(self, world: World, number: int, seed: int) -> None:
        self.world, self.number = world, number
        self.dice = random.Random(seed * 1000 + number)
        self.tally = Tally()
        self.events: list[rig.Event] = []
        self.before: list[rig.Event] = []
        self.caller = rig.phone(world.instance, f"1555{number}", hears=False)
        names = (f"a{2 * number + n}" for n in (1, 2))
        self.agents = [rig.phone(world.instance, name, hears=False) for name in names]
        self.ami: rig.Ami | None = None
        self.call: Call | None = None
        self.channel = self.contact = self.offer = ""
        self.count = 0

    def is_about_us(self, event: rig.Event) -> bool:
        about = (event.get("Contact"), event.get("Uniqueid"))
        if self.contact in about or self._leg_of(event):
            return True
        return event.get("UserEvent") == "AcdWaiting" and (
            event.get("CallerIDNum") == self.caller.name
        )

    def _leg_of(self, event: rig.Event) -> bool:
        return bool(self.offer) and event.get("Uniqueid") in self._legs()

    def _legs(self) -> tuple[str, str]:
        """Channel ids of the two legs; none may begin with another: Asterisk matches prefixes."""
        return f"acd-{self.offer}", f"second-{self.offer}"

    async def ready(self) -> None:
        for agent in self.agents:
            await agent.register()

    async def end(self) -> None:
        if self.call and not self.call.ended.is_set():
            await self.call.hang_up()
        for phone in (self.caller, *self.agents):
            phone.close()
        if self.ami:
            await self.ami.close()

    async def race(self, kind: str) -> None:
        """One race, judged."""
        self.count += 1
        self.ami = self.ami or await rig.login(self.world.instance)
        await self._caller_waits(self.ami)
        self.events.clear()
        self.offer = f"{self.world.epoch}.{self.number}.{self.count}"
        legs = await self._ring(self.ami, 2 if kind == "two legs" else 1)
        moment = self.dice.uniform(EARLIEST, LATEST)
        rival = asyncio.create_task(self._rival(kind, max(0.0, moment)))
        await asyncio.sleep(max(0.0, -moment))
        for leg in legs:
            leg.answer()
        await rival
        self.tally.races[kind] += 1
        await self._judge(kind, legs)

    async def _caller_waits(self, ami: rig.Ami) -> None:
        """Still from the last race, or by a new call."""
        if self.call is None or self.call.ended.is_set():
            self.contact = ""
            self.events.clear()
            self.call = await self.caller.call("4000")
            told = await rig.until(lambda: self._told("AcdWaiting"))
            self.channel, self.contact = told[0]["Channel"], told[0]["Contact"]
            await ami.set(self.channel, "AFTER", "queue")

    async def _ring(self, ami: rig.Ami, count: int) -> list[Call]:
        await ami.set(self.channel, "SHARED(OFFER)", self.offer)
        phones = self.agents[:count]
        for phone, leg in zip(phones, self._legs(), strict=False):
            await ami.originate(phone.name, self.offer, self.channel, self.contact, leg)
        return [await phone.rings() for phone in phones]

    # ---- the rivals

    async def _rival(self, kind: str, delay: float) -> None:
        await asyncio.sleep(delay)
        if kind in RIVALS:
            await RIVALS[kind](self)

    async def announce(self) -> None:
        await self._do_set(self.channel, "REQ", f"r{self.count}~hotline/zh/please-wait~0")

    async def leave(self) -> None:
        assert self.call
        await self._do_set(self.channel, "AFTER", "")
        await self.call.hang_up()

    async def withdraw(self) -> None:
        """Void the offer, then end the leg if it is known to ring.

        One that was answered talks, or was refused and ends by itself: to hang it up would cut the
        talk. One that cannot be found may be on its way into a bridge: look again.
        """
        assert self.ami
        await self._do_set(self.channel, "SHARED(OFFER)", "")
        leg = self._legs()[0]
        state = await self.ami.get(leg, "CHANNEL(state)")
        if not state:
            self.tally.outcomes["withdrawal: leg not found at first"] += 1
            await asyncio.sleep(0.1)
            state = await self.ami.get(leg, "CHANNEL(state)")
        if state and state != "Up":
            await self.ami.do("Hangup", Channel=leg, Cause="16")

    async def new_epoch(self) -> None:
        self.world.epoch += 1
        await self._do_set("", "GLOBAL(ACD_EPOCH)", str(self.world.epoch))

    async def cut_link(self) -> None:
        assert self.ami
        await self.ami.close()
        self.ami = None

    async def _do_set(self, channel: str, name: str, value: str) -> None:
        assert self.ami
        await self.ami.set(channel, name, value)

    # ---- what came of it

    async def _judge(self, kind: str, legs: list[Call]) -> None:
        try:
            await rig.until(lambda: self._settled(legs), SETTLING)
        except AssertionError:
            self._fault(kind, "stuck")
        await asyncio.sleep(WATCH)
        bridged = self._bridged()
        self.tally.outcomes[f"{kind}: {'talk' if bridged else 'no talk'}"] += 1
        if len(bridged) > 1 or len(self._told("AcdClaimed")) > 1:
            self._fault(kind, "double bridge")
        if bridged & self._over() and kind != "hang-up":
            self._fault(kind, "talk cut")
        stale_epoch = any(told["Why"] == "epoch" for told in self._told("AcdStale"))
        if len(bridged) < EXPECTED.get(kind, 0) and not stale_epoch:
            self._fault(kind, "nobody talks")
        self.before = self.events[:]
        self.events[:] = self._told("AcdGone")
        for leg in legs:
            await leg.hang_up()
        await self._caller_is_back(kind, bool(bridged))

    def _settled(self, legs: list[Call]) -> bool:
        """Every leg talks or is over. Who was refused hangs up instead of hearing why."""
        refused = {told["Uniqueid"] for told in self._told("AcdStale")}
        for leg, channel in zip(legs, self._legs(), strict=False):
            if channel in refused and not leg.ended.is_set():
                _spawn(leg.hang_up())
        return len(self._bridged() | self._over()) >= len(legs)

    async def _caller_is_back(self, kind: str, talked: bool) -> None:
        """Waiting again after a talk; still waiting when there was none."""
        assert self.call
        self.ami = self.ami or await rig.login(self.world.instance)
        if kind == "hang-up":
            await self._caller_is_gone(self.ami)
            return
        try:
            if talked:
                await rig.until(lambda: self._told("AcdWaiting"), SETTLING)
            for pause in (0.0, 0.1, 0.2):  # on its way out of a bridge it has another name
                await asyncio.sleep(pause)
                if await self.ami.get(self.channel, "CONTACT") == self.contact:
                    return
        except AssertionError:
            pass
        self._fault(kind, "caller lost")
        await self.call.hang_up()

    async def _caller_is_gone(self, ami: rig.Ami) -> None:
        """Asterisk can lose a hang-up that comes while it pulls the channel into a bridge. Such a
        ghost has to end when the agent hangs up, as any call does."""
        await asyncio.sleep(WATCH)
        if not self._told("AcdGone"):
            self.tally.outcomes["hang-up: ghost, ended by the agent"] += 1
        try:
            await rig.until(lambda: self._told("AcdGone"), SETTLING)
        except AssertionError:
            self._fault("hang-up", "ghost that stays")
            await ami.do("Hangup", Channel=self.channel)

    def _fault(self, kind: str, what: str) -> None:
        self.tally.faults[what] += 1
        shown = ("Timestamp", "Event", "UserEvent", "Uniqueid", "Why", "Cause")
        story = [
            " ".join(e[name] for name in shown if name in e) for e in self.before + self.events
        ]
        self.tally.examples.append(f"{kind}: {what}: {self.offer}: {story}")

    def _told(self, kind: str) -> list[rig.Event]:
        return [event for event in self.events if event.get("UserEvent") == kind]

    def _bridged(self) -> set[str]:
        return {
            e["Uniqueid"] for e in self.events if e["Event"] == "BridgeEnter" and self._leg_of(e)
        }

    def _over(self) -> set[str]:
        return {e["Uniqueid"] for e in self.events if e["Event"] == "Hangup" and self._leg_of(e)}


RIVALS: dict[str, Callable[[Lane], Awaitable[None]]] = {
    "announcement": Lane.announce,
    "hang-up": Lane.leave,
    "withdrawal": Lane.withdraw,
    "link": Lane.cut_link,
    "epoch": Lane.new_epoch,
}
KINDS = ("two legs", "two legs", *RIVALS)
"""Two legs at once is the hardest race: it is run twice as often."""

_spawned: set[asyncio.Task[None]] = set()


def _spawn(work: Awaitable[None]) -> None:
    task = asyncio.ensure_future(work)
    _spawned.add(task)
    task.add_done_callback(_spawned.discard)


@asynccontextmanager
async def lanes(instance: Instance, count: int, seed: int) -> AsyncIterator[list[Lane]]:
    """That many lanes on a running Asterisk with two phones for each."""
    world = World(instance)
    async with rig.short_script(instance), rig.ami(instance) as watcher:
        await watcher.set("", "GLOBAL(ACD_EPOCH)", str(world.epoch))
        watcher.hears = world.hear
        world.lanes = [Lane(world, number, seed) for number in range(count)]
        try:
            for lane in world.lanes:
                await lane.ready()
            yield world.lanes
        finally:
            for lane in world.lanes:
                await lane.end()


async def run(all_lanes: list[Lane], races: int) -> Tally:
    """So many races, spread over the lanes; what they came to."""

    async def one_lane(lane: Lane, kinds: tuple[str, ...], count: int) -> None:
        for _ in range(count):
            await lane.race(kinds[(lane.number + lane.count) % len(kinds)])

    # A new epoch voids the offers of all lanes: these races have a time of their own.
    epochs = races // len(KINDS)
    for kinds, part in ((KINDS[:-1], races - epochs), (KINDS[-1:], epochs)):
        share, rest = divmod(part, len(all_lanes))
        counts = [share + (n < rest) for n in range(len(all_lanes))]
        await asyncio.gather(
            *(one_lane(lane, kinds, n) for lane, n in zip(all_lanes, counts, strict=True))
        )
    total = Tally()
    for lane in all_lanes:
        total.add(lane.tally)
        lane.tally = Tally()
    return total

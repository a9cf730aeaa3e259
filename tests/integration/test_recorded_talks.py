"""Talks are recorded, paused and listened to on a real Asterisk, with the whole installation."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.asterisk.config import Folders
from adapters.asterisk.instance import Instance
from adapters.sipp.callers import Callers, Person
from adapters.sipp.ear import arrived
from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from ivr.ports import CoreRefused, Record, RecordingId
from ivr.settings import load
from tests import rig
from tests.hand import Hand
from tests.house import STRAIGHT, House
from tests.phones import Call, Phone
from tests.speaking import HEARD, UNHEARD, Mouth, mouth, of_ear, of_sound, sine, strength
from tests.watch import let_watch

pytestmark = pytest.mark.asterisk

ANN, BOB, BOSS, DESK = "agent-1001", "agent-1002", "boss", "2001"
CALLER = "+447700900123"
CARD = "4929518307264415"
BEFORE, CARD_SPOKEN, AFTER = 700.0, 1330.0, 930.0
"""What the customer says: before, in and after the pause, in hertz."""
AGENT, AGENT_REPEATS, AGENT_AFTER = 520.0, 1730.0, 1130.0
SUPERVISOR = 2090.0


class Speaker(Hand):
    """A caller of SIPp who speaks in tones, keys in RFC 4733, and keeps what is heard."""

    def _hear(self) -> None:
        self.heard.extend(arrived(self._socket))

    async def say(self, hertz: float, seconds: float) -> None:
        frames = iter(sine(hertz, round(seconds / 0.02)))
        await self._sound(seconds, lambda: next(frames))


@dataclass
class Desk:
    """A running house, the telephones in it, and every event that any program could be told."""

    house: House
    trace: list[rig.Event] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def phone(self, name: str) -> Phone:
        settings = self.house.settings
        where = ("127.0.0.1", settings.ports.sip)
        made = Phone(where, name, settings.phone_secret(name))
        phone = await self.stack.enter_async_context(made)
        await phone.register()
        return phone

    async def agent(self, name: str) -> Phone:
        phone = await self.phone(name)
        await self.house.core.ask("agent login", agent=name)
        await self.house.until_agent(name, lambda agent: agent["phone"] == "reachable")
        return phone

    async def caller(self, number: str = CALLER) -> tuple[Callers, Speaker]:
        hand = Speaker()
        tools = self.house.settings.tools
        callers = Callers(tools, [Person(number)], voices={0: hand})
        self.stack.push_async_callback(hand.stop)
        self.stack.push_async_callback(callers.stop)
        target = ("127.0.0.1", self.house.settings.ports.sip)
        await callers.start(target, "4000", self.house.next_port(4), deadline=120.0)
        await callers.answered(seconds=10)
        return callers, hand

    async def answers(self, phone: Phone) -> tuple[Call, Mouth]:
        call = await phone.rings(20)
        call.answer()
        speaker = await self.stack.enter_async_context(mouth(call))
        return call, speaker

    async def kinds(self, *kinds: str, count: int, seconds: float = 20) -> list[Record]:
        """The journal's records of these kinds, once there are so many."""
        async with asyncio.timeout(seconds):
            while len(found := await self.house.records(*kinds)) < count:
                await asyncio.sleep(0.1)
        return found

    async def opened(self, recording: str) -> bytes:
        settings = self.house.settings
        database = await open_database(settings.database_url("core"), "core", read_only=True)
        try:
            kept = SealedRecordings(database, KeyRing(settings.secrets), settings.data)
            sound = await kept.open(RecordingId(recording))
        finally:
            await database.close()
        assert sound is not None
        return sound

    @property
    def plain(self) -> list[Path]:
        return sorted(Folders.of(self.house.settings).talks.iterdir())


@asynccontextmanager
async def desk(
    recording: Mapping[str, Any], flow: Mapping[str, Any] = STRAIGHT
) -> AsyncIterator[Desk]:
    """A house whose talks are recorded like this, with two agents and a supervisor."""
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        house = House(Path(folder), 2)
        site = yaml.safe_load((house.settings.data / "site.yaml").read_text())
        site["phones"][BOSS] = {}
        site["destinations"] = {"reception": {"phone": DESK}}
        site |= {"recording": dict(recording), "listeners": [BOSS], "languages": ["en"]}
        site["numbers"] = {"4000": {"language": "en"}}
        (house.settings.data / "site.yaml").write_text(yaml.safe_dump(site))
        (house.settings.data / "flows" / "main.yaml").write_text(yaml.safe_dump(dict(flow)))
        house.settings = load(house.environment)
        house.asterisk = Instance(house.settings)
        let_watch(house.settings)
        made = Desk(house)
        try:
            await house.start_calls()
            line = await rig.login(house.asterisk)
            line.hears = made.trace.append
            async with made.stack:
                made.stack.push_async_callback(line.close)
                yield made
        except BaseException:
            print(house.log[-9000:])
            raise
        finally:
            await house.stop()


def everything_written(desk: Desk) -> str:
    """Every log, database, table and file of the installation, and every event, as text."""
    settings = desk.house.settings
    parts = [desk.house.log, json.dumps(desk.trace)]
    for root in (settings.home / "run", settings.data):
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                parts.append(path.read_bytes().decode("latin-1"))
    with closing(sqlite3.connect(Folders.of(settings).cel, timeout=5)) as database:
        parts += [str(row) for row in database.execute("SELECT * FROM cel")]
    return "\n".join(parts)


def keys_in(trace: list[rig.Event]) -> str:
    """The keys that the events of the manager interface tell."""
    ends = (one for one in trace if one["Event"] == "DTMFEnd")
    return "".join(one["Digit"] for one in ends if one["Direction"] == "Received")


async def test_a_card_keyed_and_spoken_in_a_pause_is_found_nowhere() -> None:
    async with desk({"queues": {"support": "always"}}) as house:
        ann, boss = await house.agent(ANN), await house.phone(BOSS)
        callers, customer = await house.caller()
        _, agent = await house.answers(ann)
        await asyncio.gather(customer.say(BEFORE, 1.5), agent.say(AGENT, 1.5))
        await customer.keys("7", 0.3, 0.1)
        await asyncio.sleep(0.3)
        assert keys_in(house.trace) == "7", "outside of a pause a key is told"

        core = house.house.core
        await core.ask("listen", of=ANN, phone=BOSS, how="listen", who="eve")
        listens = await boss.rings()
        listens.answer()
        await asyncio.sleep(0.5)
        await asyncio.gather(customer.say(BEFORE, 1.0), agent.say(AGENT, 1.0))
        heard = of_ear(boss.heard)
        assert strength(heard, BEFORE) > HEARD and strength(heard, AGENT) > HEARD

        assert (await core.ask("recording pause", of=ANN, who="ann"))["recording"] == "paused"
        await asyncio.wait_for(listens.ended.wait(), 3)
        already = len(house.trace)
        await asyncio.gather(customer.say(CARD_SPOKEN, 2.0), agent.say(AGENT_REPEATS, 2.0))
        await customer.keys(CARD, 0.2, 0.1)
        await agent.key(CARD[:8])
        with pytest.raises(CoreRefused, match="paused"):
            await core.ask("listen", of=ANN, phone=BOSS, who="eve")
        assert keys_in(house.trace[already:]) == "", "no event tells of a key"
        await core.ask("recording resume", of=ANN, who="ann")
        await asyncio.gather(customer.say(AFTER, 1.5), agent.say(AGENT_AFTER, 1.5))
        await customer.keys("8", 0.3, 0.1)
        await asyncio.sleep(0.3)
        assert keys_in(house.trace) == "78", "keys count again"
        await callers.leave()

        [told] = await house.kinds("TalkRecorded", count=1)
        assert house.plain == [], "nothing lies in the clear"
        said = of_sound(await house.opened(told.data["customer"]))
        answered = of_sound(await house.opened(told.data["agent"]))
        for sound, own, others in (
            (said, (BEFORE, AFTER), (AGENT, AGENT_AFTER)),
            (answered, (AGENT, AGENT_AFTER), (BEFORE, AFTER)),
        ):
            assert all(strength(sound, hertz) > HEARD for hertz in own)
            assert all(strength(sound, hertz) < UNHEARD for hertz in others), "directions apart"
            for hertz in (CARD_SPOKEN, AGENT_REPEATS):
                assert strength(sound, hertz) < UNHEARD
        assert strength(of_ear(boss.heard), CARD_SPOKEN) < UNHEARD
        kinds = ("RecordingBegan", "RecordingPaused", "RecordingResumed", "ListeningBegan")
        story = [one.kind for one in await house.house.records(*kinds)]
        assert story == ["RecordingBegan", "ListeningBegan", *kinds[1:3]]
        written = everything_written(house)
        assert CALLER.strip("+") in written, "what is looked through has the events"
        for piece in (CARD[at : at + 8] for at in range(9)):
            assert piece not in written


async def test_a_talk_is_recorded_while_python_is_dead_and_sealed_by_the_next_start() -> None:
    async with desk({"others": "always"}) as house:
        ann = await house.agent(ANN)
        callers, customer = await house.caller()
        rings = await ann.rings(20)
        house.house.kill_python()
        rings.answer()
        async with mouth(rings) as agent:
            await asyncio.gather(customer.say(BEFORE, 1.5), agent.say(AGENT, 1.5))
        await callers.leave()
        async with asyncio.timeout(5):
            while house.house.channels():
                await asyncio.sleep(0.1)
        lies = house.plain
        assert [path.suffix for path in lies] == [".sln", ".sln"]
        assert all(path.stat().st_size > 16_000 for path in lies)
        assert {path.parent.stat().st_mode & 0o077 for path in lies} == {0}

        await house.house.start_calls()
        [told] = await house.kinds("TalkRecorded", count=1)
        assert house.plain == []
        sound = of_sound(await house.opened(told.data["customer"]))
        assert strength(sound, BEFORE) > HEARD and strength(sound, AGENT) < UNHEARD
        [started] = await house.house.records("CallStarted")
        assert told.contact == started.contact


async def test_a_supervisor_hears_this_talk_alone_whispers_barges_and_is_gone_with_it() -> None:
    async with desk({}) as house:
        ann, bob, boss = await house.agent(ANN), await house.agent(BOB), await house.phone(BOSS)
        await house.caller("+447700900124")
        first_leg, first = await house.answers(await _who_rings(ann, bob))
        other = bob if first_leg.phone is ann else ann
        callers, customer = await house.caller("+447700900125")
        leg, agent = await house.answers(other)
        core = house.house.core
        with pytest.raises(CoreRefused, match="may not listen"):
            await core.ask("listen", of=leg.phone.name, phone=BOB, who="eve")

        for how, agent_hears, customer_hears in (
            ("listen", False, False), ("whisper", True, False), ("barge", True, True),
        ):  # fmt: skip
            told = len(house.trace)
            await core.ask("listen", of=leg.phone.name, phone=BOSS, how=how, who="eve")
            listens = await boss.rings()
            listens.answer()
            async with mouth(listens) as supervisor:
                await asyncio.sleep(0.5)
                for ear in (boss.heard, leg.phone.heard, customer.heard):
                    ear.clear()
                await asyncio.gather(
                    supervisor.say(SUPERVISOR, 1.0), customer.say(BEFORE, 1.0),
                    agent.say(AGENT, 1.0), first.say(AGENT_REPEATS, 1.0),
                )  # fmt: skip
            heard = of_ear(boss.heard)
            assert strength(heard, BEFORE) > HEARD and strength(heard, AGENT) > HEARD
            assert strength(heard, AGENT_REPEATS) < UNHEARD, "of the other talk nothing"
            assert (strength(of_ear(leg.phone.heard), SUPERVISOR) > HEARD) is agent_hears
            assert (strength(of_ear(customer.heard), SUPERVISOR) > HEARD) is customer_hears
            if how != "barge":
                await listens.hang_up()
            spied = [one for one in house.trace[told:] if one["Event"] == "ChanSpyStart"]
            assert len(spied) == 1
        await callers.leave()
        await asyncio.wait_for(listens.ended.wait(), 5)
        assert len(await house.house.records("ListeningBegan")) == 3
        assert house.plain == [], "nothing was to be recorded"


async def _who_rings(*phones: Phone) -> Phone:
    """The phone that rings first; its call waits there."""
    async with asyncio.timeout(20):
        while not (rung := [phone for phone in phones if not phone.rung.empty()]):
            await asyncio.sleep(0.02)
    return rung[0]


ASKS: dict[str, Any] = {
    "first": "agree",
    "steps": {
        "agree": {
            "do": "ask", "say": {"en": "May we record? One or two."}, "tries": 1, "seconds": 1,
            "then": {"yes": "agreed", "no": "refused", "silence": "person", "no_match": "person"},
        },
        "agreed": {"do": "set", "values": {"consent": "yes"}, "then": "person"},
        "refused": {"do": "set", "values": {"consent": "no"}, "then": "person"},
        "person": {"do": "queue", "after": "queue"},
    },
}  # fmt: skip


async def test_without_consent_nothing_is_recorded_and_a_second_talk_is_a_part_of_its_own() -> None:
    async with desk({"queues": {"support": "ask"}, "others": "always"}, ASKS) as house:
        ann = await house.agent(ANN)
        for number, key in (("30", ""), ("31", "2"), ("32", "1")):
            callers, customer = await house.caller(f"+4477009001{number}")
            await customer.keys(key)
            leg, agent = await house.answers(ann)
            await asyncio.gather(customer.say(BEFORE, 1.0), agent.say(AGENT, 1.0))
            if key == "1":
                await leg.hang_up()
                _, agent = await house.answers(ann)
                await asyncio.gather(customer.say(AFTER, 1.0), agent.say(AGENT_AFTER, 1.0))
            await callers.leave()
        told = await house.kinds("TalkRecorded", count=2)
        records = await house.house.records("NotRecorded", "RecordingBegan")
        assert [one.data.get("why") or one.data["consent"] for one in records] == [
            "not asked", "no consent", "yes", "yes",
        ]  # fmt: skip
        assert [(one.contact, one.data["part"]) for one in told] == [
            (records[2].contact, 1), (records[2].contact, 2),
        ]  # fmt: skip
        first, second = [of_sound(await house.opened(one.data["customer"])) for one in told]
        assert strength(first, BEFORE) > HEARD and strength(first, AFTER) < UNHEARD
        assert strength(second, AFTER) > HEARD and strength(second, BEFORE) < UNHEARD
        assert house.plain == []


async def test_recording_and_pause_follow_the_customer_from_agent_to_agent() -> None:
    async with desk({"others": "always"}) as house:
        ann = await house.agent(ANN)
        callers, customer = await house.caller()
        _, agent = await house.answers(ann)
        bob, core = await house.agent(BOB), house.house.core
        await asyncio.gather(customer.say(BEFORE, 1.0), agent.say(AGENT, 1.0))
        await core.ask("recording pause", of=ANN, who="ann")
        already = len(house.trace)
        await core.ask("talk transfer", agent=ANN, to_agent=BOB)
        _, other = await house.answers(bob)
        await house.house.until_agent(BOB, lambda agent: agent["state"] == "talking")
        await asyncio.gather(customer.say(CARD_SPOKEN, 1.0), other.say(AGENT_REPEATS, 1.0))
        await customer.keys(CARD, 0.2, 0.1)
        await other.key(CARD[:8])
        assert keys_in(house.trace[already:]) == "", "neither the customer's nor the new agent's"
        await core.ask("recording resume", of=BOB, who="bob")
        await asyncio.gather(customer.say(AFTER, 1.0), other.say(AGENT_AFTER, 1.0))
        await callers.leave()
        [told] = await house.kinds("TalkRecorded", count=1)
        said = of_sound(await house.opened(told.data["customer"]))
        heard = of_sound(await house.opened(told.data["agent"]))
        assert min(strength(said, BEFORE), strength(said, AFTER)) > HEARD
        assert min(strength(heard, AGENT), strength(heard, AGENT_AFTER)) > HEARD
        assert max(strength(said, CARD_SPOKEN), strength(heard, AGENT_REPEATS)) < UNHEARD
        assert CARD[:8] not in everything_written(house)


async def test_whoever_joins_a_talk_in_a_pause_is_paused_and_resumed_too() -> None:
    async with desk({"others": "always"}) as house:
        ann, reception = await house.agent(ANN), await house.phone(DESK)
        callers, _ = await house.caller()
        await house.answers(ann)
        bob, core = await house.agent(BOB), house.house.core
        await core.ask("recording pause", of=ANN, who="ann")
        already = len(house.trace)

        await core.ask("talk consult", agent=ANN, to_agent=BOB)
        leg, third = await house.answers(bob)
        await _together(house, 2, already)
        await core.ask("talk conference", agent=ANN)
        await _together(house, 3, already)
        await third.key(CARD[:8])
        assert keys_in(house.trace[already:]) == "", "an agent who joins by conference"
        await leg.hang_up()

        await house.house.until_agent(ANN, lambda agent: agent["state"] == "talking")
        handed_on = len(house.trace)
        await core.ask("talk transfer", agent=ANN, to_destination="reception")
        _, desk_of_it = await house.answers(reception)
        await _together(house, 2, handed_on)
        await desk_of_it.key(CARD[8:])
        assert keys_in(house.trace[already:]) == "", "a destination that is handed the caller"

        [began] = await house.kinds("RecordingBegan", count=1)
        await core.ask("recording resume", of=began.contact, who="eve")
        await desk_of_it.key("8")
        await asyncio.sleep(0.3)
        assert keys_in(house.trace[already:]) == "8", "keys count again"
        await callers.leave()


async def _together(house: Desk, count: int, since: int) -> None:
    """Until so many are in one bridge; `since`: how much had been traced before."""

    async def came() -> bool:
        rows = [one for one in house.trace[since:] if one["Event"] == "BridgeEnter"]
        return str(count) in [one["BridgeNumChannels"] for one in rows]

    await house.house.until(came)


RINGS: dict[str, Any] = {
    "first": "desk",
    "steps": {
        "desk": {
            "do": "transfer", "to": "reception",
            "then": {"done": "person", "busy": "person", "no_answer": "person",
                     "unreachable": "person"},
        },
        "person": {"do": "queue"},
    },
}  # fmt: skip


async def test_a_talk_with_a_telephone_that_is_no_agents_is_recorded_and_can_be_paused() -> None:
    async with desk({"others": "always"}, RINGS) as house:
        reception = await house.phone(DESK)
        callers, customer = await house.caller()
        leg, answers = await house.answers(reception)
        await asyncio.gather(customer.say(BEFORE, 1.0), answers.say(AGENT, 1.0))
        [began] = await house.kinds("RecordingBegan", count=1)
        core = house.house.core
        with pytest.raises(CoreRefused, match="name the agent"):
            await core.ask("listen", of=began.contact, phone=BOSS, who="eve")
        await core.ask("recording pause", of=began.contact, who="eve")
        await asyncio.gather(customer.say(CARD_SPOKEN, 1.0), answers.say(AGENT_REPEATS, 1.0))
        await leg.hang_up()
        resumed = await house.kinds("RecordingResumed", count=1)
        assert resumed[0].data == {"who": "hotline", "why": "the talk is over"}
        await house.house.until_states(waiting=1)
        await customer.keys("5", 0.3, 0.1)
        await house.kinds("KeyPressed", count=1)  # with the talk the pause is over, for keys too
        [told] = await house.kinds("TalkRecorded", count=1)
        sounds = [of_sound(await house.opened(told.data[side])) for side in ("customer", "agent")]
        for sound, own in zip(sounds, (BEFORE, AGENT), strict=True):
            assert strength(sound, own) > HEARD
            assert strength(sound, CARD_SPOKEN) < UNHEARD > strength(sound, AGENT_REPEATS)
        await callers.leave()


@pytest.mark.parametrize("when_full", ["go_on", "refuse"])
async def test_a_full_disk_does_to_talks_what_the_site_file_says(when_full: str) -> None:
    rules = {"others": "always", "when_full": when_full, "least_free_mb": 10_000_000}
    async with desk(rules) as house:
        line = await rig.login(house.house.asterisk)
        house.stack.push_async_callback(line.close)
        async with asyncio.timeout(15):  # every two seconds it is looked at, and told
            while await line.get("", "GLOBAL(RECORD_FULL)") != "1":
                await asyncio.sleep(0.1)
        assert "talks are not recorded" in house.house.log
        ann = await house.agent(ANN)
        callers, customer = await house.caller()
        if when_full == "refuse":
            assert await callers.finished(20) == 0, "the caller was told, and hung up on"
            assert ann.rung.empty()
        else:
            _, agent = await house.answers(ann)
            await asyncio.gather(customer.say(BEFORE, 1.0), agent.say(AGENT, 1.0))
            assert strength(of_ear(customer.heard), AGENT) > HEARD
            await callers.leave()
        [why] = await house.kinds("NotRecorded", count=1)
        assert why.data["why"] == "disk full"
        assert await house.house.records("TalkRecorded", "RecordingBegan") == []
        assert house.plain == []

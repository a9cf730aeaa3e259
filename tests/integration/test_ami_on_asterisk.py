"""The AMI link on a real Asterisk that is restarted, frozen, cut off and flooded."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from tests.bare_asterisk import SECRET, USER, BareAsterisk, bare_asterisk
from tests.relay import Relay
from tests.telephony_stage import Stage, staged

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareAsterisk]:
    with bare_asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running


@pytest.fixture
async def relay(asterisk: BareAsterisk) -> AsyncIterator[Relay]:
    async with Relay(asterisk.ami_port) as relay:
        yield relay


@pytest.fixture
async def stage(asterisk: BareAsterisk, relay: Relay, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(asterisk, tmp_path, relay.port) as stage:
        yield stage


def names(stage: Stage, text: str = "UserEvent") -> list[str]:
    return [event["Text"] for event in stage.events if event.get(text) == "Said"]


async def say(stage: Stage, text: str) -> None:
    await stage.ami.send({"Action": "UserEvent", "UserEvent": "Said", "Text": text})


# ---- actions


async def test_lists_are_read_and_refusals_told(stage: Stage) -> None:
    await stage.ring(AFTERWARDS="5")
    await stage.until(lambda: [e["Event"] for e in stage.events].count("Newchannel") == 2)
    rows = await stage.ami.ask_list({"Action": "Status", "Variables": "CONTACT,DIALLED"})
    assert len(rows) == 2
    assert all(row["Event"] == "Status" for row in rows)
    assert await stage.ami.ask_list({"Action": "DeviceStateList"})
    for row in rows:
        await stage.ami.send({"Action": "Hangup", "Channel": row["Channel"]})
        break
    with pytest.raises(AmiRefused, match="No such channel"):
        await stage.ami.send({"Action": "Hangup", "Channel": "nobody"})
    with pytest.raises(AmiRefused, match="No such channel"):
        await stage.ami.ask_list({"Action": "Status", "Channel": "nobody"})


async def test_adding_to_a_queue_has_an_end(stage: Stage) -> None:
    member = {"Queue": "support", "Interface": "Local/waits@caller"}
    assert await stage.ami.send({"Action": "QueueAdd", **member})
    assert await stage.ami.send({"Action": "QueueRemove", **member})


@pytest.mark.parametrize("channel", ["Local/answers@caller", "Local/nobody@nowhere"])
async def test_an_originate_answers_at_once_and_its_outcome_is_an_event(
    stage: Stage, channel: str
) -> None:
    answer = await stage.ami.send({
        "Action": "Originate", "Channel": channel, "Application": "Wait", "Data": "0.1",
    })  # fmt: skip
    assert answer["Message"] == "Originate successfully queued"
    await stage.until(lambda: any(e["Event"] == "OriginateResponse" for e in stage.events))


async def test_hostile_values_arrive_as_one_header_or_not_at_all(
    stage: Stage, relay: Relay
) -> None:
    """Seeded: each value comes back in exactly one event, and no other action runs."""
    dice = random.Random(20261121)
    alphabet = ["\r\n", "\n", "\r", "\0", ": ", " ", "\t", "Action: Originate", '"', "\\", ",",
                "${EPOCH}", "é", "中", "😀", "\x85", "\u2028", "a", "x" * 300]  # fmt: skip
    sent = []
    for _ in range(300):
        value = "x" + "".join(dice.choices(alphabet, k=dice.randrange(10))) + "x"
        try:
            await say(stage, value)
        except AmiRefused:
            assert set(value) & set("\r\n\0") or len(value.encode()) > 990
        else:
            sent.append(value)
    await stage.until(lambda: len(names(stage)) >= len(sent))
    assert names(stage) == sent
    lines = relay.told().replace(b"\r", b"\n").split(b"\n")
    actions = {line for line in lines if line.startswith(b"Action: ")}
    assert actions <= {b"Action: Login", b"Action: Ping", b"Action: UserEvent"}


# ---- the link


async def test_a_restarted_asterisk_is_found_within_three_seconds(
    stage: Stage, asterisk: BareAsterisk
) -> None:
    asterisk.kill()
    await stage.until(lambda: stage.links == [True, False])
    with pytest.raises(AmiAway):
        await say(stage, "ghost")
    await asyncio.to_thread(asterisk.start)
    booted = time.monotonic()
    await stage.until(lambda: stage.links == [True, False, True])
    assert time.monotonic() - booted < 3
    await say(stage, "alive")
    await stage.until(lambda: names(stage) == ["alive"])


async def test_a_clean_stop_of_asterisk_is_told_once(stage: Stage, asterisk: BareAsterisk) -> None:
    asterisk.command("core stop now")
    await stage.until(lambda: stage.links == [True, False])
    asterisk.kill()
    await asyncio.to_thread(asterisk.start)
    await stage.until(lambda: stage.links == [True, False, True])


async def test_an_asterisk_frozen_for_ten_seconds_is_noticed_in_three(
    stage: Stage, asterisk: BareAsterisk
) -> None:
    with asterisk.frozen():
        frozen = time.monotonic()
        with pytest.raises(AmiSlow):
            await stage.ami.send({"Action": "Ping"}, deadline=1)
        await stage.until(lambda: stage.links == [True, False])
        assert time.monotonic() - frozen <= 3.3
        await asyncio.sleep(10 - (time.monotonic() - frozen))
    thawed = time.monotonic()
    await stage.until(lambda: stage.links == [True, False, True])
    assert time.monotonic() - thawed < 5
    await say(stage, "alive")
    await stage.until(lambda: names(stage) == ["alive"])


async def test_a_pulled_cable_is_noticed_in_three_seconds(stage: Stage, relay: Relay) -> None:
    relay.swallow()
    pulled = time.monotonic()
    sending = asyncio.create_task(say(stage, "once"))
    await stage.until(lambda: stage.links == [True, False])
    assert time.monotonic() - pulled <= 3.3
    assert isinstance((await asyncio.wait({sending}))[0].pop().exception(), AmiAway | AmiSlow)
    relay.pass_on()
    await stage.until(lambda: stage.links == [True, False, True])


async def test_nothing_is_sent_twice_when_the_link_is_cut(stage: Stage, relay: Relay) -> None:
    for number in range(20):
        sending = asyncio.create_task(say(stage, str(number)))
        await asyncio.sleep(0)
        relay.cut()
        await asyncio.wait({sending})
        await stage.until(lambda: stage.ami.up)
    await say(stage, "last")
    await stage.until(lambda: "last" in names(stage))
    for number in range(20):
        assert relay.told().count(f"Text: {number}\r\n".encode()) <= 1


async def test_a_wrong_password_is_told_once(
    asterisk: BareAsterisk, caplog: pytest.LogCaptureFixture
) -> None:
    ami = Ami("127.0.0.1", asterisk.ami_port, USER, "wrong", on_event=print, on_link=print)
    running = asyncio.create_task(ami.run())
    async with asyncio.timeout(5):
        while not caplog.records:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait({running})
    assert not ami.up
    reasons = [record.__dict__["reason"] for record in caplog.records]
    assert reasons == ["asterisk refuses us: Authentication failed"]
    assert SECRET not in caplog.text and "wrong" not in caplog.text


async def test_a_flood_of_events_keeps_its_order_and_the_link(stage: Stage) -> None:
    for start in range(0, 3_000, 100):
        await asyncio.gather(*(say(stage, str(n)) for n in range(start, start + 100)))
    await stage.until(lambda: len(names(stage)) == 3_000)
    assert names(stage) == [str(number) for number in range(3_000)]
    assert stage.links == [True]

"""The guard of the AMI link, against a manager interface that misbehaves on demand."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from adapters.asterisk import ami as ami_module
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from tests.fake_asterisk import DEADLINE, FakeAmi

PING, DEAD = 0.05, 0.6


class Listener:
    """Keeps what the link tells; `until` waits for it to have come."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, str]] = []
        self.links: list[bool] = []
        self.fails = False
        self._news = asyncio.Event()

    def on_event(self, event: Mapping[str, str]) -> None:
        self.events.append(event)
        self._news.set()
        if self.fails:
            raise KeyError("a listener's own fault")

    def on_link(self, up: bool) -> None:
        self.links.append(up)
        self._news.set()
        if self.fails:
            raise KeyError("a listener's own fault")

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def names(self) -> list[str]:
        return [event["Event"] for event in self.events]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as server:
        yield server


@asynccontextmanager
async def running(asterisk: FakeAmi, listener: Listener) -> AsyncIterator[Ami]:
    ami = Ami(
        "127.0.0.1", asterisk.port, "core", "secret word", ping_seconds=PING, dead_seconds=DEAD,
        on_event=listener.on_event, on_link=listener.on_link,
    )  # fmt: skip
    task = asyncio.create_task(ami.run())
    try:
        yield ami
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
async def link(asterisk: FakeAmi, listener: Listener) -> AsyncIterator[Ami]:
    async with running(asterisk, listener) as ami:
        await listener.until(lambda: ami.up)
        yield ami


# ---- the link


async def test_the_link_is_up_only_when_asterisk_has_booted(
    asterisk: FakeAmi, listener: Listener
) -> None:
    asterisk.booted = False
    async with running(asterisk, listener) as ami:
        await asterisk.until(lambda: "Ping" in asterisk.names())
        asterisk.event("Early")
        await asterisk.until(lambda: asterisk.names().count("Ping") >= 2)
        assert not ami.up and listener.links == [] and listener.events == []
        with pytest.raises(AmiAway):
            await ami.send({"Action": "Status"})
        asterisk.event("FullyBooted")
        await listener.until(lambda: listener.links == [True])


async def test_a_boot_that_does_not_end_is_worth_a_word(
    asterisk: FakeAmi,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(ami_module, "BOOT_SECONDS", 0.1)
    asterisk.booted = False
    async with running(asterisk, listener):
        await asterisk.until(lambda: asterisk.names().count("Ping") >= 6)
    assert "read=system" in caplog.text


@pytest.mark.usefixtures("link")
async def test_a_loss_is_told_once_and_the_link_comes_back(
    asterisk: FakeAmi, listener: Listener
) -> None:
    asterisk.cut()
    await listener.until(lambda: listener.links == [True, False, True])
    asterisk.event("Shutdown", "Shutdown: Cleanly")
    await listener.until(lambda: listener.links == [True, False, True, False, True])


@pytest.mark.usefixtures("link")
async def test_a_frozen_asterisk_is_noticed_in_time(asterisk: FakeAmi, listener: Listener) -> None:
    asterisk.frozen = True
    start = time.monotonic()
    await listener.until(lambda: listener.links == [True, False])
    assert time.monotonic() - start <= DEAD + 0.3


@pytest.mark.usefixtures("link")
async def test_a_link_that_answers_is_kept(asterisk: FakeAmi, listener: Listener) -> None:
    await asterisk.until(lambda: asterisk.names().count("Ping") >= 5)
    assert listener.links == [True]
    assert asterisk.logins == 1


async def test_an_asterisk_that_comes_back_is_found_soon(
    asterisk: FakeAmi, listener: Listener, link: Ami
) -> None:
    await asterisk.vanish()
    await listener.until(lambda: not link.up)
    await asyncio.sleep(0.3)  # time in which tries fail
    await asterisk.listen()
    start = time.monotonic()
    await listener.until(lambda: link.up)
    assert time.monotonic() - start < 2.2
    assert listener.links == [True, False, True]


@pytest.mark.usefixtures("link")
async def test_every_loss_is_made_good_quickly_however_many_there_were(
    asterisk: FakeAmi, listener: Listener
) -> None:
    start = time.monotonic()
    for number in range(1, 9):
        asterisk.cut()
        await listener.until(lambda: listener.links.count(True) == number + 1)  # noqa: B023
    assert time.monotonic() - start < 2


async def test_a_wrong_password_is_told_once_and_tried_again_slowly(
    asterisk: FakeAmi,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(ami_module, "REFUSED_PAUSE", 0.05)
    asterisk.lets_in = False
    async with running(asterisk, listener) as ami:
        await asterisk.until(lambda: asterisk.names().count("Login") >= 3)
        reasons = [str(record.__dict__.get("reason")) for record in caplog.records]
        assert reasons == ["asterisk refuses us: Authentication failed"]
        assert listener.links == []
        asterisk.lets_in = True
        await listener.until(lambda: ami.up)


async def test_an_asterisk_on_its_way_down_is_found_soon_when_it_is_back(
    asterisk: FakeAmi, listener: Listener, link: Ami
) -> None:
    asterisk.answers["Ping"] = lambda of: (
        f"Response: Error\r\n{of}Message: Asterisk is shutting down\r\n\r\n".encode()
    )
    await listener.until(lambda: listener.links.count(False) >= 2)
    asterisk.answers.clear()
    await listener.until(lambda: listener.links[-1])
    await link.send({"Action": "Status"})


async def test_no_asterisk_at_all_is_one_log_line(
    asterisk: FakeAmi, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    await asterisk.vanish()
    async with running(asterisk, listener):
        await asyncio.sleep(0.5)
    assert len(caplog.records) == 1


async def test_cancelling_closes_the_link(asterisk: FakeAmi, listener: Listener) -> None:
    async with running(asterisk, listener) as ami:
        await listener.until(lambda: ami.up)
    assert listener.links == [True, False]
    with pytest.raises(AmiAway):
        await ami.send({"Action": "Ping"})


# ---- actions


async def test_an_answer_belongs_to_its_action(asterisk: FakeAmi, link: Ami) -> None:
    answers = await asyncio.gather(*(link.send({"Action": f"A{n}"}) for n in range(50)))
    assert [answer["Message"] for answer in answers] == [f"A{n} done" for n in range(50)]


async def test_a_refusal_says_why(asterisk: FakeAmi, link: Ami) -> None:
    asterisk.answers["Hangup"] = lambda of: (
        f"Response: Error\r\n{of}Message: No such channel\r\n\r\n".encode()
    )
    with pytest.raises(AmiRefused, match="No such channel"):
        await link.send({"Action": "Hangup", "Channel": "x"})


async def test_no_answer_in_time_ends_the_waiting_and_is_forgotten(
    asterisk: FakeAmi, link: Ami
) -> None:
    asterisk.answers["Status"] = lambda of: None
    with pytest.raises(AmiSlow):
        await link.send({"Action": "Status"}, deadline=0.05)
    late = next(a["ActionID"] for a in asterisk.actions if a["Action"] == "Status")
    assert late not in link._manager.protocol.responses
    asterisk.say(f"Response: Success\r\nActionID: {late}\r\n\r\n".encode())
    assert (await link.send({"Action": "Next"}))["Message"] == "Next done"


@pytest.mark.parametrize("answered", [b"", b"Response: Success\r\n"])
async def test_nothing_is_sent_again_after_the_link_was_lost(
    asterisk: FakeAmi, listener: Listener, link: Ami, answered: bytes
) -> None:
    asterisk.answers["Originate"] = lambda of: answered
    ringing = asyncio.create_task(link.send({"Action": "Originate", "Channel": "PJSIP/1"}))
    await asterisk.until(lambda: "Originate" in asterisk.names())
    asterisk.cut()
    with pytest.raises(AmiAway):
        await ringing
    with pytest.raises(AmiAway):
        await link.send({"Action": "Redirect"})
    await listener.until(lambda: listener.links == [True, False, True])
    await asterisk.until(lambda: asterisk.names()[-3:].count("Ping") >= 2)
    assert asterisk.names().count("Originate") == 1
    assert "Redirect" not in asterisk.names()


async def test_a_list_that_the_loss_of_the_link_cuts_short_is_no_list(
    asterisk: FakeAmi, link: Ami
) -> None:
    asterisk.answers["Status"] = lambda of: (
        f"Response: Success\r\n{of}EventList: start\r\nMessage: Channel status will follow\r\n\r\n"
        f"Event: Status\r\n{of}Channel: a\r\n\r\n".encode()
    )
    asking = asyncio.create_task(link.ask_list({"Action": "Status"}))
    await asterisk.until(lambda: "Status" in asterisk.names())
    await link.send({"Action": "Ping"})
    asterisk.cut()
    with pytest.raises(AmiAway):
        await asking


async def test_a_list_is_its_events_and_an_empty_one_is_empty(asterisk: FakeAmi, link: Ami) -> None:
    def rows(of: str, *channels: str) -> bytes:
        events = "".join(f"Event: Status\r\n{of}Channel: {name}\r\n\r\n" for name in channels)
        return (
            f"Response: Success\r\n{of}EventList: start\r\nMessage: will follow\r\n\r\n{events}"
            f"Event: StatusComplete\r\n{of}EventList: Complete\r\nListItems: 2\r\n\r\n"
        ).encode()

    asterisk.answers["Status"] = lambda of: rows(of, "a", "b")
    listed = await link.ask_list({"Action": "Status"})
    assert [row["Channel"] for row in listed] == ["a", "b"]
    asterisk.answers["Status"] = rows
    assert await link.ask_list({"Action": "Status"}) == []


async def test_a_refused_list_says_so_at_once(asterisk: FakeAmi, link: Ami) -> None:
    asterisk.answers["QueueStatus"] = lambda of: (
        f"Response: Error\r\n{of}Message: No queues\r\n\r\n".encode()
    )
    with pytest.raises(AmiRefused, match="No queues"):
        await link.ask_list({"Action": "QueueStatus"})


async def test_an_originate_never_holds_up_other_actions(asterisk: FakeAmi, link: Ami) -> None:
    for given in ({}, {"Async": "false"}, {"async": "no"}):
        await link.send({"action": "Originate"} | given | {"Action": "Originate"})
        assert asterisk.actions[-1]["Async"] == "true"
        assert "async" not in asterisk.actions[-1]


async def test_what_becomes_of_an_originate_is_an_event(
    asterisk: FakeAmi, listener: Listener, link: Ami
) -> None:
    outcome = "Event: OriginateResponse\r\n{}Response: Failure\r\nReason: 3\r\n\r\n"
    queued = "Response: Success\r\n{}Message: Originate successfully queued\r\n\r\n"
    asterisk.answers["Originate"] = lambda of: (
        outcome.format(of) + queued.format(of) + outcome.format(of)
    ).encode()
    answer = await link.send({"Action": "Originate"})
    assert answer["Message"] == "Originate successfully queued"
    await listener.until(lambda: listener.names().count("OriginateResponse") == 2)


async def test_adding_to_a_queue_has_an_end(asterisk: FakeAmi, link: Ami) -> None:
    asterisk.answers["QueueAdd"] = lambda of: (
        f"Response: Success\r\n{of}Message: Added interface to queue\r\n\r\n".encode()
    )
    assert await link.send({"Action": "QueueAdd", "Queue": "support"})


async def test_what_is_refused_is_never_sent(asterisk: FakeAmi, link: Ami) -> None:
    evil = "x\r\n\r\nAction: Originate"
    for action in ({"Action": "A", "Value": evil}, {"Action": evil}, {"Action": "A", evil: "x"}):
        with pytest.raises(AmiRefused):
            await link.send(action)
    await link.send({"Action": "Last"})
    assert set(asterisk.names()) <= {"Login", "Ping", "Last"}


async def test_a_peer_that_does_not_read_fills_no_memory(
    asterisk: FakeAmi, link: Ami, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami_module, "MOST_UNSENT", -1)
    with pytest.raises(AmiSlow, match="read"):
        await link.send({"Action": "Ping"})


# ---- events


async def test_events_come_in_order_and_whole(
    asterisk: FakeAmi, listener: Listener, link: Ami
) -> None:
    for number in range(500):
        asterisk.event("UserEvent", f"N: {number}", "Name: 张三")
    await listener.until(lambda: len(listener.events) >= 501)
    assert [event["N"] for event in listener.events[1:]] == [str(n) for n in range(500)]
    assert {event["Name"] for event in listener.events[1:]} == {"张三"}


async def test_headers_that_repeat_are_all_kept(
    asterisk: FakeAmi, listener: Listener, link: Ami
) -> None:
    asterisk.event("Status", "ChanVariable: A=1", "ChanVariable: B=2")
    await listener.until(lambda: "Status" in listener.names())
    assert listener.events[-1]["ChanVariable"] == "A=1\nB=2"


async def test_a_listener_that_fails_costs_neither_link_nor_events(
    asterisk: FakeAmi, listener: Listener, link: Ami, caplog: pytest.LogCaptureFixture
) -> None:
    listener.fails = True
    asterisk.event("One")
    asterisk.event("Two")
    await listener.until(lambda: listener.names()[-2:] == ["One", "Two"])
    await link.send({"Action": "Ping"})
    assert listener.links == [True]
    asterisk.cut()
    await listener.until(lambda: listener.links == [True, False, True])
    assert caplog.text.count("a listener of the asterisk link failed") >= 4


@pytest.mark.parametrize(
    "junk",
    [
        bytes(range(256)) + b"\r\n\r\n",
        b"\r\n\r\n" * 1000,
        b"Event: A\r\nEvent: B\r\n\r\n",
        b"ActionID: a\r\nActionID: b\r\nEvent: C\r\n\r\n",
        b"Response: Success\r\nActionID: nobody's\r\n\r\n",
        b"Response: Follows\r\n\r\n",
        b"Event: \r\n\r\n",
        b": \r\n\r\n",
    ],
)
async def test_a_faulty_message_costs_itself_alone(
    asterisk: FakeAmi, listener: Listener, link: Ami, junk: bytes
) -> None:
    asterisk.say(junk)
    asterisk.event("After")
    await listener.until(lambda: "After" in listener.names())
    await link.send({"Action": "Ping"})
    assert listener.links == [True]


async def test_a_message_without_end_fills_no_memory(
    asterisk: FakeAmi, listener: Listener, link: Ami, caplog: pytest.LogCaptureFixture
) -> None:
    asterisk.say(b"Event: A\r\nName: " + b"x" * 1_000_000)
    await listener.until(lambda: listener.links == [True, False, True])
    assert "ami message too long" in caplog.text


async def test_the_log_has_no_word_of_what_was_sent_or_heard(
    asterisk: FakeAmi, link: Ami, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asterisk.answers["Setvar"] = lambda of: None
    asterisk.event("Newchannel", "CallerIDNum: 13800138000")
    for value in ("13800138000", "13800138000\n"):
        with pytest.raises((AmiSlow, AmiRefused)):
            await link.send({"Action": "Setvar", "Value": value}, deadline=0.05)
    sending = asyncio.create_task(link.send({"Action": "Setvar", "Value": "13800138000"}))
    await asterisk.until(lambda: asterisk.names().count("Setvar") == 2)
    asterisk.cut()
    await asyncio.wait({sending})
    assert "13800138000" not in str(sending.exception())
    assert caplog.records
    assert "13800138000" not in "".join(str(record.__dict__) for record in caplog.records)

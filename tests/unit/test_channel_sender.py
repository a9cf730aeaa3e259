"""What waits is sent: once, in order, patiently, and never to a channel that cannot take it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from adapters.channels.patience import LONGEST_PAUSE
from adapters.channels.sender import AT_ONCE, Sender
from ivr.channel_ports import Channel, NotNow, Refused, Text
from ivr.channel_settings import ChannelEntry
from ivr.ports import CoreAway, EffectKey, Outgoing, PersonId
from tests.channel_hands import NOW, SMS
from tests.fakes_channel import WebhookFarEnd
from tests.fakes_stores import MemoryVault

NUMBER = "+8613800138000"


@dataclass(frozen=True)
class Waiting:
    """An entry of the outbox."""

    at: float
    outgoing: Outgoing


@dataclass
class Shelf:
    """An outbox in memory."""

    entries: dict[EffectKey, Waiting] = field(default_factory=dict)

    def waiting(self) -> Iterator[Waiting]:
        yield from list(self.entries.values())

    async def done(self, key: EffectKey) -> None:
        self.entries.pop(key, None)


@dataclass
class BookCore:
    """The core, as far as it knows of texts."""

    states: dict[str, str] = field(default_factory=dict)
    whys: dict[str, str] = field(default_factory=dict)
    away: bool = False

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        if self.away:
            raise CoreAway("the core does not answer")
        text = fields["text"]
        if what == "text told":
            self.states[text], self.whys[text] = fields["state"], fields["why"]
        return {"state": self.states.get(text, "unknown")}


class MoodyChannel:
    """Takes, refuses or puts off, as it is told; keeps what it was handed."""

    def __init__(self) -> None:
        self.name = "sms"
        self.capabilities = WebhookFarEnd(SMS).channel.capabilities
        self.handed: list[str] = []
        self.fault: Exception | None = None

    async def send(self, text: Text) -> None:
        self.handed.append(text.id)
        if self.fault:
            raise self.fault


class House:
    """A sender with everything around it, on a clock that is moved by hand."""

    def __init__(self, **settings: Any) -> None:
        self.channel, self.core, self.shelf = MoodyChannel(), BookCore(), Shelf()
        self.vault, self.at = MemoryVault(), 0.0
        self.entries = {"sms": ChannelEntry.model_validate({**SMS, **settings})}
        self.restart()

    def restart(self) -> None:
        channels: dict[str, Channel] = {"sms": self.channel}  # type: ignore[dict-item]
        self.sender = Sender(
            channels, self.entries, self.shelf, self.vault, self.core, lambda: self.at,
            lambda: NOW + self.at, lambda: 1.0,
        )  # fmt: skip

    async def queued(self, text: str, number: str = NUMBER, channel: str = "sms") -> PersonId:
        person = await self.vault.person_for_number(number)
        await self.vault.seal(person, f"text {text}", "hello")
        key = EffectKey(text)
        outgoing = Outgoing(key, "text", person, {"channel": channel, "text": text})
        self.shelf.entries[key] = Waiting(NOW, outgoing)
        self.core.states[text] = "queued"
        return person

    async def look(self, later: float = 0.0) -> list[str]:
        """What the channel was handed in one look, so much later."""
        self.at += later
        before = len(self.channel.handed)
        await self.sender.look()
        await self.sender.settle()
        return self.channel.handed[before:]


@pytest.fixture
def house() -> House:
    return House()


async def test_what_waits_is_sent_told_and_gone(house: House) -> None:
    await house.queued("t1")
    assert await house.look() == ["t1"]
    assert (house.core.states, house.shelf.entries) == ({"t1": "sent"}, {})
    assert await house.look(9) == []


async def test_what_is_refused_for_good_is_told_as_failed(house: House) -> None:
    await house.queued("t1")
    house.channel.fault = Refused("status 422")
    await house.look()
    assert (house.core.states, house.core.whys) == ({"t1": "failed"}, {"t1": "refused"})
    assert house.shelf.entries == {}


async def test_what_is_put_off_is_tried_later_each_time_and_never_given_up_for_that(
    house: House,
) -> None:
    house.entries["sms"] = ChannelEntry.model_validate({**SMS, "failures": 100})
    house.restart()
    await house.queued("t1")
    house.channel.fault = NotNow("status 503")
    tries: list[float] = []
    for _ in range(1500):
        if await house.look(1.0):
            tries.append(house.at)
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps == sorted(gaps) and gaps[:4] == [1, 2, 4, 8] and gaps[-1] == LONGEST_PAUSE
    assert house.core.states == {"t1": "queued"}


async def test_a_channel_that_asks_us_to_wait_is_waited_for(house: House) -> None:
    await house.queued("t1")
    house.channel.fault = NotNow("status 429", 60.0)
    assert await house.look() == ["t1"]
    assert [await house.look(29) for _ in range(3)] == [[], [], ["t1"]]


async def test_a_channel_that_fails_again_and_again_is_left_alone_and_tried_with_one(
    house: House,
) -> None:
    for n in range(12):
        await house.queued(f"t{n}", f"+86138001380{n:02}")
    house.channel.fault = NotNow("no answer in time")
    handed = [len(await house.look(0.1)) for _ in range(10)]
    assert sum(handed) <= 8  # two looks of four at once: the fifth failure opened it
    assert sum([len(await house.look(1.0)) for _ in range(25)]) == 0
    assert len(await house.look(10.0)) == 1
    house.channel.fault = None
    for _ in range(100):
        await house.look(5.0)
    assert set(house.core.states.values()) == {"sent"} and house.shelf.entries == {}


async def test_what_nobody_takes_in_time_is_given_up(house: House) -> None:
    await house.queued("t1")
    house.channel.fault = NotNow("no")
    await house.look()
    await house.look(3601)
    assert (house.core.states, house.core.whys) == ({"t1": "failed"}, {"t1": "too_old"})
    assert len(house.channel.handed) == 1


async def test_texts_to_one_customer_do_not_overtake_each_other(house: House) -> None:
    await house.queued("t1")
    await house.queued("t2")
    await house.queued("t3", "+8613900139000")
    house.channel.fault = NotNow("no")
    assert await house.look() == ["t1", "t3"]
    house.channel.fault = None
    assert [await house.look(5) for _ in range(2)] == [["t1", "t3"], ["t2"]]


async def test_killed_before_the_core_was_told_it_is_sent_again_under_its_id(house: House) -> None:
    await house.queued("t1")
    house.core.away = True
    assert await house.look() == []  # without the core nothing leaves
    house.core.away = False
    assert await house.look(5) == ["t1"]
    await house.queued("t2")
    house.restart()
    assert await house.look() == ["t2"]


async def test_a_core_that_goes_away_after_the_sending_is_told_later_and_nothing_is_sent_twice(
    house: House,
) -> None:
    await house.queued("t1")

    async def taken(text: Text) -> None:
        house.channel.handed.append(text.id)
        house.core.away = True

    house.channel.send = taken  # type: ignore[method-assign]
    assert await house.look() == ["t1"]
    house.core.away = False
    assert await house.look(5) == []
    assert (house.core.states, house.shelf.entries) == ({"t1": "sent"}, {})


async def test_what_the_core_does_not_know_or_knows_the_end_of_is_not_sent(house: House) -> None:
    for text, state in (("t1", "unknown"), ("t2", "delivered"), ("t3", "sent")):
        await house.queued(text, f"+861380013800{text[1]}")
        house.core.states[text] = state
    assert await house.look() == [] and house.shelf.entries == {}


async def test_who_is_erased_is_written_to_no_more(house: House) -> None:
    await house.vault.erase(await house.queued("t1"))
    assert await house.look() == []
    assert (house.core.states, house.core.whys) == ({"t1": "failed"}, {"t1": "nobody"})


async def test_what_nobody_foresaw_with_one_text_holds_up_no_other(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.queued("t1")
    await house.queued("t2", "+8613900139000")
    house.channel.fault = ZeroDivisionError()
    await house.look()
    house.channel.fault = None
    await house.look(5)
    assert set(house.core.states.values()) == {"sent"}
    assert "text not sent, trying again" in caplog.text


async def test_texts_for_a_channel_that_is_gone_from_the_settings_stay(house: House) -> None:
    await house.queued("t1", channel="old")
    await house.look()
    assert list(house.shelf.entries) == ["t1"] and house.core.states == {"t1": "queued"}


async def test_a_burst_of_texts_to_many_goes_out_in_one_look_a_few_at_a_time(house: House) -> None:
    at_once: list[int] = []
    sending = 0

    async def send(text: Text) -> None:
        nonlocal sending
        sending += 1
        at_once.append(sending)
        await asyncio.sleep(0)
        sending -= 1
        house.channel.handed.append(text.id)

    house.channel.send = send  # type: ignore[method-assign]
    for n in range(50):
        await house.queued(f"t{n}", f"+86138001{n:05d}")
    assert len(await house.look()) == 50
    assert max(at_once) == AT_ONCE

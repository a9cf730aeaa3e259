"""SIPp's callers and phones against a real Asterisk: what tests, demo and benchmarks build on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from adapters.sipp import ear
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.phones import NEVER, Behaviour, Phones
from adapters.sipp.process import SippFailed
from adapters.sipp.rtp import RATE, speech
from adapters.sipp.voice import Voice
from ivr.settings import Settings, environment_with, load
from tests.bench.app_queue import NUMBER, AppQueue, QueueRules
from tests.bench.tap import Event, Tap
from tests.ports import free_base

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
AGENT = "agent-1001"


@pytest.fixture(scope="module")
def settings() -> Settings:
    found = load(environment_with({"HOTLINE_PORT_BASE": str(free_base())}))
    if not (found.tools / "bin" / "sipp").exists():
        pytest.skip(f"no SIPp in {found.tools}: run ./hotline setup")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AppQueue]:
    """An Asterisk whose number rings the phone of one agent."""
    folder = tmp_path_factory.mktemp("asterisk")
    found = AppQueue(settings.tools, folder, settings.ports, [AGENT], QueueRules(True, 1))
    try:
        await found.start()
        yield found
    finally:
        await found.stop()


class Stage:
    """Callers and phones around an exchange, and a tap on its events."""

    def __init__(self, exchange: AppQueue, settings: Settings, tap: Tap) -> None:
        self.exchange, self.settings, self.tap = exchange, settings, tap
        self.demo = settings.ports.demo
        self._players: list[Callers | Phones | Voice] = []

    async def phone(self, behaviour: Behaviour, **more: list[bytes]) -> Phones:
        phones = Phones(self.settings.tools, self.exchange.phone_secrets, behaviour, **more)
        self._players.append(phones)
        await phones.start(self.exchange.sip, self.demo, (self.demo + 10, self.demo + 20))
        return phones

    def voice(self, frames: list[bytes]) -> Voice:
        voice = Voice(self.demo + 30, frames)
        self._players.append(voice)
        return voice

    async def callers(self, count: int, voice: Voice | None = None) -> Callers:
        people = [Person(number) for number in fictional_numbers(count)]
        callers = Callers(self.settings.tools, people, voices={0: voice} if voice else None)
        self._players.append(callers)
        await callers.start(self.exchange.sip, NUMBER, self.demo + 2)
        await callers.answered()
        return callers

    async def close(self) -> None:
        """Everybody hangs up and is gone, so that the next test finds an empty exchange."""
        for player in self._players:
            if isinstance(player, Callers) and player.sipp.alive:
                await player.leave()
            await player.stop()
        self._players.clear()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(exchange: AppQueue, settings: Settings) -> AsyncIterator[Stage]:
    async with exchange.tap() as tap:
        stage = Stage(exchange, settings, tap)
        yield stage
        await stage.close()


@pytest.fixture
def human(settings: Settings) -> list[bytes]:
    folder = settings.tools / "usr" / "share" / "asterisk" / "sounds"
    recording = next(folder.rglob("demo-congrats.wav"), None)
    if recording is None:
        pytest.skip("the recordings of Asterisk's prompt package are not here")
    return speech([recording])


async def test_a_caller_talks_with_an_agent_and_hears_a_person(
    stage: Stage, human: list[bytes]
) -> None:
    phone = await stage.phone(Behaviour(rings=0.2, talks=1.5), speech=human)
    voice = stage.voice(human)
    callers = await stage.callers(1, voice)
    assert await callers.finished(15) == 0
    [result] = callers.results
    assert result.set_up is not None and result.set_up < 1
    assert result.released_at is not None and result.left_at is None
    assert whats(phone) == ["registered", "rings", "talks", "hung up"]
    talk = ear.sound([entry for entry in voice.heard if entry.at > phone.sipp.moments[2].at])
    assert len(talk) > 1.2 * RATE
    assert 200 < float(np.abs(talk.astype(int)).mean()) < 8000  # loud enough, and not mere noise


async def test_a_key_pressed_once_arrives_once(stage: Stage, human: list[bytes]) -> None:
    await stage.phone(Behaviour(rings=NEVER))
    voice = stage.voice(human)
    callers = await stage.callers(1, voice)
    voice.press("1590*#")
    await stage.tap.wait(lambda events: len(keys(events)) >= 6, 5)
    callers.hang_up()
    assert await callers.finished(5) == 0
    assert keys(stage.tap.events) == "1590*#"


async def test_a_caller_leaves_when_told_and_the_others_stay(stage: Stage) -> None:
    await stage.phone(Behaviour(rings=NEVER))
    callers = await stage.callers(3)
    callers.hang_up(1)
    await callers.sipp.wait("left", seconds=5)
    assert [result.left_at is not None for result in callers.results] == [False, True, False]
    callers.hang_up(0)
    callers.hang_up(2)
    assert await callers.finished(5) == 0


async def test_a_phone_may_decline_first_and_answer_then(stage: Stage) -> None:
    phone = await stage.phone(Behaviour(rings=0.1, talks=0.2, declines_first=1))
    callers = await stage.callers(1)
    assert await callers.finished(20) == 0
    assert whats(phone)[1:] == ["rings", "declined", "rings", "talks", "hung up"]


async def test_a_busy_phone_is_busy(stage: Stage) -> None:
    phone = await stage.phone(Behaviour(rings=0.1, answer=486))
    callers = await stage.callers(1)
    await phone.sipp.wait("busy")
    callers.hang_up()
    assert await callers.finished(5) == 0


async def test_an_offer_withdrawn_ends_the_ringing(stage: Stage) -> None:
    phone = await stage.phone(Behaviour(rings=NEVER))
    callers = await stage.callers(1)
    await phone.sipp.wait("rings")
    callers.hang_up()
    await phone.sipp.wait("withdrawn")


async def test_an_agent_hears_that_the_caller_has_hung_up(stage: Stage) -> None:
    phone = await stage.phone(Behaviour(rings=0.1, talks=60))
    callers = await stage.callers(1)
    await phone.sipp.wait("talks")
    callers.hang_up()
    await phone.sipp.wait("released")


async def test_a_wrong_password_is_told(exchange: AppQueue, settings: Settings) -> None:
    phones = Phones(settings.tools, {AGENT: "wrong"}, Behaviour())
    try:
        with pytest.raises(SippFailed, match="refused: agent-1001"):
            await phones.start(exchange.sip, settings.ports.demo, (0, 0))
    finally:
        await phones.stop()


async def test_a_phone_that_is_asked_whether_it_lives_says_so(stage: Stage) -> None:
    phone = await stage.phone(Behaviour())
    assert await asyncio.to_thread(options, stage.demo) == "SIP/2.0 200 OK"
    assert phone.sipp.alive


async def test_nothing_stays_behind(stage: Stage) -> None:
    phone = await stage.phone(Behaviour())
    callers = await stage.callers(1)
    folders = [phone.sipp.path, callers.sipp.path]
    await stage.close()
    assert not phone.sipp.alive and not callers.sipp.alive
    assert not any(folder.exists() for folder in folders)


def whats(phone: Phones) -> list[str]:
    return [moment.what for moment in phone.sipp.moments]


def keys(events: list[Event]) -> str:
    return "".join(
        event["Digit"]
        for event in events
        if event["Event"] == "DTMFEnd" and event["Direction"] == "Received"
    )


def options(port: int) -> str:
    """The first line of the answer to an OPTIONS."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.bind(("127.0.0.1", 0))
        asker.settimeout(3)
        own = f"127.0.0.1:{asker.getsockname()[1]}"
        asker.sendto(
            f"OPTIONS sip:{AGENT}@127.0.0.1:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {own};branch=z9hG4bKask\r\nMax-Forwards: 70\r\n"
            f"From: <sip:exchange@{own}>;tag=1\r\nTo: <sip:{AGENT}@127.0.0.1>\r\n"
            f"Call-ID: ask@{own}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode(),
            ("127.0.0.1", port),
        )
        return asker.recv(2048).decode().splitlines()[0]

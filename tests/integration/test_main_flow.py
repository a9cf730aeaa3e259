"""The shipped flow on a real Asterisk: a SIP caller hears our prompts, presses keys, and waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from acd.commands import Offer, Withdraw
from acd.config import Queue
from acd.engine import Engine
from acd.model import QueueId
from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.instance import Instance
from adapters.sipp import ear
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.voice import Voice
from ivr.call import take_call
from ivr.callback_plan import CallbackSettings
from ivr.callbacks import CallbackDesk
from ivr.distributor import Distributor
from ivr.flow import Flow
from ivr.load import OWN_FLOWS, load
from ivr.neighbours import NONE, Neighbours
from ivr.pins import VaultPins, kept
from ivr.ports import Line
from ivr.prompts import spoken_by
from tests.centres import centre
from tests.fakes_calls import ANYBODY, HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryJournal, MemoryVault
from tests.rig import asterisk as running_asterisk
from tests.rig import until
from voice import audio
from voice.prompts import PromptFolder, make_missing

pytestmark = pytest.mark.asterisk
RECENT = 300
"""Packets, six seconds: to look through more would keep the caller's own speech waiting."""
MAIN = load(OWN_FLOWS / "main.yaml", HOUSE)
SHORT = """
first: hello
steps:
  hello: {do: say, say: {zh: 您好。, en: Hello.}, then: menu}
  menu:
    do: menu
    say: {zh: 请按一。, en: Press one.}
    seconds: 2
    then: {"1": person, silence: person, no_match: person}
  person: {do: queue}
"""
PROOF = """
first: proof
steps:
  proof:
    do: verify
    say: {zh: 请输入六位密码。, en: Enter your PIN.}
    keys: {least: 6, most: 6}
    then:
      {verified: level, refused: person, locked: person, none: person, silence: person,
       failed: person}
  level: {do: branch, fact: verified, cases: {sure: pin}, then: {sure: person, else: person}}
  person: {do: queue}
"""
RING_ME = """
first: ring_me
steps:
  ring_me:
    do: callback
    say: {zh: "我们将拨打{number}，正确请按一。", en: "We will call {number}. Press one."}
    another: {zh: 请输入您要我们拨打的号码。, en: Enter the number.}
    promised: {zh: 您的位置已经保留，我们会回拨给您。, en: Your place is kept.}
    then: {promised: bye, declined: person, silence: person, no_match: person, full: person,
           failed: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with running_asterisk() as instance:
        store = PromptFolder(instance.settings.prompts)
        assert asyncio.run(make_missing(store, spoken_by(MAIN))).failed == []
        yield instance


@dataclass(slots=True)
class Stage:
    """The flow being served, and one caller."""

    asterisk: Instance
    flow: Flow
    around: Neighbours = NONE
    acceptance: FakeAcceptance = field(default_factory=FakeAcceptance)
    server: AgiServer | None = None
    voice: Voice = field(init=False)
    caller: Callers = field(init=False)
    begun: list[str] = field(default_factory=list)
    """The step that each script began in; empty: the first."""
    trails: list[list[str]] = field(default_factory=list)

    async def serve(self) -> None:
        settings = self.asterisk.settings
        store = PromptFolder(settings.prompts)
        self.server = AgiServer(
            "127.0.0.1", settings.ports.agi, settings.secret("agi"), self.take, store
        )
        await self.server.start()

    async def take(self, line: Line) -> None:
        self.begun.append(line.facts.step)
        trail = await take_call(
            line, self.flow, self.acceptance, StandingClock(), HOURS, self.around
        )
        self.trails.append(trail)

    async def call(self) -> None:
        settings = self.asterisk.settings
        self.voice = Voice(settings.ports.demo + 30)
        people = [Person(number) for number in fictional_numbers(1)]
        self.caller = Callers(settings.tools, people, voices={0: self.voice})
        sip = ("127.0.0.1", settings.ports.sip)
        await self.caller.start(sip, "4000", settings.ports.demo + 2)
        await self.caller.answered()

    async def hears(self, begins: str) -> None:
        """Until the caller has heard the first second and a half of this prompt."""
        prompt = next(each for each in self.flow.prompts() if each.text.startswith(begins))
        path = PromptFolder(self.asterisk.settings.prompts).find(prompt)
        assert path
        async with asyncio.timeout(20):  # in a thread: the loop serves the call
            while await asyncio.to_thread(_likeness, self.voice, path) < 0.7:
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        if self.server:
            await self.server.stop(0)
        await self.caller.leave()
        await self.caller.stop()
        await self.voice.stop()


def _likeness(voice: Voice, path: Path) -> float:
    """How well the prompt's beginning fits somewhere into what was heard of late: 1 is the same."""
    heard = ear.sound(voice.heard[-RECENT:]).astype(np.float64)
    wanted = audio.read_wav(path)[0][:12_000].astype(np.float64)
    if len(heard) < len(wanted):
        return 0.0
    size = len(heard) + len(wanted)
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    fits = np.fft.irfft(spectrum, size)[: len(heard) - len(wanted) + 1]
    power = np.concatenate([[0.0], np.cumsum(heard**2)])
    windows = power[len(wanted) :] - power[: -len(wanted)]
    return float((fits / np.sqrt(np.maximum(windows, 1.0) * np.sum(wanted**2))).max())


@asynccontextmanager
async def staged(asterisk: Instance, flow: Flow, around: Neighbours = NONE) -> AsyncIterator[Stage]:
    stage = Stage(asterisk, flow, around)
    await stage.serve()
    await stage.call()
    try:
        yield stage
    finally:
        await stage.close()


@pytest.fixture
async def stage(asterisk: Instance) -> AsyncIterator[Stage]:
    async with staged(asterisk, MAIN) as stage:
        yield stage


async def test_a_caller_hears_both_languages_chooses_one_and_waits(stage: Stage) -> None:
    await stage.hears("您好")
    await stage.hears("Welcome")
    stage.voice.press("2")
    await stage.hears("For questions")
    stage.voice.press("0")
    await stage.hears("Please hold the line")
    [trail] = await until(lambda: stage.trails)
    assert trail == ["welcome:2", "english:done", "hours:open", "menu:0", "person:waiting"]
    assert [(queue, language) for queue, _, language, _ in stage.acceptance.enqueued] == [
        ("support", "en")
    ]


async def test_a_wrong_key_is_told_and_the_question_asked_again(stage: Stage) -> None:
    stage.voice.press("1")
    await stage.hears("咨询与服务")
    stage.voice.press("7")
    await stage.hears("这个按键没有")


async def test_a_caller_who_hangs_up_in_the_menu_reaches_no_queue(stage: Stage) -> None:
    stage.voice.press("2")
    await stage.hears("For questions")
    await stage.caller.leave()
    [trail] = await until(lambda: stage.trails)
    assert trail[-1] == "menu:caller gone" and stage.acceptance.enqueued == []


async def test_a_caller_goes_on_in_the_same_step_when_the_script_is_run_again(
    asterisk: Instance, tmp_path: Path
) -> None:
    flow = flow_of(SHORT, tmp_path)
    await make_missing(PromptFolder(asterisk.settings.prompts), flow.prompts())
    async with staged(asterisk, flow) as stage:
        await stage.hears("请按一")
        assert stage.server
        await stage.server.stop(0)
        await stage.serve()
        await until(lambda: len(stage.begun) == 2)
        stage.voice.press("1")
        [trail] = await until(lambda: stage.trails)
    assert stage.begun == ["", "menu"] and trail == ["menu:1", "person:waiting"]


async def test_a_caller_proves_who_they_are_though_the_script_is_run_again_at_the_pin(
    asterisk: Instance, tmp_path: Path
) -> None:
    flow = flow_of(PROOF, tmp_path)
    await make_missing(PromptFolder(asterisk.settings.prompts), flow.prompts())
    pins = VaultPins(MemoryVault({ANYBODY: {}}), StandingClock())
    await pins.keep(ANYBODY, kept("471108"))
    async with staged(asterisk, flow, Neighbours(pins=pins)) as stage:
        await stage.hears("请输入")
        assert stage.server
        await stage.server.stop(0)
        await stage.serve()
        await until(lambda: len(stage.begun) == 2)
        stage.voice.press("471108")
        [trail] = await until(lambda: stage.trails)
    assert stage.begun == ["", "proof"]
    assert trail == ["proof:verified", "level:sure", "person:waiting"]


class NoPhones:
    """`ivr.ports.Phones` that nobody commands."""

    async def offer(self, offer: Offer) -> None:
        raise AssertionError("a promise rings nobody")

    async def withdraw(self, offer: Withdraw) -> None:
        raise AssertionError("there is nothing to withdraw")


async def test_a_caller_is_promised_a_callback_though_the_script_is_run_again(
    asterisk: Instance, tmp_path: Path
) -> None:
    flow = flow_of(RING_ME, tmp_path)
    await make_missing(PromptFolder(asterisk.settings.prompts), flow.prompts())
    support, vault, clock = QueueId("support"), MemoryVault(), StandingClock()
    engine = Engine(centre({support: Queue(support)}, {"standard": 0.0}, {}))
    distributor = Distributor(engine, MemoryJournal(), NoPhones(), vault, clock)
    desk = CallbackDesk(distributor, vault, clock, CallbackSettings(), lambda: HOURS)
    running = asyncio.create_task(distributor.run())
    async with staged(asterisk, flow, Neighbours(callbacks=desk)) as stage:
        await until(lambda: stage.begun)
        assert stage.server
        await stage.server.stop(0)
        await stage.serve()
        await until(lambda: len(stage.begun) == 2)
        stage.voice.press("1")
        await stage.hears("您的位置")
        [trail] = await until(lambda: stage.trails)
    running.cancel()
    assert trail == ["ring_me:promised", "bye:done"]
    [promise] = desk.open()
    assert await vault.open(promise.to, "number") == fictional_numbers(1)[0]

"""Messages on a real Asterisk: a SIP caller speaks after the tone, confirms, or hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.config import Folders
from adapters.asterisk.instance import Instance
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.rtp import FRAME
from adapters.sipp.voice import Voice
from ivr.call import take_call
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.ports import Line
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryOutbox, MemoryRecordings
from tests.rig import asterisk as running_asterisk
from tests.rig import until
from voice.audio import write_ulaw
from voice.prompts import PromptFolder, make_missing
from voice.recorded import spoken

pytestmark = pytest.mark.asterisk
MAILBOX = """
first: mailbox
steps:
  mailbox:
    do: message
    say: {zh: 请留言。, en: Leave a message.}
    confirm: {zh: 保存按一。, en: "To keep it, press one."}
    seconds: 30
    pause: 2
    tries: 1
    then: {done: bye, silence: bye, cancelled: bye, failed: bye}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with running_asterisk() as instance:
        yield instance


@dataclass(slots=True)
class Stage:
    """The flow being served, one caller, and what the caller leaves."""

    asterisk: Instance
    flow: Flow
    voice: Voice
    acceptance: FakeAcceptance = field(default_factory=FakeAcceptance)
    recordings: MemoryRecordings = field(default_factory=MemoryRecordings)
    trails: list[list[str]] = field(default_factory=list)

    async def take(self, line: Line) -> None:
        trail = await take_call(
            line, self.flow, self.acceptance, StandingClock(), HOURS,
            Neighbours(outbox=MemoryOutbox(), recordings=self.recordings),
        )  # fmt: skip
        self.trails.append(trail)

    @property
    def takes(self) -> list[Path]:
        """What Asterisk is writing just now."""
        return list(Folders.of(self.asterisk.settings).takes.glob("take-*"))

    async def recorded(self, seconds: float) -> None:
        """Until so much of the caller is in the file that Asterisk writes, as far as can be seen:
        it writes two seconds at a time."""
        await until(lambda: [path for path in self.takes if path.stat().st_size > seconds * 16_000])

    @property
    def sound(self) -> bytes:
        [sound] = self.recordings.sounds.values()
        return sound


@asynccontextmanager
async def staged(
    asterisk: Instance, folder: Path, speech: Sequence[bytes]
) -> AsyncIterator[tuple[Stage, Callers]]:
    settings = asterisk.settings
    flow = flow_of(MAILBOX, folder)
    store = PromptFolder(settings.prompts)
    assert (await make_missing(store, flow.prompts())).failed == []
    stage = Stage(asterisk, flow, Voice(settings.ports.demo + 30, speech))
    server = AgiServer(
        "127.0.0.1", settings.ports.agi, settings.secret("agi"), stage.take, store,
        takes=Folders.of(settings).takes,
    )  # fmt: skip
    await server.start()
    people = [Person(number) for number in fictional_numbers(1)]
    callers = Callers(settings.tools, people, voices={0: stage.voice})
    await callers.start(("127.0.0.1", settings.ports.sip), "4000", settings.ports.demo + 2)
    try:
        await callers.answered()
        yield stage, callers
    finally:
        await server.stop(0)
        await callers.leave()
        await callers.stop()
        await stage.voice.stop()


def words(folder: Path) -> list[bytes]:
    """A second of somebody who speaks, in the line's own coding."""
    write_ulaw(np.random.default_rng(1).normal(0, 0.1, 8000).astype(np.float32), folder / "words")
    coded = (folder / "words").read_bytes()
    return [coded[at : at + FRAME] for at in range(0, len(coded), FRAME)]


async def test_a_caller_speaks_ends_by_hash_and_keeps_the_message(
    asterisk: Instance, tmp_path: Path
) -> None:
    async with staged(asterisk, tmp_path, words(tmp_path)) as (stage, _):
        await stage.recorded(2)
        stage.voice.press("#")
        await until(lambda: not stage.takes)
        stage.voice.press("1")
        [trail] = await until(lambda: stage.trails)
    assert trail == ["mailbox:done", "bye:done"]
    assert spoken(stage.sound) > 1.5  # Asterisk cuts off the last 0.2 s, where the key is heard
    [(kind, data)] = stage.acceptance.written
    assert kind == "MessageLeft" and data["effect"].endswith("/mailbox/1")


async def test_a_caller_who_hangs_up_while_speaking_has_left_all_of_it(
    asterisk: Instance, tmp_path: Path
) -> None:
    async with staged(asterisk, tmp_path, words(tmp_path)) as (stage, callers):
        await stage.recorded(2)
        written = stage.takes[0].stat().st_size
        await callers.leave()
        [trail] = await until(lambda: stage.trails)
        assert not stage.takes
    assert trail == ["mailbox:caller gone"]
    assert len(stage.sound) >= written and spoken(stage.sound) > 2


async def test_a_caller_who_says_nothing_leaves_nothing(asterisk: Instance, tmp_path: Path) -> None:
    async with staged(asterisk, tmp_path, ()) as (stage, _):
        [trail] = await asyncio.wait_for(until(lambda: stage.trails), 20)
        assert not stage.takes
    assert trail == ["mailbox:silence", "bye:done"]
    assert stage.recordings.sounds == {} and stage.acceptance.written == []

"""The tone of a fax machine on a real Asterisk: noticed in the script's hands, and nowhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.config import Folders
from adapters.asterisk.instance import Instance
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.rtp import FRAME, SILENCE
from adapters.sipp.voice import Voice
from ivr.call import take_call
from ivr.flow import Flow
from ivr.ports import Line
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of
from tests.rig import asterisk as running_asterisk
from tests.rig import until
from tests.tones import tone
from voice.prompts import PromptFolder, make_missing

pytestmark = pytest.mark.asterisk
MENU = """
first: menu
steps:
  menu:
    do: menu
    say: {zh: 请按九。, en: Press nine.}
    seconds: 20
    then: {"9": bye, "0": person, silence: bye, no_match: bye}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""
STRAIGHT = """
first: person
steps:
  person: {do: queue}
"""


def calling_tone() -> list[bytes]:
    """Half a second of 1100 Hz, then three of silence, in frames of 20 ms."""
    sound = tone(1100, 0.5)
    on = [sound[at : at + FRAME] for at in range(0, len(sound), FRAME)]
    return [*on, *([SILENCE] * 150)]


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with running_asterisk() as instance:
        yield instance


@dataclass(slots=True)
class Stage:
    """A flow being served, and one machine that calls."""

    asterisk: Instance
    flow: Flow
    voice: Voice
    acceptance: FakeAcceptance = field(default_factory=FakeAcceptance)
    trails: list[list[str]] = field(default_factory=list)
    callers: Callers | None = None

    async def take(self, line: Line) -> None:
        trail = await take_call(line, self.flow, self.acceptance, StandingClock(), HOURS)
        self.trails.append(trail)

    def faxes(self) -> int:
        """How many tones the event log has."""
        with sqlite3.connect(
            f"file:{Folders.of(self.asterisk.settings).cel}?mode=ro", uri=True
        ) as log:
            (count,) = log.execute("SELECT count(*) FROM cel WHERE eventtype='ACD_FAX'").fetchone()
        log.close()
        return int(count)

    def is_in(self, context: str) -> bool:
        lines = self.asterisk.command("core show channels concise").splitlines()
        return any(line.split("!")[1:2] == [context] for line in lines)


@asynccontextmanager
async def staged(asterisk: Instance, folder: Path, flow: str) -> AsyncIterator[Stage]:
    settings = asterisk.settings
    store = PromptFolder(settings.prompts)
    made = flow_of(flow, folder)
    assert (await make_missing(store, made.prompts())).failed == []
    stage = Stage(asterisk, made, Voice(settings.ports.demo + 30, calling_tone()))
    server = AgiServer("127.0.0.1", settings.ports.agi, settings.secret("agi"), stage.take, store)
    await server.start()
    people = [Person(number) for number in fictional_numbers(1)]
    callers = stage.callers = Callers(settings.tools, people, voices={0: stage.voice})
    await callers.start(("127.0.0.1", settings.ports.sip), "4000", settings.ports.demo + 2)
    try:
        await callers.answered()
        yield stage
    finally:
        await server.stop(0)
        await callers.leave()
        await callers.stop()
        await stage.voice.stop()


async def test_a_machine_is_told_and_its_call_ends(asterisk: Instance, tmp_path: Path) -> None:
    async with staged(asterisk, tmp_path, MENU) as stage:
        before = stage.faxes()
        assert stage.callers
        await stage.callers.sipp.wait("released", seconds=20)
        assert stage.trails == [["menu:caller gone"]]
        await until(lambda: stage.faxes() == before + 1)


async def test_a_person_who_was_taken_for_a_machine_goes_on_by_a_key(
    asterisk: Instance, tmp_path: Path
) -> None:
    async with staged(asterisk, tmp_path, MENU) as stage:
        await until(lambda: stage.trails)
        assert stage.trails == [["menu:caller gone"]]
        await until(lambda: stage.is_in("acd-ask"))
        stage.voice.press("1")
        await until(lambda: not stage.is_in("acd-ask"))
        await until(lambda: stage.is_in("acd-entry"))
        stage.voice.press("9")
        await until(lambda: len(stage.trails) == 2)
        assert stage.trails[1] == ["menu:9", "bye:done"]


async def test_nobody_is_taken_out_of_the_line_for_a_tone(
    asterisk: Instance, tmp_path: Path
) -> None:
    async with staged(asterisk, tmp_path, STRAIGHT) as stage:
        before = stage.faxes()
        await until(lambda: stage.is_in("acd-wait"))
        log = asterisk.folders.log
        await until(lambda: "no fax extension" in log.read_text("utf-8"))
        assert stage.is_in("acd-wait") and stage.faxes() == before

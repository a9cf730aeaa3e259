"""What every `ivr.ports.Line` promises: the scripted caller and a real call alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from ivr.ports import CallerGone, Line, LineFailed
from tests.bare_asterisk import BareAsterisk, bare_asterisk
from tests.fakes import FakeLine
from tests.telephony_stage import Stage, staged
from voice.ports import Prompt

MENU, LONG = [Prompt("0.2", "zh")], [Prompt("60", "zh")]
Script = Callable[[Line], Awaitable[object]]


class Scripted:
    """A call that is only played."""

    async def call(self, script: Script) -> None:
        await script(FakeLine(""))

    async def press(self, line: Line, keys: str) -> None:
        assert isinstance(line, FakeLine)
        line.types(keys)

    async def leave(self, line: Line) -> None:
        assert isinstance(line, FakeLine)
        line.hangs_up()


class Real:
    """A call on a real Asterisk."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def call(self, script: Script) -> None:
        await self.stage.call(script)

    async def press(self, line: Line, keys: str) -> None:
        await self.stage.press(line, keys)

    async def leave(self, line: Line) -> None:
        channel = line.facts.channel.replace(";2", ";1")
        await self.stage.ami.send({"Action": "Hangup", "Channel": channel})


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareAsterisk]:
    with bare_asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running


@pytest.fixture(params=["scripted", pytest.param("real", marks=pytest.mark.asterisk)])
async def caller(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scripted | Real]:
    if request.param == "scripted":
        yield Scripted()
        return
    async with staged(request.getfixturevalue("asterisk"), tmp_path) as stage:
        yield Real(stage)


Caller = Scripted | Real


async def test_silence_is_none(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await line.answer()
        assert await line.ask(MENU, most_keys=1, seconds=0.2) is None

    await caller.call(script)


async def test_keys_that_come_early_answer_one_question_after_the_other(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "1234#5")
        assert await line.ask(LONG, most_keys=1, seconds=1) == "1"
        assert await line.ask(LONG, most_keys=2, seconds=1) == "23"
        assert await line.ask(LONG, most_keys=9, seconds=1) == "4"
        assert await line.ask(LONG, most_keys=1, seconds=1) == "5"

    await caller.call(script)


async def test_a_secret_is_asked_for_like_anything_else(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "4711#5")
        assert await line.ask(LONG, most_keys=12, seconds=1, secret=True) == "4711"
        assert await line.ask(LONG, most_keys=1, seconds=1) == "5"

    await caller.call(script)


async def test_an_end_key_alone_is_an_empty_answer(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "#*")
        assert await line.ask(LONG, most_keys=4, seconds=1) == ""
        assert await line.ask(LONG, most_keys=4, seconds=1, ends_with="*") == ""

    await caller.call(script)


async def test_without_an_end_key_every_key_is_an_answer(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "#")
        assert await line.ask(LONG, most_keys=1, seconds=1, ends_with="") == "#"

    await caller.call(script)


async def test_a_key_that_interrupts_is_told_and_kept(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "7")
        assert await line.say(LONG) == "7"
        assert await line.say(MENU, interruptible=False) is None
        assert await line.ask(LONG, most_keys=1, seconds=1) == "7"
        assert await line.say(MENU) is None

    await caller.call(script)


async def test_after_the_hand_over_nothing_can_be_said(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await line.remember("menu", {})
        await line.set_language("en")
        await line.join_queue("support", "standard", 1.0)
        with pytest.raises(LineFailed):
            await line.say(MENU)

    await caller.call(script)


@pytest.mark.parametrize(
    "deed",
    [
        lambda line: line.answer(),
        lambda line: line.say(MENU),
        lambda line: line.say(MENU, interruptible=False),
        lambda line: line.ask(MENU, most_keys=1, seconds=1),
        lambda line: line.set_language("en"),
        lambda line: line.remember("x", {}),
        lambda line: line.join_queue("support", "standard", 1.0),
    ],
)
async def test_whatever_is_asked_of_a_caller_who_left_is_caller_gone(
    caller: Caller, deed: Callable[[Line], Awaitable[object]]
) -> None:
    async def script(line: Line) -> None:
        await caller.leave(line)
        with pytest.raises(CallerGone):  # a hang-up takes a moment to arrive
            async with asyncio.timeout(5):
                while True:
                    await line.remember("still there", {})
        with pytest.raises(CallerGone):
            await deed(line)
        await line.hang_up()

    await caller.call(script)

"""What every `ivr.ports.Line` promises: the scripted caller and a real call alike.

What is marked `of_keys` the caller of a rehearsal promises, too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from ivr.ports import CallerGone, Line, LineFailed
from ivr.rehearsal.line import Actor
from tests.bare_asterisk import BareAsterisk, bare_asterisk
from tests.fakes import A_CALL, FakeLine
from tests.telephony_stage import Stage, staged
from voice.ports import Prompt

MENU, LONG = [Prompt("0.2", "zh")], [Prompt("60", "zh")]
Script = Callable[[Line], Awaitable[object]]


class Scripted:
    """A call that is only played."""

    async def call(self, script: Script) -> None:
        await script(FakeLine("", ""))

    async def press(self, line: Line, keys: str) -> None:
        assert isinstance(line, FakeLine)
        line.types(keys)

    async def leave(self, line: Line) -> None:
        assert isinstance(line, FakeLine)
        line.hangs_up()


class Rehearsed:
    """A call of `flow try` and `flow test`. What is pressed waits for the next question."""

    def __init__(self) -> None:
        self.acts = deque[str]()

    async def call(self, script: Script) -> None:
        await script(Actor(A_CALL, self._pressed(), most_steps=9))

    async def press(self, line: Line, keys: str) -> None:
        self.acts.append(keys)

    def _pressed(self) -> Iterator[str]:
        while self.acts:
            yield self.acts.popleft()


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


Caller = Scripted | Real
Typist = Caller | Rehearsed


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareAsterisk]:
    with bare_asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running


KINDS = ["scripted", pytest.param("real", marks=pytest.mark.asterisk)]
of_keys = pytest.mark.parametrize("caller", [*KINDS, "rehearsed"], indirect=True)
"""What the rehearsed caller promises, too."""


@pytest.fixture(params=KINDS)
async def caller(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Typist]:
    if request.param != "real":
        yield Scripted() if request.param == "scripted" else Rehearsed()
        return
    async with staged(request.getfixturevalue("asterisk"), tmp_path) as stage:
        yield Real(stage)


async def test_silence_is_none(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await line.answer()
        assert await line.ask(MENU, most_keys=1, seconds=0.2) is None

    await caller.call(script)


@of_keys
async def test_keys_that_come_early_answer_one_question_after_the_other(caller: Typist) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "1234#5")
        assert await line.ask(LONG, most_keys=1, seconds=1) == "1"
        assert await line.ask(LONG, most_keys=2, seconds=1) == "23"
        assert await line.ask(LONG, most_keys=9, seconds=1) == "4"
        assert await line.ask(LONG, most_keys=1, seconds=1) == "5"

    await caller.call(script)


@of_keys
async def test_a_secret_is_asked_for_like_anything_else(caller: Typist) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "4711#5")
        assert await line.ask(LONG, most_keys=12, seconds=1, secret=True) == "4711"
        assert await line.ask(LONG, most_keys=1, seconds=1) == "5"

    await caller.call(script)


@of_keys
async def test_an_end_key_alone_is_an_empty_answer(caller: Typist) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "#*")
        assert await line.ask(LONG, most_keys=4, seconds=1) == ""
        assert await line.ask(LONG, most_keys=4, seconds=1, ends_with="*") == ""

    await caller.call(script)


@of_keys
async def test_without_an_end_key_every_key_is_an_answer(caller: Typist) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "#")
        assert await line.ask(LONG, most_keys=1, seconds=1, ends_with="") == "#"

    await caller.call(script)


@of_keys
@pytest.mark.parametrize("secret", [False, True])
async def test_an_end_key_behind_an_answer_that_was_full_answers_no_question(
    caller: Typist, secret: bool
) -> None:
    """The caller was told to press it."""

    async def script(line: Line) -> None:
        await caller.press(line, "123456#7")
        assert await line.ask(LONG, most_keys=6, seconds=1, secret=secret) == "123456"
        assert await line.ask(LONG, most_keys=1, seconds=1, ends_with="") == "7"

    await caller.call(script)


@of_keys
async def test_only_one_end_key_ends_an_answer_that_was_full(caller: Typist) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "12##34#5")
        assert await line.ask(LONG, most_keys=2, seconds=1) == "12"
        assert await line.ask(LONG, most_keys=1, seconds=1, ends_with="") == "#"
        assert await line.ask(LONG, most_keys=3, seconds=1) == "34"
        assert await line.ask(LONG, most_keys=1, seconds=1) == "5"

    await caller.call(script)


@of_keys
async def test_behind_an_answer_that_its_end_key_has_ended_the_next_one_counts(
    caller: Typist,
) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "12##")
        assert await line.ask(LONG, most_keys=6, seconds=1) == "12"
        assert await line.ask(LONG, most_keys=1, seconds=1, ends_with="") == "#"

    await caller.call(script)


@of_keys
async def test_behind_a_question_without_an_end_key_no_key_is_one(caller: Typist) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "1234#")
        assert await line.ask(LONG, most_keys=4, seconds=1, ends_with="") == "1234"
        assert await line.ask(LONG, most_keys=1, seconds=1, ends_with="") == "#"

    await caller.call(script)


async def test_an_end_key_behind_an_answer_that_was_full_cuts_no_text_short(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "1234#")
        assert await line.ask(LONG, most_keys=4, seconds=1) == "1234"
        assert await line.say(MENU) is None

    await caller.call(script)


async def test_a_key_that_interrupts_is_told_and_kept(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await caller.press(line, "7")
        assert await line.say(LONG) == "7"
        assert await line.say(MENU, interruptible=False) is None
        assert await line.ask(LONG, most_keys=1, seconds=1) == "7"
        assert await line.say(MENU) is None

    await caller.call(script)


async def test_who_says_nothing_is_recorded_as_saying_nothing(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await line.answer()
        take = await line.record(MENU, seconds=1, pause=2)
        assert take.spoken == 0 and not take.gone

    await caller.call(script)


async def test_a_key_skips_to_the_tone_and_answers_no_later_question(caller: Caller) -> None:
    async def script(line: Line) -> None:
        await line.answer()
        await caller.press(line, "7")
        await line.record(LONG, seconds=1, pause=2)
        assert await line.ask(MENU, most_keys=1, seconds=0.2) is None

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
        lambda line: line.record(MENU, seconds=1, pause=2),
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

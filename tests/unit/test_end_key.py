"""The end key behind an answer that was full without it: who presses it as told loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from adapters.asterisk import asking
from adapters.asterisk.agi_server import AgiServer
from ivr.ports import Line
from ivr.typed import EndKey
from tests.bare_asterisk import free_port
from tests.fake_asterisk import WORD, FakeCall
from voice.ports import Prompt

Script = Callable[[Line], Awaitable[object]]
HELLO, MENU = [Prompt("hello", "en")], [Prompt("menu", "en")]
TYPED, READ = "HOTLINE_TYPED", "HOTLINE_READ"


@pytest.mark.parametrize(
    ("answer", "ends_with", "next_keys", "left"),
    [
        ("123456", "#", "#1", "1"),
        ("123456", "#", "##", "#"),
        ("123456", "#", "1#", "1#"),
        ("123456", "#", "*", "*"),
        ("123456", "*", "*1", "1"),
        ("123456", "", "#1", "#1"),
        ("12345", "#", "#1", "#1"),
        ("", "#", "#1", "#1"),
    ],
)
def test_it_is_the_first_key_behind_an_answer_with_all_its_keys(
    answer: str, ends_with: str, next_keys: str, left: str
) -> None:
    end_key = EndKey()
    end_key.may_follow(answer, 6, ends_with)
    assert end_key.without("") == ""
    assert end_key.without(next_keys) == left
    assert end_key.without("#") == "#", "there is one at most"


def test_what_is_pressed_when_it_is_too_late_is_meant() -> None:
    end_key = EndKey()
    end_key.may_follow("123456", 6, "#", until=103.0)
    end_key.listened(103.0)
    assert end_key.may_come
    end_key.listened(103.1)
    assert end_key.without("#") == "#"


# ---------------------------------------------------------------- on a call


class Prompts:
    """Two recordings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("hello", "menu"):
            (folder / f"{name}.wav").write_bytes(b"\0" * 16_044)

    def find(self, prompt: Prompt) -> Path | None:
        return self.folder / f"{prompt.text}.wav"

    async def make(self, prompt: Prompt) -> Path:
        raise AssertionError


class Call:
    """A call whose caller keys a number of four digits, and more while they are spoken to."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.server = AgiServer("127.0.0.1", self.port, WORD, self.take_call, Prompts(folder))
        self.far = FakeCall(self.port)
        self.far.variables[TYPED] = "=1234"
        self.far.applications["Read"] = self._read
        self.reads: list[str] = []
        """What was played, in order; empty: only waited."""
        self.presses: list[str] = []
        """The keys that end one `Read` after the other."""
        self.secret = False
        """Whether the number is one."""
        self.script: Script
        self.came: object = None

    async def take_call(self, line: Line) -> None:
        if not line.facts.step:
            number = await line.ask(HELLO, most_keys=4, seconds=1, secret=self.secret)
            assert number == "1234"
        self.came = await self.script(line)

    async def run(self, script: Script, *presses: str) -> object:
        """What the script comes to, once it has the number."""
        self.script, self.presses = script, list(presses)
        await self.far.run()
        return self.came

    async def _read(self, options: str) -> str:
        self.reads.append(Path(options.split(",")[1]).name)
        keys = self.presses.pop(0) if self.presses else ""
        self.far.variables[TYPED] += keys
        self.far.variables[READ] = keys
        return "0"


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Call]:
    made = Call(tmp_path)
    await made.server.start()
    yield made
    await made.server.stop(0)


@pytest.mark.parametrize("ends_with", ["", "#"])
async def test_a_question_into_which_it_breaks_is_spoken_again(call: Call, ends_with: str) -> None:
    def asks(line: Line) -> Awaitable[str | None]:
        return line.ask([*HELLO, *MENU], most_keys=1, seconds=1, ends_with=ends_with)

    assert await call.run(asks, "", "#", "5") == "5"
    assert call.reads == ["hello", "menu", "menu"]


async def test_a_text_into_which_it_breaks_is_spoken_to_its_end(call: Call) -> None:
    assert await call.run(lambda line: line.say([*HELLO, *MENU]), "#") is None
    assert call.reads == ["hello", "hello", "menu"]


@pytest.mark.parametrize("ends_with", ["", "#"])
async def test_a_question_waits_on_when_it_comes_behind_its_words(
    call: Call, ends_with: str
) -> None:
    def asks(line: Line) -> Awaitable[str | None]:
        return line.ask(MENU, most_keys=1, seconds=1, ends_with=ends_with)

    assert await call.run(asks, "", "#", "5") == "5"
    assert call.reads == ["menu", "", ""]


async def test_who_says_nothing_behind_it_is_silent(call: Call) -> None:
    assert await call.run(lambda line: line.ask(MENU, most_keys=1, seconds=1), "", "#") is None


async def test_it_cuts_no_answer_short_whose_first_key_comes_with_it(call: Call) -> None:
    def asks(line: Line) -> Awaitable[str | None]:
        return line.ask(MENU, most_keys=3, seconds=1)

    assert await call.run(asks, "", "#5", "67") == "567"


async def test_a_key_after_three_seconds_answers_the_question(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "BETWEEN_KEYS", -1.0)  # three seconds are over at once

    def asks(line: Line) -> Awaitable[str | None]:
        return line.ask(MENU, most_keys=1, seconds=1, ends_with="")

    assert await call.run(asks, "#") == "#"
    assert call.reads == ["menu"]


async def test_what_was_pressed_while_nobody_listened_is_one_however_late(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "BETWEEN_KEYS", -1.0)

    async def asks(line: Line) -> str | None:
        call.far.variables[TYPED] += "#5"
        return await line.ask(MENU, most_keys=1, seconds=1, ends_with="")

    assert await call.run(asks) == "5"


@pytest.mark.parametrize("secret", [False, True])
async def test_a_script_that_takes_over_does_not_bring_it_back(call: Call, secret: bool) -> None:
    async def dies(line: Line) -> None:
        await line.remember("menu", {})
        call.far.variables[TYPED] += "#"

    async def takes_over(line: Line) -> str | None:
        call.far.variables[TYPED] += "5"
        return await line.ask(MENU, most_keys=1, seconds=1, ends_with="")

    call.secret = secret
    await call.run(dies)
    assert await call.run(takes_over) == "5"

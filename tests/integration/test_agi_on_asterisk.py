"""A caller's line on a real Asterisk: keys, hang-ups, values, files."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from adapters.asterisk.call_facts import ON_RECORD, arguments
from ivr.ports import CallerGone, CallFacts, Line, LineFailed
from tests.bare_asterisk import BareAsterisk, bare_asterisk, free_port
from tests.relay import Relay
from tests.telephony_stage import Stage, staged
from voice.ports import Prompt

pytestmark = pytest.mark.asterisk
HALF, LONG = [Prompt("0.5", "zh")], [Prompt("60", "zh")]


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareAsterisk]:
    with bare_asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running


@pytest.fixture
async def stage(asterisk: BareAsterisk, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(asterisk, tmp_path) as stage:
        yield stage


async def test_the_facts_of_a_call(stage: Stage) -> None:
    async def script(line: Line) -> CallFacts:
        return line.facts

    facts = await stage.call(script, NUMBER="+86 138-0013", NAME="José 张")
    assert facts.contact == (await stage.over())["Contact"]
    assert (facts.dialled, facts.queue, facts.class_) == ("4000", "support", "vip")
    assert (facts.caller_number, facts.caller_name) == ("+861380013", "José 张")
    assert facts.channel.startswith("Local/call@script-")


@pytest.mark.parametrize("presentation", ["prohib", "unavailable"])
async def test_a_withheld_number_is_not_told(stage: Stage, presentation: str) -> None:
    async def script(line: Line) -> str | None:
        return line.facts.caller_number

    assert await stage.call(script, NUMBER="13800138000", PRESENTATION=presentation) is None


async def test_a_name_in_latin_1_gets_its_script(stage: Stage) -> None:
    async def script(line: Line) -> str:
        return line.facts.caller_name

    assert await stage.call(script, entry="latin") == "José"


async def test_who_joins_a_queue_is_handed_over_whole(stage: Stage) -> None:
    async def script(line: Line) -> None:
        await line.set_language("en")
        await line.remember("menu", {})
        await line.join_queue("sales", "standard", 1_795_304_360.4377)

    await stage.call(script)
    over = await stage.over()
    assert over["Done"] == "1"
    assert (over["Queue"], over["Class"], over["Entered"]) == ("sales", "standard", "1795304360438")
    assert (over["Lang"], over["Spoken"], over["Step"]) == ("en", "en", "menu")
    assert over.get("Typed", "") == ""


# ---- keys


async def test_a_key_breaks_into_what_is_said(stage: Stage) -> None:
    async def script(line: Line) -> tuple[str | None, str | None]:
        pressing = asyncio.create_task(stage.press(line, "7"))
        key = await line.say(LONG)
        await pressing
        return key, await line.ask(LONG, most_keys=1, seconds=1)

    assert await stage.call(script) == ("7", "7")


async def test_keys_that_come_early_are_all_taken(stage: Stage) -> None:
    """Before a command, between two, and during one that does not listen."""

    async def script(line: Line) -> list[str | None]:
        await stage.press(line, "12")
        pressing = asyncio.create_task(stage.press(line, "34"))
        await line.say([Prompt("1", "zh")], interruptible=False)
        await pressing
        await stage.press(line, "*5#")
        took = [await line.ask(LONG, most_keys=1, seconds=1, ends_with="") for _ in range(4)]
        return [*took, await line.ask(LONG, most_keys=9, seconds=1)]

    start = time.monotonic()
    assert await stage.call(script) == ["1", "2", "3", "4", "*5"]
    assert time.monotonic() - start < 10  # nothing was spoken


async def test_an_end_key_behind_a_full_answer_is_passed_over_while_the_next_question_is_spoken(
    stage: Stage,
) -> None:
    async def script(line: Line) -> tuple[str | None, str | None]:
        await stage.press(line, "4711")
        number = await line.ask(LONG, most_keys=4, seconds=1)
        asking = asyncio.create_task(line.ask(LONG, most_keys=1, seconds=1, ends_with=""))
        await stage.press(line, "#")
        await stage.press(line, "7")
        return number, await asking

    assert await stage.call(script) == ("4711", "7")


async def test_of_a_secret_answer_nothing_stays_on_the_call(stage: Stage) -> None:
    async def script(line: Line) -> tuple[str | None, str, str, str | None]:
        await stage.press(line, "4711#5")
        pin = await line.ask(LONG, most_keys=12, seconds=1, secret=True)
        typed = await stage.variable(line.facts.channel, "HOTLINE_TYPED")
        read = await stage.variable(line.facts.channel, "HOTLINE_READ")
        return pin, typed, read, await line.ask(LONG, most_keys=1, seconds=1)

    assert await stage.call(script) == ("4711", "=5", "", "5")


async def test_keys_pressed_across_files_are_one_answer(stage: Stage) -> None:
    async def script(line: Line) -> str | None:
        asking = asyncio.create_task(line.ask([*HALF * 4, *LONG], most_keys=6, seconds=5))
        await stage.press(line, "123456")
        return await asking

    assert await stage.call(script) == "123456"


async def test_silence_and_an_empty_answer_differ(stage: Stage) -> None:
    async def script(line: Line) -> tuple[str | None, str | None]:
        silence = await line.ask(HALF, most_keys=4, seconds=0.3)
        await stage.press(line, "#")
        return silence, await line.ask(HALF, most_keys=4, seconds=0.3)

    assert await stage.call(script) == (None, "")


async def test_an_answer_that_stops_ends_three_seconds_after_its_last_key(stage: Stage) -> None:
    async def script(line: Line) -> tuple[str | None, float]:
        await stage.press(line, "12")
        start = time.monotonic()
        return await line.ask(HALF, most_keys=4, seconds=30), time.monotonic() - start

    keys, seconds = await stage.call(script)
    assert keys == "12"
    assert 2.8 < seconds < 3.8


async def test_a_question_without_a_word_still_takes_keys(stage: Stage) -> None:
    async def script(line: Line) -> str | None:
        asking = asyncio.create_task(line.ask([Prompt("?", "zh")], most_keys=1, seconds=20))
        await stage.press(line, "3")
        return await asking

    assert await stage.call(script) == "3"


@pytest.mark.parametrize("before", [[], [Prompt("0.1", "zh")]])
async def test_a_file_that_cannot_be_played_leaves_the_caller_time_to_answer(
    stage: Stage, tmp_path: Path, before: list[Prompt]
) -> None:
    async def script(line: Line) -> str | None:
        (tmp_path / "0.5.wav").write_bytes(b"no sound")
        asking = asyncio.create_task(line.ask([*before, *HALF], most_keys=1, seconds=20))
        await asyncio.sleep(0.3)
        await stage.press(line, "3")
        return await asking

    assert await stage.call(script) == "3"


async def test_a_script_that_takes_over_from_another_hears_new_keys(stage: Stage) -> None:
    """As when the process died in the middle: the call runs its script again."""
    answers: asyncio.Queue[str | None] = asyncio.Queue()

    async def second(line: Line) -> None:
        await stage.press(line, "9")
        answers.put_nowait(await line.ask(LONG, most_keys=1, seconds=1))

    async def first(line: Line) -> None:
        await line.remember("menu", {})
        await stage.press(line, "12")
        stage.script = second

    await stage.call(first, TWICE="yes")
    assert await asyncio.wait_for(answers.get(), 5) == "9"


async def test_a_script_that_takes_over_is_handed_how_many_keys_there_were_and_not_which(
    stage: Stage,
) -> None:
    handed: asyncio.Queue[Mapping[str, str]] = asyncio.Queue()

    async def second(line: Line) -> None:
        handed.put_nowait(line._agi.env)  # type: ignore[attr-defined]

    async def first(line: Line) -> None:
        await stage.press(line, "7*0*7")
        stage.script = second

    await stage.call(first, TWICE="yes")
    header = await asyncio.wait_for(handed.get(), 5)
    assert arguments(header)[ON_RECORD] == str(len("=7*0*7"))
    assert not any("7*0*7" in value for value in header.values())


async def test_a_script_that_takes_over_has_what_was_collected(stage: Stage) -> None:
    values = {"account": "4711,'\"${CALLERID(num)}\\ %41\n", "name": "张" * 100}
    found: asyncio.Queue[CallFacts] = asyncio.Queue()

    async def second(line: Line) -> None:
        found.put_nowait(line.facts)

    async def first(line: Line) -> None:
        await line.remember("menu", {}, values=values)
        stage.script = second

    await stage.call(first, TWICE="yes")
    facts = await asyncio.wait_for(found.get(), 5)
    assert (facts.step, facts.values) == ("menu", values)


# ---- the caller leaves


@pytest.mark.parametrize("exits", ["yes", ""])
@pytest.mark.parametrize("during", ["say", "ask", "announce", "think"])
async def test_however_a_caller_leaves_the_script_learns_it(
    stage: Stage, during: str, exits: str
) -> None:
    async def script(line: Line) -> None:
        if during == "say":
            await line.say(LONG)
        if during == "announce":
            await line.say(LONG, interruptible=False)
        if during == "think":
            await stage.until(lambda: any(e["Event"] == "HangupRequest" for e in stage.events) or
                              any(e["Event"] == "Hangup" for e in stage.events))  # fmt: skip
        await line.ask(LONG, most_keys=3, seconds=9)

    start = time.monotonic()
    with pytest.raises(CallerGone):
        await stage.call(script, caller="leaves", SECONDS="1", exits=exits)
    assert time.monotonic() - start < 5


async def test_hanging_up_twice_is_hanging_up(stage: Stage) -> None:
    async def script(line: Line) -> None:
        await line.hang_up()
        await line.hang_up()
        await line.remember("gone", {})

    with pytest.raises(CallerGone):
        await stage.call(script)


# ---- values


async def test_hostile_values_arrive_as_they_are_or_not_at_all(stage: Stage) -> None:
    """Seeded; each value goes out by AGI and is asked back by AMI, in another way."""
    dice = random.Random(20261121)
    alphabet = ['"', "\\", "\n", "\r", "\0", " ", "\t", ",", "|", "&", "(", ")", "${CONTACT}",
                "$[1+1]", ";", "'", "é", "中", "😀", "\x85", "\u2028", "HANGUP", "EXEC Hangup",
                "200 result=0", "a", "1"]  # fmt: skip

    async def script(line: Line) -> None:
        agi = line._agi  # type: ignore[attr-defined]
        for number in range(150):
            value = "x" + "".join(dice.choices(alphabet, k=dice.randrange(12))) + "x"
            try:
                await line._do(0, agi.set_variable, "FUZZ", value)  # type: ignore[attr-defined]
            except LineFailed:
                assert set(value) & set("\r\n\0")
                continue
            await line._do(0, agi.set_variable, "MARK", str(number))  # type: ignore[attr-defined]
            kept = await line._do(0, agi.get_variable, "FUZZ")  # type: ignore[attr-defined]
            mark = await line._do(0, agi.get_variable, "MARK")  # type: ignore[attr-defined]
            assert (kept, mark) == (value, str(number))

    await stage.call(script)


# ---- Asterisk in trouble


async def test_a_frozen_asterisk_ends_scripts_and_the_next_call_is_served(
    stage: Stage, asterisk: BareAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.asterisk.agi.MORE_TIME", 0.5)

    async def meets_ice(line: Line) -> None:
        with asterisk.frozen():
            await line.remember("x", {})

    with pytest.raises(LineFailed, match="in time"):
        await stage.call(meets_ice)

    async def script(line: Line) -> None:
        await line.remember("y", {})

    await stage.call(script)


async def test_a_swallowed_connection_ends_the_script(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.asterisk.agi.MORE_TIME", 0.5)
    async with Relay(stage.agi_port) as relay:

        async def script(line: Line) -> None:
            relay.swallow()
            await line.remember("x", {})

        with pytest.raises(LineFailed, match="in time"):
            await stage.call(script, port=str(relay.port))


async def test_without_a_server_the_dialplan_goes_on(stage: Stage) -> None:
    await stage.ring(port=str(free_port()))
    assert (await stage.over()).get("Done", "") == ""


async def test_a_server_that_stops_hands_calls_back_to_the_dialplan(stage: Stage) -> None:
    speaking = asyncio.Event()

    async def script(line: Line) -> None:
        speaking.set()
        await line.ask(LONG, most_keys=1, seconds=9)

    call = asyncio.create_task(stage.call(script))
    await asyncio.wait_for(speaking.wait(), 5)
    await stage.server.stop(0)
    with pytest.raises(asyncio.CancelledError):
        await call

"""The FastAGI port: who is let in, what strangers may take, and what a call's script is told."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from adapters.asterisk import playing
from adapters.asterisk.agi_server import AgiLimits, AgiServer, parse_header
from adapters.asterisk.attention import UNATTENDED
from adapters.asterisk.call_facts import ARGUMENTS, ON_RECORD, caller_number, keys_on_record
from adapters.asterisk.double_keys import DoubleKeys
from ivr.ports import CallFacts, Line, LineFailed
from tests.bare_asterisk import free_port
from tests.fake_asterisk import WORD, FakeCall
from voice.ports import Prompt, SpeechFailed

QUICK = AgiLimits(connections=20, first_line_seconds=0.2, header_seconds=0.4)
HELLO = Prompt("hello", "en")


class Recordings:
    """A prompt store with one recording; others cannot be made (`speechless`) or never end."""

    def __init__(self, folder: Path, speechless: bool = True) -> None:
        self.folder, self.speechless = folder, speechless
        (folder / "hello.wav").write_bytes(b"\0" * 16_044)

    def find(self, prompt: Prompt) -> Path | None:
        path = self.folder / f"{prompt.text}.wav"
        return path if path.exists() else None

    async def make(self, prompt: Prompt) -> Path:
        if not self.speechless:
            await asyncio.Event().wait()
        raise SpeechFailed("no engine")


class Stage:
    """A server on a free port; the facts of every call that got as far as a script."""

    def __init__(self, prompts: Recordings) -> None:
        self.port = free_port()
        self.calls: list[CallFacts] = []
        self.script: Callable[[Line], Awaitable[object]] = self.nothing
        self.keys = DoubleKeys()
        self.server = AgiServer(
            "127.0.0.1", self.port, WORD, self.take_call, prompts, QUICK, keys=self.keys
        )

    async def nothing(self, line: Line) -> None: ...

    async def take_call(self, line: Line) -> None:
        self.calls.append(line.facts)
        await self.script(line)

    async def call(self, script: Callable[[Line], Awaitable[object]] | None = None) -> FakeCall:
        self.script = script or self.nothing
        call = FakeCall(self.port)
        await call.run()
        return call

    @asynccontextmanager
    async def stranger(self, says: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with suppress(OSError):
            writer.write(says)
            await writer.drain()
        yield reader
        writer.close()

    async def turns_away(self, says: bytes) -> None:
        async with self.stranger(says) as reader:
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 2) == b""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(Recordings(tmp_path))
    await stage.server.start()
    yield stage
    await stage.server.stop(0)


async def test_only_who_knows_the_secret_gets_a_script(stage: Stage) -> None:
    for secret in ("", "Sesame", "sesame/x", "\xe9"):
        stranger = FakeCall(stage.port, secret)
        await stranger.run()
        assert stranger.commands == []
    assert stage.calls == []
    await stage.call()
    assert len(stage.calls) == 1


async def test_a_second_secret_in_the_header_does_not_count() -> None:
    header = b"agi_arg_1: wrong\nagi_calleridname: x\nagi_arg_1: sesame"
    assert parse_header(header)["agi_arg_1"] == "wrong"


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (b"", "the header did not come in time"),
        (b"agi_network: yes\n", "the header did not come in time"),
        (b"agi_network: yes\n" + b"x" * 1_000_000, "the header is too long"),
        (b"x" * 1_000_000, "the header is too long"),
        (b"agi_network: yes\n" + b"a: b\n" * 10_000, "the header has too many lines"),
        (bytes(range(256)) * 40, "not a call"),
        (b"\n\n", "not a call"),
        (b"GET / HTTP/1.1\r\n\r\n", "not a call"),
    ],
)
async def test_a_stranger_is_turned_away_and_calls_go_on(
    stage: Stage, says: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.turns_away(says)
    await stage.call()
    assert len(stage.calls) == 1
    assert [record.__dict__["reason"] for record in caplog.records] == [reason]


async def test_a_header_in_drops_ends_in_time(stage: Stage) -> None:
    start = time.monotonic()
    async with stage.stranger(b"agi_network: yes\n") as reader:
        assert await asyncio.wait_for(reader.read(), 2) == b""
    assert time.monotonic() - start < 1


async def test_a_port_scan_costs_one_log_line_a_second(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    start = time.monotonic()
    for _ in range(100):
        async with stage.stranger():
            pass
    await stage.call()
    seconds = time.monotonic() - start
    assert len(stage.calls) == 1
    refusals = [r for r in caplog.records if r.message == "agi connection refused"]
    assert 1 <= len(refusals) <= 1 + seconds


async def test_connections_beyond_the_limit_are_closed_at_once(stage: Stage) -> None:
    readers = []
    async with asyncio.TaskGroup() as group:
        for _ in range(QUICK.connections):
            readers.append(group.create_task(asyncio.open_connection("127.0.0.1", stage.port)))
    start = time.monotonic()
    await stage.turns_away(b"")
    assert time.monotonic() - start < QUICK.first_line_seconds
    for task in readers:
        task.result()[1].close()


async def test_the_first_command_frees_the_call_from_its_time_limit(stage: Stage) -> None:
    call = await stage.call()
    assert call.commands[0].startswith('EXEC MSet "TIMEOUT(absolute)=0,')


async def test_the_facts_come_from_the_call_itself(stage: Stage) -> None:
    await stage.call()
    assert stage.calls == [
        CallFacts(
            contact=stage.calls[0].contact, dialled="4000", caller_number="13800138000",
            channel="PJSIP/trunk-00000001", queue="support", class_="standard", language="zh",
        )
    ]  # fmt: skip
    assert stage.calls[0].contact == "c-1"


@pytest.mark.parametrize(
    ("signalled", "presentation", "number"),
    [
        ("13800138000", "0", "13800138000"),
        ("+86 (138) 0013-8000", "1", "+8613800138000"),
        ("13800138000", "32", None),
        ("13800138000", "67", None),
        ("anonymous", "0", None),
        ("unknown", "0", None),
        ("", "", None),
        ("alice42", "0", None),
        ("500&PJSIP/itsp/14165551212", "0", None),
        ("1" * 40, "0", None),
        ("١٢٣", "0", None),
    ],
)
def test_a_number_is_a_number_or_withheld(
    signalled: str, presentation: str, number: str | None
) -> None:
    assert caller_number(signalled, presentation) == number


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("José".encode("latin-1"), "José"),
        ("张三".encode(), "张三"),
        (b"a\x07\x1b[31mb", "a[31mb"),
        (b"unknown", ""),
    ],
)
async def test_a_name_is_read_whatever_its_coding_and_cleaned(
    stage: Stage, name: bytes, heard: str
) -> None:
    header = FakeCall.HEADER.format(secret=WORD, told="").encode()
    header = header.replace(b"agi_calleridname: unknown", b"agi_calleridname: " + name)
    await FakeCall(stage.port, header=header).run()
    assert stage.calls[0].caller_name == heard


async def test_a_script_that_fails_ends_alone(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(line: Line) -> None:
        raise KeyError("flow")

    await stage.call(fails)
    await stage.call()
    assert len(stage.calls) == 2
    assert [record.message for record in caplog.records] == ["script of a call failed"]


async def test_the_waiting_loop_gets_a_caller_whole(stage: Stage) -> None:
    call = await stage.call(lambda line: line.join_queue("sales", "vip", 1_795_304_360.4377))
    assert call.commands[-1].endswith(',ACD_DONE=1"')
    assert call.variables["ACD_DONE"] == "1"
    wanted = {"QENTER": "1795304360438", "QUEUE": "sales", "CLASS": "vip", "HOTLINE_TYPED": ""}
    assert wanted.items() <= call.variables.items()


async def test_a_script_that_begins_again_is_told_step_limits_and_version(stage: Stage) -> None:
    async def walk(line: Line) -> None:
        await line.remember("welcome", {}, "main/3")
        await line.remember("menu", {"menu": 2}, "main/3")

    call = await stage.call(walk)
    await call.run()
    assert [facts.version for facts in stage.calls] == ["", "main/3"]
    again = stage.calls[1]
    assert (again.step, again.visits) == ("menu", {"menu": 2})
    assert sum("FLOW=" in command for command in call.commands) == 1, "told when it is new"


@pytest.mark.parametrize("early", ["", "7*07"])
async def test_keys_that_an_earlier_script_was_given_answer_no_new_question(
    stage: Stage, early: str
) -> None:
    call = FakeCall(stage.port)
    answers: list[str | None] = []

    async def asks(line: Line) -> None:
        call.variables["HOTLINE_TYPED"] += "5"
        answers.append(await line.ask([], most_keys=4, seconds=1))

    stage.script = asks
    call.variables |= {"HOTLINE_TYPED": f"={early}", "STEP": "menu"}
    await call.run()
    assert answers == ["5"]
    begun = [command for command in call.commands if "RX,HOTLINE_TYPED" in command]
    assert begun == [], "keys are being kept already: beginning again would lose them"


async def test_of_a_secret_answer_nothing_stays_on_the_call(stage: Stage) -> None:
    call = FakeCall(stage.port)
    answers: list[str | None] = []

    async def asks(line: Line) -> None:
        call.variables["HOTLINE_TYPED"] += "4711#5"
        answers.append(await line.ask([], most_keys=12, seconds=1, secret=True))
        assert call.variables["HOTLINE_TYPED"] == "=5", "what was typed ahead stays"
        assert call.variables["HOTLINE_READ"] == ""
        answers.append(await line.ask([], most_keys=1, seconds=1))

    stage.script = asks
    await call.run()
    assert answers == ["4711", "5"]
    assert not any("4711" in command for command in call.commands)


async def test_a_script_that_takes_over_takes_the_keys_before_it_off_the_call(
    stage: Stage,
) -> None:
    call = FakeCall(stage.port)
    call.variables |= {"HOTLINE_TYPED": "=4711", "STEP": "menu"}
    await call.run()
    assert call.variables["HOTLINE_TYPED"] == "="


async def test_keys_pressed_before_there_was_a_script_answer_its_first_question(
    stage: Stage,
) -> None:
    call = FakeCall(stage.port)
    answers: list[str | None] = []

    async def asks(line: Line) -> None:
        answers.append(await line.ask([], most_keys=4, seconds=1))

    stage.script = asks
    call.variables["HOTLINE_TYPED"] = "=7*07"
    await call.run()
    assert answers == ["7*07"]


async def test_while_a_script_thinks_something_waits_for_keys_and_then_makes_way(
    stage: Stage,
) -> None:
    call = FakeCall(stage.port)

    def waits() -> int:
        return call.commands.count("WAIT FOR DIGIT 80")

    async def thinks(line: Line) -> None:
        async with asyncio.timeout(5):
            while waits() < 2:
                await asyncio.sleep(0)
        await line.remember("menu", {})
        await line.remember("then", {})

    stage.script = thinks
    await call.run()
    steps = [command for command in call.commands if "STEP=" in command]
    assert steps == ['EXEC MSet "STEP=menu"', 'EXEC MSet "STEP=then"']
    assert call.commands[-2:] == steps, "in a row, and nothing waits when the script is over"


async def test_nobody_waits_for_keys_of_a_caller_who_was_handed_over(stage: Stage) -> None:
    async def joins(line: Line) -> None:
        await line.join_queue("sales", "vip", 0.0)
        await asyncio.sleep(5 * UNATTENDED)

    call = await stage.call(joins)
    assert "WAIT FOR DIGIT 80" not in call.commands


async def test_a_key_that_counted_twice_cuts_no_answer_short(stage: Stage) -> None:
    """Asterisk reads the 6 once more while it waits for two keys, and takes it for the second."""
    call, answers = FakeCall(stage.port), list[str | None]()
    turns = iter([("=066", "66"), ("=0667", "7")])

    async def read(_options: str) -> str:
        call.variables["HOTLINE_TYPED"], call.variables["HOTLINE_READ"] = next(turns)
        return "0"

    async def asks(line: Line) -> None:
        answers.append(await line.ask([], most_keys=3, seconds=1))

    for kind, key in (("Begin", "0"), ("End", "0"), ("Begin", "6"), ("End", "6"), ("End", "6")):
        told = {"Channel": "PJSIP/trunk-00000001", "Digit": key, "Direction": "Received"}
        stage.keys.hear({"Event": f"DTMF{kind}", **told})
    call.applications["Read"], stage.script = read, asks
    call.variables["HOTLINE_TYPED"] = "=0"
    await call.run()
    assert answers == ["067"]


@pytest.mark.parametrize(
    ("told", "signs"), [("", 0), ("0", 0), ("1", 1), ("17", 17), ("=", 1), ("=1795", 5)]
)
def test_the_dialplan_of_before_an_upgrade_is_understood_too(told: str, signs: int) -> None:
    assert keys_on_record({f"agi_arg_{ARGUMENTS.index(ON_RECORD) + 1}": told}) == signs


async def test_where_the_dialplan_keeps_no_keys_the_script_has_them_kept(stage: Stage) -> None:
    call = await stage.call()
    assert 'EXEC StoreDTMF "RX,HOTLINE_TYPED"' in call.commands


async def test_a_value_that_several_settings_at_once_would_take_apart_is_set_alone(
    stage: Stage,
) -> None:
    awkward = 'a,b="c" (d) \\ e'
    call = await stage.call(lambda line: line.join_queue("sales", awkward, 0.0))
    assert call.variables["CLASS"] == awkward
    assert call.variables["QUEUE"] == "sales"


async def test_values_are_kept_by_no_application_and_written_only_when_they_change(
    stage: Stage,
) -> None:
    async def collects(line: Line) -> None:
        await line.remember("first", {})
        await line.remember("second", {}, values={"account": "${X},\n1"})
        await line.remember("third", {}, values={"account": "${X},\n1"})

    call = await stage.call(collects)
    told = [command for command in call.commands if "VALUES" in command]
    assert told == ['SET VARIABLE "HOTLINE_VALUES" "account=%24%7BX%7D%2C%0A1"']


async def test_a_script_that_goes_on_asks_the_call_for_its_values(stage: Stage) -> None:
    call = FakeCall(stage.port)
    call.variables |= {"STEP": "menu", "HOTLINE_VALUES": "account=47%2C11 name=%E5%BC%A0"}
    await call.run()
    assert stage.calls[0].values == {"account": "47,11", "name": "张"}
    await stage.call()
    assert stage.calls[1].values == {}


async def test_what_the_flow_says_last_is_the_loops_first_request(stage: Stage) -> None:
    call = await stage.call(lambda line: line.join_queue("sales", "vip", 0.0, [HELLO]))
    request, files, seconds = call.variables["REQ"].split("~")
    assert (request, seconds) == ("joined", "0") and files


@pytest.mark.parametrize("goes_on", [True, False])
async def test_the_call_knows_whether_its_flow_goes_on_after_the_talk(
    stage: Stage, goes_on: bool
) -> None:
    call = await stage.call(lambda line: line.join_queue("sales", "vip", 0.0, goes_on=goes_on))
    assert bool(call.variables.get("AFTER_FLOW")) is goes_on


async def test_who_waits_again_after_a_talk_is_not_taken_back_into_the_flow(stage: Stage) -> None:
    call = FakeCall(stage.port)
    call.variables |= {"STEP": "person", "SHARED(TALKED)": "7.1.1", "AFTER_FLOW": "1"}
    stage.script = lambda line: line.join_queue("sales", "vip", 0.0)
    await call.run()
    assert call.variables["AFTER_FLOW"] == ""


async def test_a_script_after_the_talk_is_told_the_offer_of_it(stage: Stage) -> None:
    call = FakeCall(stage.port)
    call.variables |= {"STEP": "person", "SHARED(TALKED)": "7.1.1"}
    await call.run()
    await stage.call()
    assert [facts.talked for facts in stage.calls] == ["7.1.1", ""]


async def test_a_caller_is_sent_the_busy_tone_for_some_seconds(stage: Stage) -> None:
    call = await stage.call(lambda line: line.busy())
    assert 'EXEC Busy "5"' in call.commands


async def test_nothing_is_said_to_a_caller_who_was_handed_over(stage: Stage) -> None:
    refused = []

    async def talks_on(line: Line) -> None:
        await line.join_queue("sales", "vip", 0.0)
        try:
            await line.say([HELLO])
        except LineFailed as failed:
            refused.append(failed)

    call = await stage.call(talks_on)
    assert refused and not any("Read" in command for command in call.commands)


async def test_a_question_that_cannot_be_spoken_begins_with_a_tone(stage: Stage) -> None:
    question = [Prompt("missing", "en")]
    call = await stage.call(lambda line: line.ask(question, most_keys=1, seconds=1))
    assert 'EXEC Read "HOTLINE_READ,dial,1,t(#)i"' in call.commands


async def test_the_rest_of_a_question_is_asked_when_one_prompt_is_missing(stage: Stage) -> None:
    question = [Prompt("missing", "en"), HELLO]
    call = await stage.call(lambda line: line.ask(question, most_keys=1, seconds=1))
    assert any("/hello,1,t()" in command for command in call.commands)


class Personal(Recordings):
    """A store that makes what holds a caller's values, and what asterisk was to play of it."""

    async def make(self, prompt: Prompt) -> Path:
        path = self.folder / "once.wav"
        path.write_bytes(b"\0" * 16_044)
        return path


@pytest.mark.parametrize(
    "deed",
    [
        lambda line, prompts: line.say(prompts),
        lambda line, prompts: line.say(prompts, interruptible=False),
        lambda line, prompts: line.ask(prompts, most_keys=1, seconds=1),
    ],
)
async def test_what_holds_a_callers_values_is_gone_when_it_has_been_played(
    tmp_path: Path, deed: Callable[[Line, list[Prompt]], Awaitable[object]]
) -> None:
    stage = Stage(Personal(tmp_path))
    there: list[bool] = []

    async def plays(options: str) -> str:
        there.append("once" in options and (tmp_path / "once.wav").exists())
        return "0"

    await stage.server.start()
    call = FakeCall(stage.port)
    call.applications |= {"Read": plays, "Playback": plays}
    stage.script = lambda line: deed(
        line, [HELLO, Prompt("Your number is 4711.", "en", personal=True)]
    )
    await call.run()
    await stage.server.stop(0)
    assert True in there
    assert [path.name for path in tmp_path.glob("*.wav")] == ["hello.wav"]


async def test_a_prompt_that_is_never_made_holds_a_caller_up_for_a_moment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "MAKING", 0.05)
    stage = Stage(Recordings(tmp_path, speechless=False))
    await stage.server.start()
    call = await stage.call(lambda line: line.say([Prompt("missing", "en"), HELLO]))
    assert any("/hello,1,t()" in command for command in call.commands)
    await stage.server.stop(0)


async def test_files_that_asterisk_cannot_read_leave_the_caller_time_to_answer(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    call = FakeCall(stage.port)
    call.variables["READSTATUS"] = "ERROR"
    stage.script = lambda line: line.ask([HELLO], most_keys=1, seconds=1)
    await call.run()
    assert 'EXEC Read "HOTLINE_READ,dial,1,t(#)i"' in call.commands
    assert "prompts not played" in caplog.text


async def test_an_announcement_that_cannot_be_played_is_logged(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    call = FakeCall(stage.port)
    call.variables["PLAYBACKSTATUS"] = "FAILED"
    stage.script = lambda line: line.say([HELLO], interruptible=False)
    await call.run()
    assert "prompts not played" in caplog.text


async def test_a_process_without_file_handles_left_goes_on_when_it_has_some(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, [1, 2, 3]

    async def short_of_handles(listener: socket.socket) -> tuple[socket.socket, object]:
        if failures:
            raise OSError(errno.EMFILE, f"too many open files {failures.pop()}")
        return await accept(listener)

    monkeypatch.setattr(loop, "sock_accept", short_of_handles)
    await stage.call()  # taken by the accept that was waiting already
    await stage.call()
    assert len(stage.calls) == 2 and not failures
    assert caplog.text.count("agi connection refused") == 1


async def test_stopping_lets_scripts_end_and_then_ends_them(stage: Stage) -> None:
    begun, ended = asyncio.Event(), []

    async def never_ends(line: Line) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    call = asyncio.create_task(stage.call(never_ends))
    await begun.wait()
    await stage.server.stop(0.05)
    await asyncio.wait_for(call, 2)
    assert ended == ["cancelled"]
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", stage.port)


async def test_stopping_wakes_a_script_that_waits_for_asterisk(stage: Stage) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def plays_for_ever(_: str) -> str:
        asked.set()
        await never.wait()
        return "0"

    call = FakeCall(stage.port)
    call.applications["Playback"] = plays_for_ever
    stage.script = lambda line: line.say([HELLO], interruptible=False)
    running = asyncio.create_task(call.run())
    await asked.wait()
    await asyncio.wait_for(stage.server.stop(0), 2)
    running.cancel()
    await asyncio.wait({running})


async def test_no_log_line_has_a_number_a_name_or_the_secret(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def fails(line: Line) -> None:
        await line.remember("x\ny", {})

    await stage.call(fails)
    await FakeCall(stage.port, "wrong word").run()
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert "script of a call broke off" in logged
    for personal in ("13800138000", WORD, "wrong word"):
        assert personal not in logged


async def test_the_loop_knows_the_keys_that_lead_out_of_it_and_forgets_them_later(
    stage: Stage,
) -> None:
    call = await stage.call(lambda line: line.join_queue("sales", "vip", 0.0, keys="1*"))
    assert call.variables["WAIT_KEYS"] == "1*"
    call = FakeCall(stage.port)
    call.variables |= {"STEP": "person", "LEFT": "1", "WAIT_KEYS": "1*"}
    stage.script = lambda line: line.join_queue("sales", "vip", 0.0)
    await call.run()
    assert call.variables["WAIT_KEYS"] == ""


async def test_a_script_is_told_by_which_key_the_caller_came_out_of_the_loop(stage: Stage) -> None:
    call = FakeCall(stage.port)
    call.variables |= {"STEP": "person", "LEFT": "1"}
    await call.run()
    await stage.call()
    assert [facts.left for facts in stage.calls] == ["1", ""]

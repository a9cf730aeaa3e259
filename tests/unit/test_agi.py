"""pyst2's AGI on a socket: one command, one answer, and two ways to fail."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.asterisk import agi
from adapters.asterisk.agi import CallAgi
from ivr.ports import CallerGone, LineFailed

UP = b"200 result=6\n"
DEAD = b"511 Command Not Permitted on a dead channel or intercept routine\n"
USAGE = b"520-Invalid command syntax.  Proper usage follows:\nSets a variable.\n520 End.\n"


class Asterisk:
    """The other end of the socket: its answers lie ready, what it was told can be read."""

    def __init__(self) -> None:
        self.far, near = socket.socketpair()
        self.agi = CallAgi(near, {})

    def answers(self, *answers: bytes) -> CallAgi:
        self.far.sendall(b"".join(answers))
        return self.agi

    def hangs_up(self) -> None:
        self.far.shutdown(socket.SHUT_WR)

    def told(self) -> bytes:
        self.far.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            return self.far.recv(65536)
        return b""


@pytest.fixture
def asterisk() -> Iterator[Asterisk]:
    end = Asterisk()
    yield end
    end.far.close()
    end.agi.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi, "MORE_TIME", 0.1)


def test_a_call_can_be_served_in_a_thread(asterisk: Asterisk) -> None:
    heard: list[str] = []
    call = asterisk.answers(b"200 result=1 (c-1)\n")
    thread = threading.Thread(target=lambda: heard.append(call.get_variable("CONTACT")))
    thread.start()
    thread.join(5)
    assert heard == ["c-1"]
    assert asterisk.told() == b'GET VARIABLE "CONTACT"\n'


def test_what_is_said_goes_nowhere_else(
    asterisk: Asterisk, capfd: pytest.CaptureFixture[str]
) -> None:
    asterisk.answers(b"200 result=1 (13800138000)\n").get_variable("NUMBER")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("value", ["(a) b=c (hangup", "hangup", "a b ", "张三", "x=1 (y)", ""])
def test_a_value_is_read_as_it_is(asterisk: Asterisk, value: str) -> None:
    assert asterisk.answers(f"200 result=1 ({value})\n".encode()).get_variable("X") == value


def test_a_value_with_line_breaks_shifts_no_later_answer(asterisk: Asterisk) -> None:
    call = asterisk.answers(b"200 result=1 (one\ntwo\nthree)\n", b"200 result=1 (next)\n")
    assert call.get_variable("X") == "one two three"
    assert call.get_variable("Y") == "next"


def test_a_name_in_latin_1_ends_nothing(asterisk: Asterisk) -> None:
    call = asterisk.answers(b"200 result=1 (Jos\xe9)\n", b"200 result=1 (next)\n")
    assert call.get_variable("X") == "Jos\N{REPLACEMENT CHARACTER}"
    assert call.get_variable("Y") == "next"


@pytest.mark.parametrize("value", ["a\nEXEC Hangup", "a\r", "a\0b", "x" * 8_000, "中" * 2_700])
def test_a_value_that_would_be_another_command_is_refused_unsent(
    asterisk: Asterisk, value: str
) -> None:
    with pytest.raises(LineFailed):
        asterisk.agi.set_variable("X", value)
    assert asterisk.told() == b""


@given(st.text(st.characters() | st.sampled_from('\r\n\0"\\ \t'), max_size=200))
def test_any_value_arrives_as_one_argument_of_one_command_or_is_refused(value: str) -> None:
    end = Asterisk()
    with end.far:
        try:
            end.answers(b"200 result=1\n").set_variable("X", value)
        except LineFailed:
            assert end.told() == b""
        else:
            line = end.told().decode()
            assert line.count("\n") == 1 and line.endswith("\n")
            readable = value.encode(errors="replace").decode()
            assert words_as_asterisk_reads(line[:-1]) == ["SET", "VARIABLE", "X", readable]
        end.agi.close()


def words_as_asterisk_reads(line: str) -> list[str]:
    """As its `parse_args` does: quotes group, a backslash takes the next character as it is."""
    words = re.findall(r'(?:"(?:\\.|[^"\\])*"|\\.|[^\s"\\])+', line, re.DOTALL)
    return [re.sub(r'\\(.)|"', lambda match: match[1] or "", word, flags=re.DOTALL)
            for word in words]  # fmt: skip


Deed = Callable[[CallAgi], object]
DEEDS: list[Deed] = [
    lambda call: call.get_variable("X"),
    lambda call: call.set_variable("X", 1),
    lambda call: call.appexec("Playback", "beep"),
    lambda call: call.answer(),
]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    "answers",
    [
        b"",
        b"200 resu",
        b"HANGUP\n200 result=0\n",
        b"200 result=-1\nHANGUP\n" + DEAD,
        b"200 result=-1\nHANGUP\nHANGUP\n",
        b"HANGUP\n" + DEAD,
        DEAD,
    ],
)
def test_however_a_caller_leaves_it_is_told_in_one_way(
    asterisk: Asterisk, answers: bytes, deed: Deed
) -> None:
    asterisk.answers(answers)
    asterisk.hangs_up()
    with pytest.raises(CallerGone):
        deed(asterisk.agi)
    with pytest.raises(CallerGone):
        asterisk.agi.get_variable("X")


def test_a_caller_who_left_is_told_nothing_more(asterisk: Asterisk) -> None:
    asterisk.answers(DEAD, b"200 result=1 (next)\n")
    for _ in range(2):
        with pytest.raises(CallerGone):
            asterisk.agi.answer()
    assert asterisk.told() == b"ANSWER\n"


def test_a_connection_that_is_reset_is_a_caller_gone(asterisk: Asterisk) -> None:
    asterisk.far.close()
    with pytest.raises(CallerGone):
        asterisk.agi.answer()


@pytest.mark.parametrize(
    "answers",
    [
        b"200 result=-1\n" + UP,
        b"510 Invalid or unknown command\n",
        b"520 Invalid command syntax.  Proper usage not available.\n",
        USAGE,
        b"200 result=-2\n",
        b"503 Whatever\n",
    ],
)
def test_a_command_that_fails_keeps_the_call_and_the_step(
    asterisk: Asterisk, answers: bytes
) -> None:
    call = asterisk.answers(answers, b"200 result=1 (next)\n")
    with pytest.raises(LineFailed):
        call.appexec("Playback", "beep")
    assert call.get_variable("X") == "next"


@pytest.mark.parametrize("junk", [b"\n", b"\0\xff\n", b"abc\n", b"200\n", b"x" * 70_000])
def test_an_answer_that_is_none_ends_the_conversation(asterisk: Asterisk, junk: bytes) -> None:
    call = asterisk.answers(junk, b"200 result=1 (stale)\n")
    for _ in range(2):
        with pytest.raises(LineFailed):
            call.get_variable("X")


@pytest.mark.usefixtures("hasty")
def test_a_silent_peer_holds_no_thread_and_its_late_answer_fits_no_other_command(
    asterisk: Asterisk,
) -> None:
    start = time.monotonic()
    asterisk.agi.allow(0)
    with pytest.raises(LineFailed, match="in time"):
        asterisk.agi.get_variable("X")
    assert time.monotonic() - start < 1
    with pytest.raises(BrokenPipeError):
        asterisk.answers(b"200 result=1 (late)\n")
    with pytest.raises(LineFailed):
        asterisk.agi.get_variable("Y")


@pytest.mark.usefixtures("hasty")
def test_an_answer_in_drops_does_not_stretch_the_deadline(asterisk: Asterisk) -> None:
    enough = threading.Event()

    def drip() -> None:
        while not enough.wait(0.02):
            asterisk.answers(b"2")

    dripping = threading.Thread(target=drip)
    dripping.start()
    start = time.monotonic()
    asterisk.agi.allow(0)
    with pytest.raises(LineFailed):
        asterisk.agi.get_variable("X")
    assert time.monotonic() - start < 1
    enough.set()
    dripping.join()


def test_a_script_that_is_ended_wakes_its_waiting_command(asterisk: Asterisk) -> None:
    ended: list[type] = []

    def waits() -> None:
        try:
            asterisk.agi.get_variable("X")
        except CallerGone:
            ended.append(CallerGone)

    thread = threading.Thread(target=waits)
    thread.start()
    asterisk.agi.end()
    thread.join(2)
    assert ended == [CallerGone]

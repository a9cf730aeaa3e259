"""One call's AGI: pyst2's `AGI` on a socket, in the call's own thread, mended where it breaks.

pyst2 writes the commands and reads the answers. What it does not survive is mended here: signals
outside the main thread, text on a binary socket, a peer that is silent, gone or out of step, the
unasked `HANGUP` line, and values that would end the command and begin another.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from asterisk.agi import (
    AGI,
    AGIAppError,
    AGIError,
    AGIResultHangup,
    AGIUnknownError,
)

from ivr.ports import CallerGone, LineFailed

LONGEST_COMMAND = 8_000
"""Bytes. Asterisk takes what goes beyond its 8,192 for another command."""
LONGEST_ANSWER = 65_536
MORE_TIME = 5.0
"""Seconds that Asterisk may need for a command that takes no time of itself."""
DEAD_CHANNEL = 511
ANSWER = re.compile(rb"\d{3}[ -]")
BREAKS = re.compile(r"[\r\n\0]")


class _Nowhere:
    """pyst2 tells all it hears to a third stream: numbers, names, keys."""

    def write(self, text: str) -> None: ...


class _Commands:
    """What pyst2 takes for a text file to write to: one command a call of `write`."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def write(self, command: str) -> None:
        if BREAKS.search(command, 0, len(command) - 1):
            raise LineFailed("a command has a line break or NUL in it")
        data = command.encode(errors="replace")
        if len(data) > LONGEST_COMMAND:
            raise LineFailed(f"a command is longer than {LONGEST_COMMAND} bytes")
        self._wire.send(data)

    def flush(self) -> None: ...


class _Answers:
    """What pyst2 takes for a text file to read from: one line of an answer a call."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._in_usage = False
        self.hung_up = False

    def readline(self) -> str:
        line = self._wire.line()
        while not self._in_usage and line.startswith((b"HANGUP", b"100 ")):
            self.hung_up = self.hung_up or line.startswith(b"HANGUP")
            line = self._wire.line()  # not an answer: it is still to come
        self._follow_usage(line)
        if line.startswith(b"200 result=1 ("):
            while not line.endswith(b")"):  # the value of a variable has line breaks
                line += b" " + self._wire.line()
                if len(line) > LONGEST_ANSWER:
                    self._wire.break_off("an answer does not end")
        return line.decode(errors="replace")

    def _follow_usage(self, line: bytes) -> None:
        """`520-` begins a usage text, `520 ` ends it; pyst2 waits for ever for the end of a
        `520 ` that stands alone."""
        if self._in_usage:
            self._in_usage = not line.startswith(b"520 ")
            return
        if not ANSWER.match(line):
            self._wire.break_off("what should be an answer is none")
        self._in_usage = line.startswith(b"520-")
        if line.startswith(b"520 "):
            raise LineFailed("asterisk takes the command for wrongly used")


class _Wire:
    """The socket, in whole lines, with one deadline for all of a command."""

    def __init__(self, sock: socket.socket, received: bytes) -> None:
        self.sock = sock
        self.ends = 0.0
        """When the running command must have been answered (monotonic seconds)."""
        self._received = received
        self._broken = ""

    def send(self, data: bytes) -> None:
        if self._broken:
            raise LineFailed(self._broken)
        self._arm()
        self.sock.sendall(data)

    def line(self) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > LONGEST_ANSWER:
                self.break_off("an answer does not end")
            self._arm()
            data = self.sock.recv(4096)
            if not data:
                raise CallerGone
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r")

    def break_off(self, why: str) -> NoReturn:
        """Out of step with the answers: no later one could be trusted to belong to its command."""
        self._broken = why
        self.sock.close()
        raise LineFailed(why)

    def wait_for_end(self) -> None:
        """Until the other side has closed the connection, or its time is over."""
        with suppress(OSError):
            self.ends = max(self.ends, time.monotonic() + MORE_TIME)
            self._arm()
            while self.sock.recv(4096):
                self._arm()

    def _arm(self) -> None:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)


class CallAgi(AGI):  # type: ignore[misc]  # the library has no types
    """AGI of one call. Each command ends, with its result, `CallerGone` or `LineFailed`.

    Blocking, for one thread at a time. `env` is the header block that Asterisk sent, `received`
    what came after it.
    """

    def __init__(self, sock: socket.socket, env: Mapping[str, str], received: bytes = b"") -> None:
        # Not the library's: it sets a signal handler and reads the header without limits.
        self.env = dict(env)
        self._wire = _Wire(sock, received)
        self.stdin, self.stdout = _Answers(self._wire), _Commands(self._wire)
        self.stderr = _Nowhere()
        self._got_sighup = False
        self._gone = False
        self.allow(MORE_TIME)

    def allow(self, seconds: float) -> None:
        """Give the commands that follow this long in all, and Asterisk some time on top."""
        self._wire.ends = time.monotonic() + seconds + MORE_TIME

    def execute(self, command: str, *args: object) -> Any:
        if self._gone:
            raise CallerGone
        try:
            result = super().execute(command, *args)
        except AGIResultHangup:
            if command.startswith("GET "):
                raise  # a variable with the value "hangup": the library's getters know what to do
            self._leave()
        except AGIAppError:
            self._explain(command)
        except AGIUnknownError as error:
            if error.args[0] == DEAD_CHANNEL:
                self._leave()
            raise LineFailed(f"asterisk answered {command} with {error.args[0]}") from None
        except AGIError as error:
            raise LineFailed(f"asterisk does not take {command}: {error}") from None
        except TimeoutError:
            self._wire.break_off(f"asterisk did not answer {command} in time")
        except (OSError, CallerGone):
            self._leave()
        if self.stdin.hung_up:
            self._leave()
        return result

    def appexec(self, application: str, options: str = "") -> str:
        """Run a dialplan application; `LineFailed` when there is none of that name."""
        result = self.execute("EXEC", application, self._quote(options))["result"][0]
        if result == "-2":
            raise LineFailed(f"asterisk has no application {application}")
        return str(result)

    def gosub(self, context: str, arguments: str) -> None:
        """Run a subroutine of the dialplan, from `s` on, until it returns; `LineFailed` when there
        is none. It goes on when this process dies meanwhile."""
        self.execute("GOSUB", context, "s", "1", self._quote(arguments))

    def record(self, name: str, form: str, ends_with: str, seconds: float, pause: int) -> bool:
        """Record into `name.form` until a key, so many seconds of silence (`pause`), or the end of
        the time; whether the caller hung up. The file is whole when this returns.

        `ends_with` is `#` or nothing. Not by `RECORD FILE`: its file has the place of the music's,
        and the class `silence`, which goes on so that the line does not sound dead, closes it."""
        options = "kq" + ("" if ends_with == "#" else "x")
        try:
            self.appexec("Record", f"{name}.{form},{pause},{max(1, round(seconds))},{options}")
            self.execute("NOOP")  # a hang-up ends the recording like any other end
        except CallerGone:
            self._wire.wait_for_end()
            return True
        return False

    def end(self) -> None:
        """From any thread: wake a command that waits for its answer; it ends as `CallerGone`."""
        with suppress(OSError):  # it is closed already
            self._wire.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._wire.sock.close()

    def _quote(self, value: object) -> str:
        text = str(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'

    def _explain(self, command: str) -> NoReturn:
        """A result of -1 says that the caller has left, or that the command failed."""
        if command == "CHANNEL STATUS":
            self._leave()
        self.execute("CHANNEL STATUS")
        raise LineFailed(f"asterisk could not carry out {command}")

    def _leave(self) -> NoReturn:
        self._gone = True
        raise CallerGone from None

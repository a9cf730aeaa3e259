"""Callers: they dial, stay until hung up on, or leave when they are told (or their time is up)."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.sipp.process import Moment, Sipp, csv
from adapters.sipp.voice import Voice

NOWHERE = 9
"""A port to which no answer comes back."""
DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Person:
    """Who calls: a number, and the name that the network shows."""

    number: str
    name: str = "caller"


@dataclass(slots=True)
class CallResult:
    """How one call went for the caller. Times are UTC seconds; None: it did not happen."""

    number: str
    dialled_at: float | None = None
    answered_at: float | None = None
    left_at: float | None = None
    """The caller hung up."""
    released_at: float | None = None
    """The far end hung up."""

    @property
    def set_up(self) -> float | None:
        """Seconds from dialling to the answer."""
        if self.dialled_at is None or self.answered_at is None:
            return None
        return self.answered_at - self.dialled_at


def fictional_numbers(count: int, first: int = 0) -> list[str]:
    """Distinct mobile numbers that are set aside for fiction and ring nobody: 1000 there are."""
    if not 0 < first + count <= 1000:
        raise ValueError("only 1000 numbers are set aside for fiction")
    return [f"+447700900{n:03d}" for n in range(first, first + count)]


class Callers:
    """One SIPp process that places one call a person, in their order, `rate` calls a second."""

    def __init__(
        self, tools: Path, people: Sequence[Person], stays: float = DAY,
        voices: Mapping[int, Voice] | None = None,
        on_answer: Callable[[int], None] = lambda index: None,
    ) -> None:  # fmt: skip
        """`stays`: seconds after the answer at which a caller leaves by themselves.

        `voices`: by the index of the person; a voice begins when its call is answered.
        `on_answer` is told the index of every call that is answered.
        """
        self._on_answer = on_answer
        self._people = people
        self._voices = voices or {}
        self._token = secrets.token_hex(4)
        self._host, self._port = "127.0.0.1", 0
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        """Takes the speech for those without a voice: refused packets would cost Asterisk more."""
        self._sink.bind((self._host, 0))
        self.sipp = Sipp(tools, "caller.xml", {"STAYS_MS": int(stays * 1000)})
        self.sipp.on_moment = self._speak

    async def start(
        self, target: tuple[str, int], number: str, port: int,
        rate: float = 10.0, deadline: float = 600.0,
    ) -> None:  # fmt: skip
        """Dial `number` at the SIP address `target` from the local UDP `port`."""
        self._host, self._port = target[0], port
        sink = self._sink.getsockname()[1]
        rows = [
            (person.number, person.name, self._voices[n].port if n in self._voices else sink)
            for n, person in enumerate(self._people)
        ]
        people = self.sipp.write("people.csv", csv(rows))
        count = str(len(self._people))
        await self.sipp.start(
            f"{target[0]}:{target[1]}", "-s", number, "-p", str(port),
            "-inf", str(people), "-cid_str", f"%u-{self._token}@%s",
            "-r", str(round(rate * 100)), "-rp", "100s", "-l", count, "-m", count,
            deadline=deadline,
        )  # fmt: skip

    def _speak(self, moment: Moment) -> None:
        """Once a call is answered we know where its speech goes."""
        if moment.what != "answered":
            return
        if voice := self._voices.get(moment.call - 1):
            voice.begin((self._host, int(moment.detail)))
        self._on_answer(moment.call - 1)

    def hang_up(self, index: int = 0) -> None:
        """Let the person at `index` hang up now."""
        call_id = f"{index + 1}-{self._token}@127.0.0.1"
        tag = secrets.token_hex(4)
        message = (
            f"MESSAGE sip:caller@127.0.0.1:{self._port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{NOWHERE};branch=z9hG4bK{tag}\r\n"
            f"From: <sip:conductor@127.0.0.1>;tag={tag}\r\nTo: <sip:caller@127.0.0.1>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as messenger:
            messenger.sendto(message.encode(), ("127.0.0.1", self._port))

    async def leave(self, seconds: float = 5.0) -> int:
        """Everybody who is still there hangs up; SIPp's exit status."""
        async with asyncio.timeout(seconds):
            while self.sipp.alive:
                for index in self._staying():
                    self.hang_up(index)
                    await asyncio.sleep(0.002)
                await asyncio.sleep(0.5)  # who has not heard it by then is told again
        return await self.finished(1.0)

    def _staying(self) -> list[int]:
        """Who is answered and has neither begun to leave nor been hung up on."""
        over = {m.call for m in self.sipp.moments if m.what in ("leaves", "released")}
        up = {m.call for m in self.sipp.moments if m.what == "answered"}
        return sorted(call - 1 for call in up - over)

    async def answered(self, count: int | None = None, seconds: float = 10.0) -> None:
        """Until `count` calls (all of them) have been answered."""
        await self.sipp.wait("answered", count=count or len(self._people), seconds=seconds)

    async def finished(self, seconds: float) -> int:
        """SIPp's exit status once all calls are over; 0: all went as they should."""
        return await self.sipp.finished(seconds)

    async def stop(self) -> None:
        await self.sipp.stop()
        self._sink.close()

    @property
    def results(self) -> list[CallResult]:
        """How each call went so far, in the order of the people."""
        results = [CallResult(person.number) for person in self._people]
        for moment in self.sipp.moments:
            if 0 < moment.call <= len(results):
                _note(results[moment.call - 1], moment)
        return results


def _note(result: CallResult, moment: Moment) -> None:
    if moment.what == "dialled":
        result.dialled_at = moment.at
    elif moment.what == "answered":
        result.answered_at = moment.at
    elif moment.what == "left":
        result.left_at = moment.at
    elif moment.what == "released":
        result.released_at = moment.at

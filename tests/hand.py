"""A caller's hand and ear for long campaigns: keys go out, of what comes in only the gaps are kept.

Who presses keys sends silence between them, as a telephone does; who presses none sends nothing: a
hundred callers who speak would cost the machine more than their calls do.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby

from adapters.sipp.ear import arrived
from adapters.sipp.rtp import (
    EVENTS,
    FRAME,
    FRAME_SECONDS,
    KEY_ENDS,
    KEYS,
    MU_LAW,
    RATE,
    SILENCE,
    Packet,
)
from adapters.sipp.voice import Voice

SPEECH, QUIET = "~", "_"
"""Among keys: a second of speech, and one of the silence that a telephone sends."""
TEN_A_SECOND = 0.1
"""Seconds from one key to the next."""


class Hand(Voice):
    """One call's keys, as fast as fingers (or a dialler) are."""

    def __init__(self) -> None:
        super().__init__(0)
        self.port = self._socket.getsockname()[1]
        self.longest_gap = 0.0
        """Seconds without a packet of speech, so far."""
        self.gap_at = 0.0
        """When that gap ended (UTC seconds)."""
        self._far: tuple[str, int] | None = None
        self._source = random.getrandbits(32)
        self._sequence = 0
        self._clock = 0
        self._last = 0.0

    def begin(self, far: tuple[str, int]) -> None:
        self._far = far

    async def keys(self, keys: str, every: float = TEN_A_SECOND, down: float = 0.06) -> None:
        """Press these keys, each held `down` seconds."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for key in keys:
            for wait, packets in self._pressed(key, every, down):
                await asyncio.sleep(due + wait - loop.time())
                for packet in packets:
                    self._send(packet)
            due += every
            self._clock += round(every * RATE)
        await asyncio.sleep(due - loop.time())

    async def act(self, acts: str) -> None:
        """Press the keys, speak and be silent, one after the other."""
        for alike, signs in groupby(acts, lambda sign: sign if sign in (SPEECH, QUIET) else ""):
            some = "".join(signs)
            if alike == SPEECH:
                await self.speak(float(len(some)))
            elif alike == QUIET:
                await self._sound(float(len(some)), lambda: SILENCE)
            else:
                await self.keys(some)

    async def speak(self, seconds: float) -> None:
        """Make the noise of somebody who speaks."""
        await self._sound(seconds, lambda: random.randbytes(FRAME))

    async def _sound(self, seconds: float, frame: Callable[[], bytes]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for _ in range(round(seconds / FRAME_SECONDS)):
            self._send(Packet(0, self._clock, frame(), source=self._source))
            self._clock += FRAME
            due += FRAME_SECONDS
            await asyncio.sleep(due - loop.time())

    def _pressed(self, key: str, every: float, down: float) -> Iterator[tuple[float, list[Packet]]]:
        """A key's packets and the silence behind it, by the second at which they go out; the end of
        the key is told three times."""
        frames = [n * FRAME_SECONDS for n in range(round(every / FRAME_SECONDS))]
        yield from ((at, [self._key(key, at, ended=False)]) for at in frames if at < down)
        yield down, [self._key(key, down, ended=True)] * KEY_ENDS
        yield from ((at, [self._silence(at)]) for at in frames if at > down)

    def _key(self, key: str, at: float, *, ended: bool) -> Packet:
        length = round(at * RATE) if ended else round(at * RATE) + FRAME
        payload = struct.pack("!BBH", KEYS.index(key), 0x80 | 10 if ended else 10, length)
        return Packet(0, self._clock, payload, EVENTS, at == 0, self._source)

    def _silence(self, at: float) -> Packet:
        return Packet(0, self._clock + round(at * RATE), SILENCE, source=self._source)

    def _send(self, packet: Packet) -> None:
        assert self._far, "the call is not answered"
        self._sequence += 1
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._socket.sendto(replace(packet, sequence=self._sequence).encoded(), self._far)

    def _hear(self) -> None:
        for heard in arrived(self._socket):
            if heard.packet.payload_type != MU_LAW:
                continue
            if self._last and heard.at - self._last > self.longest_gap:
                self.longest_gap, self.gap_at = heard.at - self._last, heard.at
            self._last = heard.at

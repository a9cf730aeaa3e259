"""An agent's telephone that has one talk after the other, for long runs of many talks.

For tests alone; the phone itself is that of `tests/phones.py`. It says a frame of silence each
second in every talk: a phone from which nothing comes for 30 s has lost its network.
"""

from __future__ import annotations

import asyncio
import random

from adapters.sipp.rtp import FRAME, SILENCE, Packet
from tests.phones import Address, Call, Phone

SAYS_EVERY = 1.0
STAR = "*"


class DeskPhone(Phone):
    """The telephone of an agent, who has at most one talk that is not over."""

    def __init__(self, server: Address, name: str, secret: str) -> None:
        super().__init__(server, name, secret, hears=False)
        self._sounds = asyncio.get_running_loop().create_task(self._says())

    def close(self) -> None:
        self._sounds.cancel()
        super().close()

    @property
    def leg(self) -> Call:
        """The talk, or what rings; the latest, once all are over."""
        going = [call for call in self.calls if not call.ended.is_set()]
        return (going or self.calls)[-1]

    @property
    def first(self) -> Call:
        """The talk, while a second line is up."""
        return [call for call in self.calls if not call.ended.is_set()][-2]

    @property
    def busy(self) -> bool:
        """Is there a talk, or does it ring?"""
        return any(not call.ended.is_set() for call in self.calls)

    async def rung_once(self, wait: float) -> Call:
        """The call that comes in; one that was rung and is over already is passed over."""
        while (call := await self.rings(wait)).ended.is_set():
            pass
        return call

    def forget(self) -> None:
        """Calls that are over, and that were rung and never looked at, are forgotten."""
        self.calls = [call for call in self.calls if not call.ended.is_set()]
        while not self.rung.empty():
            self.rung.get_nowait()

    async def _says(self) -> None:
        source, count = random.getrandbits(32), 0
        while True:
            for call in self.calls:
                if call.up.is_set() and not call.ended.is_set() and call.speech:
                    packet = Packet(count, count * FRAME, SILENCE, source=source)
                    self.speech.sendto(packet.encoded(), call.speech)
            count += 1
            await asyncio.sleep(SAYS_EVERY)

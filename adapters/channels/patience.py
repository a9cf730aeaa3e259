"""How what waits is sent: looked for again and again, later each time where it was not taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from acd.model import Seconds
from adapters.channels.figures import RareLog
from ivr.ports import EffectKey, Outgoing, StoreRefused
from ivr.texts import TextState

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 0.5
"""Between two looks into the outbox."""
FIRST_PAUSE: Seconds = 1.0
LONGEST_PAUSE: Seconds = 300.0


class Waits(Protocol):
    """An entry of the outbox."""

    @property
    def at(self) -> Seconds: ...

    @property
    def outgoing(self) -> Outgoing: ...


class Shelf(Protocol):
    """The outbox, for who empties it."""

    def waiting(self) -> Iterator[Waits]: ...

    async def done(self, key: EffectKey) -> None: ...


@dataclass(slots=True)
class Try:
    """How far what is to be sent has come in this process."""

    times: int = 0
    next_at: Seconds = 0.0
    became: TextState | None = None
    """What was said of it, while it has not been passed on."""
    why: str = ""

    def later(self, now: Seconds, chance: float, least: Seconds = 0.0) -> None:
        """Not before a pause that grows, and is never the same for all; `chance`: 0 to 1."""
        self.times += 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.times - 1, 20))
        self.next_at = now + max(least, pause * (0.5 + chance / 2))


async def keep_looking(look: Callable[[], Awaitable[None]], rare: RareLog) -> None:
    """Look until cancelled, whatever comes of a look."""
    while True:
        try:
            await look()
        except (StoreRefused, OSError) as fault:
            rare.warn("outbox cannot be read", "", type(fault).__name__)
        except Exception:  # the top of the task: it must outlive any mistake
            log.exception("sender failed, trying again")
        await asyncio.sleep(LOOK_SECONDS)

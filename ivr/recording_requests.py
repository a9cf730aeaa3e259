"""What the running core is asked by who is about to hear a recording: to write it down first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd.model import Seconds
from ivr.ports import Audit, Audited, Clock, CoreRefused

Fields = Mapping[str, Any]


class RecordingRequests:
    """The recording itself never comes this way: who may read the files may open them."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"recording announce": self.announce}

    async def announce(self, fields: Fields) -> Fields:
        """`who` is about to open `recording`, and `why`; `CoreRefused` without a reason."""
        told = {name: str(fields.get(name, "")).strip() for name in ("recording", "who", "why")}
        if missing := [name for name, value in told.items() if not value]:
            raise CoreRefused(f"name {', '.join(missing)}: {missing[0]}=...")
        await self._audit.write(opening_of(self._clock.now(), **told))
        return {"recording": told["recording"]}


def opening_of(at: Seconds, recording: str, who: str, why: str) -> Audited:
    """What the audit has of it."""
    return Audited(at, who, "recording opened", recording, why)

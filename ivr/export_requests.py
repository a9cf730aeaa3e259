"""What the running core is asked by who is about to see the numbers of calls: to write it down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd.model import Seconds
from ivr.ports import Audit, Audited, Clock, CoreRefused, StoreFailed, StoreRefused

Fields = Mapping[str, Any]


class ExportRequests:
    """The numbers themselves never come this way: who may read the files may open them."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"numbers announce": self.announce}

    async def announce(self, fields: Fields) -> Fields:
        """`who` is about to see numbers `of` something, and `why`; else `CoreRefused`."""
        told = {name: str(fields.get(name, "")).strip() for name in ("of", "who", "why")}
        if missing := [name for name, value in told.items() if not value]:
            raise CoreRefused(f"name {', '.join(missing)}: {missing[0]}=...")
        try:
            await self._audit.write(numbers_seen(self._clock.now(), **told))
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"the numbers cannot be shown: {fault}") from fault
        return {"of": told["of"]}


def numbers_seen(at: Seconds, of: str, who: str, why: str) -> Audited:
    """What the audit has of it."""
    return Audited(at, who, "call numbers seen", of, why)

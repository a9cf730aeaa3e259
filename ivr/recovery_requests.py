"""What the running core is asked about failures of the telephone side, and what was offered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ivr.recovery_book import RecoveryBook

Fields = Mapping[str, Any]


class RecoveryRequests:
    """Ids and counts only."""

    def __init__(self, book: RecoveryBook) -> None:
        self._book = book

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"recovery": self._tell}

    async def _tell(self, fields: Fields) -> Fields:
        """`outages`: the newest first, each with when it was noticed and how many callers were
        offered what; `owed`: how many offers are still to be made."""
        outages = [
            {"at": one.at, "last": one.last, **{way: n for way, n in one.offered.items() if n}}
            for one in reversed(self._book.outages.values())
        ]
        return {"outages": outages, "owed": len(self._book.owed)}

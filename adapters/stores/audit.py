"""The audit trail: rows are added before the deed, and never changed."""

from __future__ import annotations

import json

from sqlalchemy import insert

from adapters.stores.database import Database
from adapters.stores.tables import audit
from ivr.ports import Audited


class SqlAudit:
    """Writes into the audit of the process's own part."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = audit[database.part]

    async def write(self, entry: Audited) -> None:
        """Durable when it returns; raises `StoreFailed`, and then the deed must not be done."""
        row = {
            "at": round(entry.at * 1000),
            "who": entry.who,
            "action": entry.action,
            "subject": entry.subject,
            "reason": entry.reason,
            "details": json.dumps(dict(entry.details), ensure_ascii=False, allow_nan=False),
        }
        await self._database.write(lambda db: db.execute(insert(self._table), row))

"""The core's database and what it keeps in it, opened together."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from adapters.stores.audit import SqlAudit
from adapters.stores.database import Database
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr.settings import Settings


@dataclass(frozen=True, slots=True)
class Stores:
    """What is written down, each once, over one database."""

    database: Database
    journal: SqlJournal
    vault: SqlVault
    audit: SqlAudit


async def opened(settings: Settings, stack: AsyncExitStack) -> Stores:
    """The core's database, and what it keeps in it; `stack` closes them."""
    database = await open_database(settings.database_url("core"), "core")
    stack.push_async_callback(database.close)
    journal = await stack.enter_async_context(SqlJournal(database))
    keys, region = KeyRing(settings.secrets), settings.site.outbound.region
    vault = SqlVault(database, keys, region, settings.data)
    await vault.check()
    return Stores(database, journal, vault, SqlAudit(database))

"""Change the vault's master key: `python -m adapters.stores`, while everything runs or not."""

from __future__ import annotations

import asyncio
import sys

from adapters.stores.keys import KeyRing
from adapters.stores.rewrap import rewrap
from adapters.stores.schema import open_database
from ivr.ports import StoreFailed, StoreRefused
from ivr.settings import Settings, load


async def change(settings: Settings) -> int:
    """How many persons' keys are wrapped anew."""
    database = await open_database(settings.database_url("core"), "core")
    try:
        return await rewrap(database, KeyRing(settings.secrets))
    finally:
        await database.close()


if __name__ == "__main__":
    settings = load()
    try:
        count = asyncio.run(change(settings))
    except (StoreFailed, StoreRefused) as fault:
        sys.exit(str(fault))
    print(f"{settings.secrets / 'master-key'} is new, {count} persons: copy it to a safe place now")

"""Whose numbers they are, for commands that show them: only once it stands in the audit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from adapters.cli.flow_publish import AuditOfStoppedCore
from adapters.cli.output import fail
from adapters.control.client import CoreClient
from adapters.stores.database import Database, Part
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr.clock import CentreClock
from ivr.export_requests import numbers_seen
from ivr.ports import CoreAway, CoreRefused, CoreStopped, PersonId, StoreFailed, StoreRefused
from ivr.settings import Settings

NumberOf = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def opened(settings: Settings, part: Part) -> AsyncIterator[Database]:
    """What a process keeps, read beside it."""
    database = await open_database(settings.database_url(part), part, read_only=True)
    try:
        yield database
    finally:
        await database.close()


def announced(settings: Settings, what: str, who: str, why: str) -> None:
    """Into the core's audit, before any number is opened; fails with a sentence."""
    told = {"of": what, "who": who, "why": why}
    try:
        asyncio.run(_announce(settings, told))
    except CoreRefused as refusal:
        fail(str(refusal))
    except (CoreAway, StoreFailed, StoreRefused, OSError) as fault:
        fail(f"no number was opened: {fault}")


async def _announce(settings: Settings, told: dict[str, str]) -> None:
    try:
        await CoreClient(settings.core_socket).ask("numbers announce", **told)
    except CoreStopped:
        entry = numbers_seen(CentreClock().now(), **told)
        await AuditOfStoppedCore(settings).write(entry)


def numbers_in(core: Database, settings: Settings) -> NumberOf:
    """The number of a person; empty: withheld, erased, or nobody."""
    vault = _vault(core, settings)

    async def number(person: str) -> str:
        return (await vault.open(PersonId(person), "number") or "") if person else ""

    return number


async def person_with(core: Database, settings: Settings, number: str) -> PersonId | None:
    """Who has this number; None: nobody who has called."""
    return await _vault(core, settings).find(number)


def as_written(rows: Iterable[Mapping[str, Any]], settings: Settings) -> list[dict[str, Any]]:
    """For the eye: numbers as people write them, in the form of the house's own country. Programs
    are given E.164."""
    from ivr.phone_numbers import shown

    region = settings.site.outbound.region
    return [
        {**row, "number": shown(row["number"], region)} if row.get("number") else dict(row)
        for row in rows
    ]


def _vault(core: Database, settings: Settings) -> SqlVault:
    return SqlVault(core, KeyRing(settings.secrets), settings.site.outbound.region)

"""Where everything personal lies: sealed fields under one data key a person.

Journal, audit, logs and snapshots hold a person's id only. Destroying the person's key makes every
sealed field unreadable, wherever a copy of it lies.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from ulid import ULID

from adapters.stores.database import Database
from adapters.stores.keys import KEY_BYTES, KeyRing, MasterKey, open_sealed, seal
from adapters.stores.numbers import normal_number
from adapters.stores.tables import vault_field, vault_master, vault_number, vault_person
from ivr.ports import PersonId, StoreRefused

log = logging.getLogger(__name__)

NUMBER = "number"
"""The field that holds a person's telephone number."""


class SqlVault:
    """The vault of an installation, for the core and for the processes that read beside it."""

    def __init__(self, database: Database, keys: KeyRing, region: str = "CN") -> None:
        self._database = database
        self._keys = keys
        self._region = region

    async def check(self) -> None:
        """At start: make the first master key, or refuse a missing or a wrong one."""
        async with self._database.read() as connection:
            key_id = await connection.scalar(select(vault_master.c.key_id))
        if key_id:
            self._keys.find(key_id)
            return
        if self._database.read_only:
            raise StoreRefused(f"{self._database.name}: the core has made no vault yet: start it")
        self._keys.make()
        async with self._database.write() as connection:
            if await connection.scalar(select(vault_master.c.key_id)) is None:
                row = {"one": 1, "key_id": self._keys.current.id}
                await connection.execute(insert(vault_master).values(row))

    async def person_for_number(self, number: str) -> PersonId:
        plain = normal_number(number, self._region)
        if not plain:
            return await self.new_person()
        if known := await self._known(plain):
            return known
        try:
            async with self._database.write() as connection:
                master = await self._master(connection)
                person, key = await self._make(connection, master)
                row = {"blind": master.blind(plain), "person": person}
                row["sealed"] = seal(key, plain.encode(), index_place(person))
                await connection.execute(insert(vault_number).values(row))
                await self._put(connection, person, key, NUMBER, plain)
                return person
        except IntegrityError:  # two calls of one number at once: the other was first
            if known := await self._known(plain):
                return known
            raise

    async def new_person(self) -> PersonId:
        async with self._database.write() as connection:
            person, _ = await self._make(connection, await self._master(connection))
        return person

    async def seal(self, person: PersonId, field_name: str, text: str) -> None:
        """Keep a field, in place of what it held; `LookupError` for nobody or an erased person."""
        async with self._database.write() as connection:
            lock = select(vault_person.c.id).where(vault_person.c.id == person).with_for_update()
            await connection.execute(lock)
            key = await self._data_key(connection, person)
            if key is None:
                raise LookupError(f"{person} is not in the vault, or erased")
            await self._put(connection, person, key, field_name, text)

    async def open(self, person: PersonId, field_name: str) -> str | None:
        """The field's text; None when it was never sealed, or is erased."""
        where = (vault_field.c.person == person) & (vault_field.c.name == field_name)
        async with self._database.read() as connection:
            sealed = await connection.scalar(select(vault_field.c.sealed).where(where))
            key = await self._data_key(connection, person)
        if sealed is None or key is None:
            return None
        return open_sealed(key, sealed, f"{person} {field_name}").decode()

    async def erase(self, person: PersonId) -> None:
        gone = {"wrapped": None, "erased_at": _now()}
        async with self._database.write() as connection:
            await connection.execute(
                update(vault_person).where(vault_person.c.id == person).values(gone)
            )
            await connection.execute(delete(vault_field).where(vault_field.c.person == person))
            await connection.execute(delete(vault_number).where(vault_number.c.person == person))
        await forget_old_pages(self._database)

    async def _known(self, plain: str) -> PersonId | None:
        blinds = [key.blind(plain) for key in self._keys.all()]
        query = select(vault_number.c.person).where(vault_number.c.blind.in_(blinds))
        async with self._database.read() as connection:
            person = await connection.scalar(query)
        return PersonId(person) if person else None

    async def _master(self, connection: AsyncConnection) -> MasterKey:
        """The key that new persons are wrapped with: the one that the database names."""
        key_id = await connection.scalar(select(vault_master.c.key_id).with_for_update(read=True))
        if key_id is None:
            raise StoreRefused(f"{self._database.name}: the vault has not been opened yet")
        return self._keys.find(key_id)

    async def _make(self, connection: AsyncConnection, master: MasterKey) -> tuple[PersonId, bytes]:
        person, key = PersonId(f"per_{ULID()}"), os.urandom(KEY_BYTES)
        row = {"id": person, "key_id": master.id, "made_at": _now()}
        row["wrapped"] = master.wrap(key, person)
        await connection.execute(insert(vault_person).values(row))
        return person, key

    async def _data_key(self, connection: AsyncConnection, person: PersonId) -> bytes | None:
        query = select(vault_person).where(vault_person.c.id == person)
        row = (await connection.execute(query)).one_or_none()
        return unwrapped(self._keys, row) if row else None

    async def _put(
        self, connection: AsyncConnection, person: PersonId, key: bytes, name: str, text: str
    ) -> None:
        where = (vault_field.c.person == person) & (vault_field.c.name == name)
        await connection.execute(delete(vault_field).where(where))
        sealed = seal(key, text.encode(), f"{person} {name}")
        row = {"person": person, "name": name, "sealed": sealed}
        await connection.execute(insert(vault_field).values(row))


def index_place(person: str) -> str:
    """What the sealed copy of a number in the index is bound to."""
    return f"{person} index"


def unwrapped(keys: KeyRing, person: Row[Any]) -> bytes | None:
    """The data key of a row of `vault_person`; None when it is erased."""
    if person.wrapped is None:
        return None
    return keys.find(person.key_id).unwrap(person.wrapped, person.id)


async def forget_old_pages(database: Database) -> None:
    """Leave no copy of what was just removed in the database's files, as far as it lets us."""
    async with database.turn, database.read() as connection:
        if not database.file:
            await connection.exec_driver_sql("VACUUM vault_person, vault_field, vault_number")
        elif (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).scalar():
            log.warning("old pages stay until the next checkpoint", extra={"file": database.name})


def _now() -> int:
    return time.time_ns() // 1_000_000

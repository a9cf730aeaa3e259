"""Where everything personal lies: sealed fields under one data key a person.

Journal, audit, logs and snapshots hold a person's id only. Destroying the person's key makes every
sealed field unreadable, wherever a copy of it lies.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, insert, select, text, update
from ulid import ULID

from adapters.stores.database import Database
from adapters.stores.keys import KEY_BYTES, KeyRing, MasterKey, open_sealed, seal
from adapters.stores.tables import vault_field, vault_master, vault_number, vault_person
from ivr.phone_numbers import normal_number
from ivr.ports import PersonId, StoreRefused
from ivr.texts import address_field

log = logging.getLogger(__name__)

RECORDINGS, CHAT_FILES = "recordings", "chat-files"
"""The folders of what callers have said, and of files from chats, below the data folder; in each
one for each person."""
OF_PERSONS = (RECORDINGS, CHAT_FILES)
NUMBER = "number"
"""The field that holds a person's telephone number."""
PARTS_ADDRESS = "\n"
"""Between a channel and an address in it, where the index has no number: no number has it."""
MOST_AT_ONCE = 16
"""Persons made in one transaction: the journal waits for one of these, a few milliseconds."""


class SqlVault:
    """The vault of an installation, for the core and for the processes that read beside it."""

    def __init__(
        self, database: Database, keys: KeyRing, region: str, data: Path | None = None
    ) -> None:
        """`region`: whose numbers are written without a code (`outbound.region`)."""
        self._database = database
        self._data = data
        """The folder with recordings and files of persons, which go with them; None: there are
        none."""
        self._keys = keys
        self._region = region
        self._asked: list[str] = []
        """Numbers ("" when withheld) whose persons `_making` will find or make."""
        self._making: asyncio.Task[list[PersonId]] | None = None
        self._group = asyncio.Lock()

    async def check(self) -> None:
        """At start: make the first master key, or refuse a missing or a wrong one."""
        await check_keys(self._database, self._keys)

    async def person_for_number(self, number: str) -> PersonId:
        return await self._person(normal_number(number, self._region))

    async def person_for_address(self, channel: str, address: str) -> PersonId:
        return await self._person(f"{channel}{PARTS_ADDRESS}{address}")

    async def find(self, number: str) -> PersonId | None:
        """The person behind a number; None, and nobody is made, when it is unknown."""
        plain = normal_number(number, self._region)
        return (await self._database.read(partial(self._find, [plain]))).get(plain)

    async def new_person(self) -> PersonId:
        return await self._person("")

    async def seal(self, person: PersonId, field_name: str, text: str) -> None:
        """Keep a field, in place of what it held; `LookupError` for nobody or an erased person."""

        def put(connection: Connection) -> None:
            lock = select(vault_person.c.id).where(vault_person.c.id == person).with_for_update()
            connection.execute(lock)
            key = self._data_key(connection, person)
            if key is None:
                raise LookupError(f"{person} is not in the vault, or erased")
            connection.execute(delete(vault_field).where(_is_field(person, field_name)))
            connection.execute(insert(vault_field), _field_row(person, key, field_name, text))

        await self._database.write(put)

    async def open(self, person: PersonId, field_name: str) -> str | None:
        """The field's text; None when it was never sealed, or is erased."""
        query = select(vault_field.c.sealed).where(_is_field(person, field_name))

        def take(connection: Connection) -> tuple[bytes | None, bytes | None]:
            return connection.scalar(query), self._data_key(connection, person)

        sealed, key = await self._database.read(take)
        if sealed is None or key is None:
            return None
        return open_sealed(key, sealed, f"{person} {field_name}").decode()

    async def having(self, field_name: str) -> Sequence[PersonId]:
        """Everybody who has this field."""
        query = select(vault_field.c.person).where(vault_field.c.name == field_name)
        found = await self._database.read(lambda db: db.scalars(query.order_by("person")).all())
        return [PersonId(person) for person in found]

    async def erase(self, person: PersonId) -> None:
        gone = {"wrapped": None, "erased_at": _now()}

        def remove(connection: Connection) -> None:
            connection.execute(update(vault_person).where(vault_person.c.id == person).values(gone))
            connection.execute(delete(vault_field).where(vault_field.c.person == person))
            connection.execute(delete(vault_number).where(vault_number.c.person == person))

        await self._database.write(remove)
        await forget_old_pages(self._database)
        if self._data:
            for folder in OF_PERSONS:
                await asyncio.to_thread(shutil.rmtree, self._data / folder / person, True)

    async def _person(self, plain: str) -> PersonId:
        """The number's person; all who ask while others are looked for share the next look."""
        if self._making is None or len(self._asked) == MOST_AT_ONCE:
            self._asked = []
            self._making = asyncio.create_task(self._persons(self._asked))
        place = len(self._asked)
        self._asked.append(plain)
        return (await asyncio.shield(self._making))[place]

    async def _persons(self, asked: list[str]) -> list[PersonId]:
        async with self._group:
            if asked is self._asked:
                self._making = None  # the group is closed: who asks from now on opens the next
            known = await self._database.read(partial(self._find, asked)) if any(asked) else {}
            if all(map(known.get, asked)):
                return [known[plain] for plain in asked]
            return await self._database.write(partial(self._find_or_make, asked))

    def _find_or_make(self, plains: Sequence[str], connection: Connection) -> list[PersonId]:
        master = self._master(connection)
        known, made = self._find(plains, connection), _Made(master)
        persons = []
        for plain in plains:
            person = known.get(plain) or made.person(plain)
            if plain:
                known[plain] = person
            persons.append(person)
        made.write(connection)
        return persons

    def _find(self, plains: Sequence[str], connection: Connection) -> dict[str, PersonId]:
        """The persons of those numbers that are known, under the present or the former key."""
        keys = self._keys.all()
        blinds = {key.blind(plain): plain for key in keys for plain in plains if plain}
        columns = select(vault_number.c.blind, vault_number.c.person)
        found = connection.execute(columns.where(vault_number.c.blind.in_(blinds)))
        return {blinds[bytes(blind)]: PersonId(person) for blind, person in found}

    def _master(self, connection: Connection) -> MasterKey:
        """The key that new persons are wrapped with: the one that the database names.

        Its row is held: of two processes only one at a time makes persons.
        """
        key_id = connection.scalar(select(vault_master.c.key_id).with_for_update())
        if key_id is None:
            raise StoreRefused(f"{self._database.name}: the vault has not been opened yet")
        return self._keys.find(key_id)

    def _data_key(self, connection: Connection, person: PersonId) -> bytes | None:
        query = select(vault_person).where(vault_person.c.id == person)
        row = connection.execute(query).one_or_none()
        return unwrapped(self._keys, row) if row else None


class _Made:
    """New persons, and the rows that they are in the vault's tables."""

    def __init__(self, master: MasterKey) -> None:
        self._master = master
        self._rows: dict[Table, list[dict[str, Any]]] = {
            table: [] for table in (vault_person, vault_number, vault_field)
        }

    def person(self, plain: str) -> PersonId:
        """A new person, with this number unless it is ""."""
        person, key, master = PersonId(f"per_{ULID()}"), os.urandom(KEY_BYTES), self._master
        wrapped = master.wrap(key, person)
        self._rows[vault_person].append(
            {"id": person, "key_id": master.id, "wrapped": wrapped, "made_at": _now()}
        )
        if plain:
            indexed = seal(key, plain.encode(), index_place(person))
            self._rows[vault_number].append(
                {"blind": master.blind(plain), "person": person, "sealed": indexed}
            )
            self._rows[vault_field].append(_field_row(person, key, *_field_of(plain)))
        return person

    def write(self, connection: Connection) -> None:
        for table, rows in self._rows.items():
            if rows:
                connection.execute(insert(table), rows)


def _is_field(person: PersonId, name: str) -> ColumnElement[bool]:
    return (vault_field.c.person == person) & (vault_field.c.name == name)


def _field_row(person: PersonId, key: bytes, name: str, text: str) -> dict[str, Any]:
    sealed = seal(key, text.encode(), f"{person} {name}")
    return {"person": person, "name": name, "sealed": sealed}


async def check_keys(database: Database, keys: KeyRing) -> None:
    """Make the vault's first master key, or refuse a missing or a wrong one."""
    if key_id := await database.read(lambda db: db.scalar(select(vault_master.c.key_id))):
        keys.find(key_id)
        return
    if database.read_only:
        raise StoreRefused(f"{database.name}: the core has made no vault yet: start it")
    keys.make()
    await database.write(partial(_name_key, keys.current.id))


def _name_key(key_id: str, connection: Connection) -> None:
    """Say which master key is the vault's, unless another process was quicker."""
    if connection.scalar(select(vault_master.c.key_id)) is None:
        connection.execute(insert(vault_master), {"one": 1, "key_id": key_id})


def _field_of(indexed: str) -> tuple[str, str]:
    """The field in which it lies by what a person is found, and what lies there."""
    channel, parts, address = indexed.partition(PARTS_ADDRESS)
    return (address_field(channel), address) if parts else (NUMBER, indexed)


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
    if not database.file:
        vacuum = text("VACUUM vault_person, vault_field, vault_number")
        await database.tidy(lambda db: db.execute(vacuum))
    elif await database.tidy(lambda db: db.scalar(text("PRAGMA wal_checkpoint(TRUNCATE)"))):
        log.warning("old pages stay until the next checkpoint", extra={"file": database.name})


def _now() -> int:
    return time.time_ns() // 1_000_000

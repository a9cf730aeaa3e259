"""Changing the master key while everything runs; an interrupted change is taken up again."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select, update

from adapters.stores.database import Database
from adapters.stores.keys import KeyRing, MasterKey, open_sealed
from adapters.stores.tables import vault_master, vault_number, vault_person
from adapters.stores.vault import check_keys, forget_old_pages, index_place, unwrapped

BATCH = 100
"""Persons a transaction, so that no call waits long for the database."""


async def rewrap(database: Database, keys: KeyRing) -> int:
    """Make a new master key, wrap every data key and index every number anew; how many persons.

    Other processes notice the new key by themselves. The old one is deleted at the end.
    """
    await check_keys(database, keys)
    keys.change()
    master = keys.current
    # from here on new persons get the new key
    await database.write(lambda db: db.execute(update(vault_master).values(key_id=master.id)))
    count = 0
    while done := await database.write(partial(_some, keys, master)):
        count += done
    keys.retire()
    await forget_old_pages(database)
    return count


def _some(keys: KeyRing, master: MasterKey, connection: Connection) -> int:
    stale = (vault_person.c.key_id != master.id) & vault_person.c.wrapped.is_not(None)
    query = select(vault_person).where(stale).limit(BATCH).with_for_update()
    persons = connection.execute(query).all()
    for person in persons:
        _one(connection, keys, master, person)
    return len(persons)


def _one(connection: Connection, keys: KeyRing, master: MasterKey, person: Row[Any]) -> None:
    key = unwrapped(keys, person)
    if key is None:
        return
    row = {"key_id": master.id, "wrapped": master.wrap(key, person.id)}
    connection.execute(update(vault_person).where(vault_person.c.id == person.id).values(row))
    query = select(vault_number).where(vault_number.c.person == person.id)
    for number in connection.execute(query).all():
        plain = open_sealed(key, number.sealed, index_place(person.id)).decode()
        connection.execute(
            update(vault_number)
            .where(vault_number.c.blind == number.blind)
            .values(blind=master.blind(plain))
        )

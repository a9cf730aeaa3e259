"""The vault on a real file: nothing personal in clear, keys changed under traffic, keys lost."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from adapters.stores.database import Database
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.rewrap import rewrap
from adapters.stores.schema import open_database
from adapters.stores.tables import vault_field, vault_person
from adapters.stores.vault import SqlVault
from ivr.ports import PersonId, Record, StoreRefused

pytestmark = pytest.mark.once

NUMBER, NAME = "+8613800138000", "诸葛孔明 Canary"
CANARIES = [
    NUMBER.encode(),
    NUMBER[3:].encode(),
    NAME.encode(),
    b"Canary",
    NAME.encode("utf-16-le"),
]


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "secrets")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url, "core")
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path / 'core.db'}", "core")
    yield opened
    await opened.close()


async def opened(database: Database, keys: KeyRing) -> SqlVault:
    vault = SqlVault(database, keys, "CN")
    await vault.check()
    return vault


async def with_a_person(database: Database, keys: KeyRing) -> tuple[SqlVault, PersonId]:
    vault = await opened(database, keys)
    person = await vault.person_for_number(NUMBER)
    await vault.seal(person, "name", NAME)
    return vault, person


def bytes_of(database: Database) -> bytes:
    assert database.file
    files = sorted(database.file.parent.glob(database.file.name + "*"))
    assert len(files) >= 2
    return b"".join(path.read_bytes() for path in files)


async def wrapped_key(database: Database, person: PersonId) -> bytes:
    query = select(vault_person.c.wrapped).where(vault_person.c.id == person)
    return await database.read(lambda db: bytes(db.scalar(query) or b""))


async def test_no_byte_of_a_person_is_in_clear_on_the_disk(sqlite: Database, keys: KeyRing) -> None:
    _, person = await with_a_person(sqlite, keys)
    assert not [canary for canary in CANARIES if canary in bytes_of(sqlite)]
    assert sqlite.file
    copy = sqlite3.connect(sqlite.file.with_name("copy.db"))
    with sqlite3.connect(sqlite.file) as original:
        original.backup(copy)
    copy.close()
    raw = sqlite.file.with_name("copy.db").read_bytes()
    assert person.encode() in raw
    assert not [canary for canary in CANARIES if canary in raw]


async def test_an_erased_person_s_key_is_in_no_file(sqlite: Database, keys: KeyRing) -> None:
    vault, person = await with_a_person(sqlite, keys)
    for _ in range(50):
        await vault.new_person()
    key = await wrapped_key(sqlite, person)
    assert key in bytes_of(sqlite)
    await vault.erase(person)
    assert person.encode() in bytes_of(sqlite)
    assert key not in bytes_of(sqlite)


async def test_a_missing_master_key_is_refused_and_not_replaced(
    database: Database, keys: KeyRing
) -> None:
    await with_a_person(database, keys)
    keys.path.unlink()
    with pytest.raises(StoreRefused, match="master-key is missing: copy it back"):
        await opened(database, KeyRing(keys.path.parent))
    assert not keys.path.exists()


async def test_a_wrong_master_key_is_refused(database: Database, keys: KeyRing) -> None:
    await with_a_person(database, keys)
    keys.path.write_text(secrets.token_hex(32))
    with pytest.raises(StoreRefused, match="not the key that this vault was sealed with"):
        await opened(database, KeyRing(keys.path.parent))


async def test_a_flipped_bit_on_the_disk_is_refused(database: Database, keys: KeyRing) -> None:
    vault, person = await with_a_person(database, keys)
    field = (vault_field.c.person == person) & (vault_field.c.name == "name")

    def flip(connection: Connection) -> None:
        sealed = bytearray(connection.scalar(select(vault_field.c.sealed).where(field)) or b"")
        sealed[20] ^= 4
        connection.execute(update(vault_field).where(field).values(sealed=bytes(sealed)))

    await database.write(flip)
    with pytest.raises(StoreRefused, match=f"{person} name: what is sealed there is damaged"):
        await vault.open(person, "name")


async def test_another_process_reads_while_the_core_writes(
    database: Database, database_url: str, keys: KeyRing
) -> None:
    vault, person = await with_a_person(database, keys)
    reading = await open_database(database_url, "core", read_only=True)
    beside = await opened(reading, KeyRing(keys.path.parent))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(write_names(vault, person, 30))
        for _ in range(30):
            assert NAME in (await beside.open(person, "name") or "")
    await reading.close()


async def write_names(vault: SqlVault, person: PersonId, times: int) -> None:
    for n in range(times):
        await vault.seal(person, "name", f"{NAME} {n}")


async def test_a_reader_does_not_make_a_vault(
    database: Database, database_url: str, keys: KeyRing
) -> None:
    reading = await open_database(database_url, "core", read_only=True)
    with pytest.raises(StoreRefused, match="no vault yet"):
        await opened(reading, keys)
    assert not keys.path.exists()
    await reading.close()


async def test_two_programs_that_meet_new_callers_at_once_agree(
    database: Database, database_url: str, keys: KeyRing
) -> None:
    vault = await opened(database, keys)
    other = await open_database(database_url, "core")
    beside = await opened(other, KeyRing(keys.path.parent))
    numbers = [f"+861390013{n:04}" for n in range(50)]
    here, there = await asyncio.gather(
        *(asyncio.gather(*map(each.person_for_number, numbers)) for each in (vault, beside))
    )
    await other.close()
    assert here == there
    assert len(set(here)) == len(numbers)


async def test_a_caller_who_gives_up_takes_no_other_s_person_along(
    database: Database, keys: KeyRing
) -> None:
    vault = await opened(database, keys)
    async with vault._group:
        first, second = (
            asyncio.create_task(vault.person_for_number(number)) for number in ("1001", "1002")
        )
        await until(lambda: len(vault._asked) == 2)
        first.cancel()
    async with asyncio.timeout(5):
        assert await vault.open(await second, "number") == "1002"


async def test_the_journal_goes_before_all_who_wait_to_write(
    database: Database, keys: KeyRing
) -> None:
    vault, order = await opened(database, keys), list[object]()
    async with SqlJournal(database) as journal:
        busy = threading.Event()
        database.writer.start(lambda: busy.wait(5), 5)
        persons = [asyncio.create_task(vault.new_person()) for _ in range(40)]
        await until(lambda: len(vault._asked) == 8)
        append = asyncio.create_task(journal.append([Record(1.0, "note", {})]))
        for task in (append, *persons):
            task.add_done_callback(order.append)
        await until(lambda: journal._write is not None)
        busy.set()
        async with asyncio.timeout(5):
            await asyncio.gather(append, *persons)
    assert order[0] is append


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0)


async def test_the_master_key_is_changed_under_traffic(
    database: Database, database_url: str, keys: KeyRing
) -> None:
    vault = await opened(database, keys)
    numbers = [f"+861390013{n:04}" for n in range(110)]
    persons = [await vault.person_for_number(number) for number in numbers]
    old = keys.current.id
    other = await open_database(database_url, "core")
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        change = group.create_task(rewrap(other, KeyRing(keys.path.parent)))
        while not change.done():
            new = f"+861380013{len(numbers) - 110:04}"
            numbers.append(new)
            persons.append(await vault.person_for_number(new))
            assert await vault.open(persons[len(numbers) % 110], "number")
    await other.close()
    assert change.result() >= 110
    assert not keys.before.exists()
    fresh = await opened(database, KeyRing(keys.path.parent))
    assert [await fresh.person_for_number(number) for number in numbers] == persons
    assert [await fresh.open(person, "number") for person in persons] == numbers
    ids = await database.read(lambda db: set(db.scalars(select(vault_person.c.key_id)).all()))
    assert ids == {keys.current.id} != {old}


async def test_a_change_of_keys_cut_off_is_finished_by_the_next(
    database: Database, keys: KeyRing
) -> None:
    vault, person = await with_a_person(database, keys)
    keys.change()  # and then the power fails
    restarted = await opened(database, KeyRing(keys.path.parent))
    assert await restarted.open(person, "name") == NAME
    assert await restarted.person_for_number(NUMBER) == person
    assert await rewrap(database, KeyRing(keys.path.parent)) == 1
    assert await vault.open(person, "name") == NAME
    assert await vault.person_for_number(NUMBER) == person

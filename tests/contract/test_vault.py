"""What every vault promises: in memory, on SQLite, on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr.ports import PersonId, Vault
from tests.databases import SQLITE_AND_POSTGRES, fresh_url
from tests.fakes_stores import MemoryVault

pytestmark = pytest.mark.once

NUMBER = "+8613800138000"


@pytest.fixture(params=["memory", *SQLITE_AND_POSTGRES])
async def vault(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Vault]:
    if request.param == "memory":
        yield MemoryVault()
        return
    database = await open_database(fresh_url(request.param, request), "core")
    made = SqlVault(database, KeyRing(tmp_path / "secrets"), "CN")
    await made.check()
    yield made
    await database.close()


async def test_the_same_number_is_the_same_person(vault: Vault) -> None:
    person = await vault.person_for_number(NUMBER)
    assert await vault.person_for_number(NUMBER) == person
    assert await vault.person_for_number("+8613900139000") != person
    assert person.startswith("per_")


async def test_a_person_s_number_can_be_read_back(vault: Vault) -> None:
    person = await vault.person_for_number(NUMBER)
    assert await vault.open(person, "number") == NUMBER


async def test_looking_for_a_number_makes_nobody(vault: MemoryVault | SqlVault) -> None:
    assert await vault.find(NUMBER) is None
    person = await vault.person_for_number(NUMBER)
    assert await vault.find(NUMBER) == person
    await vault.erase(person)
    assert await vault.find(NUMBER) is None and await vault.find("") is None


async def test_an_address_of_a_channel_is_one_person_there_and_nobody_elsewhere(
    vault: Vault,
) -> None:
    person = await vault.person_for_address("line", NUMBER)
    assert await vault.person_for_address("line", NUMBER) == person
    others = {await vault.person_for_address("mail", NUMBER), await vault.person_for_number(NUMBER)}
    assert len(others) == 2 and person not in others
    assert await vault.open(person, "address line") == NUMBER
    assert await vault.open(person, "number") is None
    await vault.erase(person)
    assert await vault.person_for_address("line", NUMBER) != person


async def test_a_withheld_number_is_a_new_person_each_time(vault: Vault) -> None:
    assert await vault.new_person() != await vault.new_person()
    assert await vault.person_for_number("") != await vault.person_for_number("")


async def test_sealed_fields_open_for_their_person_only(vault: Vault) -> None:
    one, other = await vault.new_person(), await vault.new_person()
    await vault.seal(one, "name", "李小明")
    assert await vault.open(one, "name") == "李小明"
    assert await vault.open(one, "address") is None
    assert await vault.open(other, "name") is None
    assert await vault.open(PersonId("per_nobody"), "name") is None


async def test_sealing_again_replaces(vault: Vault) -> None:
    person = await vault.new_person()
    await vault.seal(person, "name", "one")
    await vault.seal(person, "name", "")
    assert await vault.open(person, "name") == ""


async def test_everybody_who_has_a_field_is_found_and_nobody_else(vault: Vault) -> None:
    one, other = await vault.new_person(), await vault.person_for_number(NUMBER)
    await vault.seal(one, "listed", "x")
    await vault.seal(other, "name", "y")
    assert await vault.having("listed") == [one]
    await vault.erase(one)
    assert await vault.having("listed") == []


async def test_an_erased_person_is_gone_and_stays_gone(vault: Vault) -> None:
    person = await vault.person_for_number(NUMBER)
    await vault.seal(person, "name", "李小明")
    await vault.erase(person)
    await vault.erase(person)
    assert await vault.open(person, "name") is None
    assert await vault.open(person, "number") is None
    assert await vault.person_for_number(NUMBER) != person
    with pytest.raises(LookupError):
        await vault.seal(person, "name", "again")


async def test_calls_of_one_number_at_once_are_one_person(vault: Vault) -> None:
    persons = await asyncio.gather(*(vault.person_for_number(NUMBER) for _ in range(8)))
    assert len(set(persons)) == 1

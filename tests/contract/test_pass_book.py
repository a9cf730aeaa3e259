"""What every book of passes promises: in memory, on SQLite, on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest

from acd.model import ContactId
from adapters.stores.passes import TRIES_SECONDS, SqlPasses
from adapters.stores.schema import open_database
from ivr.pass_book import PassBook, SecretTaken, TooManyOpen
from ivr.passes import CODE_SECONDS, MOST_OPEN, Form, Pass, PassId, PassState
from ivr.ports import PersonId
from tests.databases import SQLITE_AND_POSTGRES, fresh_url
from tests.fakes_passes import MemoryPasses

pytestmark = pytest.mark.once

ONE, TWO = ContactId("c-1"), ContactId("c-2")
AT = 1_700_000_000.125
MADE = Pass(PassId("pas_0"), ONE, "webchat", Form.LINK, AT, None, "pin", PersonId("per_1"))
_numbers = count(1)


@pytest.fixture(params=["memory", *SQLITE_AND_POSTGRES])
async def book(request: pytest.FixtureRequest) -> AsyncIterator[PassBook]:
    if request.param == "memory":
        yield MemoryPasses()
        return
    database = await open_database(fresh_url(request.param, request), "core")
    yield SqlPasses(database)
    await database.close()


@pytest.fixture(params=SQLITE_AND_POSTGRES)
async def books(request: pytest.FixtureRequest) -> AsyncIterator[list[PassBook]]:
    """One book, through the connections of three processes."""
    url = fresh_url(request.param, request)
    databases = [await open_database(url, "core") for _ in range(3)]
    yield [SqlPasses(database) for database in databases]
    for database in databases:
        await database.close()


async def made(book: PassBook, contact: ContactId = ONE, form: Form = Form.LINK) -> Pass:
    """A pass that is kept, by the digest of its own id."""
    until = AT + CODE_SECONDS if form is Form.CODE else None
    one = replace(MADE, id=PassId(f"pas_{next(_numbers)}"), contact=contact, form=form, until=until)
    await book.keep(one, f"digest of {one.id}")
    return one


async def states(book: PassBook, contact: ContactId = ONE) -> list[PassState]:
    return [one.state for one in await book.of(contact)]


async def test_a_pass_is_found_by_its_digest_as_it_was_kept(book: PassBook) -> None:
    link, code = await made(book), await made(book, form=Form.CODE)
    assert await book.find(f"digest of {link.id}") == link
    assert await book.find(f"digest of {code.id}") == code
    assert await book.find("digest of another") is None


async def test_a_redeemed_pass_closes_every_other_of_its_contact(book: PassBook) -> None:
    first, second, third = await made(book), await made(book), await made(book, TWO)
    assert await book.redeem(second.id, "tab-1", AT + 1)
    assert await states(book) == [PassState.VOID, PassState.REDEEMED]
    assert await states(book, TWO) == [PassState.OPEN]
    found = await book.find(f"digest of {second.id}")
    assert found == replace(second, state=PassState.REDEEMED, closed_at=AT + 1, by="tab-1",
                            told=False)  # fmt: skip
    for closed in (first, second):
        assert not await book.redeem(closed.id, "tab-2", AT + 2)
    assert (await book.find(f"digest of {second.id}")) == found, "and nothing has changed"
    assert await book.redeem(third.id, "", AT + 3)


async def test_a_pass_made_after_a_redemption_is_open(book: PassBook) -> None:
    first = await made(book)
    assert await book.redeem(first.id, "", AT)
    assert await book.redeem((await made(book)).id, "", AT)
    assert await states(book) == [PassState.REDEEMED] * 2


async def test_what_is_redeemed_and_not_told_is_known_until_it_is(book: PassBook) -> None:
    first, second = await made(book), await made(book, TWO)
    assert await book.untold() == []
    await book.redeem(first.id, "", AT)
    await book.redeem(second.id, "", AT)
    await book.told(first.id, ContactId("c-1~x"))
    assert [one.id for one in await book.untold()] == [second.id]
    found = await book.find(f"digest of {first.id}")
    assert found and (found.told, found.into) == (True, "c-1~x")


async def test_a_new_code_takes_the_place_of_the_old_and_of_no_link(book: PassBook) -> None:
    await made(book)
    await made(book, form=Form.CODE)
    await made(book, TWO, Form.CODE)
    await made(book, form=Form.CODE)
    assert await states(book) == [PassState.OPEN, PassState.VOID, PassState.OPEN]
    assert await states(book, TWO) == [PassState.OPEN]


async def test_a_contact_has_so_many_open_passes_and_no_more(book: PassBook) -> None:
    for _ in range(MOST_OPEN - 1):
        await made(book)
    await made(book, form=Form.CODE)
    with pytest.raises(TooManyOpen):
        await made(book)
    await made(book, form=Form.CODE)  # in place of the other
    assert (await states(book)).count(PassState.OPEN) == MOST_OPEN


async def test_two_passes_never_have_one_secret(book: PassBook) -> None:
    await book.keep(MADE, "one digest")
    with pytest.raises(SecretTaken):
        await book.keep(replace(MADE, id=PassId("pas_x"), contact=TWO), "one digest")
    assert await states(book, TWO) == []


async def test_only_open_passes_expire_and_only_closed_ones_are_forgotten(book: PassBook) -> None:
    used, old, stays = await made(book), await made(book, TWO), await made(book, ContactId("c-3"))
    await book.redeem(used.id, "", AT)
    await book.expire([used.id, old.id], AT + 1)
    assert await states(book) == [PassState.REDEEMED]
    assert await states(book, TWO) == [PassState.EXPIRED]
    assert [one.id for one in await book.open()] == [stays.id]
    gone = await book.forget(AT + 2)
    assert [one.id for one in gone] == [old.id], "what is not told yet is not forgotten"
    await book.told(used.id, ONE)
    assert [one.id for one in await book.forget(AT + 2)] == [used.id]
    assert await states(book, ContactId("c-3")) == [PassState.OPEN]


async def test_tries_are_counted_by_contact_until_forgiven(book: PassBook) -> None:
    assert [await book.tries(ONE, AT + n) for n in range(3)] == [1, 2, 3]
    assert await book.tries(TWO, AT) == 1
    await book.forgive(ONE)
    assert await book.tries(ONE, AT) == 1


async def test_of_a_hundred_at_once_in_three_processes_one_redeems(books: list[PassBook]) -> None:
    passes = [await made(books[0]), await made(books[0])]
    tries = [books[n % 3].redeem(passes[n % 2].id, f"asker {n}", AT + n / 1000) for n in range(100)]
    done = await asyncio.gather(*tries)
    assert done.count(True) == 1
    assert sorted(await states(books[0])) == [PassState.REDEEMED, PassState.VOID]
    [redeemed] = [p for p in await books[0].of(ONE) if p.state is PassState.REDEEMED]
    assert redeemed.by == f"asker {done.index(True)}"


async def test_tries_at_once_in_three_processes_are_all_counted(books: list[PassBook]) -> None:
    counted = await asyncio.gather(*(books[n % 3].tries(ONE, AT) for n in range(30)))
    assert sorted(counted) == list(range(1, 31))


async def test_old_tries_count_no_more(books: list[PassBook]) -> None:
    assert [await books[0].tries(ONE, AT) for _ in range(2)] == [1, 2]
    assert await books[0].tries(ONE, AT + TRIES_SECONDS) == 3
    assert await books[0].tries(ONE, AT + 2 * TRIES_SECONDS + 1) == 1

"""What the tickets' store promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import StatementError

from acd.model import ContactId
from acd.states import ForbiddenMove
from adapters.stores.database import Database
from adapters.stores.schema import open_database
from adapters.tickets.queries import TicketQueries
from adapters.tickets.store import Keyed, KeyReused, TicketStore
from adapters.tickets.tables import metadata
from ivr.ports import Record
from ivr.tickets.life import NoSuch, TicketId, TicketState
from ivr.tickets.story import Entry


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await open_database(database_url, "web")
    yield database
    await database.close()


@pytest.fixture
async def store(database: Database) -> TicketStore:
    store = TicketStore(database)
    assert await store.open() == 0
    return store


@pytest.fixture
def queries(database: Database) -> TicketQueries:
    return TicketQueries(database)


def a_call(seq: int, contact: str, at: float, person: str = "per_1") -> list[Record]:
    """Five records, from ring to an offer that rang out."""
    lines: list[tuple[str, dict[str, Any]]] = [
        ("CallStarted", {"person": person, "dialled": "4000", "language": "zh"}),
        ("Arrived", {"contact": contact, "queue": "support", "entered_at": at, "class_": "vip"}),
        ("Reached", {"contact": contact}),
        ("Offered", {"offer": f"1.{seq}.1", "agent": "ann", "waited": 1.5}),
        ("OfferEnded", {"offer": f"1.{seq}.1", "how": "rang out"}),
    ]
    own = (None if kind == "OfferEnded" else ContactId(contact) for kind, _ in lines)
    return [
        Record(at + n, kind, data, contact_id, seq=seq + n)
        for n, ((kind, data), contact_id) in enumerate(zip(lines, own, strict=True))
    ]


def words(ticket: str, at: float) -> Entry:
    return Entry("comment", at, "operator", ticket=TicketId(ticket), sealed=b"called back")


async def test_records_are_applied_once_in_batches_of_any_cut(
    store: TicketStore, queries: TicketQueries
) -> None:
    records = a_call(1, "c1", 100.0) + a_call(6, "c2", 200.0)
    for cut in range(0, 11, 2):
        await store.apply(records[max(cut - 3, 0) : cut])  # overlapping: what came before again
    (ticket,) = await queries.tickets(10)
    timeline = await queries.entries(0, 100, ticket=ticket.id)
    assert [entry.entry.journal for entry in timeline] == [1, 2, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10]
    assert [entry.seq for entry in timeline] == list(range(1, 13))
    assert await queries.applied() == 10


async def test_a_rebuilt_database_has_the_same_ids(
    store: TicketStore, queries: TicketQueries, tmp_path: Path
) -> None:
    again = await open_database(f"sqlite:///{tmp_path / 'again.db'}", "web")
    rebuilt = TicketStore(again)
    await rebuilt.open()
    records = a_call(1, "c1", 100.0) + a_call(6, "c2", 90_000.0)
    await store.apply(records)
    for record in records:
        await rebuilt.apply([record])
    assert await queries.tickets(10) == await TicketQueries(again).tickets(10)
    assert await queries.contacts(10) == await TicketQueries(again).contacts(10)
    await again.close()


async def test_a_batch_that_fails_leaves_nothing(
    store: TicketStore, queries: TicketQueries
) -> None:
    bad = Record(5.0, "Arrived", {"contact": "c9", "queue": None, "entered_at": "x"}, seq=6)
    with pytest.raises(StatementError):
        await store.apply([*a_call(1, "c1", 1.0), bad])
    assert await queries.applied() == 0 and await queries.tickets(10) == []
    assert await queries.entries(0, 10) == []


async def test_a_comment_with_a_key_is_written_once_however_often_it_comes(
    store: TicketStore, queries: TicketQueries
) -> None:
    await store.apply(a_call(1, "c1", 1.0))
    (ticket,) = await queries.tickets(1)
    keyed = Keyed("k1", "digest")
    said = [store.comment(words(ticket.id, 9.0), keyed) for _ in range(8)]
    entries = await asyncio.gather(*said)
    assert len({entry.seq for entry in entries}) == 1
    comments = [e for e in await queries.entries(0, 50) if e.entry.kind == "comment"]
    assert [c.entry.sealed for c in comments] == [b"called back"]
    with pytest.raises(KeyReused):
        await store.comment(words(ticket.id, 9.0), Keyed("k1", "another"))


async def test_a_key_is_forgotten_after_a_day(store: TicketStore, queries: TicketQueries) -> None:
    await store.apply(a_call(1, "c1", 1.0))
    (ticket,) = await queries.tickets(1)
    for at, key in [(10.0, "k1"), (10.0 + 24 * 3600.0 + 1, "k2")]:
        await store.comment(words(ticket.id, at), Keyed(key, "digest"))
    assert await store.earlier(Keyed("k1", "another digest")) is None


async def test_a_ticket_is_closed_and_reopened_and_refuses_what_its_table_lacks(
    store: TicketStore, queries: TicketQueries
) -> None:
    await store.apply(a_call(1, "c1", 1.0))
    (ticket,) = await queries.tickets(1)
    await store.move(ticket.id, "close", "operator", 50.0)
    closed = await queries.ticket(ticket.id)
    assert (closed.state, closed.closed_at) == (TicketState.CLOSED, 50.0)
    with pytest.raises(ForbiddenMove):
        await store.move(ticket.id, "close", "operator", 51.0)
    await store.apply(a_call(6, "c2", 60.0))
    assert len(await queries.tickets(10)) == 2
    await store.move(ticket.id, "reopen", "operator", 70.0)
    assert (await queries.ticket(ticket.id)).closed_at is None


async def test_writers_at_once_lose_nothing_and_number_without_gaps(
    store: TicketStore, queries: TicketQueries
) -> None:
    await store.apply(a_call(1, "c0", 1.0))
    (ticket,) = await queries.tickets(1)
    calls = [store.apply(a_call(6, "c1", 9.0)) for _ in range(3)]
    comments = [store.comment(words(ticket.id, 5.0)) for _ in range(20)]
    await asyncio.gather(*calls, *comments)
    seqs = [entry.seq for entry in await queries.entries(0, 100)]
    assert seqs == list(range(1, 2 * 6 + 20 + 1))


async def test_pages_go_through_everything_newest_first(
    store: TicketStore, queries: TicketQueries
) -> None:
    for n in range(7):
        await store.apply(a_call(1 + 5 * n, f"c{n}", 1000.0 * n, f"per_{n}"))
    seen: list[str] = []
    while page := await queries.contacts(3, before=seen[-1] if seen else None):
        seen += [contact.id for contact in page]
    assert len(set(seen)) == 7 and seen == sorted(seen, reverse=True)
    assert len(await queries.tickets(10, person="per_3", state="open")) == 1


async def test_a_contact_names_the_one_from_which_it_goes_on(
    store: TicketStore, queries: TicketQueries
) -> None:
    await store.apply(a_call(1, "c1", 1.0))
    redeemed = {"of": "c1", "channel": "chat", "level": "no", "effect": "c1/pas_1"}
    moved = {**redeemed, "effect": "c1/pas_0"}
    await store.apply([
        Record(50.0, "PassRedeemed", moved, ContactId("c1"), seq=6),
        Record(60.0, "PassRedeemed", redeemed, ContactId("c1~1"), seq=7),
    ])  # fmt: skip
    newer, older = await queries.contacts(2)
    assert (newer.reference, await queries.before(newer)) == ("c1~1", older.id)
    assert await queries.before(older) is None, "it moved, and is the same"


async def test_what_is_not_there_is_said_plainly(
    store: TicketStore, queries: TicketQueries
) -> None:
    for ask in (queries.ticket("tic_0"), store.comment(words("tic_0", 1.0))):
        with pytest.raises(NoSuch, match="no such ticket"):
            await ask


async def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    def columns(made: object) -> dict[str, set[tuple[str, bool]]]:
        found = inspect(made)
        assert found is not None
        return {
            name: {(c["name"], bool(c["nullable"])) for c in found.get_columns(name)}
            for name in metadata.tables
        }

    with create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)
        wanted = columns(connection)
    assert await database.read(columns) == wanted


async def test_an_effect_that_is_told_in_two_batches_is_told_once(
    store: TicketStore, queries: TicketQueries
) -> None:
    data = {"effect": "c-1/mailbox/1", "person": "per_1", "queue": "support", "recording": "rec_1",
            "seconds": 2.0}  # fmt: skip
    for seq in (1, 2):
        record = Record(float(seq), "MessageLeft", data, ContactId("c-1"), seq=seq)
        assert await store.apply([record]) == seq
    (ticket,) = await queries.tickets(10)
    told = [each.entry.kind for each in await queries.entries(0, 10, ticket=ticket.id)]
    assert told == ["message_left", "ticket_opened"]


def a_chat(contact: str) -> list[Record]:
    """Two lines, the second of which is told twice, and a third by another key with its number."""
    says: dict[str, Any] = {"who": "customer", "person": "per_1"}
    waits = {"wait": [60.0, 180.0]}
    lines: list[tuple[str, dict[str, Any]]] = [
        ("ChatBegun", {"effect": "b", "by": "0" * 64, "person": "per_1", "queue": "support",
                       "language": "zh", "origin": "chat"}),
        ("Arrived", {"contact": contact, "queue": "support", "entered_at": 1.0, "channel": "chat"}),
        ("ChatSaid", {"effect": "1", "number": 1, "who": "house", "phrase": "waiting",
                      "values": waits}),
        ("ChatSaid", {"effect": "2", "number": 2, **says}),
        ("ChatSaid", {"effect": "2", "number": 2, **says}),
        ("ChatSaid", {"effect": "3", "number": 3, **says, "who": "agent", "agent": "ann"}),
    ]  # fmt: skip
    return [
        Record(100.0 + seq, kind, data, ContactId(contact), seq=seq)
        for seq, (kind, data) in enumerate(lines, 1)
    ]


async def test_lines_of_a_chat_are_kept_once_and_read_in_order(
    database: Database, queries: TicketQueries
) -> None:
    touched: list[ContactId] = []
    store = TicketStore(database, touched=touched.append)
    await store.open()
    records = a_chat("chat-1")
    for batch in (records[:4], records[4:]):
        await store.apply(batch)
    await store.apply(records)
    chat = ContactId("chat-1")
    first, second, third = await queries.chat_lines(chat, 0, 10)
    assert (first.who, first.phrase, first.values, first.place) == (
        "house", "waiting", {"wait": [60.0, 180.0]}, None,
    )  # fmt: skip
    assert (second.number, second.at, second.person, second.place) == (2, 104.0, "per_1", "chat 2")
    assert (third.who, third.agent) == ("agent", "ann")
    assert await queries.chat_lines(chat, 2, 10) == [third]
    assert await queries.chat_lines(chat, 0, 1) == [first]
    assert await queries.chat_lines(ContactId("chat-2"), 0, 10) == []
    assert touched == [chat, chat]

"""What the history of calls promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, insert

from acd.model import ContactId
from adapters.stores import schema
from adapters.stores.database import Database, connect
from adapters.stores.schema import open_database
from adapters.tickets.call_queries import CallFilter, CallQueries
from adapters.tickets.store import TicketStore
from ivr.ports import Record
from ivr.tickets.life import NoSuch

ALL = CallFilter()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await open_database(database_url, "web")
    yield database
    await database.close()


class Told:
    """A store that is told of calls, one after the other."""

    def __init__(self, store: TicketStore) -> None:
        self._store = store
        self._seq = 0

    async def tell(self, contact: str, *lines: tuple[float, str, dict[str, Any]]) -> None:
        records = []
        for at, kind, data in lines:
            self._seq += 1
            records.append(Record(at, kind, data, ContactId(contact), seq=self._seq))
        await self._store.apply(records)

    async def call(
        self, contact: str, at: float, person: str = "per_1", queue: str = "support",
        agent: str = "", waits: float = 5.0, talks: float = 10.0, how: str = "abandoned",
    ) -> None:  # fmt: skip
        """A call that is over; with an agent it was served."""
        left = at + 1 + waits
        lines: list[tuple[float, str, dict[str, Any]]] = [
            (at, "CallStarted", {"person": person, "dialled": "4000", "language": "zh"}),
            (at + 1, "Arrived", {"queue": queue, "entered_at": at + 1, "waits": True}),
        ]
        if agent:
            offer = {"offer": f"{contact}.1", "agent": agent, "rule": "order"}
            lines += [(left, "Offered", offer), (left, "OfferAnswered", offer),
                      (left + talks, "LegEnded", offer)]  # fmt: skip
            left, how = left + talks, "served"
        lines += [(left, "ContactEnded", {"how": how}), (left, "CallEnded", {"cause": "16"})]
        await self.tell(contact, *lines)


@pytest.fixture
async def told(database: Database) -> Told:
    store = TicketStore(database)
    await store.open()
    return Told(store)


@pytest.fixture
def queries(database: Database) -> CallQueries:
    return CallQueries(database)


async def names(queries: CallQueries, wanted: CallFilter) -> list[str]:
    return [story.reference for story in await queries.calls(wanted, 50)]


async def test_each_filter_narrows_the_history(told: Told, queries: CallQueries) -> None:
    await told.call("c-1", 100.0, agent="ann", talks=30.0)
    await told.call("c-2", 200.0, person="per_2", queue="sales", agent="ann_b", waits=60.0)
    await told.call("c-3", 300.0, person="per_2")
    assert await names(queries, ALL) == ["c-3", "c-2", "c-1"]
    assert await names(queries, CallFilter(since=200.0, until=300.0)) == ["c-2"]
    assert await names(queries, CallFilter(queue="sales")) == ["c-2"]
    assert await names(queries, CallFilter(agent="ann")) == ["c-1"]
    assert await names(queries, CallFilter(agent="ann_b")) == ["c-2"]
    assert await names(queries, CallFilter(agent="ann%")) == []
    assert await names(queries, CallFilter(outcome="served")) == ["c-2", "c-1"]
    assert await names(queries, CallFilter(customer="per_2")) == ["c-3", "c-2"]
    assert await names(queries, CallFilter(min_wait=60.0)) == ["c-2"]
    assert await names(queries, CallFilter(min_talk=30.0)) == ["c-1"]
    assert await names(queries, CallFilter(text="C-3")) == ["c-3"]
    assert await names(queries, CallFilter(text="%")) == []
    assert await names(queries, CallFilter(queue="sales", customer="per_1")) == []


async def test_the_history_is_narrowed_to_what_talks_came_to(
    told: Told, queries: CallQueries
) -> None:
    def said(code: str) -> tuple[float, str, dict[str, Any]]:
        return (900.0, "Disposed", {"agent": "ann", "queue": "support", "code": code})

    for number, code in enumerate(("solved", "unsolved", "so_ved", ""), 1):
        await told.call(f"c-{number}", 100.0 * number, agent="ann")
        if code:
            await told.tell(f"c-{number}", said("mistaken"), said(code))
    assert await names(queries, CallFilter(disposition="solved")) == ["c-1"]
    assert await names(queries, CallFilter(disposition="so_ved")) == ["c-3"]
    assert await names(queries, CallFilter(disposition="mistaken")) == []
    assert await names(queries, CallFilter(disposition="")) == ["c-4"]


async def test_pages_go_through_everything_both_ways(told: Told, queries: CallQueries) -> None:
    for n in range(7):
        await told.call(f"c-{n}", 1000.0 * n)
    newest: list[str] = []
    while page := await queries.calls(ALL, 3, newest[-1] if newest else None):
        newest += [story.id for story in page]
    oldest: list[str] = []
    while page := await queries.in_order(ALL, 3, oldest[-1] if oldest else ""):
        oldest += [story.id for story in page]
    assert len(set(newest)) == 7 and newest == oldest[::-1]


async def test_a_lost_caller_who_was_served_since_is_marked_and_not_listed(
    told: Told, queries: CallQueries
) -> None:
    await told.call("c-1", 100.0)
    await told.call("c-2", 200.0, person="per_2")
    assert [one.story.reference for one in await queries.lost(ALL, 9)] == ["c-2", "c-1"]
    await told.call("c-3", 300.0, agent="ann")
    assert [one.story.reference for one in await queries.lost(ALL, 9)] == ["c-2"]
    both = await queries.lost(ALL, 9, settled=True)
    assert [(one.story.reference, one.since) for one in both] == [("c-2", ""), ("c-1", "served")]
    assert "served" in both[1].why_not and both[0].why_not == ""


async def test_who_was_served_before_is_lost_all_the_same(told: Told, queries: CallQueries) -> None:
    await told.call("c-1", 100.0, agent="ann")
    await told.call("c-2", 200.0)
    assert [one.story.reference for one in await queries.lost(ALL, 9)] == ["c-2"]


async def test_a_later_promise_settles_a_lost_call_too(told: Told, queries: CallQueries) -> None:
    await told.call("c-1", 100.0)
    await told.tell(
        "c-2", (200.0, "CallStarted", {"person": "per_1", "dialled": "4000", "language": "zh"}),
        (201.0, "MessageLeft", {"person": "per_1", "queue": "support", "effect": "e"}),
        (202.0, "CallEnded", {"cause": "16"}),
    )  # fmt: skip
    assert await queries.lost(ALL, 9) == []
    (one,) = await queries.lost(ALL, 9, settled=True)
    assert one.since == "promised"


async def test_a_lost_call_that_was_taken_is_not_listed_and_may_be_asked_for_again(
    told: Told, queries: CallQueries
) -> None:
    await told.call("c-1", 100.0)
    await told.tell("c-1", (150.0, "LostCallTaken", {"holds": "c-1-callback", "effect": "e"}))
    assert await queries.lost(ALL, 9) == []
    (one,) = await queries.lost(ALL, 9, settled=True)
    assert (one.since, one.why_not) == ("callback", "")


async def test_callers_without_a_number_do_not_settle_each_other(
    told: Told, queries: CallQueries
) -> None:
    for n, agent in ((1, ""), (2, "ann")):
        lines: list[tuple[float, str, dict[str, Any]]]
        lines = [(100.0 * n, "Arrived", {"queue": "support", "entered_at": 100.0 * n})]
        if agent:
            offer = {"offer": "1", "agent": agent, "rule": "order"}
            lines += [(100.0 * n, "Offered", offer), (100.0 * n, "OfferAnswered", offer)]
        lines += [(100.0 * n + 9, "ContactEnded", {"how": "served" if agent else "abandoned"})]
        await told.tell(f"c-{n}", *lines)
    assert [one.story.reference for one in await queries.lost(ALL, 9)] == ["c-1"]


async def test_what_is_no_lost_call_says_why_not(told: Told, queries: CallQueries) -> None:
    await told.call("c-1", 100.0, agent="ann")
    (story,) = await queries.calls(ALL, 1)
    assert "served" in (await queries.one(story.id)).why_not
    with pytest.raises(NoSuch):
        await queries.one("con_0")


BEFORE = {
    "id": "con_1", "reference": "c-1", "started_at": 100_000, "person": "per_1", "channel": "voice",
    "dialled": "4000", "language": "zh", "queue": "support", "class_": "standard",
    "state": "ended", "entered_at": 101_000, "answered_at": 106_000, "ended_at": 140_000,
    "how": "served",
}  # fmt: skip
"""A call as a version wrote it that counted nothing: milliseconds."""
TIMELINE = (
    (106_000, "offer_answered", "ann"), (110_000, "held", "hotline"),
    (113_000, "resumed", "hotline"), (139_000, "leg_ended", "ann"),
    (140_000, "contact_ended", "hotline"), (140_500, "call_ended", "hotline"),
)  # fmt: skip


async def test_calls_of_an_older_version_are_counted_when_the_database_is_brought_up(
    database_url: str,
) -> None:
    await asyncio.to_thread(schema.migrate, database_url, "web", "0002")
    old = connect(database_url, "web")
    gave_up = {**BEFORE, "id": "con_2", "reference": "c-2", "answered_at": None, "how": "abandoned"}

    def write(db: Connection) -> None:
        contacts = Table("contacts", MetaData(), autoload_with=db)
        entries = Table("entries", MetaData(), autoload_with=db)
        db.execute(insert(contacts), [BEFORE, gave_up])
        for seq, (at, kind, who) in enumerate(TIMELINE, 1):
            data = {"cause": "16"} if kind == "call_ended" else {}
            line = {"seq": seq, "kind": kind, "at": at, "who": who, "contact": "con_1"}
            db.execute(insert(entries), {**line, "data": data})

    await old.write(write)
    await old.close()
    database = await open_database(database_url, "web")
    lost, served = await CallQueries(database).calls(ALL, 9)
    await database.close()
    assert (served.outcome, served.waited, served.talked, served.held) == ("served", 5.0, 33.0, 3.0)
    assert (served.agents, served.cause, served.call_ended_at) == ("ann", "16", 140.5)
    assert (lost.outcome, lost.waited, lost.talked, lost.agents) == ("abandoned", 39.0, 0.0, "")

"""The table of deliveries that were taken, in the web process's database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, MetaData, String, Table

metadata = MetaData()
Result = TypeVar("Result")


class Database(Protocol):
    """An open database whose schema is up to date."""

    async def read(self, work: Callable[[Connection], Result]) -> Result: ...

    async def write(self, work: Callable[[Connection], Result]) -> Result: ...


deliveries = Table(
    "deliveries",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("signed_at", BigInteger, nullable=False),
    Index("deliveries_by_age", "signed_at"),
)
"""A row a delivery, by the digest of its id; seconds of UTC. Kept while it would be believed."""

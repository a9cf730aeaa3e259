"""Which deliveries were taken: a replay is refused for as long as it would be believed.

The rows are few (what a channel takes in ten minutes), so all are in memory too: a flood of replays
asks no database. A row is written when the core has the delivery, not before: what was lost on the
way may come again.
"""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select, update

from acd.model import Seconds
from adapters.channels.tables import Database, deliveries
from ivr.channel_ports import TOLERANCE, Checked, NotBelieved, Why

KEPT: Seconds = 2 * TOLERANCE
"""Twice as long as a signature is believed: for clocks that are set back a little."""
TIDY_EVERY = 200

Key = tuple[str, bytes]


class Taken:
    """The deliveries of all channels. `begin` first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._at: dict[Key, int] = {}
        """When each was signed."""
        self._since_tidied = 0

    async def begin(self) -> None:
        """Know what was taken before this process began."""
        rows = await self._database.read(lambda db: db.execute(select(deliveries)).all())
        self._at = {(row.channel, bytes(row.digest)): row.signed_at for row in rows}

    def is_known(self, channel: str, delivery: Checked) -> bool:
        """Whether it was taken already, and its sender asks again, signed anew; `NotBelieved` when
        it is the same delivery to the second."""
        before = self._at.get(_key(channel, delivery))
        if before is not None and delivery.at <= before:
            raise NotBelieved(Why.REPLAYED)
        return before is not None

    async def keep(self, channel: str, delivery: Checked, now: Seconds) -> None:
        """It is taken, durably when this returns. Raises `StoreFailed`."""
        key, at = _key(channel, delivery), int(delivery.at)
        self._since_tidied += 1
        tidies = self._since_tidied >= TIDY_EVERY

        def put(db: Connection) -> None:
            mine = (deliveries.c.channel == key[0]) & (deliveries.c.digest == key[1])
            if not db.execute(update(deliveries).where(mine).values(signed_at=at)).rowcount:
                row = {"channel": key[0], "digest": key[1], "signed_at": at}
                db.execute(insert(deliveries), row)
            if tidies:
                db.execute(delete(deliveries).where(deliveries.c.signed_at < now - KEPT))

        await self._database.write(put)
        self._at[key] = at
        if tidies:
            self._since_tidied = 0
            self._at = {one: at for one, at in self._at.items() if at >= now - KEPT}


def _key(channel: str, delivery: Checked) -> Key:
    return channel, sha256(delivery.id.encode()).digest()

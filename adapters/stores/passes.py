"""Passes in the core's database: `ivr.pass_book.PassBook` on SQLite and PostgreSQL.

A pass is redeemed by one conditional update over all open passes of its contact: of however many
who try at once, in however many processes, exactly one changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from acd.model import ContactId, Seconds
from adapters.stores.database import Database
from adapters.stores.tables import pass_tries, passes
from ivr.pass_book import SecretTaken, TooManyOpen
from ivr.passes import MOST_OPEN, Form, Pass, PassId, PassState
from ivr.ports import PersonId

TRIES_SECONDS: Seconds = 86_400.0
"""Wrong codes count for so long after the last of them."""
_COUNT = text(
    "INSERT INTO pass_tries (who, tries, at) VALUES (:who, 1, :now) ON CONFLICT (who) DO UPDATE "
    "SET tries = CASE WHEN pass_tries.at < :old THEN 1 ELSE pass_tries.tries + 1 END, at = :now "
    "RETURNING tries"
)
OPEN = passes.c.state == PassState.OPEN
_THIS = passes.c.id == bindparam("this", type_=Text)
_MINE = select(passes.c.contact).where(_THIS & OPEN).scalar_subquery()
_REDEEM = update(passes).where(OPEN & (passes.c.contact == _MINE)).values(
    state=case((_THIS, PassState.REDEEMED), else_=PassState.VOID),
    closed_at=bindparam("at", type_=BigInteger),
    by=case((_THIS, bindparam("asker", type_=Text)), else_=""),
    told=case((_THIS, 0), else_=1),
).returning(passes.c.id)  # fmt: skip
"""Closes all open passes of a contact, if this is one of them."""


class SqlPasses:
    """The passes of an installation. The core writes; others may `find` beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, made: Pass, digest: str) -> None:
        def put(db: Connection) -> None:
            earlier = OPEN & (passes.c.contact == made.contact)
            if made.form is Form.CODE:
                codes = update(passes).where(earlier & (passes.c.form == Form.CODE))
                db.execute(codes.values(state=PassState.VOID, closed_at=_whole(made.made_at)))
            count = db.scalar(select(func.count()).select_from(passes).where(earlier))
            if (count or 0) >= MOST_OPEN:
                raise TooManyOpen
            db.execute(insert(passes), _row(made, digest))

        try:
            await self._database.write(put)
        except IntegrityError:
            raise SecretTaken from None  # the driver's own words would show the hash

    async def find(self, digest: str) -> Pass | None:
        found = await self._several(passes.c.digest == digest)
        return found[0] if found else None

    async def redeem(self, id_: PassId, by: str, now: Seconds) -> bool:
        asked = {"this": id_, "asker": by, "at": _whole(now)}
        return id_ in await self._database.write(lambda db: db.scalars(_REDEEM, asked).all())

    async def told(self, id_: PassId, into: ContactId) -> None:
        change = update(passes).where(passes.c.id == id_).values(told=1, into=into)
        await self._database.write(lambda db: db.execute(change))

    async def untold(self) -> Sequence[Pass]:
        return await self._several(passes.c.told == 0)

    async def open(self) -> Sequence[Pass]:
        return await self._several(OPEN)

    async def of(self, contact: ContactId) -> Sequence[Pass]:
        return await self._several(passes.c.contact == contact)

    async def expire(self, ids: Iterable[PassId], now: Seconds) -> None:
        change = update(passes).where(OPEN & passes.c.id.in_(list(ids)))
        change = change.values(state=PassState.EXPIRED, closed_at=_whole(now))
        await self._database.write(lambda db: db.execute(change))

    async def forget(self, before: Seconds) -> Sequence[Pass]:
        def gone(db: Connection) -> Sequence[Pass]:
            old = (passes.c.closed_at < _whole(before)) & (passes.c.told == 1)
            found = [_pass(row) for row in db.execute(select(passes).where(old)).mappings()]
            db.execute(delete(passes).where(passes.c.id.in_([one.id for one in found])))
            db.execute(delete(pass_tries).where(pass_tries.c.at < _whole(before)))
            return found

        return await self._database.write(gone)

    async def tries(self, who: ContactId, now: Seconds) -> int:
        row = {"who": who, "now": _whole(now), "old": _whole(now - TRIES_SECONDS)}
        return int(await self._database.write(lambda db: db.scalar(_COUNT, row)) or 0)

    async def forgive(self, who: ContactId) -> None:
        gone = delete(pass_tries).where(pass_tries.c.who == who)
        await self._database.write(lambda db: db.execute(gone))

    async def _several(self, condition: Any) -> list[Pass]:
        query = select(passes).where(condition).order_by(passes.c.made_at, passes.c.id)
        return await self._database.read(
            lambda db: [_pass(row) for row in db.execute(query).mappings()]
        )


def _whole(at: Seconds) -> int:
    return round(at * 1000)


def _row(made: Pass, digest: str) -> dict[str, Any]:
    return {
        "id": made.id, "digest": digest, "contact": made.contact, "channel": made.channel,
        "form": made.form, "made_at": _whole(made.made_at), "level": made.level,
        "until": None if made.until is None else _whole(made.until), "person": made.person,
        "state": made.state, "closed_at": None, "by": made.by, "into": None, "told": int(made.told),
    }  # fmt: skip


def _pass(row: Any) -> Pass:
    until, closed, person, into = row["until"], row["closed_at"], row["person"], row["into"]
    return Pass(
        PassId(row["id"]), ContactId(row["contact"]), row["channel"], Form(row["form"]),
        row["made_at"] / 1000, None if until is None else until / 1000, row["level"],
        PersonId(person) if person else None, PassState(row["state"]),
        None if closed is None else closed / 1000, row["by"],
        ContactId(into) if into else None, bool(row["told"]),
    )  # fmt: skip

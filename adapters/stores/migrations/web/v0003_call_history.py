"""How each call came out: outcome, times, agents. Filled for the calls that are there already.

What was never in a timeline stays empty: the reasons of faults, whom an agent has consulted.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

PAGE = 500
NUMBERS = ("talked", "held", "elsewhere", "transfers")
TEXTS = {
    "outcome": 16, "agents": 400, "consulted": 40, "overflowed": 40, "promise": 16,
    "called_back": 200, "cause": 16, "fault": 16,
}  # fmt: skip
MOMENTS = ("waited", "talk_since", "held_since", "call_ended_at")
PROMISES = {"callback_promised": "callback", "message_left": "message", "number_left": "number"}
LOST = {"abandoned": "abandoned", "expired": "expired", "lost": "lost"}


def upgrade() -> None:
    with op.batch_alter_table("contacts") as table:
        for name in NUMBERS:
            kind = sa.Integer if name == "transfers" else sa.BigInteger
            table.add_column(sa.Column(name, kind, nullable=False, server_default="0"))
        for name, length in TEXTS.items():
            table.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))
        for name in MOMENTS:
            table.add_column(sa.Column(name, sa.BigInteger))
    op.create_index("contacts_by_outcome", "contacts", ["outcome", "id"])
    op.create_index("contacts_by_start", "contacts", ["started_at", "id"])
    fill(op.get_bind())


def fill(connection: sa.Connection) -> None:
    """Count every contact's timeline, a page at a time."""
    contacts = sa.Table("contacts", sa.MetaData(), autoload_with=connection)
    entries = sa.Table("entries", sa.MetaData(), autoload_with=connection)
    last = ""
    while True:
        query = sa.select(contacts).where(contacts.c.id > last).order_by(contacts.c.id).limit(PAGE)
        rows = connection.execute(query).mappings().all()
        if not rows:
            return
        last = rows[-1]["id"]
        wanted = entries.c.contact.in_([row["id"] for row in rows])
        found = connection.execute(sa.select(entries).where(wanted).order_by(entries.c.seq))
        lines: dict[str, list[Mapping[Any, Any]]] = {}
        for line in found.mappings():
            lines.setdefault(line["contact"], []).append(line)
        changes = [{"key": row["id"], **counted(row, lines.get(row["id"], []))} for row in rows]
        change = sa.update(contacts).where(contacts.c.id == sa.bindparam("key"))
        columns = [name for name in changes[0] if name != "key"]
        connection.execute(change.values({n: sa.bindparam(n) for n in columns}), changes)


def counted(row: Mapping[Any, Any], lines: list[Mapping[Any, Any]]) -> dict[str, Any]:
    """The new columns of one contact. Milliseconds."""
    talks, holds = list(spans(lines, "offer_answered")), list(spans(lines, "held"))
    promise = next((PROMISES[line["kind"]] for line in lines if line["kind"] in PROMISES), "")
    ended = next((line for line in lines if line["kind"] == "call_ended"), None)
    until = row["answered_at"] or row["ended_at"]
    waited = until - row["entered_at"] if until and row["entered_at"] else None
    agents: list[str] = []
    for line in lines:
        if line["kind"] == "offer_answered" and line["who"] not in agents[-1:]:
            agents.append(line["who"])
    return {
        "talked": sum(talks), "held": sum(holds), "agents": " ".join(agents)[:400],
        "transfers": sum(line["kind"] == "transfer_completed" for line in lines),
        "promise": promise, "waited": None if waited is None else max(waited, 0),
        "cause": str(ended["data"].get("cause", ""))[:16] if ended else "",
        "call_ended_at": ended["at"] if ended else None,
        "outcome": outcome(row, promise, is_over=ended is not None or row["ended_at"] is not None),
    }  # fmt: skip


def spans(lines: list[Mapping[Any, Any]], begins: str) -> Iterator[int]:
    """How long each talk, or each hold, took; one without an end is left out."""
    ends = {"leg_ended", "returned", "contact_ended", "call_ended", "transferred"}
    if begins == "held":
        ends.add("resumed")
    since = None
    for line in lines:
        if line["kind"] == begins and since is None:
            since = line["at"]
        elif line["kind"] in ends and since is not None:
            yield line["at"] - since
            since = None


def outcome(row: Mapping[Any, Any], promise: str, *, is_over: bool) -> str:
    if not is_over:
        return ""
    if row["how"] == "served":
        return "served"
    if promise and row["how"] != "expired":
        return "promised"
    return LOST.get(row["how"], "left")


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")

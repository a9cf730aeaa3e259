"""The tables of the core, and the audit tables of both parts.

Times are UTC milliseconds; `data`, `state` and `details` are JSON text with ids only. Everything
personal lies in the vault's tables, sealed.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text

CORE = MetaData()
WEB_AUDIT = MetaData()
Whole = BigInteger().with_variant(Integer, "sqlite")  # SQLite's row id is INTEGER


def _audit(name: str, metadata: MetaData) -> Table:
    """Who did what to what; `previous` and `digest` are for a chain over the rows."""
    return Table(
        name,
        metadata,
        Column("seq", Whole, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("who", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("details", Text, nullable=False),
        Column("previous", LargeBinary),
        Column("digest", LargeBinary),
    )


journal = Table(
    "journal",
    CORE,
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("contact", Text),
    Column("data", Text, nullable=False),
)
snapshot = Table(
    "snapshot",
    CORE,
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
)
audit = {"core": _audit("core_audit", CORE), "web": _audit("web_audit", WEB_AUDIT)}
vault_master = Table(
    "vault_master",
    CORE,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("key_id", Text, nullable=False),
)
"""One row: which master key is the current one."""
vault_person = Table(
    "vault_person",
    CORE,
    Column("id", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("wrapped", LargeBinary),
    Column("made_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
)
"""A person's data key, wrapped by the master key `key_id`; NULL once erased."""
vault_number = Table(
    "vault_number",
    CORE,
    Column("blind", LargeBinary, primary_key=True),
    Column("person", Text, ForeignKey("vault_person.id"), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
)
vault_field = Table(
    "vault_field",
    CORE,
    Column("person", Text, ForeignKey("vault_person.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
passes = Table(
    "passes",
    CORE,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("contact", Text, nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("level", Text, nullable=False),
    Column("person", Text),
    Column("state", Text, nullable=False, index=True),
    Column("closed_at", BigInteger),
    Column("by", Text, nullable=False),
    Column("into", Text),
    Column("told", Integer, nullable=False),
)
"""Passes, by a keyed hash of their secret."""
pass_tries = Table(
    "pass_tries",
    CORE,
    Column("who", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""How many codes a contact has keyed in, and when the last of them."""

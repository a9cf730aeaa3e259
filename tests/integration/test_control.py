"""Asking the core over its local socket, over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.control import client as client_module
from adapters.control import server as server_module
from adapters.control.client import CoreClient
from adapters.control.server import ControlServer
from ivr.ports import CoreAway, CoreRefused


async def answer(what: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if what == "slow":
        await asyncio.Event().wait()
    if what == "no":
        raise CoreRefused("because")
    return {"asked": what, **fields}


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Path]:
    server = ControlServer(folder / "core.sock", answer)
    await server.start()
    try:
        yield folder / "core.sock"
    finally:
        await server.stop()


async def test_a_question_gets_its_answer(tmp_path: Path) -> None:
    async with served(tmp_path) as path:
        assert await CoreClient(path).ask("agents", name="李") == {"asked": "agents", "name": "李"}


async def test_a_question_may_have_a_field_of_any_name(tmp_path: Path) -> None:
    fields = {"id": "x-1", "ask": "me", "fields": [1]}
    async with served(tmp_path) as path:
        assert await CoreClient(path).ask("agents", **fields) == {"asked": "agents", **fields}


async def test_a_refusal_says_why(tmp_path: Path) -> None:
    async with served(tmp_path) as path:
        with pytest.raises(CoreRefused, match="because"):
            await CoreClient(path).ask("no")


async def test_a_core_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    with pytest.raises(CoreAway):
        await CoreClient(tmp_path / "core.sock").ask("agents")


async def test_a_core_that_does_not_answer_in_time_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "ASK_SECONDS", 0.05)
    async with served(tmp_path) as path:
        with pytest.raises(CoreAway):
            await CoreClient(path).ask("slow")


async def test_a_slow_answer_is_given_up_inside_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "ANSWER_SECONDS", 0.05)
    async with served(tmp_path) as path:
        with pytest.raises(CoreRefused, match="busy"):
            await CoreClient(path).ask("slow")


@pytest.mark.parametrize(
    "line", [b"\n", b"{}\n", b"[1]\n", b"\xff\xfe\n", b'{"ask": 1, "id": 7}\n']
)
async def test_nonsense_is_answered_and_the_connection_goes_on(tmp_path: Path, line: bytes) -> None:
    async with served(tmp_path) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(line + b'{"id": 2, "ask": "agents"}\n')
        first, second = [json.loads(await reader.readline()) for _ in range(2)]
        writer.close()
        assert "refused" in first or first["ok"] == {"asked": "1"}
        assert second == {"id": 2, "ok": {"asked": "agents"}}


async def test_an_endless_line_ends_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async with served(tmp_path) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"x" * 2 * server_module.LONGEST_LINE)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        assert await CoreClient(path).ask("agents") == {"asked": "agents"}


async def test_only_the_owner_can_ask(tmp_path: Path) -> None:
    async with served(tmp_path) as path:
        assert path.stat().st_mode & 0o777 == 0o600

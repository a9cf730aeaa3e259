"""`./hotline chats`: what people and programs are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.cli import chats
from adapters.cli.commands import app

CHAT = {
    "contact": "chat-1", "state": "waiting", "queue": "support", "language": "zh", "last": 3,
    "origin": "phone", "since": 1_700_395_200.0, "agent": "", "skipped": False,
    "wait": [60.0, 180.0],
}  # fmt: skip


def shown(monkeypatch: pytest.MonkeyPatch, found: list[dict[str, Any]], *words: str) -> str:
    def ask(what: str) -> Mapping[str, Any]:
        assert what == "chats"
        return {"chats": found}

    monkeypatch.setattr(chats, "ask", ask)
    result = CliRunner().invoke(app, ["chats", *words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_open_chats_are_a_row_each(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {**CHAT, "contact": "chat-2", "skipped": True, "wait": None, "origin": "chat"}
    said = shown(monkeypatch, [CHAT, gone])
    assert all(word in said for word in ("chat-1", "60 to 180 s", "phone", "11-19 12:00Z"))
    assert "page away" in said


def test_programs_get_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(shown(monkeypatch, [CHAT], "--json")) == [CHAT]


def test_nobody_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, []) == "nobody chats\n"

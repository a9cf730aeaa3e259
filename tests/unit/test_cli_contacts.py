"""`./hotline contact regrade|hand`: what is asked of the core, and what supervisors are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.cli import contacts
from adapters.cli.commands import app

REGRADED = {"contact": "c-1", "queue": "support", "state": "waiting", "old": 0.0, "credit": 90.0}
HANDED = {"contact": "c-1", "queue": "support", "agent": "ann"}
Asked = list[tuple[str, Mapping[str, Any]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found: Asked = []

    def ask(what: str, **fields: Any) -> Mapping[str, Any]:
        found.append((what, fields))
        return REGRADED if what == "contact regrade" else HANDED

    monkeypatch.setattr(contacts, "ask", ask)
    return found


def test_a_regrade_says_the_credit_before_and_after(asked: Asked) -> None:
    words = ("contact", "regrade", "c-1", "90", "--why", "was cut off", "--who", "sue", "--json")
    shown = CliRunner().invoke(app, [*words])
    assert shown.exit_code == 0 and json.loads(shown.stdout) == [REGRADED]
    fields = {"contact": "c-1", "credit": 90.0, "who": "sue", "why": "was cut off"}
    assert asked == [("contact regrade", fields)]


def test_a_contact_is_handed_over_with_the_login_as_who(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "login", lambda: "eve")
    shown = CliRunner().invoke(app, ["contact", "hand", "c-1", "ann", "--why", "knows her"])
    assert shown.exit_code == 0 and "support" in shown.stdout
    fields = {"contact": "c-1", "agent": "ann", "who": "eve", "why": "knows her"}
    assert asked == [("contact hand", fields)]


@pytest.mark.parametrize(
    "words",
    [("regrade", "c-1", "90"), ("hand", "c-1", "ann"), ("regrade", "c-1", "x", "--why", "y")],
)  # fmt: skip
def test_nothing_is_asked_without_a_reason_or_a_number(
    asked: Asked, words: tuple[str, ...]
) -> None:
    assert CliRunner().invoke(app, ["contact", *words]).exit_code != 0
    assert asked == []

"""`./hotline flow`: publish, list and roll back, without a core."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.commands import app

SILENT = "first: person\nsteps: {person: {do: queue, after: goodbye}}\n"
"""A flow that says nothing: no speech is made for it."""
SURVEY = SILENT.replace("goodbye", "survey")
WHY = ("--why", "a new menu")


@pytest.fixture
def draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "flows").mkdir()
    file = tmp_path / "flows" / "main.yaml"
    file.write_text(SILENT)
    return file


def flow(*words: str) -> Result:
    return CliRunner().invoke(app, ["flow", *words])


def test_a_flow_is_published_changed_and_brought_back(draft: Path) -> None:
    shown = flow("publish", "main", *WHY, "--who", "ann")
    assert shown.exit_code == 0, shown.stderr
    assert "published: main/1" in shown.stdout and "the first version" in shown.stdout
    assert "the core is not running: it goes by this version when it starts" in shown.stdout
    draft.write_text(SURVEY)
    assert "person: after is now survey (was goodbye)" in flow("publish", "main", *WHY).stdout
    shown = flow("rollback", "main", "--why", "callers hung up")
    assert "published: main/3" in shown.stdout
    assert "person: after is now goodbye (was survey)" in shown.stdout
    listed = json.loads(flow("versions", "main", "--json").stdout)
    assert [(v["number"], v["back_to"]) for v in listed] == [(3, 1), (2, None), (1, None)]
    assert (listed[0]["why"], listed[2]["who"]) == ("callers hung up", "ann")
    assert all(version["who"] for version in listed)


def test_the_audit_of_a_stopped_core_has_every_deed(draft: Path) -> None:
    for text in (SILENT, SURVEY):
        draft.write_text(text)
        flow("publish", "main", *WHY, "--who", "ann")
    flow("rollback", "main", "--to", "1", "--why", "no good", "--who", "bob")
    with closing(sqlite3.connect(draft.parent.parent / "core.db")) as database:
        rows = database.execute("SELECT who, action, subject, reason, details FROM core_audit")
        assert list(rows) == [
            ("ann", "flow publish", "main", "a new menu", "{}"),
            ("ann", "flow publish", "main", "a new menu", "{}"),
            ("bob", "flow rollback", "main", "no good", '{"to": 1}'),
        ]


def test_programs_are_told_the_same(draft: Path) -> None:
    told = json.loads(flow("publish", "main", *WHY, "--json").stdout)
    assert (told["number"], told["new"]) == (1, True)
    assert (told["core_runs"], told["not_taken"]) == (False, "")
    again = json.loads(flow("publish", "main", *WHY, "--json").stdout)
    assert (again["number"], again["new"]) == (1, False)


def test_a_bad_draft_is_refused_with_every_fault(draft: Path) -> None:
    draft.write_text("first: persn\nsteps: {person: {do: queu}}\n")
    shown, checked = flow("publish", "main", *WHY), flow("check")
    assert shown.exit_code == 1 and shown.stdout == ""
    assert "did you mean 'person'?" in shown.stderr and "did you mean 'queue'?" in shown.stderr
    assert shown.stderr == checked.stderr
    assert flow("versions", "main").exit_code == 1


def test_a_reason_must_be_given(draft: Path) -> None:
    assert flow("publish", "main").exit_code != 0
    shown = flow("publish", "main", "--why", "  ")
    assert shown.exit_code == 1 and "say why" in shown.stderr
    assert "never published" in flow("versions", "main").stderr


def test_check_and_versions_tell_that_a_draft_differs(draft: Path) -> None:
    def row() -> tuple[str, str]:
        rows = json.loads(flow("check", "--json").stdout)
        [main] = [row for row in rows if row["flow"] == "main"]
        return main["in_force"], main["draft"]

    assert row()[1] == "" and len(row()[0]) == 12
    flow("publish", "main", *WHY)
    assert row() == ("1", "")
    draft.write_text(SURVEY)
    assert row() == ("1", "differs")
    assert "its draft says something else" in flow("versions", "main").stdout


def test_a_flow_that_was_never_published_cannot_be_rolled_back(draft: Path) -> None:
    shown = flow("rollback", "main", *WHY)
    assert shown.exit_code == 1 and "the flow 'main' was never published" in shown.stderr

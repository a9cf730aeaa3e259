"""The guide to replays shows what the command really does with its own examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.cli.commands import app
from adapters.cli.replay_report import COLUMNS
from ivr.trace import KEYS
from tests.documents import ROOT, Document

GUIDES = [Document(ROOT / "docs" / "guides" / name) for name in ("simulate.md", "simulate.zh.md")]
PICTURE = ROOT / "docs" / "simulate.svg"
by_name = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.path.name)


def blocks(guide: Document, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", guide.text, re.DOTALL)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the guide, in which commands are run."""
    rules, trace = blocks(GUIDES[0], "yaml"), blocks(GUIDES[0], "json")
    for name, text in ("centre.yaml", rules[0]), ("other.yaml", rules[1]), ("day.jsonl", trace[0]):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(guide: Document) -> list[list[str]]:
    return [words for words in guide.commands() if words[0] == "simulate"]


@by_name
def test_the_examples_come_to_what_the_guide_shows(guide: Document, here: Path) -> None:
    first, second = commands(guide)
    assert CliRunner().invoke(app, first).exit_code == 0
    assert (here / "results.jsonl").read_text() == blocks(guide, "json")[1]
    shown = CliRunner().invoke(app, second).stdout
    assert [line.rstrip() for line in shown.splitlines()] == blocks(guide, "text")[0].splitlines()
    assert (here / "results.svg").read_text() == PICTURE.read_text()


def test_both_languages_have_the_same_examples() -> None:
    for kind in ("yaml", "json", "text"):
        assert blocks(GUIDES[0], kind) == blocks(GUIDES[1], kind)
    assert commands(GUIDES[0]) == commands(GUIDES[1])


@by_name
def test_every_key_of_a_trace_and_every_column_is_explained(guide: Document) -> None:
    assert set(KEYS) <= guide.keys()
    cells = " ".join(row.split("|")[1] for row in guide.rows())
    names = [column.split("\n")[0] for column in COLUMNS]
    assert [name for name in names if name not in cells] == []

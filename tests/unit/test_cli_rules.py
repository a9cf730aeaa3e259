"""`./hotline rules`: what people and programs are told about a centre file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.commands import app

GOOD = "queues: [support]\nagents: {ann: {queues: [support]}, bob: {}}\n"
BAD = "queus: [support]\nagents: {ann: {queues: [suport]}}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def rules(*words: str) -> Result:
    return CliRunner().invoke(app, ["rules", *words])


def test_a_good_file_is_summed_up_with_its_warnings(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(GOOD)
    shown = rules("check", str(file))
    assert shown.exit_code == 0
    assert f"warn  {file}:2: agents.bob: serves no queue" in shown.stdout
    told = json.loads(rules("check", str(file), "--json").stdout)
    assert (told["queues"], told["agents"], told["faults"], len(told["warnings"])) == (1, 2, [], 1)


def test_a_bad_file_fails_with_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(BAD)
    shown = rules("check", str(file))
    assert shown.exit_code == 1 and shown.stdout == ""
    assert f"{file}:1: queus: unknown key; did you mean 'queues'?" in shown.stderr
    assert f"{file}:2: agents.ann.queues[0]: there is no queue 'suport'" in shown.stderr
    told = rules("check", str(file), "--json")
    assert told.exit_code == 1 and len(json.loads(told.stdout)["faults"]) == 2


def test_the_installations_own_file_must_fit_its_site_and_flows(place: Path) -> None:
    assert rules("check").exit_code == 0
    (place / "centre.yaml").write_text("queues: [sales]")
    assert "site.yaml: numbers.4000.queue: there is no queue 'support'" in rules("check").stderr


def test_who_applies_rules_to_no_core_is_told_so(place: Path) -> None:
    shown = rules("apply")
    assert shown.exit_code == 1 and "the core is not running" in shown.stderr


def test_the_doctor_names_what_is_hardly_meant(place: Path) -> None:
    (place / "centre.yaml").write_text(GOOD)
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    found = [finding for finding in told if "agents.bob" in finding["what"]]
    assert [finding["level"] for finding in found] == ["warn"]
    assert "./hotline rules apply" in found[0]["remedy"]


def test_editors_get_a_schema() -> None:
    whole = json.loads(rules("schema").stdout)
    assert whole["properties"]["queues"]["description"] == "Where contacts wait."

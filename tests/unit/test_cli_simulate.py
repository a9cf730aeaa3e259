"""`./hotline simulate` as people call it: files in, files and a summary out."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapters.cli.commands import app
from tests.reference.traces import configuration

EVERYTHING = 9
"""The configuration with queues, classes, skills and patience."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A centre, another whose agents need no wrap-up, and a trace."""
    centre, trace, _ = configuration(5, EVERYTHING, 200)
    (tmp_path / "centre.yaml").write_text(yaml.safe_dump(centre))
    for queue in centre["queues"].values():
        queue["wrap_up_seconds"] = 0
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(centre))
    (tmp_path / "day.jsonl").write_text("".join(json.dumps(line) + "\n" for line in trace))
    return tmp_path


def simulate(folder: Path, *words: str, out: str = "out.jsonl") -> Result:
    files = [str(folder / name) for name in ("centre.yaml", "day.jsonl")]
    return CliRunner().invoke(app, ["simulate", *files, "--out", str(folder / out), *words])


def test_there_is_a_line_of_result_for_each_contact_in_its_order(folder: Path) -> None:
    assert simulate(folder).exit_code == 0
    lines = [(folder / name).read_text().splitlines() for name in ("day.jsonl", "out.jsonl")]
    ids = [[json.loads(line)["id"] for line in file] for file in lines]
    assert ids[0] == ids[1]


def test_two_runs_write_the_same_bytes(folder: Path) -> None:
    simulate(folder, "--rules", str(folder / "other.yaml"))
    before = [(folder / name).read_bytes() for name in ("out.jsonl", "out.svg")]
    simulate(folder, "--rules", str(folder / "other.yaml"))
    assert [(folder / name).read_bytes() for name in ("out.jsonl", "out.svg")] == before


def test_the_answer_in_json_adds_up_to_the_results(folder: Path) -> None:
    [run] = json.loads(simulate(folder, "--json").stdout)["runs"]
    results = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    for outcome in ("served", "abandoned", "overflowed", "waiting"):
        assert run["total"][outcome] == sum(r["outcome"] == outcome for r in results)
        groups = run["queues"].values(), run["classes"].values()
        assert [sum(g[outcome] for g in parts) for parts in groups] == [run["total"][outcome]] * 2
    by_agent = {a: done["contacts"] for a, done in run["agents"].items()}
    assert by_agent == {a: sum(r["agent"] == a for r in results) for a in by_agent}


def test_other_rules_are_compared_and_do_not_change_the_results(folder: Path) -> None:
    simulate(folder)
    alone = (folder / "out.jsonl").read_bytes()
    answer = json.loads(simulate(folder, "--rules", str(folder / "other.yaml"), "--json").stdout)
    ours, others = (run["total"] for run in answer["runs"])
    assert ours["offered"] == others["offered"] and ours["occupancy"] > others["occupancy"]
    assert (folder / "out.jsonl").read_bytes() == alone
    ET.fromstring((folder / "out.svg").read_text())


def test_people_see_both_rules_and_no_progress_where_there_is_no_terminal(folder: Path) -> None:
    done = simulate(folder, "--rules", str(folder / "other.yaml"), "--picture", f"{folder}/p.svg")
    assert f"A: {folder}/centre.yaml   B: {folder}/other.yaml" in done.stdout
    assert done.stdout.endswith(f"written: {folder}/out.jsonl, {folder}/p.svg\n")
    assert all("warning" in line for line in done.stderr.splitlines())


@pytest.mark.parametrize("name", ["centre.yaml", "day.jsonl", "other.yaml"])
def test_a_faulty_file_is_named_and_what_was_written_before_stays(name: str, folder: Path) -> None:
    (folder / "out.jsonl").write_text("before")
    (folder / name).write_text('{"oops": 1}')
    done = simulate(folder, "--rules", str(folder / "other.yaml"))
    assert done.exit_code == 1
    assert f"{folder}/{name}:1: oops: " in done.stderr
    assert (folder / "out.jsonl").read_text() == "before"
    assert sorted(p.name for p in folder.iterdir()) == [
        "centre.yaml", "day.jsonl", "other.yaml", "out.jsonl",
    ]  # fmt: skip


def test_a_trace_that_the_other_rules_cannot_serve_says_which_rules(folder: Path) -> None:
    (folder / "other.yaml").write_text(yaml.safe_dump({"queues": {"elsewhere": {}}}))
    done = simulate(folder, "--rules", str(folder / "other.yaml"))
    assert done.exit_code == 1 and f"(under the rules of {folder}/other.yaml)" in done.stderr


@pytest.mark.parametrize("out", ["no/out.jsonl", "."])
def test_a_place_that_cannot_be_written_is_said(out: str, folder: Path) -> None:
    done = simulate(folder, out=out)
    assert done.exit_code == 1 and len(done.stderr.splitlines()) >= 1


@pytest.mark.parametrize("name", ["centre.yaml", "day.jsonl", "other.yaml"])
def test_what_is_read_is_never_written_over(name: str, folder: Path) -> None:
    before = (folder / name).read_text()
    done = simulate(folder, "--rules", str(folder / "other.yaml"), out=name)
    assert done.exit_code == 1 and "--out" in done.stderr
    assert (folder / name).read_text() == before


def test_a_file_that_is_linked_is_written_and_a_device_is_left_one(folder: Path) -> None:
    (folder / "link.jsonl").symlink_to(folder / "target.jsonl")
    assert simulate(folder, out="link.jsonl").exit_code == 0
    assert (folder / "link.jsonl").is_symlink() and (folder / "target.jsonl").stat().st_size
    assert simulate(folder, out="/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_a_picture_needs_something_to_compare(folder: Path) -> None:
    done = simulate(folder, "--picture", str(folder / "p.svg"))
    assert done.exit_code == 1 and "--rules" in done.stderr


def test_results_and_picture_cannot_be_one_file(folder: Path) -> None:
    done = simulate(folder, "--rules", str(folder / "other.yaml"), out="out.svg")
    assert done.exit_code == 1 and "--picture" in done.stderr


def test_who_let_a_phone_ring_out_is_named(folder: Path) -> None:
    line = {"id": "c", "at": 0, "queue": "q0", "handle": 5, "answer_after": 99, "patience": 20}
    (folder / "day.jsonl").write_text(json.dumps(line))
    assert "let a phone ring out, and had nothing from then on: 1" in simulate(folder).stdout

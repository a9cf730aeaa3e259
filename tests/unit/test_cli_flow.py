"""`./hotline flow test` and `flow try` as people and build servers call them."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.commands import app
from ivr import perform

FLOW = """\
first: ask
steps:
  ask:
    do: menu
    say: {zh: 销售请按一。, en: "For sales, press one."}
    tries: 1
    then: {"1": sales, silence: bye, no_match: bye}
  sales: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""
CALLERS = """\
callers:
  - {name: wants to buy, does: ["1"], expect: {ends: waiting, queue: support}}
  - {name: says nothing, language: en, expect: {hears: [Goodbye], ends: goodbye}}
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of flows of an installation with a flow `shop` and callers for it."""
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = tmp_path / "flows"
    (folder / "tests").mkdir(parents=True)
    (folder / "shop.yaml").write_text(FLOW, encoding="utf-8")
    (folder / "tests" / "shop.yaml").write_text(CALLERS, encoding="utf-8")
    return folder


def flow(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["flow", *words], input=typed)


# ---------------------------------------------------------------- flow test


def test_callers_who_fare_as_expected_are_counted_and_what_nobody_walked_is_named(
    flows: Path,
) -> None:
    shown = flow("test", "shop")
    assert shown.exit_code == 0
    assert "shop: nobody walked ask:no_match" in shown.stdout
    assert "2 calls, 0 failed" in shown.stdout and "FAILED" not in shown.stdout


def test_without_a_name_all_flows_are_tested_with_all_their_callers(flows: Path) -> None:
    told = json.loads(flow("test", "--json").stdout)
    assert {row["flow"]: row["walked"] for row in told["flows"]} == {"main": 17, "shop": 4}


def test_a_caller_who_fares_otherwise_fails_the_test_with_the_trail(flows: Path) -> None:
    file = flows / "tests" / "shop.yaml"
    file.write_text(CALLERS.replace("ends: goodbye", "ends: waiting"))
    shown = flow("test", "shop")
    assert shown.exit_code == 1
    assert f"FAILED  {file}: says nothing" in shown.stdout
    assert "ends: expected 'waiting', happened 'goodbye'" in shown.stdout
    assert "happened: ask:silence, bye:done" in shown.stdout
    told = flow("test", "shop", "--json")
    assert told.exit_code == 1
    assert [failure["name"] for failure in json.loads(told.stdout)["failures"]] == ["says nothing"]


@pytest.mark.parametrize(("wanted", "status"), [("0.8", 0), ("0.81", 1), ("1", 1)])
def test_a_flow_that_is_walked_too_little_fails_the_test(
    flows: Path, wanted: str, status: int
) -> None:
    shown = flow("test", "shop", "--coverage", wanted)  # four of five
    assert shown.exit_code == status
    assert ("less than" in shown.stdout) == bool(status)


def test_callers_at_random_fill_the_coverage_and_are_the_same_again(flows: Path) -> None:
    words = ["test", "shop", "--coverage", "1", "--random", "200", "--seed", "7", "--json"]
    first, second = (json.loads(flow(*words).stdout) for _ in range(2))
    assert first["calls"] == 202 and first["strays"] == []
    assert first["flows"] == second["flows"]


def test_a_caller_at_random_who_comes_to_no_end_fails_the_test_and_can_be_played_again(
    flows: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fails(*_: object) -> str:
        raise ValueError("a bug")

    monkeypatch.setitem(perform.PERFORMERS, "goodbye", fails)
    (flows / "tests" / "shop.yaml").unlink()
    junit = tmp_path / "out.xml"
    shown = flow("test", "shop", "--random", "100", "--junit", str(junit))
    assert shown.exit_code == 1
    assert "FAILED  shop: a caller at random broke off: ValueError: a bug" in shown.stdout
    assert "callers at random besides" in shown.stdout
    assert ET.parse(junit).find(".//testcase[@name='callers at random']/failure") is not None
    stray, *_ = json.loads(flow("test", "shop", "--random", "100", "--json").stdout)["strays"]
    again = flow("try", "shop", typed="\n".join(stray["does"]) + "\n")
    assert again.exit_code == 1 and "the call broke off: ValueError: a bug" in again.stderr


def test_a_file_of_callers_can_lie_anywhere(flows: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.yaml"
    file.write_text(f"flow: shop\n{CALLERS}")
    told = json.loads(flow("test", str(file), "--json").stdout)
    assert told["calls"] == 2 and [row["flow"] for row in told["flows"]] == ["shop"]


def test_the_junit_file_has_a_case_for_each_caller_and_the_coverage(
    flows: Path, tmp_path: Path
) -> None:
    text = CALLERS.replace("ends: goodbye", "ends: waiting").replace("wants", '"<&\\x01')
    (flows / "tests" / "shop.yaml").write_text(text.replace("to buy", 'to buy"'))
    shown = flow("test", "shop", "--junit", str(tmp_path / "out.xml"), "--coverage", "0.9")
    assert shown.exit_code == 1
    [suite] = ET.parse(tmp_path / "out.xml").getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("shop", "3", "2")
    failed = {case.get("name"): case.find("failure") is not None for case in suite}
    assert failed == {"<&? to buy": False, "says nothing": True, "coverage": True}


def test_a_faulty_file_of_callers_is_refused_with_line_and_path(flows: Path) -> None:
    file = flows / "tests" / "shop.yaml"
    file.write_text("callers: [{name: a, doos: []}]")
    shown = flow("test")
    assert shown.exit_code == 1 and shown.stdout == ""
    assert f"{file}:1: callers[0].doos: unknown key; did you mean 'does'?" in shown.stderr


@pytest.mark.parametrize("command", ["test", "try"])
def test_a_flow_that_is_not_there_is_said(flows: Path, command: str) -> None:
    shown = flow(command, "shp")
    assert shown.exit_code == 1
    assert "there is no flow 'shp'; did you mean 'shop'?" in shown.stderr


@pytest.mark.parametrize("command", ["test", "try"])
def test_a_flow_that_is_refused_is_not_walked(flows: Path, command: str) -> None:
    (flows / "shop.yaml").write_text(FLOW.replace("sales, silence", "slaes, silence"))
    shown = flow(command, "shop")
    assert shown.exit_code == 1 and "did you mean 'sales'?" in shown.stderr


def test_who_has_no_callers_is_told_where_to_write_them(flows: Path) -> None:
    (flows / "tests" / "shop.yaml").unlink()
    shown = flow("test", "shop")
    assert shown.exit_code == 1
    assert "flows/tests/shop.yaml" in shown.stderr and "--random" in shown.stderr


def test_five_thousand_calls_take_less_than_a_minute(flows: Path) -> None:
    began = time.process_time()
    assert flow("test", "main", "--random", "5000").exit_code == 0
    assert time.process_time() - began < 60


# ---------------------------------------------------------------- flow try


def test_who_tries_a_flow_reads_what_is_said_and_how_each_step_ends(flows: Path) -> None:
    shown = flow("try", "shop", "--language", "en", typed="1\n")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[1:] == [
        "For sales, press one.", "[ask: 1]", "[sales: waiting]", "[waiting in support]",
    ]  # fmt: skip


def test_an_empty_line_is_silence(flows: Path) -> None:
    lines = flow("try", "shop", typed="\n").stdout.splitlines()
    assert lines[1:] == ["销售请按一。", "[ask: silence]", "再见。", "[bye: done]", "[goodbye]"]


@pytest.mark.parametrize("typed", ["hang up\n", ""])
def test_hanging_up_or_the_end_of_the_input_ends_the_call(flows: Path, typed: str) -> None:
    shown = flow("try", "shop", typed=typed)
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[-2:] == ["[ask: caller gone]", "[hang up]"]


def test_several_keys_are_kept_for_the_next_questions(flows: Path) -> None:
    told = json.loads(flow("try", "main", "--json", typed="20\n").stdout)
    assert told["trail"][-2:] == ["menu:0", "person:waiting"]
    assert told["does"] == ["20"] and not any("press zero" in text for text in told["heard"])


def test_what_is_no_key_is_asked_for_again(flows: Path) -> None:
    told = json.loads(flow("try", "shop", "--json", typed="sales please\n1\n").stdout)
    assert told["does"] == ["1"] and told["ends"] == "waiting"


def test_the_time_of_the_call_can_be_chosen(flows: Path) -> None:
    hours = 'hours: {day: {zone: UTC, open: {mon-fri: "09:00-18:00"}}}'
    (flows.parent / "centre.yaml").write_text(hours)
    clock = "first: a\nsteps:\n  a: {do: hours, hours: day, then: {open: b, closed: c}}\n"
    bye = "  c: {do: goodbye, say: {zh: 再见。, en: Bye.}}\n"
    (flows / "shop.yaml").write_text(f"{clock}  b: {{do: queue}}\n{bye}", encoding="utf-8")
    ends = {
        at: json.loads(flow("try", "shop", "--json", "--at", at).stdout)["ends"]
        for at in ("2026-03-02 17:59", "2026-03-02 18:00", "2026-03-01 10:00")
    }
    assert list(ends.values()) == ["waiting", "goodbye", "goodbye"]


@pytest.mark.parametrize(("option", "value"), [("--language", "xx"), ("--at", "tomorrow")])
def test_a_language_or_time_that_is_none_is_said(flows: Path, option: str, value: str) -> None:
    shown = flow("try", "shop", option, value)
    assert shown.exit_code == 1 and option in shown.stderr and value in shown.stderr


# ---------------------------------------------------------------- flows that are called

PART = """\
first: hello
steps:
  hello: {do: say, say: {zh: 您好。, en: Hello.}, then: back}
  back: {do: return}
"""


def test_a_flow_that_is_only_called_is_walked_where_it_is_called(flows: Path) -> None:
    (flows / "greet.yaml").write_text(PART, encoding="utf-8")
    calls = FLOW.replace("first: ask\nsteps:\n", "first: greet\nsteps:\n"
                         "  greet: {do: flow, flow: greet, then: ask}\n")  # fmt: skip
    (flows / "shop.yaml").write_text(calls, encoding="utf-8")
    for words in (["try", "greet"], ["test", "greet"]):
        shown = flow(*words)
        assert shown.exit_code == 1
        assert "'greet' is called by other flows and takes no calls itself" in shown.output
    walked = flow("try", "shop", "--json", typed="1\n")
    assert json.loads(walked.stdout)["trail"] == [
        "greet:called", "greet/hello:done", "greet/back:done", "ask:1", "sales:waiting",
    ]  # fmt: skip
    told = flow("check", "--json")
    rows = {row["flow"]: row["in_force"] for row in json.loads(told.stdout)}
    assert rows["greet"] == "as called" and rows["shop"] != "as called"
    tested = flow("test")
    assert tested.exit_code == 0 and "greet: nobody" not in tested.stdout


def test_a_check_notes_overflow_rules_for_which_the_flow_has_no_step(
    flows: Path, tmp_path: Path
) -> None:
    rule = "{when: {length: 9}, to: message}"
    centre = f"queues:\n  support: {{}}\n  sales: {{overflow: [{rule}]}}\n"
    (tmp_path / "centre.yaml").write_text(centre, encoding="utf-8")
    (flows / "shop.yaml").write_text(
        FLOW.replace("sales: {do: queue}", "sales: {do: queue, queue: sales}"), encoding="utf-8"
    )
    shown = flow("check")
    assert shown.exit_code == 0
    assert "note: shop: steps.sales: a rule of the queue 'sales' leads to 'message'" in shown.stdout
    told = {row["flow"]: row["notes"] for row in json.loads(flow("check", "--json").stdout)}
    assert (len(told["shop"]), told["main"]) == (1, [])
    wired = "sales: {do: queue, queue: sales, overflow: {message: bye}}"
    (flows / "shop.yaml").write_text(FLOW.replace("sales: {do: queue}", wired), encoding="utf-8")
    assert "note:" not in flow("check").stdout

"""The flows that we offer to copy: clean, walked everywhere by their callers, and used as the guide
says."""

from __future__ import annotations

import json
import shlex
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapters.cli.commands import app
from ivr.flow import QueueStep
from ivr.load import OWN_FLOWS, load_for
from ivr.rehearsal import callers, form, trial
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.settings import ROOT, Settings
from ivr.settings import load as settings_of
from tests.documents import FENCE

EXAMPLES = OWN_FLOWS / "examples"
NAMES = sorted(folder.name for folder in EXAMPLES.iterdir())
GUIDES = [ROOT / "docs" / "guides" / name for name in ("flows.md", "flows.zh.md")]
LOOK = "HOTLINE_DATA=ivr/flows/examples/"
HOUR = 3600


def house(name: str, home: Path) -> Settings:
    return settings_of({"HOTLINE_HOME": str(home), "HOTLINE_DATA": str(EXAMPLES / name)})


def premises_of(name: str, home: Path) -> Premises:
    settings = house(name, home)
    return Premises.of(settings, load_for(settings))


def test_there_is_a_shop_a_bank_and_a_city() -> None:
    assert NAMES == ["bank", "municipal", "retail"]


# ---------------------------------------------------------------- each of them


@pytest.mark.parametrize("name", NAMES)
def test_scripted_callers_alone_walk_every_step_and_outcome(name: str, tmp_path: Path) -> None:
    premises = premises_of(name, tmp_path)
    scripted = callers.load([EXAMPLES / name / "flows" / "tests" / f"{name}.yaml"], premises)
    tried = trial.run(premises, [name], scripted, 0, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert tried.coverage[name].missing() == []
    assert all(one.expect.model_fields_set for one in scripted)


@pytest.mark.parametrize("name", NAMES)
def test_callers_at_random_always_come_to_an_end(name: str, tmp_path: Path) -> None:
    tried = trial.run(premises_of(name, tmp_path), [name], [], 500, 1)
    assert tried.calls == 500
    assert tried.strays == []


@pytest.mark.parametrize("name", NAMES)
def test_every_queue_is_reached_and_served_and_no_rule_is_hardly_meant(
    name: str, tmp_path: Path
) -> None:
    settings = house(name, tmp_path)
    steps = load_for(settings)[name].steps.values()
    people = [step for step in steps if isinstance(step, QueueStep)]
    served = {queue for agent in settings.rules.agents.values() for queue in agent.queues}
    assert {step.queue for step in people} == set(settings.centre.queues) == served
    assert set(settings.rules.agents) == set(settings.site.phones)
    assert settings.warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_everybody_who_waits_is_told_how_long_it_may_take(name: str, tmp_path: Path) -> None:
    flow = load_for(house(name, tmp_path))[name]
    for step in flow.steps.values():
        if isinstance(step, QueueStep):
            repeated = [each for each in step.while_waiting if each.every]
            said = [words.text for each in repeated for words in each.say.values()]
            assert len(said) == len(flow.languages)
            assert all("{wait}" in text for text in said)


# ---------------------------------------------------------------- what is worth copying


@pytest.mark.parametrize(("key", "language"), [("8", "en"), ("9", "zh")])
def test_a_lost_card_is_one_key_away_at_every_hour_of_a_holiday_week(
    key: str, language: str, tmp_path: Path
) -> None:
    with Stage(premises_of("bank", tmp_path)) as stage:
        start = form.at("2026-09-28 00:30", stage.premises.zone())
        for hour in range(14 * 24):
            walked = stage.walk(Role("bank", [key], start + hour * HOUR, "5000"))
            assert (walked.queue, walked.language, walked.done) == ("card_loss", language, (key,))


def test_the_number_on_the_card_asks_nothing_and_brings_a_head_start(tmp_path: Path) -> None:
    settings = house("bank", tmp_path)
    with Stage(premises_of("bank", tmp_path)) as stage:
        walked = stage.walk(Role("bank", [], dialled="5001"))
    assert (walked.queue, walked.done) == ("card_loss", ())
    class_ = settings.site.numbers["5001"].class_
    assert settings.centre.credit(class_) > settings.centre.credit("standard")


def test_a_lost_card_is_urgent_by_whatever_number_it_is_told(tmp_path: Path) -> None:
    settings = house("bank", tmp_path)
    with Stage(premises_of("bank", tmp_path)) as stage:
        walks = [stage.walk(Role("bank", acts, dialled=number))
                 for acts, number in ((["9"], "5000"), ([], "5001"))]  # fmt: skip
        other = stage.walk(Role("bank", ["1", "0"], dialled="5000"))
    assert [walked.urgency for walked in [*walks, other]] == ["card_loss", "card_loss", ""]
    assert settings.centre.credit("standard", "card_loss") == 300


def test_an_amount_is_asked_about_only_above_the_limit(tmp_path: Path) -> None:
    with Stage(premises_of("bank", tmp_path)) as stage:
        for amount, ends in [("50000", "goodbye"), ("50000*01", "waiting"), ("50001", "waiting")]:
            assert stage.walk(Role("bank", ["1", "2", f"{amount}#", "1"])).ends == ends


def test_repairs_answer_while_the_offices_are_closed(tmp_path: Path) -> None:
    with Stage(premises_of("municipal", tmp_path)) as stage:
        for number in ("3000", "3001", "3002"):
            closed = {"office": False}
            walked = stage.walk(Role("municipal", ["1", "1"], dialled=number, open=closed))
            assert walked.queue == "repairs"


@pytest.mark.parametrize("name", NAMES)
def test_a_caller_who_can_only_be_silent_reaches_a_person_while_open(
    name: str, tmp_path: Path
) -> None:
    premises = premises_of(name, tmp_path)
    open_ = dict.fromkeys(premises.hours, True)
    with Stage(premises) as stage:
        for language in ("zh", "en"):
            walked = stage.walk(Role(name, [], language=language, open=open_))
            assert (walked.ends, walked.language) == ("waiting", language)


# ---------------------------------------------------------------- as the guide says


def hotline(line: str, typed: str = "") -> Result:
    """This line of the guide, in this process; `VARIABLE=value` before it counts."""
    words = shlex.split(line.partition("#")[0])
    place = words.index("./hotline")
    variables = dict(word.split("=", 1) for word in words[:place])
    return CliRunner().invoke(app, words[place + 1 :], input=typed, env=variables)


def blocks(guide: Path) -> list[list[str]]:
    """The blocks of commands that are about the examples."""
    found = FENCE.findall(guide.read_text(encoding="utf-8"))
    return [block.splitlines() for _, block in found if "ivr/flows/examples/" in block]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like that of the source, without a `data` of its own."""
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ivr").symlink_to(ROOT / "ivr")
    return tmp_path


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
@pytest.mark.parametrize("name", NAMES)
def test_the_guides_lines_look_at_an_example_where_it_is(
    guide: Path, name: str, here: Path
) -> None:
    [lines] = [block for block in blocks(guide) if block[0].startswith(LOOK)]
    before = sorted((EXAMPLES / name).rglob("*"))
    for line in lines:
        told = hotline(line.replace("bank", name), typed="hang up\n")
        assert told.exit_code == 0, told.output
    picture = ET.parse(here / f"{name}.svg").getroot()
    drawn = "".join(picture.itertext())
    steps = yaml.safe_load((EXAMPLES / name / "flows" / f"{name}.yaml").read_text("utf-8"))["steps"]
    assert picture.tag.endswith("svg") and all(step in drawn for step in steps)
    assert sorted((EXAMPLES / name).rglob("*")) == before


def copy(lines: list[str], name: str) -> None:
    for line in lines:
        if not line.startswith("./hotline"):
            words = shlex.split(line.replace("bank", name))
            subprocess.run(words, check=True, timeout=30)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
@pytest.mark.parametrize("name", NAMES)
def test_a_new_installation_takes_all_of_an_example(guide: Path, name: str, here: Path) -> None:
    [lines] = [block for block in blocks(guide) if block[0].startswith("cp -r ")]
    copy(lines, name)
    told = hotline(lines[-1])
    assert told.exit_code == 0 and name in told.stdout, told.output
    tested = hotline(f"./hotline flow test {name} --coverage 1 --json")
    assert tested.exit_code == 0 and json.loads(tested.stdout)["calls"] > 20


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
@pytest.mark.parametrize("name", NAMES)
def test_an_installation_with_rules_of_its_own_is_told_what_the_copied_flow_needs(
    guide: Path, name: str, here: Path
) -> None:
    [lines] = [block for block in blocks(guide) if block[0].startswith("mkdir ")]
    copy(lines, name)
    told = hotline(lines[-1])
    rules = yaml.safe_load((EXAMPLES / name / "centre.yaml").read_text("utf-8"))
    assert told.exit_code == 1
    for missing in (*rules["queues"], *rules["hours"]):
        assert f"{missing!r}" in told.stderr
    (here / "data" / "centre.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True))
    site = (EXAMPLES / name / "site.yaml").read_text("utf-8")
    (here / "data" / "site.yaml").write_text(site)
    assert hotline(lines[-1]).exit_code == 0

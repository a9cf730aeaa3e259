"""`./hotline flow try --as`: what a scripted caller meets, met by who types at a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.commands import app
from ivr import settings
from ivr.load import load_for
from ivr.rehearsal import callers
from ivr.rehearsal.stage import Premises, Stage

FLOW = """\
first: clock
steps:
  clock: {do: hours, hours: always, then: {open: list, closed: bye, emergency: shut}}
  list: {do: branch, fact: listed, cases: {no: blocked}, then: {no: bye, else: class}}
  class: {do: branch, fact: class, cases: {dear: vip}, then: {dear: line, else: line}}
  line: {do: branch, fact: dialled, cases: {second: "4001"}, then: {second: stock, else: stock}}
  stock:
    do: lookup
    service: stock
    path: /left
    into: {left: left}
    then: {done: told, not_found: full, failed: full, timeout: full}
  told: {do: say, say: {zh: "还有{left}件。", en: "There are {left}."}, then: full}
  full: {do: overflow, then: {queue: person, callback: ring_me, message: note, elsewhere: person}}
  ring_me:
    do: callback
    say: {zh: "拨打{number}请按一。", en: "To be called at {number}, press one."}
    another: {zh: 请输入号码。, en: Enter the number.}
    tries: 1
    then:
      {promised: bye, declined: person, silence: person, no_match: person, full: person,
       failed: person}
  note:
    do: message
    say: {zh: 请留言。, en: Please leave a message.}
    then: {done: bye, silence: person, cancelled: person, failed: shut}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
  shut: {do: goodbye, say: {zh: 请稍后再来电。, en: Please call later.}}
"""
CALLERS = """\
flow: shop
callers:
  - {name: calls at night, hours: {always: closed}}
  - {name: calls in a fire, emergency: true}
  - {name: is blocked, listed: blocked}
  - {name: is dear to us, class: vip, dialled: "4001"}
  - {name: asks what is left, language: en, mocks: {stock: [{answer: {left: 7}}]}}
  - {name: is called back, caller_number: "13800138000", overflow: callback, does: ["1"]}
  - {name: is not called back, caller_number: "13800138000", overflow: callback, callbacks: full}
  - {name: is not heard, overflow: message, broken: [note], does: [speaks 5]}
"""
SITE = """\
numbers: {"4000": {flow: shop}, "4001": {flow: shop}}
services: {stock: {url: "http://127.0.0.1:9"}}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of an installation with a flow `shop` and callers of all kinds."""
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "flows" / "tests").mkdir(parents=True)
    (tmp_path / "flows" / "shop.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "flows" / "tests" / "shop.yaml").write_text(CALLERS, encoding="utf-8")
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    (tmp_path / "centre.yaml").write_text("classes: {vip: {credit: 90}}\n", encoding="utf-8")
    return tmp_path


def tried(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["flow", "try", "shop", *words], input=typed)


def test_who_comes_as_a_scripted_caller_meets_what_that_caller_meets(shop: Path) -> None:
    known = settings.load({"HOTLINE_DATA": str(shop)})
    premises = Premises.of(known, load_for(known))
    met: dict[str, list[str]] = {}
    for one in callers.load([shop / "flows" / "tests" / "shop.yaml"], premises):
        typed = "\n".join([*one.role.acts, *["silence"] * 9])
        with Stage(premises) as stage:
            walk = stage.walk(one.role)
        told = json.loads(tried("--as", one.name, "--json", typed=typed).stdout)
        assert (told["trail"], told["heard"]) == ([*walk.trail], [each.text for each in walk.heard])
        met[one.name] = told["trail"]
    assert len({tuple(trail) for trail in met.values()}) == len(met) == 8


def test_the_acts_are_those_that_are_typed_and_the_caller_s_own_are_told(shop: Path) -> None:
    shown = tried("--as", "is called back", typed="\n")
    assert "In the test, 'is called back' does: 1." in shown.stdout
    assert "[ring_me: silence]" in shown.stdout


def test_what_is_given_besides_stands_before_what_the_caller_has(shop: Path) -> None:
    told = tried("--as", "asks what is left", "--language", "zh", "--json")
    assert json.loads(told.stdout)["heard"] == ["还有7件。"]


def test_a_caller_who_is_not_there_is_told_with_all_who_are(shop: Path) -> None:
    shown = tried("--as", "is called")
    assert shown.exit_code == 1
    assert "--as: shop has no caller 'is called'; there are:\n  calls at night\n" in shown.stderr
    assert "\n  is not heard\n" in shown.stderr
    (shop / "flows" / "tests" / "shop.yaml").unlink()
    shown = tried("--as", "is called")
    assert shown.exit_code == 1 and "write data/flows/tests/shop.yaml" in shown.stderr

"""Flows are tried, tested and checked as customers in chats meet them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.commands import app
from ivr.check_text import notes
from ivr.load import load
from tests.fakes_calls import FLOWS, HOUSE, flow_of

DESK = """\
first: topic
steps:
  topic:
    do: menu
    say: {zh: 请选择。, en: What is it about?}
    buttons: {"1": {zh: 订单, en: My order}, "2": {zh: 留言, en: A message}}
    tries: 2
    then: {"1": order, "2": note, silence: person, no_match: person}
  order:
    do: listen
    say: {zh: 订单号？, en: Your order number?}
    into: order
    keys: {least: 4, most: 4}
    then: {done: status, silence: person, no_match: person}
  status:
    do: lookup
    service: orders
    path: /orders/{order}
    into: {day: day}
    then: {done: told, not_found: person, failed: person, timeout: person}
  told: {do: say, say: {zh: "{day:date}送达。", en: "It comes on {day:date}."}, then: enough}
  enough:
    do: ask
    say: {zh: 可以吗？, en: Is that all?}
    then: {"yes": bye, "no": person, silence: bye, no_match: person}
  note:
    do: message
    say: {zh: 请写。, en: Please write.}
    then: {done: bye, silence: person, cancelled: person, failed: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""
CALLERS = """\
callers:
  - name: is told when the order comes
    chat: true
    language: en
    does: [my order, "47-11", "yes"]
    mocks: {orders: [{answer: {day: 2026-03-05}}]}
    expect:
      steps: [topic:1, order:done, status:done, told:done, enough:yes, bye:done]
      hears: ["What is it about?", "[My order]  [A message]", "[I have none]", "5 March 2026", "[Yes]  [No]"]
      ends: goodbye
  - name: goes on to a person, who is told all of it
    chat: true
    does: [订单, "4711", 不用]
    mocks: {orders: [{answer: {day: 2026-03-05}}]}
    expect: {ends: waiting, queue: support, told: ["order: 4711", "day: 2026-03-05"]}
  - name: asks for a person in the middle
    chat: true
    does: ["1", 转人工]
    expect: {steps: [topic:1, order:person], ends: waiting, queue: support}
  - name: has no number
    chat: true
    language: en
    does: ["1", I have none]
    expect: {steps: [topic:1, order:silence, person:waiting]}
  - name: writes what nobody understands, and nothing
    chat: true
    does: [where is my parcel?, silence]
    expect: {steps: [topic:silence, person:waiting]}
  - name: leaves a message
    chat: true
    does: ["2", "The lamp is broken."]
    expect: {ends: goodbye}
  - name: closes the page
    chat: true
    does: ["2", hang up]
    expect: {steps: [topic:2, "note:caller gone"]}
  - name: calls
    does: ["2", speaks 5]
    expect: {ends: goodbye}
"""  # noqa: E501
CHAT = "chat: {url: 'https://help.example.com', flow: desk}\n"
SERVICES = "services: {orders: {url: 'https://shop.example.com'}}\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "flows" / "tests").mkdir(parents=True)
    (tmp_path / "flows" / "desk.yaml").write_text(DESK, encoding="utf-8")
    (tmp_path / "flows" / "tests" / "desk.yaml").write_text(CALLERS, encoding="utf-8")
    (tmp_path / "site.yaml").write_text(CHAT + SERVICES)
    return tmp_path


def flow(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["flow", *words], input=typed)


def test_customers_who_write_are_rehearsed_beside_callers(data: Path) -> None:
    shown = flow("test", "desk")
    assert "8 calls, 0 failed" in shown.stdout, shown.stdout


def test_a_chat_is_walked_through_in_the_terminal(data: Path) -> None:
    typed = "hello\nMy order\na person\n"
    shown = flow("try", "desk", "--chat", "--language", "en", typed=typed)
    assert shown.exit_code == 0, shown.output
    assert "[My order]  [A message]" in shown.stdout
    assert "[order: person]" in shown.output and "[waiting in support]" in shown.output


def test_the_end_of_what_is_typed_closes_the_page(data: Path) -> None:
    shown = flow("try", "desk", "--as", "leaves a message", typed="留言\n")
    assert "[note: caller gone]" in shown.output and "[hang up]" in shown.output


def test_words_are_only_for_those_who_write(data: Path) -> None:
    callers = "callers: [{name: a, does: [my order]}]\n"
    (data / "flows" / "tests" / "desk.yaml").write_text(callers)
    shown = flow("test", "desk")
    assert shown.exit_code == 1 and "is keys (0 to 9" in shown.output


# ---------------------------------------------------------------- flow check


def test_a_flow_made_for_chats_has_nothing_to_be_noted(data: Path) -> None:
    shown = flow("check")
    assert shown.exit_code == 0, shown.output
    assert "note: desk" not in shown.stdout


def test_what_chats_cannot_do_is_named_for_the_flow_that_asks_them(data: Path) -> None:
    (data / "site.yaml").write_text(CHAT.replace("flow: desk", "flow: main") + SERVICES)
    shown = flow("check")
    assert shown.exit_code == 0, shown.output
    assert (
        "note: main: steps.menu: in chats the buttons of 1, 2, 0 show the key alone: "
        "give them `buttons`" in shown.stdout
    )
    (data / "site.yaml").write_text(SERVICES)
    assert "in chats" not in flow("check").stdout


def test_a_flow_of_chats_that_is_not_there_is_a_fault(data: Path) -> None:
    (data / "site.yaml").write_text(CHAT.replace("flow: desk", "flow: dsk") + SERVICES)
    shown = flow("check")
    assert shown.exit_code == 1
    assert "site.yaml: chat.flow: there is no flow 'dsk'; did you mean 'desk'?" in shown.output


def test_every_kind_that_is_otherwise_in_chats_is_named() -> None:
    said = list(notes(load(FLOWS / "good" / "every-kind.yaml", HOUSE)))
    for kind in ("callback", "record", "transfer", "closure"):
        assert any(f"`{kind}`, which needs a telephone" in note for note in said), said
    assert any("nobody has a PIN" in note for note in said)
    assert any("for callers who wait" in note for note in said)


def test_a_queue_for_both_says_what_is_for_callers_alone(tmp_path: Path) -> None:
    flow = flow_of("""
first: person
steps:
  person:
    do: queue
    while_waiting: [{after: 20, say: {zh: 请等待。, en: Please wait.}}]
    then: {talked: bye}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
""", tmp_path)  # fmt: skip
    assert list(notes(flow)) == [
        "test: steps.person: in chats `talked`, `while_waiting` mean nothing: "
        "that is for callers who wait"
    ]

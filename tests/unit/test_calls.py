"""Flows that call flows: what is proved of one is proved through its calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.call import take_call
from ivr.calls import DEEPEST, called_by, is_called
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.flow_difference import difference
from ivr.flow_mermaid import mermaid
from ivr.flow_picture import picture
from ivr.flow_sketch import sketch
from ivr.load import load, load_all
from ivr.rehearsal import trial
from ivr.rehearsal.coverage import Coverage
from ivr.rehearsal.stage import Premises, Role, Stage
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import FLOWS, HOURS, HOUSE, FakeAcceptance, StandingClock

MAIN = """
first: identity
steps:
  identity: {do: flow, flow: identity, then: {done: thanks, unknown: person}}
  thanks: {do: say, say: {zh: "谢谢，{customer}。", en: "Thank you, {customer}."}, then: person}
  person: {do: queue}
"""
IDENTITY = """
first: ask
steps:
  ask:
    do: listen
    say: {zh: 请输入客户号。, en: Enter your customer number.}
    into: customer
    keys: {least: 1, most: 2}
    tries: 1
    at_most: 2
    then: {done: right, silence: unknown, no_match: unknown, too_many: unknown}
  right:
    do: menu
    say: {zh: "{customer}，正确请按一。", en: "{customer}. If that is right, press one."}
    tries: 1
    then: {"1": known, "2": ask, silence: unknown, no_match: unknown}
  known: {do: return}
  unknown: {do: return, outcome: unknown}
"""
ASKED = """
first: ask
steps:
  ask:
    do: menu
    say: {zh: 是客户请按一。, en: "If you are a customer, press one."}
    tries: 1
    then: {"1": known, silence: unknown, no_match: unknown}
  known: {do: return}
  unknown: {do: return, outcome: unknown}
"""
THANKS = '"谢谢，{customer}。", en: "Thank you, {customer}."'
CLEAN: Mapping[str, str] = {"main": MAIN, "identity": IDENTITY}


class Files:
    """Flows in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(**CLEAN)

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    def main(self) -> Flow:
        return load(self.folder / "main.yaml", HOUSE)

    def faults(self, name: str = "main") -> list[str]:
        """Without the folder."""
        with pytest.raises(BadFlow) as refusal:
            load(self.folder / f"{name}.yaml", HOUSE)
        return [fault.removeprefix(f"{self.folder}/") for fault in refusal.value.faults]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def take(line: FakeLine, flow: Flow) -> list[str]:
    return await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)


# ---------------------------------------------------------------- a call


async def test_a_caller_goes_through_the_called_flow_and_on_with_its_values(files: Files) -> None:
    line = FakeLine("42", "1", facts=replace(A_CALL, language="en"))
    assert await take(line, files.main()) == [
        "identity:called", "identity/ask:done", "identity/right:1", "identity/known:done",
        "thanks:done", "person:waiting",
    ]  # fmt: skip
    assert line.heard[-1] == "Thank you, 42."


async def test_each_outcome_of_the_called_flow_goes_its_own_way(files: Files) -> None:
    trail = await take(FakeLine(""), files.main())
    assert trail[-2:] == ["identity/unknown:unknown", "person:waiting"]


async def test_a_call_goes_on_inside_the_called_flow_with_what_it_had_collected(
    files: Files,
) -> None:
    first = FakeLine("42", HANGS_UP)
    await take(first, files.main())
    assert (first.step, first.visits) == ("identity/right", {"identity/ask": 1})
    facts = replace(
        A_CALL, step=first.step, visits=first.visits, values={"customer": "42"}, language="en"
    )
    line = FakeLine("2", "43", "2", facts=facts)
    trail = await take(line, files.main())
    assert trail[0] == "identity/right:2" and trail[-3:-1] == [
        "identity/ask:too_many", "identity/unknown:unknown",
    ]  # fmt: skip
    assert line.heard[0].startswith("42.")


async def test_who_calls_the_same_flow_in_two_places_has_two_counts(files: Files) -> None:
    twice = MAIN.replace("unknown: person", "unknown: again").replace(
        "  thanks:", "  again: {do: flow, flow: identity, then: {done: thanks, unknown: person}}\n"
        "  thanks:")  # fmt: skip
    files.write(main=twice)
    line = FakeLine("42", "2", "42", "2", "42", "1")
    assert (await take(line, files.main()))[-2:] == ["thanks:done", "person:waiting"]
    assert line.visits == {"identity/ask": 3, "again/ask": 1}


async def test_a_limit_of_the_step_that_calls_ends_its_way_round(files: Files) -> None:
    round_ = MAIN.replace("flow: identity, then: {", "flow: identity, at_most: 2, then: {").replace(
        "unknown: person}", "unknown: identity, too_many: person}"
    )
    files.write(main=round_.replace(THANKS, "谢谢。, en: Thank you."), identity=ASKED)
    trail = await take(FakeLine("", ""), files.main())
    assert trail.count("identity:called") == 2 and trail[-2:] == [
        "identity:too_many", "person:waiting",
    ]  # fmt: skip


# ---------------------------------------------------------------- what is proved


def test_an_outcome_that_is_not_wired_or_not_there_is_a_fault(files: Files) -> None:
    files.write(main=MAIN.replace("done: thanks, unknown: person", "done: thnks, unknwn: person"))
    assert files.faults() == [
        "main.yaml:4: steps.identity.then: the flow 'identity' comes back with 'unknown', "
        "which leads nowhere here",
        "main.yaml:4: steps.identity.then.done: leads to 'thnks', which is no step; "
        "did you mean 'thanks'?",
        "main.yaml:4: steps.identity.then.unknwn: the flow 'identity' has no such outcome; "
        "did you mean 'unknown'?",
        "main.yaml:5: steps.thanks: no caller can reach this step",
        "main.yaml:6: steps.person: no caller can reach this step",
    ]


def test_a_flow_that_never_comes_back_can_be_called_and_nothing_comes_after_it(
    files: Files,
) -> None:
    files.write(away="first: a\nsteps:\n  a: {do: queue}\n")
    files.write(main="first: a\nsteps:\n  a: {do: flow, flow: away}\n")
    assert files.main().steps["a/a"].do == "queue" and not files.main().is_called
    files.write(main="first: a\nsteps:\n  a: {do: flow, flow: away, then: b}\n  b: {do: queue}\n")
    assert files.faults()[0] == (
        "main.yaml:3: steps.a.then.done: the flow 'away' never comes back (it has no `return`)"
    )


def test_what_is_wrong_in_a_called_flow_is_told_once_and_of_its_own_file(files: Files) -> None:
    files.write(identity=IDENTITY.replace("silence: unknown, no_match: unknown}", "silence: x}"))
    expected = files.faults("identity")
    assert files.faults() == expected and expected[0].startswith("identity.yaml:16: steps.right")
    with pytest.raises(BadFlow) as refusal:
        load_all(sorted(files.folder.glob("*.yaml")), HOUSE)
    assert len(refusal.value.faults) == len(expected)


def test_a_way_round_through_a_called_flow_needs_a_limit(files: Files) -> None:
    main = MAIN.replace("unknown: person}", "unknown: identity}")
    files.write(identity=ASKED, main=main.replace(THANKS, "谢谢。, en: Thank you."))
    [fault] = files.faults()
    assert fault.startswith("main.yaml:4: steps.identity: a caller can go round for ever (identity")
    assert "identity/unknown -> identity);" in fault


def test_a_person_is_near_in_a_called_flow_too(files: Files) -> None:
    far = MAIN.replace("done: thanks, unknown: person", "done: bye, unknown: bye")
    far = far[: far.index("  thanks")] + "  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}\n"
    files.write(main=far)
    faults = files.faults()
    assert any(fault.startswith("identity.yaml:12: steps.right: no person") for fault in faults)
    assert all("(where step identity of main.yaml calls)" in f for f in faults if "right" in f)


def test_what_a_called_flow_needs_was_collected_on_every_way_there(files: Files) -> None:
    files.write(identity="needs: [order]" + IDENTITY.replace("请输入客户号。", "'{order}'"))
    assert files.faults() == [
        "main.yaml:4: steps.identity.flow: a caller comes here without 'order' (identity)"
    ]
    collects = MAIN.replace("first: identity", "first: lang").replace("steps:\n", """steps:
  lang: {do: branch, fact: language, cases: {english: en}, then: {english: order, else: identity}}
  order: {do: set, values: {order: "7"}, then: identity}
""")  # fmt: skip
    files.write(main=collects)
    assert files.faults() == [
        "main.yaml:6: steps.identity.flow: a caller comes here without 'order' (lang -> identity)"
    ]
    files.write(main=collects.replace("else: identity", "else: order"))
    assert files.main().sure["identity/ask"] == {"order"}


def test_what_only_some_ways_through_the_called_flow_collect_cannot_be_said(files: Files) -> None:
    files.write(main=MAIN.replace("unknown: person", "unknown: thanks"))
    [said, _] = files.faults()
    assert said.startswith("main.yaml:5: steps.thanks.say.en: a caller comes here without")
    assert "identity/ask -> identity/unknown -> thanks)" in said


def test_flows_that_call_each_other_are_refused(files: Files) -> None:
    files.write(identity="first: a\nsteps:\n  a: {do: flow, flow: main}\n")
    assert files.faults() == [
        "main.yaml:4: steps.identity.then.done: the flow 'identity' never comes back "
        "(it has no `return`)",
        "main.yaml:4: steps.identity.then.unknown: the flow 'identity' never comes back "
        "(it has no `return`)",
        "main.yaml:5: steps.thanks: no caller can reach this step",
        "main.yaml:6: steps.person: no caller can reach this step",
        "identity.yaml:3: steps.a.flow: a flow cannot call itself (main -> identity -> main)",
    ]


def test_calls_are_inside_each_other_only_so_deep(files: Files) -> None:
    files.write(f0="first: a\nsteps:\n  a: {do: queue}\n")
    for number in range(DEEPEST + 1):
        text = f"first: a\nsteps:\n  a: {{do: flow, flow: f{number}}}\n"
        files.write(**{f"f{number + 1}": text})
    assert load(files.folder / f"f{DEEPEST}.yaml", HOUSE).steps.keys() >= {"a/a/a/a"}
    assert files.faults(f"f{DEEPEST + 1}") == [
        f"f{DEEPEST + 1}.yaml:3: steps.a.flow: more than {DEEPEST} calls are inside each other"
    ]


def test_calls_of_calls_cannot_fill_the_memory(files: Files) -> None:
    steps = "".join(f"  s{n}: {{do: say, say: {{zh: 好, en: Yes}}, then: s{n + 1}}}\n"
                    for n in range(300))  # fmt: skip
    files.write(long=f"first: s0\nsteps:\n{steps}  s300: {{do: return}}\n")
    files.write(main="first: a\nsteps:\n  a: {do: flow, flow: long, then: b}\n"
                     "  b: {do: flow, flow: long, then: c}\n  c: {do: queue}\n")  # fmt: skip
    [fault] = [fault for fault in files.faults() if ".flow:" in fault]
    assert fault.endswith("with the flows that it calls, the flow has more than 500 steps")


def test_the_counts_of_limited_steps_find_room_on_the_call(files: Files) -> None:
    limit = "at_most: 2, then: {done: %s, too_many: back}}\n"
    steps = "".join(
        f"  a_step_with_a_name_of_so_many_{n:02}: {{do: say, say: {{zh: 好, en: Yes}}, "
        + limit % f"a_step_with_a_name_of_so_many_{n + 1:02}"
        for n in range(90)
    )
    files.write(
        long=f"first: a_step_with_a_name_of_so_many_00\nsteps:\n{steps}"
        "  a_step_with_a_name_of_so_many_90: {do: return}\n  back: {do: return}\n"
    )
    [fault] = files.faults("long")
    assert fault == (
        "long.yaml:2: steps: the names of steps that are counted (`at_most`, lookups, effects) may "
        "take 3240 bytes on the call, 3000 at most; use shorter names, or call fewer flows"
    )


def test_a_step_named_like_one_inside_a_called_flow_is_refused(files: Files) -> None:
    files.write(main=MAIN + "  identity/ask: {do: queue}\n")
    assert files.faults() == [
        "main.yaml:3: steps: 'identity/ask': "
        "a step's name is small letters, digits and _, at most 32"
    ]


def test_a_recording_of_a_called_flow_is_found_beside_that_flow(
    files: Files, tmp_path: Path
) -> None:
    there = tmp_path / "shared"
    there.mkdir()
    (there / "hello.wav").write_bytes((FLOWS / "good" / "goodbye.wav").read_bytes())
    greet = "first: a\nsteps:\n  a:\n    do: say\n    say: {zh: 您好。, en: {text: Hello., " \
            "recorded: hello.wav}}\n    then: b\n  b: {do: return}\n"  # fmt: skip
    (there / "greet.yaml").write_text(greet, encoding="utf-8")
    files.write(main="first: a\nsteps:\n  a: {do: flow, flow: greet, then: b}\n  b: {do: queue}\n")
    flow = load(files.folder / "main.yaml", HOUSE, {"greet": there / "greet.yaml"})
    recorded = [prompt.recorded for prompt in flow.prompts() if prompt.recorded]
    assert recorded == [there / "hello.wav"]


# ---------------------------------------------------------------- what is seen of it


def test_a_flow_is_called_if_it_comes_back_or_needs_something(files: Files) -> None:
    assert not is_called(files.folder / "main.yaml") and not files.main().is_called
    assert is_called(files.folder / "identity.yaml")
    assert load(files.folder / "identity.yaml", HOUSE).is_called
    files.write(needs="needs: [a]\nfirst: a\nsteps:\n  a: {do: queue}\n")
    assert is_called(files.folder / "needs.yaml")


def test_the_flows_that_are_called_are_found_with_those_that_they_call(files: Files) -> None:
    files.write(identity=IDENTITY.replace("first: ask\nsteps:\n",
                "first: hello\nsteps:\n  hello: {do: flow, flow: greet, then: ask}\n"))  # fmt: skip
    files.write(greet="first: a\nsteps:\n  a:\n    do: 'return'\n")
    known = {file.stem: file for file in files.folder.glob("*.yaml")}
    assert called_by(known["main"], known).keys() == {"identity", "greet"}
    assert files.main().steps.keys() >= {"identity/hello/a", "identity/ask"}


def test_a_picture_shows_the_called_flow_in_its_place(files: Files) -> None:
    drawn = sketch(files.main(), {("identity/ask", "done"): 3})
    text = mermaid(drawn)
    frame = text[text.index("    subgraph in_s_identity") : text.index("    end\n")]
    assert "s_identity-ask{{" in frame and "s_thanks" not in frame
    assert '    s_identity-known -->|"done<br/>0"| s_thanks' in text
    assert "identity/ask (listen: at most 2, 3 came" in picture(drawn)
    assert picture(drawn).count('stroke-dasharray="2 3"') == 4


def test_a_change_in_a_called_flow_is_told_in_words(files: Files) -> None:
    before = files.main()
    files.write(identity=IDENTITY.replace("Enter your customer number.", "Your number."))
    assert difference(before, files.main()) == [
        "identity/ask says in English: Your number. (was: Enter your customer number.)"
    ]


def test_callers_at_random_walk_everywhere_through_the_calls(files: Files) -> None:
    flows = load_all(sorted(files.folder.glob("*.yaml")), HOUSE)
    premises = Premises({"main": flows["main"]}, HOURS, frozenset(HOUSE.queues), {})
    tried = trial.run(premises, ["main"], [], 400, 1)
    assert tried.strays == []
    walked = tried.coverage["main"]
    with Stage(premises) as stage:
        walk = stage.walk(Role("main", ["42", "2", "43", "2"]))
    walked.add(walk.trail)
    assert walked.missing() == [] and walk.ends == "waiting"
    only = Coverage(flows["main"])
    only.add(walk.trail)
    assert "identity/known:done" in only.missing()

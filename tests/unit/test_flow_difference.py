"""What admins read of a new version: every difference that callers could meet, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ivr.flow import Flow, Step
from ivr.flow_difference import ARROWS, difference
from ivr.load import load
from tests.fakes_calls import FLOWS, HOUSE, flow_of

FLOW: dict[str, Any] = {
    "first": "welcome",
    "steps": {
        "welcome": {"do": "say", "say": {"zh": "您好。", "en": "Hello."}, "then": "menu"},
        "menu": {
            "do": "menu",
            "say": {"zh": "请按键。", "en": "Press a key."},
            "after_silence": {"zh": "没有按键。", "en": "No key."},
            "at_most": 3,
            "then": {
                "1": "about", "2": "clock", "3": "sales", "silence": "person", "no_match": "menu",
                "too_many": "person",
            },
        },
        "about": {"do": "say", "say": {"zh": "说明。", "en": "About us."}, "then": "clock"},
        "clock": {"do": "hours", "hours": "always", "then": {"open": "sales", "closed": "bye"}},
        "sales": {"do": "queue", "queue": "sales"},
        "person": {
            "do": "queue",
            "queue": "support",
            "while_waiting": [
                {"after": 20, "say": {"zh": "谢谢。", "en": "Thank you."}},
                {"every": 45, "say": {"zh": "请等待。", "en": "Please stay."}},
            ],
        },
        "bye": {"do": "goodbye", "say": {"zh": "再见。", "en": "Goodbye."}},
    },
}  # fmt: skip
Change = Callable[[dict[str, Any]], object]


def dumped(flow: dict[str, Any]) -> str:
    return yaml.safe_dump(flow, allow_unicode=True, sort_keys=False)


def flows_of(change: Change, folder: Path) -> tuple[Flow, Flow]:
    """The flow above, and what it is after this change of its steps."""
    before = flow_of(dumped(FLOW), folder)
    changed: dict[str, Any] = yaml.safe_load(dumped(FLOW))
    change(changed["steps"])
    return before, flow_of(dumped(changed), folder)


def put(*path: str | int, to: Any) -> Change:
    """Put a value where the path leads to."""

    def change(steps: Any) -> None:
        for part in path[:-1]:
            steps = steps[part]
        steps[path[-1]] = to

    return change


def rename(old: str, new: str) -> Change:
    """Call a step otherwise, wherever it is named."""

    def change(steps: dict[str, Any]) -> None:
        steps[new] = steps.pop(old)
        for step in steps.values():
            arrows = step.get("then", {})
            if isinstance(arrows, str):
                step["then"] = new if arrows == old else arrows
            else:
                for outcome, target in arrows.items():
                    arrows[outcome] = new if target == old else target

    return change


def without(*path: str | int) -> Change:
    def change(steps: Any) -> None:
        for part in path[:-1]:
            steps = steps[part]
        del steps[path[-1]]

    return change


def a_new_step(steps: dict[str, Any]) -> None:
    steps["billing"] = {"do": "queue"}
    steps["menu"]["then"]["4"] = "billing"


def another_first_word(steps: dict[str, Any]) -> None:
    steps["welcome"] |= {"do": "goodbye"}
    del steps["welcome"]["then"]
    for name in [name for name in steps if name != "welcome"]:
        del steps[name]


TABLE: list[tuple[str, Change, list[str]]] = [
    ("nothing", lambda steps: None, []),
    (
        "a key leads elsewhere",
        put("menu", "then", "3", to="person"),
        ["menu: key 3 now goes to person (was sales)"],
    ),
    (
        "a new key",
        put("menu", "then", "4", to="sales"),
        ["menu: key 4 is new and goes to sales"],
    ),
    (
        "a key is gone",
        without("menu", "then", "3"),
        ["menu: key 3 is gone (went to sales)"],
    ),
    (
        "another outcome",
        put("menu", "then", "no_match", to="sales"),
        ["menu: no match now goes to sales (was menu)"],
    ),
    (
        "another step next",
        put("about", "then", to="menu"),
        ["about: what comes next now goes to menu (was clock)"],
    ),
    (
        "a new step",
        a_new_step,
        ["menu: key 4 is new and goes to billing", "step billing is new (queue)"],
    ),
    (
        "other words",
        put("welcome", "say", "en", to="Good day."),
        ["welcome says in English: Good day. (was: Hello.)"],
    ),
    (
        "other words in Chinese, after silence",
        put("menu", "after_silence", "zh", to="请按键！"),
        ["menu says after silence in Chinese: 请按键！ (was: 没有按键。)"],
    ),
    (
        "words that were not there",
        put("menu", "after_no_match", to={"zh": "错。", "en": "Wrong."}),
        [
            "menu: now says after a wrong key in Chinese: 错。",
            "menu: now says after a wrong key in English: Wrong.",
        ],
    ),
    (
        "words that are gone",
        without("menu", "after_silence"),
        [
            "menu: no longer says anything after silence in Chinese (was: 没有按键。)",
            "menu: no longer says anything after silence in English (was: No key.)",
        ],
    ),
    (
        "another queue",
        put("person", "queue", to="sales"),
        ["person: queue is now sales (was support)"],
    ),
    (
        "the number's queue",
        without("person", "queue"),
        ["person: queue is now that of the number (was support)"],
    ),
    ("seconds", put("menu", "seconds", to=8), ["menu: waits 8 s for a key (was 5)"]),
    ("tries", put("menu", "tries", to=1), ["menu: asks 1 times (was 3)"]),
    (
        "limit",
        put("menu", "at_most", to=5),
        ["menu: is performed 5 times in a call at most (was 3)"],
    ),
    (
        "hours",
        put("clock", "hours", to="weekdays"),
        ["clock: looks at the hours weekdays (was always)"],
    ),
    (
        "a field without a sentence of its own",
        put("menu", "every_language", to=True),
        ["menu: every language is now yes (was no)"],
    ),
    (
        "what follows the talk",
        put("person", "after", to="survey"),
        ["person: after is now survey (was goodbye)"],
    ),
    (
        "an announcement",
        put("person", "while_waiting", 0, "say", "en", to="Thanks."),
        ["person says after 20 s of waiting in English: Thanks. (was: Thank you.)"],
    ),
    (
        "an announcement is gone",
        without("person", "while_waiting", 1),
        [
            "person: no longer says anything every 45 s of waiting in Chinese (was: 请等待。)",
            "person: no longer says anything every 45 s of waiting in English (was: Please stay.)",
        ],
    ),
    (
        "announcements in another order",
        lambda steps: steps["person"]["while_waiting"].reverse(),
        ["person: what waiting callers hear comes in another order"],
    ),
    (
        "another kind",
        another_first_word,
        [
            "welcome: is now goodbye (was say)",
            "welcome: what comes next is gone (went to menu)",
            *(f"step {name} is gone" for name in FLOW["steps"] if name != "welcome"),
        ],
    ),
    ("a name", rename("sales", "sellers"), ["step sales is now called sellers"]),
    (
        "a name of a step that leads back to itself",
        rename("menu", "choice"),
        ["step menu is now called choice"],
    ),
    (
        "names that hang on each other",
        lambda steps: [rename(old, new)(steps) for old, new in (("about", "us"), ("clock", "now"))],
        ["step about is now called us", "step clock is now called now"],
    ),
]


@pytest.mark.parametrize(("change", "told"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_a_difference_is_told_in_words(change: Change, told: list[str], tmp_path: Path) -> None:
    assert difference(*flows_of(change, tmp_path)) == told


def test_another_beginning_is_told(tmp_path: Path) -> None:
    before = flow_of(dumped(FLOW), tmp_path)
    steps = {name: step for name, step in FLOW["steps"].items() if name != "welcome"}
    after = flow_of(dumped({"first": "menu", "steps": steps}), tmp_path)
    assert difference(before, after) == [
        "calls now begin in menu (was welcome)",
        "step welcome is gone",
    ]


def test_another_recording_of_the_same_words_is_told(tmp_path: Path) -> None:
    def bye(recorded: str) -> Flow:
        words = f"{{text: Goodbye., recorded: {recorded}}}" if recorded else "Goodbye."
        text = f"first: bye\nsteps: {{bye: {{do: goodbye, say: {{zh: 再见。, en: {words}}}}}}}"
        return flow_of(text, tmp_path)

    for name in ("one.wav", "two.wav"):
        (tmp_path / name).write_bytes((FLOWS / "good" / "goodbye.wav").read_bytes())
    assert difference(bye("one.wav"), bye("two.wav")) == ["bye: plays another recording in English"]
    assert difference(bye(""), bye("one.wav")) == ["bye: plays a recording (was spoken) in English"]
    assert difference(bye("one.wav"), bye("")) == [
        "bye: is spoken, no longer a recording, in English"
    ]


def said_by(step: Step) -> set[str]:
    """The fields that hold words."""
    may = {"say", "while_waiting", "after_silence", "after_no_match"}
    return may | {path[0] for path, _ in step.spoken()}


def fields_that_say_nothing() -> list[tuple[str, str]]:
    steps = load(FLOWS / "good" / "every-kind.yaml", HOUSE).steps
    return [
        (name, field)
        for name, step in steps.items()
        for field in sorted(type(step).model_fields.keys() - {"do", "then", *said_by(step)})
        if (step.do, field) not in ARROWS
    ]


@pytest.mark.parametrize(("name", "field"), fields_that_say_nothing())
def test_no_field_of_any_kind_changes_unseen(name: str, field: str) -> None:
    flow = load(FLOWS / "good" / "every-kind.yaml", HOUSE)
    changed = flow.steps[name].model_copy(update={field: "another"})
    after = replace(flow, steps={**flow.steps, name: changed})
    [line] = difference(flow, after)
    assert line.startswith(f"{name}: ") and "another" in line

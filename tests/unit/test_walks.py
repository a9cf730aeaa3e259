"""Any flow that loads lets every caller out, whatever keys they press."""

from __future__ import annotations

import asyncio
import json
import random
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ivr.call import take_call
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.graph import reachable
from ivr.load import load
from ivr.neighbours import Neighbours
from ivr.ports import LookupFailed, NotThere
from tests.fakes import FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock
from voice.ports import Prompt

SAID = {"zh": "您好", "en": "Hello"}
WALKS = 5
LOOKUP_OUTCOMES = ("done", "not_found", "failed", "timeout")


class RestlessLine(FakeLine):
    """A caller who never hangs up and presses anything, or nothing."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def ask(self, prompts: Sequence[Prompt], **_: Any) -> str | None:
        key: str | None = self._chance.choice([None, *"0123*#"])
        return key


class MoodyServices:
    """Services that answer, or not, in any way."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def get(self, service: str, question: str, seconds: float, key: str) -> Any:
        mood: Any = self._chance.choice(
            [None, NotThere(), LookupFailed("away"), TimeoutError(), {}]
        )
        if isinstance(mood, Exception):
            raise mood
        return {"a": "1"} if mood is None else mood


@st.composite
def flow_files(draw: st.DrawFn) -> dict[str, Any]:
    names = [f"s{number}" for number in range(draw(st.integers(1, 7)))]
    steps: dict[str, Any] = {"bye": {"do": "goodbye", "say": SAID}, "wait": {"do": "queue"}}
    targets = st.sampled_from([*names, "bye", "wait"])
    for name in names:
        kind = draw(st.sampled_from(["say", "menu", "listen", "hours", "set", "branch", "lookup"]))
        outcomes = {
            "say": ["done"], "set": ["done"], "hours": ["open", "closed"],
            "listen": ["done", "silence", "no_match"], "branch": ["own", "else"],
            "lookup": [*LOOKUP_OUTCOMES],
        }.get(kind)  # fmt: skip
        if outcomes is None:
            outcomes = [*draw(st.sets(st.sampled_from("0123*#"), min_size=1)), "silence"]
            outcomes.append("no_match")
        step: dict[str, Any] = {"do": kind}
        step |= {"say": SAID} if kind in ("say", "menu", "listen") else {}
        step |= {"into": "answer", "keys": {"most": "1"}} if kind == "listen" else {}
        step |= {"fact": "dialled", "cases": {"own": "4000"}} if kind == "branch" else {}
        step |= {"service": "orders", "into": {"answer": "a"}} if kind == "lookup" else {}
        step |= {"hours": "weekdays"} if kind == "hours" else {}
        step |= {"language": "en"} if kind == "set" else {}
        if draw(st.integers(0, 2)):
            step["at_most"] = draw(st.integers(1, 3))
            outcomes.append("too_many")
        step["then"] = {outcome: draw(targets) for outcome in outcomes}
        steps[name] = step
    arrows = {name: step.get("then", {}) for name, step in steps.items()}
    kept = reachable("s0", arrows)
    return {"first": "s0", "steps": {name: steps[name] for name in steps if name in kept}}


@given(flow_files(), st.integers(0, 2**32))
@settings(max_examples=120, deadline=None)
def test_a_flow_is_refused_or_every_walk_ends_in_bounded_steps(
    plain: dict[str, Any], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "random.yaml"
        file.write_text(json.dumps(plain), encoding="utf-8")  # JSON is YAML too
        try:
            flow = load(file, HOUSE)
        except BadFlow as bad:
            event("refused")
            assert all(re.search("round for ever|person", fault) for fault in bad.faults)
            return
    event("loaded")
    limits = sum(step.at_most or 0 for step in flow.steps.values())
    bound = (limits + 1) * (len(flow.steps) + 1)
    for trail in asyncio.run(_trails(flow, seed)):
        assert len(trail) <= bound
        assert trail[-1] in ("bye:done", "wait:waiting")


@st.composite
def flows_with_values(draw: st.DrawFn) -> dict[str, Any]:
    """Flows that only lead forward, in which values are set, lost, looked at and said."""
    names = [f"s{number}" for number in range(draw(st.integers(2, 8)))]
    value, steps = st.sampled_from("ab"), {}
    for place, name in enumerate(names):
        kind = draw(st.sampled_from(["say", "listen", "listen", "set", "branch", "lookup"]))
        one = draw(value)
        step: dict[str, Any] = {"do": kind}
        outcomes = ["done"]
        if kind == "say":
            step["say"] = {language: f"{text} {{{one}}}" for language, text in SAID.items()}
        elif kind == "listen":
            step |= {"say": SAID, "into": one, "keys": {"most": "1"}, "tries": "1"}
            outcomes += ["silence", "no_match"]
        elif kind == "lookup":
            other = draw(value)
            step |= {"service": "orders", "path": f"/{{{other}}}", "into": {one: "a"}}
            outcomes = [*LOOKUP_OUTCOMES]
        elif kind == "set":
            step["values"] = {one: "1"}
        else:
            none = {"none": {"missing": "true"}} if draw(st.booleans()) else {}
            step |= {"value": one, "cases": {"one": "1", **none}}
            outcomes = [*step["cases"], "else"]
        ahead = st.sampled_from([*names[place + 1 :], "wait"])
        step["then"] = {outcome: draw(ahead) for outcome in outcomes}
        steps[name] = step
    steps["wait"] = {"do": "queue"}
    kept = reachable("s0", {name: step.get("then", {}) for name, step in steps.items()})
    return {"first": "s0", "steps": {name: steps[name] for name in steps if name in kept}}


@given(flows_with_values(), st.integers(0, 2**32))
@settings(max_examples=120, deadline=None)
def test_no_caller_of_a_flow_that_loads_comes_to_a_prompt_without_its_value(
    plain: dict[str, Any], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "random.yaml"
        file.write_text(json.dumps(plain), encoding="utf-8")
        try:
            flow = load(file, HOUSE)
        except BadFlow as bad:
            event("refused")
            expected = ("comes here without", "no step collects")
            assert all(any(words in fault for words in expected) for fault in bad.faults)
            return
    event("loaded")
    for trail in asyncio.run(_trails(flow, seed)):
        assert trail[-1] == "wait:waiting"


async def _trails(flow: Flow, seed: int) -> list[list[str]]:
    return [
        await take_call(
            RestlessLine(random.Random(seed + walk)),
            flow,
            FakeAcceptance(),
            StandingClock(),
            HOURS,
            Neighbours(lookups=MoodyServices(random.Random(seed - walk))),
        )
        for walk in range(WALKS)
    ]

"""The demo's timeline tells people what happened, in either language, and fits the terminal."""

from __future__ import annotations

import io
import re
import string
from typing import Any

import pytest
from rich.console import Console

from adapters.cli.demo_words import WORDS, Words, language_of
from adapters.cli.stage_view import stage_view
from adapters.cli.timeline import Scene

AGENTS = ("agent-1001", "agent-1002", "agent-1003")
A_CALL: list[tuple[str, dict[str, Any]]] = [
    ("call_started", {"dialled": "4000"}),
    ("step_taken", {"step": "welcome", "outcome": "2"}),
    ("step_taken", {"step": "hours", "outcome": "open"}),
    ("arrived", {"queue": "support"}),
    ("arrived", {"queue": "support"}),
    ("offered", {"agent": "agent-1001", "offer": "1.1.1"}),
    ("offer_ended", {"offer": "1.1.1", "how": "declined"}),
    ("offered", {"agent": "agent-1002", "offer": "1.1.2"}),
    ("offer_answered", {"offer": "1.1.2"}),
    ("leg_ended", {"offer": "1.1.2"}),
    ("contact_ended", {"how": "served"}),
]


def play(scene: Scene, *steps: tuple[str, dict[str, Any]], contact: str = "con_1") -> list[str]:
    """The lines that these events of one contact make, a second apart."""
    lines = []
    for n, (kind, data) in enumerate(steps):
        event = {"kind": kind, "data": data, "contact": contact, "who": "hotline",
                 "at": f"2026-11-21T09:30:{n:02d}.000Z"}  # fmt: skip
        lines.append(scene.take(event))
    return [line for line in lines if line]


def test_a_call_is_told_from_ring_to_goodbye() -> None:
    assert play(Scene(Words("en")), *A_CALL) == [
        "Caller 1 dials 4000",
        "Caller 1 presses 2",
        "Caller 1 asks for a person: the place in line counts from here",
        "Agent 1001's phone rings for Caller 1, who has waited 2 s",
        "Agent 1001 declines; Caller 1 keeps the place",
        "Agent 1002's phone rings for Caller 1, who has waited 4 s",
        "Agent 1002 talks with Caller 1",
        "Agent 1002 and Caller 1 have finished",
    ]


def test_the_stage_knows_where_everybody_stands() -> None:
    scene = Scene(Words("en"), wrap_up=2.0)
    play(scene, *A_CALL[:6])
    caller = scene.callers["con_1"]
    assert (caller.state, scene.agents["agent-1001"].state) == ("ringing", "offered")
    play(scene, *A_CALL[6:])
    assert caller.state == "served"
    assert scene.over(1) and not scene.over(2)


def test_waiting_is_from_asking_to_the_answer() -> None:
    scene = Scene(Words("en"))
    play(scene, *A_CALL)
    assert scene.callers["con_1"].waited(scene.began + 999) == 5.0


def test_wrap_up_ends_by_itself() -> None:
    scene = Scene(Words("en"), wrap_up=2.0)
    play(scene, *A_CALL)
    agent = scene.agents["agent-1002"]
    assert scene.agent_state(agent, agent.since + 1.9) == "wrap-up"
    assert scene.agent_state(agent, agent.since + 2.0) == "ready"


def test_a_caller_who_hangs_up_is_told_once() -> None:
    lines = play(
        Scene(Words("en")), *A_CALL[:5], ("contact_ended", {"how": "abandoned"}), ("call_ended", {})
    )
    assert lines[-1] == "Caller 1 hangs up while waiting"
    assert sum("hangs up" in line for line in lines) == 1


def test_a_caller_who_leaves_in_the_menu_is_over() -> None:
    scene = Scene(Words("en"))
    assert play(scene, A_CALL[0], ("call_ended", {}))[-1] == "Caller 1 hangs up in the menu"
    assert scene.over(1)


def test_events_that_are_not_known_change_nothing() -> None:
    assert play(Scene(Words("en")), ("brand_new", {"agent": "x"})) == []


def test_both_languages_have_the_same_sentences_with_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for name, sentence in WORDS["en"].items():
        assert places(sentence) == places(WORDS["zh"][name]), name


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
def test_the_stage_fits_the_terminal(language: str, width: int) -> None:
    scene = Scene(Words(language), wrap_up=2.0)
    for n in range(9):
        play(scene, *A_CALL[: n + 1], contact=f"con_{n}")
    picture = io.StringIO()
    console = Console(file=picture, width=width, height=24, force_terminal=True)
    console.print(stage_view(scene, 9, AGENTS, now=scene.began + 30))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", picture.getvalue()).rstrip("\n").split("\n")
    assert len(lines) <= 23
    assert all(console.measure(line).maximum <= width for line in lines)
    assert not any("…" in line for line in lines[:16])


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_terminals(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language

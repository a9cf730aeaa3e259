"""The figures of `bench calls` follow from Asterisk's events as its text says."""

from __future__ import annotations

import pytest

from tests.bench.figures import Legs, figures, legs, percentile
from tests.bench.tap import Event

AGENTS = ("agent-1", "agent-2")


def event(at: float, kind: str, endpoint: str, unique: str) -> Event:
    channel = f"PJSIP/{endpoint}-00000001"
    return {"Event": kind, "Timestamp": f"{at:.6f}", "Channel": channel, "Uniqueid": unique}


def call(unique: str, endpoint: str, began: float, bridged: float, ended: float) -> list[Event]:
    return [
        event(began, "Newchannel", endpoint, unique),
        event(bridged, "BridgeEnter", endpoint, unique),
        event(ended, "Hangup", endpoint, unique),
    ]


def two_talks(second_caller_at: float) -> Legs:
    events = call("c1", "trunk", 0.0, 1.0, 2.0) + call("c2", "trunk", second_caller_at, 3.5, 4.5)
    events += call("a1", "agent-1", 0.5, 1.0, 2.0) + call("a2", "agent-1", 2.7, 3.5, 4.5)
    return legs(events, AGENTS)


def test_free_to_ring_runs_from_one_leg_gone_to_the_next_for_the_same_agent() -> None:
    assert figures(two_talks(0.1)).free_to_ring == [pytest.approx(0.7)]


def test_an_agent_without_anybody_waiting_is_not_counted() -> None:
    assert figures(two_talks(2.6)).free_to_ring == []


def test_a_caller_for_whom_a_phone_already_rings_is_not_waiting() -> None:
    events = call("c1", "trunk", 0.0, 1.0, 2.0) + call("c2", "trunk", 0.0, 2.5, 3.0)
    events += call("a1", "agent-1", 0.1, 1.0, 2.0) + call("a2", "agent-2", 1.5, 2.5, 3.0)
    events += call("a3", "agent-1", 5.0, 5.5, 6.0)
    assert figures(legs(events, AGENTS)).free_to_ring == []


def test_calls_a_second_are_talks_from_the_first_ring_to_the_last_end() -> None:
    found = figures(two_talks(0.1))
    assert found.talks == 2
    assert found.calls_per_second == pytest.approx(2 / 4.0)


def test_rings_without_an_answer_are_no_talks() -> None:
    events = [event(0, "Newchannel", "agent-1", "a"), event(1, "Hangup", "agent-1", "a")]
    assert figures(legs(events, AGENTS)).talks == 0


def test_nothing_happened_is_no_speed() -> None:
    assert figures(legs([], AGENTS)).plain()["calls_per_second"] == 0
    assert figures(legs([], AGENTS)).plain()["free_to_ring_ms"]["p50"] is None


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 201)]
    assert [percentile(values, p) for p in (50, 95, 100)] == [100.0, 190.0, 200.0]
    assert percentile([7.0], 50) == 7.0

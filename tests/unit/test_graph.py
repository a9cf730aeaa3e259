"""The proof that every walk ends, against a search through every state a walk can be in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.graph import loops, reachable

Flow = tuple[dict[str, dict[str, str]], dict[str, int]]
"""Arrows and limits."""


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    arrows: dict[str, dict[str, str]] = {}
    limits: dict[str, int] = {}
    for name in names:
        keys = draw(st.lists(st.sampled_from("12"), unique=True))
        arrows[name] = {key: draw(st.sampled_from(names)) for key in keys}
        if draw(st.booleans()):
            limits[name] = draw(st.integers(1, 2))
            arrows[name]["too_many"] = draw(st.sampled_from(names))
    return arrows, limits


def endless(arrows: dict[str, dict[str, str]], limits: dict[str, int]) -> bool:
    """Whether some walk never ends, by looking at every (step, visits so far)."""
    State = tuple[str, tuple[tuple[str, int], ...]]

    def after(state: State) -> list[State]:
        step, visits = state
        count = dict(visits)
        used_up = step in limits and count.get(step, 0) >= limits[step]
        if step in limits:
            count[step] = min(count.get(step, 0) + 1, limits[step])
        seen = tuple(sorted(count.items()))
        out = arrows[step]
        return [(target, seen) for key, target in out.items() if (key == "too_many") == used_up]

    def comes_back(state: State, path: set[State], done: set[State]) -> bool:
        if state in path:
            return True
        if state in done:
            return False
        found = any(comes_back(following, path | {state}, done) for following in after(state))
        done.add(state)
        return found

    done: set[State] = set()
    return any(comes_back((step, ()), set(), done) for step in arrows)


@given(flows())
@settings(max_examples=80, deadline=None)
def test_no_walk_goes_round_for_ever_where_no_loop_is_reported(flow: Flow) -> None:
    arrows, limits = flow
    assert loops(arrows, limits, "too_many") or not endless(arrows, limits)


@given(flows())
@settings(max_examples=80, deadline=None)
def test_a_loop_without_limited_steps_is_never_a_false_alarm(flow: Flow) -> None:
    arrows, limits = flow
    for way in loops(arrows, limits, "too_many"):
        assert set(way) & limits.keys() or endless(arrows, limits)


@given(flows())
@settings(max_examples=50, deadline=None)
def test_a_reported_loop_is_a_way_one_can_go(flow: Flow) -> None:
    arrows, limits = flow
    for way in loops(arrows, limits, "too_many"):
        for step, following in zip(way, [*way[1:], way[0]], strict=True):
            assert following in arrows[step].values()


def test_only_what_arrows_lead_to_is_reachable() -> None:
    arrows = {"a": {"1": "b"}, "b": {"1": "a"}, "c": {"1": "a"}}
    assert reachable("a", arrows) == {"a", "b"}

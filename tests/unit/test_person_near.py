"""How far a person is, against a search through every state a caller can be in."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow import KEYS, KINDS, TOO_MANY, Step
from ivr.person_near import UNKNOWN, Place, keys_to, too_far

PERSON, END = "person", "end"
Visits = tuple[tuple[str, int], ...]
State = tuple[str, Visits]


@st.composite
def flows(draw: st.DrawFn) -> dict[str, Place]:
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    places = {PERSON: Place({}), END: Place({}, ends=True), UNKNOWN: Place({})}
    for name in names:
        targets = st.sampled_from([*names, PERSON, END])
        chooses, at_most = draw(st.booleans()), draw(st.integers(0, 2))
        outcomes = draw(st.sets(st.sampled_from(["1", "2", "silence"]), min_size=1))
        arrows = {o if chooses else f"is {o}": draw(targets) for o in sorted(outcomes)}
        if at_most:
            arrows[TOO_MANY] = draw(targets)
        places[name] = Place(arrows, chooses, at_most=at_most)
    return places


def by_search(start: str, places: dict[str, Place]) -> float:
    """The fewest keys to a person that the house cannot prevent, over (step, visits so far)."""
    ways: dict[State, list[tuple[int, State]]] = {}
    todo: list[State] = [(start, ())]
    while todo:
        state = todo.pop()
        if state not in ways:
            ways[state] = _ways(state, places)
            todo += [following for _, following in ways[state]]
    away = {state: 0.0 if state[0] == PERSON else inf for state in ways}
    for _ in range(len(ways) * 3):
        for state, out in ways.items():
            if state[0] != PERSON:
                choice = min if places[state[0]].chooses else max
                away[state] = choice([keys + away[s] for keys, s in out], default=inf)
    return away[start, ()]


def _ways(state: State, places: dict[str, Place]) -> list[tuple[int, State]]:
    name, visits = state
    place, count = places[name], dict(visits)
    used_up = bool(place.at_most) and count.get(name, 0) >= place.at_most
    if place.at_most:
        count[name] = min(count.get(name, 0) + 1, place.at_most)
    seen = tuple(sorted(count.items()))
    out = {o: to for o, to in place.arrows.items() if (o == TOO_MANY) == used_up}
    return [(int(o in KEYS), (to, seen)) for o, to in out.items()]


@given(flows())
@settings(max_examples=200, deadline=None)
def test_no_person_is_said_to_be_nearer_than_a_caller_can_come(places: dict[str, Place]) -> None:
    away = keys_to({PERSON}, places)
    assert all(away[name] >= by_search(name, places) for name in places)


@given(flows())
@settings(max_examples=200, deadline=None)
def test_where_nothing_is_limited_the_distance_is_exact(places: dict[str, Place]) -> None:
    free = {name: Place(place.own, place.chooses, place.ends) for name, place in places.items()}
    away = keys_to({PERSON}, free)
    assert all(away[name] == by_search(name, free) for name in free)


def menu(**then: str) -> Step:
    arrows = {key.removeprefix("key"): to for key, to in then.items()}
    return KINDS["menu"].model_validate({"do": "menu", "say": {"en": "x"}, "then": arrows})


def test_silence_costs_no_key_and_the_way_is_told() -> None:
    steps = {
        "a": menu(key1="b", silence="end", no_match="end"),
        "b": menu(key1="end", silence="p", no_match="end"),
        "p": KINDS["queue"].model_validate({"do": "queue"}),
        "end": KINDS["goodbye"].model_validate({"do": "goodbye", "say": {"en": "x"}}),
    }
    arrows = {name: step.then for name, step in steps.items()}
    assert too_far("a", arrows, steps, 1) == []
    [far] = too_far("a", arrows, steps, 0)
    assert (far.step, far.keys, far.way) == ("a", 1, ["a", "b", "p"])


@pytest.mark.parametrize("target", ["nowhere", "odd"])
def test_what_is_not_understood_is_no_second_fault(target: str) -> None:
    steps = {"a": menu(key1=target, silence="a", no_match="a")}
    arrows = {"a": steps["a"].then, "odd": {}}
    assert too_far("a", arrows, steps, 3) == []

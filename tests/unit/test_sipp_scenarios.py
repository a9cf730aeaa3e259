"""Scenarios are whole XML, logs become moments, callers are nobody real."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from adapters.sipp.callers import fictional_numbers
from adapters.sipp.process import Moment, csv, filled, parsed

VALUES: dict[str, dict[str, object]] = {
    "caller.xml": {"STAYS_MS": 1},
    "agent.xml": {
        "RINGS_MS": 1, "TALKS_MS": 1, "ANSWER": 486, "DECLINES_FIRST": 0,
        "MEDIA_PORT": "media_port", "SPEAK": "",
    },
    "register.xml": {"EXPIRES": 1, "AGAIN_MS": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_filled_scenario_is_xml_without_empty_places(name: str) -> None:
    scenario = ElementTree.fromstring(filled(name, VALUES[name]))
    places = [word for word in _texts(scenario) if word.startswith("@") and word.endswith("@")]
    assert places == []


@pytest.mark.parametrize("name", VALUES)
def test_every_jump_of_a_scenario_has_a_target(name: str) -> None:
    scenario = ElementTree.fromstring(filled(name, VALUES[name]))
    labels = {label.get("id") for label in scenario.iter("label")}
    jumps = {step.get(way) for step in scenario for way in ("next", "ontimeout") if step.get(way)}
    assert jumps <= labels


def test_a_log_line_becomes_a_moment() -> None:
    line = "rings|3|1795303838.000000|500000.000000|agent-1001\n"
    assert parsed(line) == Moment("rings", 3, 1795303838.5, "agent-1001")


@pytest.mark.parametrize("line", ["", "\n", "a warning of its own\n", "a|b|c\n"])
def test_other_lines_of_a_log_are_passed_over(line: str) -> None:
    assert parsed(line) is None


def test_callers_have_distinct_numbers_that_ring_nobody() -> None:
    numbers = fictional_numbers(1000)
    assert len(set(numbers)) == 1000
    assert all(number.startswith("+447700900") and len(number) == 13 for number in numbers)


def test_there_are_no_more_numbers_than_set_aside() -> None:
    with pytest.raises(ValueError, match="1000"):
        fictional_numbers(2, first=999)


def test_values_are_read_one_row_a_call() -> None:
    assert csv([("+447700900000", "caller", 9), ("b", "c", 1)]) == (
        "SEQUENTIAL\n+447700900000;caller;9\nb;c;1\n"
    )


def _texts(element: ElementTree.Element) -> list[str]:
    words = (element.text or "").split() + list(element.attrib.values())
    return words + [word for child in element for word in _texts(child)]

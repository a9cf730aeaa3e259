"""What leaves as CSV is never run by a spreadsheet."""

from __future__ import annotations

import csv
import json

import pytest

from adapters.cli.sheet import head, line

COLUMNS = ("call", "agents", "waited")


@pytest.mark.parametrize("cell", ["=1+1", "+8613800138000", "-2", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    (read,) = csv.reader([line({"call": cell}, COLUMNS, "csv")])
    assert read == [f"'{cell}", "", ""]


def test_quotes_commas_and_line_ends_stay_inside_their_cell() -> None:
    given = 'a,"b"\nc'
    (read,) = csv.reader([line({"call": given, "agents": ["x", "y"]}, COLUMNS, "csv")])
    assert read == [given, "x y", ""]


def test_a_line_of_json_has_the_values_as_they_are() -> None:
    row = {"call": "=1", "agents": ["x"], "waited": None, "more": 1}
    assert json.loads(line(row, COLUMNS, "jsonl")) == {
        "call": "=1",
        "agents": ["x"],
        "waited": None,
    }
    assert (head(COLUMNS, "jsonl"), head(COLUMNS, "csv")) == ([], ["call,agents,waited"])

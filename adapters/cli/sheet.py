"""Rows for other programs: CSV that no spreadsheet takes for formulas, or a line of JSON each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Format = Literal["csv", "jsonl"]
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet runs what begins so, however it came into the cell."""


def head(columns: Sequence[str], form: Format) -> list[str]:
    """The lines before the first row."""
    return [csv_line(columns)] if form == "csv" else []


def line(row: Mapping[str, Any], columns: Sequence[str], form: Format) -> str:
    """One row: lists with spaces between in CSV, None empty."""
    values = {name: row.get(name) for name in columns}
    if form == "jsonl":
        return json.dumps(values, ensure_ascii=False)
    return csv_line([_text(value) for value in values.values()])


def csv_line(cells: Sequence[str]) -> str:
    """A line of CSV (RFC 4180), without its end."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([harmless(cell) for cell in cells])
    return written.getvalue()


def harmless(cell: str) -> str:
    """With an apostrophe before what a spreadsheet would run: it is shown as text then."""
    return f"'{cell}" if cell.lstrip(" ").startswith(STARTS_A_FORMULA) else cell


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)

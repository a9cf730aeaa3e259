"""Values in words: one function for every kind of value in every language that is spoken.

How each language decides between readings stands at the top of its module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from voice import spoken_en, spoken_zh, values
from voice.values import CannotSay

_V = TypeVar("_V")
_Way = Callable[[str], str]


class Kind(StrEnum):
    """What a value is, and the form in which it is written."""

    DIGITS = "digits"
    """Read one by one: `4006001234`, `400-600-1234`, `+86 138 0013 8000`, `HL-2093`."""
    NUMBER = "number"
    """`-1234.50`: to 10**15 with either sign, at most nine places, no separators."""
    COUNT = "count"
    """How many, before the word for what is counted: `2` is 两 (两位), in English "two"."""
    ORDINAL = "ordinal"
    """`21`: which one in a row, from 1."""
    PERCENT = "percent"
    """`12.5` or `12.5%`."""
    MONEY = "money"
    """`12.30 CNY`: at most two places; the currencies are `voice.values.CURRENCIES`."""
    DATE = "date"
    """`2026-03-05`: from the year 1000 on."""
    WEEKDAY = "weekday"
    """`2026-03-05`: the day of the week alone, for those who want it beside the date."""
    TIME = "time"
    """`21:05`: 00:00 to 23:59."""
    DATETIME = "datetime"
    """`2026-03-05T21:05`, or with a blank for the T; without seconds and zone."""
    DURATION = "duration"
    """`3725`: whole seconds, up to 9,999 days."""


def _ways(read: Callable[[str], _V], en: Callable[[_V], str], zh: Callable[[_V], str]) -> (
    Mapping[str, _Way]
):  # fmt: skip
    return {"en": lambda text: en(read(text)), "zh": lambda text: zh(read(text))}


_WAYS: Mapping[Kind, Mapping[str, _Way]] = {
    Kind.DIGITS: _ways(values.characters, spoken_en.digits, spoken_zh.digits),
    Kind.NUMBER: _ways(values.number, spoken_en.number, spoken_zh.number),
    Kind.COUNT: _ways(values.count, spoken_en.cardinal, spoken_zh.count),
    Kind.ORDINAL: _ways(values.ordinal, spoken_en.ordinal, spoken_zh.ordinal),
    Kind.PERCENT: _ways(values.percent, spoken_en.percent, spoken_zh.percent),
    Kind.MONEY: _ways(values.money, spoken_en.money, spoken_zh.money),
    Kind.DATE: _ways(values.day, spoken_en.day, spoken_zh.day),
    Kind.WEEKDAY: _ways(values.day, spoken_en.weekday, spoken_zh.weekday),
    Kind.TIME: _ways(values.clock, spoken_en.clock, spoken_zh.clock),
    Kind.DATETIME: _ways(values.moment, spoken_en.moment, spoken_zh.moment),
    Kind.DURATION: _ways(values.duration, spoken_en.duration, spoken_zh.duration),
}
SPOKEN_LANGUAGES = frozenset(_WAYS[Kind.NUMBER])


def spoken(value: str, kind: Kind, language: str) -> str:
    """The words for a value, to be put into a sentence and spoken.

    CannotSay when the value is not in the form of its kind or out of its range, or when the
    language is not in `SPOKEN_LANGUAGES`. Its message tells the form and never the value.
    """
    way = _WAYS[kind].get(language)
    if way is None:
        spoken_here = ", ".join(sorted(SPOKEN_LANGUAGES))
        raise CannotSay(f"values are not spoken in {language!r}, only in: {spoken_here}")
    return way(value)

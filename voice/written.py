"""Values as they are written to somebody who reads, in Chinese and English: figures stay figures.

The counterpart of `voice.spoken`, with the same kinds of values in the same forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from voice import spoken_en, spoken_zh, values
from voice.spoken import Kind
from voice.values import CannotSay

_Way = Callable[[str], str]
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_UNITS = {
    "zh": ((86_400, "天", "天"), (3600, "小时", "小时"), (60, "分钟", "分钟"), (1, "秒", "秒")),
    "en": (
        (86_400, " day", " days"), (3600, " hour", " hours"), (60, " minute", " minutes"),
        (1, " second", " seconds"),
    ),
}  # fmt: skip
_BETWEEN = {"zh": "", "en": " "}
WRITTEN_LANGUAGES = frozenset(_UNITS)


def written(value: str, kind: Kind, language: str) -> str:
    """The value as it stands in a sentence that is read.

    CannotSay when the value is not in the form of its kind, or the language is not in
    `WRITTEN_LANGUAGES`. Its message tells the form and never the value.
    """
    if language not in WRITTEN_LANGUAGES:
        known = ", ".join(sorted(WRITTEN_LANGUAGES))
        raise CannotSay(f"values are not written in {language!r}, only in: {known}")
    return _WAYS[kind][language](value)


def _same(check: Callable[[str], object]) -> Mapping[str, _Way]:
    """As it stands, once it is known to be in its form."""

    def way(text: str) -> str:
        check(text)
        return text

    return {"zh": way, "en": way}


def _percent(text: str) -> str:
    values.percent(text)
    return f"{text.removesuffix('%').rstrip()}%"


def _money(language: str) -> _Way:
    def way(text: str) -> str:
        values.money(text)
        amount, currency = text.split()
        if language == "zh":
            return f"{amount}元" if currency == "CNY" else f"{amount} {currency}"
        return f"{currency} {amount}"

    return way


def _day(day: date, language: str) -> str:
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _moment(moment: datetime, language: str) -> str:
    between = " " if language == "zh" else ", "
    return f"{_day(moment.date(), language)}{between}{moment:%H:%M}"


def _duration(language: str) -> _Way:
    def way(text: str) -> str:
        left, parts = values.duration(text), []
        for seconds, one, many in _UNITS[language]:
            count, left = divmod(left, seconds)
            if count:
                parts.append(f"{count}{one if count == 1 else many}")
        return _BETWEEN[language].join(parts) or f"0{_UNITS[language][-1][2]}"

    return way


def _ordinal(text: str) -> str:
    number = values.ordinal(text)
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


_WAYS: Mapping[Kind, Mapping[str, _Way]] = {
    Kind.DIGITS: _same(values.characters),
    Kind.NUMBER: _same(values.number),
    Kind.COUNT: _same(values.count),
    Kind.ORDINAL: {"zh": lambda text: f"第{values.ordinal(text)}", "en": _ordinal},
    Kind.PERCENT: {"zh": _percent, "en": _percent},
    Kind.MONEY: {"zh": _money("zh"), "en": _money("en")},
    Kind.DATE: {
        "zh": lambda text: _day(values.day(text), "zh"),
        "en": lambda text: _day(values.day(text), "en"),
    },
    Kind.WEEKDAY: {
        "zh": lambda text: spoken_zh.weekday(values.day(text)),
        "en": lambda text: spoken_en.weekday(values.day(text)),
    },
    Kind.TIME: {
        "zh": lambda text: f"{values.clock(text):%H:%M}",
        "en": lambda text: f"{values.clock(text):%H:%M}",
    },
    Kind.DATETIME: {
        "zh": lambda text: _moment(values.moment(text), "zh"),
        "en": lambda text: _moment(values.moment(text), "en"),
    },
    Kind.DURATION: {"zh": _duration("zh"), "en": _duration("en")},
}

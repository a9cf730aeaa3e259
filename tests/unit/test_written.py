"""Values as they are written: figures in the form that each language reads them in."""

from __future__ import annotations

import pytest

from voice.spoken import Kind, spoken
from voice.values import CannotSay
from voice.written import WRITTEN_LANGUAGES, written

ROWS = [
    (Kind.DIGITS, "4006001234", "4006001234", "4006001234"),
    (Kind.NUMBER, "-1234.50", "-1234.50", "-1234.50"),
    (Kind.COUNT, "2", "2", "2"),
    (Kind.ORDINAL, "1", "第1", "1st"),
    (Kind.ORDINAL, "12", "第12", "12th"),
    (Kind.ORDINAL, "22", "第22", "22nd"),
    (Kind.ORDINAL, "103", "第103", "103rd"),
    (Kind.PERCENT, "12.5", "12.5%", "12.5%"),
    (Kind.PERCENT, "12.5%", "12.5%", "12.5%"),
    (Kind.MONEY, "12.30 CNY", "12.30元", "CNY 12.30"),
    (Kind.MONEY, "5 USD", "5 USD", "USD 5"),
    (Kind.DATE, "2026-03-05", "2026年3月5日", "5 March 2026"),
    (Kind.WEEKDAY, "2026-03-05", "星期四", "Thursday"),
    (Kind.TIME, "09:05", "09:05", "09:05"),
    (Kind.DATETIME, "2026-03-05T21:05", "2026年3月5日 21:05", "5 March 2026, 21:05"),
    (Kind.DURATION, "3725", "1小时2分钟5秒", "1 hour 2 minutes 5 seconds"),
    (Kind.DURATION, "86400", "1天", "1 day"),
    (Kind.DURATION, "0", "0秒", "0 seconds"),
]


@pytest.mark.parametrize(("kind", "value", "zh", "en"), ROWS)
def test_a_value_stands_in_figures(kind: Kind, value: str, zh: str, en: str) -> None:
    assert (written(value, kind, "zh"), written(value, kind, "en")) == (zh, en)


def test_every_kind_that_is_spoken_is_written_too() -> None:
    assert {kind for kind, *_ in ROWS} == set(Kind)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", sorted(WRITTEN_LANGUAGES))
def test_what_cannot_be_said_cannot_be_written(kind: Kind, language: str) -> None:
    for value in ("", "<b>", "1;2"):
        with pytest.raises(CannotSay):
            spoken(value, kind, language)
        with pytest.raises(CannotSay) as refusal:
            written(value, kind, language)
        assert not value or value not in str(refusal.value)


def test_other_languages_are_refused() -> None:
    with pytest.raises(CannotSay, match="only in: en, zh"):
        written("1", Kind.NUMBER, "fr")

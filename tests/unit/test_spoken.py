"""Values in words: the tables of both languages, what holds for all values, what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.read_back import read_english, read_mandarin
from voice.phrases import waiting_time
from voice.spoken import SPOKEN_LANGUAGES, Kind, spoken
from voice.values import CURRENCIES, LARGEST, LONGEST, UNDIVIDED, CannotSay

TABLES = Path(__file__).parent.parent / "spoken"
LANGUAGES = sorted(SPOKEN_LANGUAGES)
READ_BACK = {"en": read_english, "zh": read_mandarin}

UNHURRIED = settings(deadline=None)
"""A slow machine is no fault of the words."""

Row = tuple[Kind, str, str]


def rows(language: str) -> list[Row]:
    """The table of one language: kind, value and the words that somebody wrote down for it."""
    lines = (TABLES / f"{language}.tsv").read_text(encoding="utf-8").splitlines()
    fields = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(Kind(kind), value, words) for kind, value, words in fields]


def alike(values: Iterable[str], kind: Kind, language: str) -> list[str]:
    """Words that are said for more than one of these values."""
    counted = Counter(spoken(value, kind, language) for value in values)
    return [words for words, times in counted.items() if times > 1]


# ---------------------------------------------------------------- the tables


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_the_table_is_spoken_as_written_there(language: str) -> None:
    wrong = [
        f"{kind} {value}: {said!r} instead of {words!r}"
        for kind, value, words in rows(language)
        if (said := spoken(value, kind, language)) != words
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_has_two_hundred_different_cases_and_every_kind(language: str) -> None:
    cases = [(kind, value) for kind, value, _ in rows(language)]
    assert len(set(cases)) == len(cases) >= 200
    assert min(Counter(kind for kind, _ in cases)[kind] for kind in Kind) >= 5


# ---------------------------------------------------------------- what holds for all values

whole_numbers = st.one_of(
    st.integers(0, 30_000),
    st.integers(0, LARGEST),
    st.builds(lambda digit, power: digit * 10**power, st.integers(1, 99), st.integers(0, 13)),
    st.builds(lambda high, low: high * 10**8 + low, st.integers(0, 10**6), st.integers(0, 10**5)),
)
decimals = st.text("0123456789", max_size=9)


@UNHURRIED
@given(whole=whole_numbers, places=decimals, negative=st.booleans())
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_is_understood_as_what_it_was(
    language: str, whole: int, places: str, negative: bool
) -> None:
    value = f"{whole}.{places}" if places and whole < LARGEST else str(whole)
    sign = "-" if negative and value.strip("0.") else ""
    assert READ_BACK[language](spoken(sign + value, Kind.NUMBER, language)) == sign + value


@UNHURRIED
@given(whole=whole_numbers)
def test_what_is_counted_is_the_number_but_for_two_of_it_in_chinese(whole: int) -> None:
    assert spoken(str(whole), Kind.COUNT, "en") == spoken(str(whole), Kind.NUMBER, "en")
    said = spoken(str(whole), Kind.COUNT, "zh")
    assert read_mandarin(said) == str(whole)
    assert said != "二"


@UNHURRIED
@given(whole=whole_numbers)
def test_chinese_has_no_needless_zero_and_no_two_where_it_is_wrong(whole: int) -> None:
    said = spoken(str(whole), Kind.NUMBER, "zh")
    assert "零零" not in said
    assert whole == 0 or not said.endswith("零")
    assert "两" not in said[1:]
    assert "幺" not in said


@UNHURRIED
@given(first=st.text("0123456789", min_size=1, max_size=63), data=st.data())
@pytest.mark.parametrize("language", LANGUAGES)
def test_other_digits_sound_otherwise(language: str, first: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(first) - 1))
    other = str((int(first[place]) + data.draw(st.integers(1, 9))) % 10)
    second = first[:place] + other + first[place + 1 :]
    said = [spoken(value, Kind.DIGITS, language) for value in (first, second, first + "0")]
    assert len(set(said)) == 3


@UNHURRIED
@given(length=st.integers(1, 64))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_string_is_heard_in_even_groups_of_at_most_four(language: str, length: int) -> None:
    said = spoken("5" * length, Kind.DIGITS, language).replace("five", "五").replace(" ", "")
    sizes = [len(group) for group in said.replace(",", "，").split("，")]
    assert sum(sizes) == length
    assert sizes == sorted(sizes)
    assert length <= 5 or (max(sizes) <= 4 and max(sizes) - min(sizes) <= 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_ordinals_times_days_or_amounts_sound_the_same(language: str) -> None:
    assert alike((str(which) for which in range(1, 12_000)), Kind.ORDINAL, language) == []
    clock = [f"{time(minute // 60, minute % 60):%H:%M}" for minute in range(24 * 60)]
    assert alike(clock, Kind.TIME, language) == []
    days = [str(date(2024, 1, 1) + timedelta(days=days)) for days in range(1000)]
    assert alike(days, Kind.DATE, language) == []
    assert alike((f"{year}-02-03" for year in range(1000, 10_000)), Kind.DATE, language) == []
    amounts = [
        f"{sign}{whole}.{parts:02} {currency}"
        for currency in sorted(CURRENCIES)
        for whole in (0, 1, 2, 10, 12, 100, 101, 200, 10_000)
        for parts in range(1 if currency in UNDIVIDED else 100)
        for sign in ("", "-")
        if whole or parts or not sign
    ]
    assert alike(amounts, Kind.MONEY, language) == []


@UNHURRIED
@given(durations=st.sets(st.integers(0, 10_000) | st.integers(0, LONGEST), min_size=2))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_durations_sound_the_same(language: str, durations: set[int]) -> None:
    assert alike((str(seconds) for seconds in durations), Kind.DURATION, language) == []


@pytest.mark.parametrize("minutes", [1, 2, 3, 5, 10, 15, 20, 45, 60])
def test_a_wait_is_told_in_the_words_of_a_duration(minutes: int) -> None:
    for language, about in (("en", "about "), ("zh", "大约")):
        seconds = minutes * 60
        words = spoken(str(seconds), Kind.DURATION, language)
        assert waiting_time(seconds, language) == about + words


# ---------------------------------------------------------------- what is refused

REFUSED: list[tuple[Kind, list[str]]] = [
    (Kind.DIGITS, ["", " ", "12  34", "-12", "12-", "1+2", "1.5", "１２", "一二", "12\n",
                   "1" * 65]),
    (Kind.NUMBER, ["", "-", "+1", "1,000", "1 000", "007", "1.", ".5", "1e3", "0x1", "nan", "1.2.3",
                   "--1", " 1", "1\n", "１", "٣", "half", "1.0123456789", "1000000000000001",
                   "-1000000000000001", "1000000000000000.1", "9" * 5000]),
    (Kind.COUNT, ["", "-1", "1.5", "01", "1000000000000001"]),
    (Kind.ORDINAL, ["", "0", "-1", "1st", "1.0", "01", "1000000000000001"]),
    (Kind.PERCENT, ["", "%", "5%%", "5 %", "five", "1000000000000001%"]),
    (Kind.MONEY, ["", "12.30", "CNY 12.30", "12.30CNY", "12.305 CNY", "12,30 CNY", "¥12.30",
                  "12. CNY", "012 CNY", "12.30 cny", "12.30 XXX", "12.30 JPY", "0.5 KRW",
                  "1000000000000001 CNY", "1000000000000000.01 CNY"]),
    (Kind.DATE, ["", "2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "20260305", "2026-3-5",
                 "05.03.2026", "0999-12-31", "10000-01-01", "2026-03-05T21:05", "2026-W10-4"]),
    (Kind.WEEKDAY, ["", "Thursday", "2026-02-30"]),
    (Kind.TIME, ["", "24:00", "9:05", "09:60", "0905", "09:05:00", "9 pm", "09:05Z", "-1:00"]),
    (Kind.DATETIME, ["", "2026-03-05", "21:05", "2026-03-05T", "2026-03-05T24:00",
                     "2026-02-30T21:05", "2026-03-05T21:05:00", "2026-03-05T21:05+08:00",
                     "2026-03-05_21:05"]),
    (Kind.DURATION, ["", "-1", "1.5", "01", "PT1H", "1h", "00:10", str(LONGEST + 1), "9" * 5000]),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "value"),
    [(kind, value) for kind, values in REFUSED for value in values],
    ids=lambda each: ascii(each[:30]),
)
def test_a_value_in_another_form_or_out_of_range_is_refused(
    kind: Kind, value: str, language: str
) -> None:
    with pytest.raises(CannotSay, match=r"^not "):
        spoken(value, kind, language)


def test_every_kind_refuses_something() -> None:
    assert {kind for kind, _ in REFUSED} == set(Kind)


@UNHURRIED
@given(kind=st.sampled_from(Kind), value=st.text() | st.text("0123456789.-+:T %CNYJP"))
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_text_is_spoken_or_refused_and_nothing_else(
    language: str, kind: Kind, value: str
) -> None:
    with suppress(CannotSay):
        assert spoken(value, kind, language)


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(CannotSay) as refusal:
        spoken("4242 4242 4242 4242 card", Kind.NUMBER, "en")
    assert "4242" not in str(refusal.value)


def test_a_language_that_is_not_spoken_is_refused_with_those_that_are() -> None:
    with pytest.raises(CannotSay, match=r"'fr'.* en, zh"):
        spoken("1", Kind.NUMBER, "fr")

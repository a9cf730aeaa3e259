"""Values as English words.

British in "and" ("one hundred and five", "two thousand and five"), because it is heard as one
number by everyone, and neutral elsewhere:

- "zero" in strings and numbers: "oh" is also a letter, and order numbers have letters. "oh" only
  where it stands for a missing ten and cannot be a letter: years, times, fen ("nine oh five").
- Billion and trillion are the short scale's. No commas inside a number: they would be pauses.
- Dates have their month first and an ordinal: "March the fifth, twenty twenty-six".
- Times have twelve hours, "a m" and "p m" apart so that they are spelled; noon and midnight are
  named, because "twelve p m" is understood in two ways.
- Dollars are those of the United States unless another country is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from voice.values import Money, Number

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SIZES = (
    (10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million"),
    (1000, "thousand"), (100, "hundred"),
)  # fmt: skip
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPANS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class _Currency:
    one: str
    many: str
    part: str = "cent"
    parts: str = "cents"
    whose: str = ""
    """Before a part that stands alone, where "cents" would not say which."""


_CURRENCIES = {
    "AUD": _Currency("Australian dollar", "Australian dollars", whose="Australian "),
    "CAD": _Currency("Canadian dollar", "Canadian dollars", whose="Canadian "),
    "CNY": _Currency("yuan", "yuan", "fen", "fen"),
    "EUR": _Currency("euro", "euros", whose="euro "),
    "GBP": _Currency("pound", "pounds", "penny", "pence"),
    "HKD": _Currency("Hong Kong dollar", "Hong Kong dollars", whose="Hong Kong "),
    "JPY": _Currency("yen", "yen"),
    "KRW": _Currency("won", "won"),
    "SGD": _Currency("Singapore dollar", "Singapore dollars", whose="Singapore "),
    "USD": _Currency("dollar", "dollars"),
}


def digits(groups: Sequence[str]) -> str:
    """One by one, a pause between groups: "five five five, zero one four two"."""
    return ", ".join(" ".join(_character(each) for each in group) for group in groups)


def _character(each: str) -> str:
    return "plus" if each == "+" else _SMALL[int(each)] if each.isdigit() else each


def cardinal(whole: int) -> str:
    """A whole number from 0: "one thousand two hundred and five"."""
    if whole < 20:
        return _SMALL[whole]
    for size, name in _SIZES:
        if whole >= size:
            high, low = divmod(whole, size)
            joint = "" if not low else " and " if low < 100 else " "
            return f"{cardinal(high)} {name}{joint}{cardinal(low) if low else ''}"
    tens, ones = divmod(whole, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


def number(value: Number) -> str:
    """With "minus" and "point", the digits after it one by one."""
    words = _signed(value.negative, cardinal(value.whole))
    return f"{words} point {digits([value.decimals])}" if value.decimals else words


def percent(value: Number) -> str:
    """A number and "percent"."""
    return f"{number(value)} percent"


def ordinal(whole: int) -> str:
    """From 1: "twenty-first", "one hundred and twelfth", "one millionth"."""
    words = cardinal(whole)
    last = words.replace("-", " ").split()[-1]
    start = words[: -len(last)]
    if last in _ORDINALS:
        return start + _ORDINALS[last]
    return start + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def money(value: Money) -> str:
    """ "Twelve dollars and thirty cents"; parts without a whole stand alone: "thirty cents".

    After yuan the fen are not named, since few who listen in English know the word: "twelve yuan
    thirty", "twelve yuan oh five".
    """
    currency = _CURRENCIES[value.currency]
    part, parts = currency.part, currency.parts
    if value.parts and not value.whole:
        part, parts = currency.whose + part, currency.whose + parts
        return _signed(value.negative, _counted(value.parts, part, parts))
    words = _signed(value.negative, _counted(value.whole, currency.one, currency.many))
    if not value.parts:
        return words
    if value.currency == "CNY":
        return f"{words} {_two_places(value.parts)}"
    return f"{words} and {_counted(value.parts, part, parts)}"


def day(value: date) -> str:
    """ "March the fifth, twenty twenty-six"."""
    return f"{_MONTHS[value.month - 1]} the {ordinal(value.day)}, {_year(value.year)}"


def _year(year: int) -> str:
    """In pairs of digits, but "two thousand and five": "twenty oh five" was never said."""
    century, rest = divmod(year, 100)
    if year % 1000 < 10:
        return cardinal(year)
    return f"{cardinal(century)} {_two_places(rest) if rest else 'hundred'}"


def weekday(value: date) -> str:
    """The day of the week alone."""
    return _DAYS[value.weekday()]


def clock(value: time) -> str:
    """ "Nine oh five p m", "noon", "midnight"."""
    if not value.minute and value.hour in (0, 12):
        return "noon" if value.hour else "midnight"
    minutes = f" {_two_places(value.minute)}" if value.minute else ""
    return f"{cardinal(value.hour % 12 or 12)}{minutes} {'a m' if value.hour < 12 else 'p m'}"


def moment(value: datetime) -> str:
    """Date, then time: "March the fifth, twenty twenty-six, at nine oh five p m"."""
    return f"{day(value.date())}, at {clock(value.time())}"


def duration(seconds: int) -> str:
    """In days, hours, minutes and seconds, without those that are none."""
    words = []
    left = seconds
    for size, name in _SPANS:
        many, left = divmod(left, size)
        if many:
            words.append(_counted(many, name, f"{name}s"))
    if not words:
        return "zero seconds"
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def _counted(many: int, one: str, more: str) -> str:
    return f"{cardinal(many)} {one if many == 1 else more}"


def _two_places(under_100: int) -> str:
    return f"oh {_SMALL[under_100]}" if under_100 < 10 else cardinal(under_100)


def _signed(negative: bool, words: str) -> str:
    return f"minus {words}" if negative else words

"""Values as text, read strictly: what a form does not allow is refused, never guessed at.

No message repeats the value: it may be a card number, and messages end up in logs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise

LARGEST = 10**15
"""The largest whole number that is spoken, with either sign."""
DECIMALS = 9
"""Places after the point."""
CHARACTERS = 64
"""In a string that is read one by one."""
LONGEST = 10_000 * 86_400 - 1
"""Seconds of the longest duration that is spoken: it has 9,999 days."""
CURRENCIES = frozenset({"AUD", "CAD", "CNY", "EUR", "GBP", "HKD", "JPY", "KRW", "SGD", "USD"})
UNDIVIDED = frozenset({"JPY", "KRW"})
"""Currencies that have no smaller unit."""

_WHOLE = r"0|[1-9][0-9]*"
_NUMBER = re.compile(rf"(?P<sign>-?)(?P<whole>{_WHOLE})(?:\.(?P<decimals>[0-9]+))?")
_MONEY = re.compile(
    rf"(?P<sign>-?)(?P<whole>{_WHOLE})(?:\.(?P<parts>[0-9]{{1,2}}))? (?P<currency>[A-Z]{{3}})"
)
_DIGITS = re.compile(r"\+?[0-9A-Za-z]+(?:[ -][0-9A-Za-z]+)*")
_COUNTRY = re.compile(
    r"\+(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2})"
)
"""The code of a country, by its length alone: one and two digits as given out, else three."""
_DATE = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class CannotSay(ValueError):
    """A value is not in the form of its kind or out of range, or the language is not spoken."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: the zeros at its end are spoken too."""

    negative: bool
    """Never of a zero: rounding makes "-0.00", which nobody says."""
    whole: int
    decimals: str


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one of `CURRENCIES`."""

    negative: bool
    whole: int
    parts: int
    """Hundredths: cents, pence, fen. 0 to 99."""
    currency: str


def characters(text: str) -> Sequence[str]:
    """What is read one by one, in groups with a pause between them.

    The writer's own groups count. Without any, more than five characters are divided into groups
    of at most four, as even as can be and the shorter first: nobody can note down eleven digits
    in one breath. That gives the groups that people use: 3-3 for a code, 3-3-4 and 3-4-4 for
    telephone numbers, 4-4-4-4 for a card. After "+" the code of the country is a group.
    """
    if not _DIGITS.fullmatch(text) or len(text) > CHARACTERS:
        raise CannotSay(
            f"not digits: write 1 to {CHARACTERS} digits or letters from A to Z, groups of them "
            'with one blank or "-" between, and "+" at most at the very beginning'
        )
    groups = re.split("[ -]", text.upper())
    if len(groups) > 1:
        return groups
    country = _COUNTRY.match(text)
    code = country.group() if country else ""
    return [*([code] if code else []), *_divided(groups[0].removeprefix(code))]


def _divided(text: str) -> list[str]:
    if len(text) <= 5:
        return [text] if text else []
    count = -(-len(text) // 4)
    size, longer = divmod(len(text), count)
    ends = [size * n + max(0, n - (count - longer)) for n in range(count + 1)]
    return [text[start:end] for start, end in pairwise(ends)]


def number(text: str, what: str = "a number") -> Number:
    """Text such as `-1234.50`; `what` names the kind in the refusal."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise CannotSay(
            f'not {what}: write digits without zeros before them, with "-" before and one "." '
            "in it if need be"
        )
    decimals = found["decimals"] or ""
    if len(decimals) > DECIMALS:
        raise CannotSay(f"not {what} that can be spoken: at most {DECIMALS} places after the point")
    whole = _in_range(found["whole"], what, bool(decimals.strip("0")))
    return Number(found["sign"] == "-" and bool(whole or decimals.strip("0")), whole, decimals)


def percent(text: str) -> Number:
    """Text such as `12.5` or `12.5%`."""
    return number(text.removesuffix("%"), "a percentage")


def count(text: str) -> int:
    """How many of something: a whole number from 0."""
    return _whole(text, "a count", 0)


def ordinal(text: str) -> int:
    """Which one in a row: a whole number from 1."""
    return _whole(text, "an ordinal", 1)


def duration(text: str) -> int:
    """Whole seconds."""
    seconds = _whole(text, "a duration in seconds", 0)
    if seconds > LONGEST:
        raise CannotSay(f"not a duration that can be spoken: at most {LONGEST} seconds")
    return seconds


def money(text: str) -> Money:
    """Text such as `12.30 CNY`."""
    found = _MONEY.fullmatch(text)
    if not found:
        raise CannotSay(
            'not money: write the amount with at most two places after a ".", one blank and the '
            "three letters of the currency, as in 12.30 CNY"
        )
    currency = found["currency"]
    if currency not in CURRENCIES:
        raise CannotSay(f"not a currency that can be spoken: {', '.join(sorted(CURRENCIES))}")
    parts = int((found["parts"] or "").ljust(2, "0"))
    if parts and currency in UNDIVIDED:
        raise CannotSay(f"not money: {currency} has no smaller unit")
    whole = _in_range(found["whole"], "money", bool(parts))
    return Money(found["sign"] == "-" and bool(whole or parts), whole, parts, currency)


def day(text: str) -> date:
    """Text such as `2026-03-05`."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:  # the 30th of February: refused below as all else is
            pass
    raise CannotSay("not a date: write YYYY-MM-DD, a day of the calendar, from the year 1000 on")


def clock(text: str) -> time:
    """Text such as `21:05`."""
    if not _TIME.fullmatch(text):
        raise CannotSay("not a time of day: write HH:MM, from 00:00 to 23:59")
    return time.fromisoformat(text)


def moment(text: str) -> datetime:
    """Text such as `2026-03-05T21:05` or `2026-03-05 21:05`, in the time of whoever listens."""
    written = re.fullmatch("(.+)[T ](.+)", text)
    if not written:
        raise CannotSay("not a date with a time: write YYYY-MM-DDTHH:MM")
    return datetime.combine(day(written[1]), clock(written[2]))


def _whole(text: str, what: str, least: int) -> int:
    if not re.fullmatch(_WHOLE, text) or (least and text == "0"):
        raise CannotSay(
            f"not {what}: write a whole number from {least} on, in digits, without zeros before it"
        )
    return _in_range(text, what, more=False)


def _in_range(digits: str, what: str, more: bool) -> int:
    """`more`: something other than zero follows the point. Looks at the length first, because
    Python refuses to read very long numbers."""
    if len(digits) > len(str(LARGEST)) or int(digits) + more > LARGEST:
        raise CannotSay(f"not {what} that can be spoken: it is beyond {LARGEST:,}")
    return int(digits)

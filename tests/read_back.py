"""Numbers in words, understood again: written from the languages, not from `voice/`.

Gives the number as it would be typed, "-105.20"; KeyError for what is no number.
"""

from __future__ import annotations

import re

_ENGLISH = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_THOUSANDS = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "quadrillion": 10**15,
}  # fmt: skip
_MANDARIN = {each: place for place, each in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def read_english(words: str) -> str:
    """For "minus one hundred and five point two zero": "-105.20"."""
    whole, _, places = words.removeprefix("minus ").partition(" point ")
    total = group = 0
    for word in re.split("[ -]", whole):
        if word == "and":
            continue
        if word == "hundred":
            group *= 100
        elif word in _THOUSANDS:
            total, group = total + group * _THOUSANDS[word], 0
        else:
            group += _ENGLISH[word]
    after = "".join(str(_ENGLISH[word]) for word in places.split())
    return _typed(words.startswith("minus "), total + group, after)


def read_mandarin(words: str) -> str:
    """For 负一百零五点二零: "-105.20"."""
    whole, _, places = words.removeprefix("负").partition("点")
    after = "".join(str(_MANDARIN[each]) for each in places)
    return _typed(words.startswith("负"), _mandarin(whole), after)


def _mandarin(words: str) -> int:
    for unit, worth in (("亿", 10**8), ("万", 10**4)):
        high, found, low = words.rpartition(unit)
        if found:
            return _mandarin(high) * worth + _mandarin(low)
    total = digit = 0
    for place, each in enumerate(words):
        if each in _UNITS:
            total += (digit if place else 1) * _UNITS[each]
            digit = 0
        else:
            digit = _MANDARIN[each]
    return total + digit


def _typed(negative: bool, whole: int, after: str) -> str:
    return f"{'-' if negative else ''}{whole}{'.' + after if after else ''}"

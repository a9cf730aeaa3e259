"""Meanings as words to speak, in Chinese and English. Only what is spoken today."""

from __future__ import annotations

from collections.abc import Sequence

_MINUTES_ZH = {
    1: "一分钟", 2: "两分钟", 3: "三分钟", 5: "五分钟", 10: "十分钟", 15: "十五分钟",
    20: "二十分钟", 30: "半小时", 45: "四十五分钟", 60: "一小时",
}  # fmt: skip
_MINUTES_EN = {
    1: "one minute", 2: "two minutes", 3: "three minutes", 5: "five minutes", 10: "ten minutes",
    15: "fifteen minutes", 20: "twenty minutes", 30: "half an hour", 45: "forty-five minutes",
    60: "one hour",
}  # fmt: skip
_WAITS = {
    "zh": ("大约{}", "一小时以上", _MINUTES_ZH),
    "en": ("about {}", "more than one hour", _MINUTES_EN),
}
WAIT_LANGUAGES = frozenset(_WAITS)


def waiting_time(seconds: float, language: str) -> str:
    """An expected wait in words, rounded up to one of a few steps: nobody is promised too little.

    KeyError for a language that is not in `WAIT_LANGUAGES`.
    """
    about, more, steps = _WAITS[language]
    for minutes, words in steps.items():
        if seconds <= minutes * 60:
            return about.format(words)
    return more


def waiting_times(language: str) -> Sequence[str]:
    """Everything that `waiting_time` can say, so that it can be recorded beforehand."""
    about, more, steps = _WAITS[language]
    return [*(about.format(words) for words in steps.values()), more]

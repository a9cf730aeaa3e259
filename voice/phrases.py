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
LONGER = {"zh": "等待时间比之前告知的更长。", "en": "It takes longer than we told you."}
"""Said before a wait that ends later than was told."""


def waiting_time(seconds: float, language: str) -> str:
    """An expected wait in words, rounded up to one of a few steps: nobody is promised too little.

    KeyError for a language that is not in `WAIT_LANGUAGES`.
    """
    about, more, steps = _WAITS[language]
    minutes = _step(seconds)
    return about.format(steps[minutes]) if minutes else more


def waiting_time_said(seconds: float) -> float | None:
    """How long the wait is that those words promise, in seconds; None: they promise nothing."""
    minutes = _step(seconds)
    return minutes * 60.0 if minutes else None


def _step(seconds: float) -> int | None:
    return next((minutes for minutes in _MINUTES_EN if seconds <= minutes * 60), None)


def waiting_times(language: str) -> Sequence[str]:
    """Everything that `waiting_time` can say, so that it can be recorded beforehand."""
    about, more, steps = _WAITS[language]
    return [*(about.format(words) for words in steps.values()), more]

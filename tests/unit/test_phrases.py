"""Meanings as words to speak."""

from __future__ import annotations

import pytest

from voice.phrases import WAIT_LANGUAGES, waiting_time, waiting_times


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "大约一分钟", "about one minute"),
        (60, "大约一分钟", "about one minute"),
        (61, "大约两分钟", "about two minutes"),
        (240, "大约五分钟", "about five minutes"),
        (1800, "大约半小时", "about half an hour"),
        (3600, "大约一小时", "about one hour"),
        (3601, "一小时以上", "more than one hour"),
    ],
)
def test_a_wait_is_rounded_up(seconds: float, zh: str, en: str) -> None:
    assert (waiting_time(seconds, "zh"), waiting_time(seconds, "en")) == (zh, en)


@pytest.mark.parametrize("language", sorted(WAIT_LANGUAGES))
def test_every_wait_that_can_be_told_can_be_recorded_beforehand(language: str) -> None:
    told = {waiting_time(seconds, language) for seconds in range(0, 7200, 7)}
    assert told == set(waiting_times(language))

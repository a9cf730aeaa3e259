"""A waiting caller is offered another channel only when it is better, and not again and again."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.online_offer import (
    AGAIN_SECONDS,
    LEAST_GAIN,
    LEAST_SHARE,
    MOST_TIMES,
    Offer,
    Rules,
    Sight,
    every_wording,
    offer_to,
    words_of,
)
from ivr.online_words import CHANNEL, spoken_online, tongue

RULES = Rules("webchat", frozenset({"vip"}))
NINE_AND_TWO = Sight(phone=540.0, online=120.0)
EVERY = {speaks: set(every_wording(speaks, name)) for speaks, name in CHANNEL.items()}
MAYBE = st.none() | st.floats(0, 7200)
SIGHTS = st.builds(
    Sight, MAYBE, MAYBE, st.booleans(), st.booleans(), st.sampled_from(["standard", "vip"])
)


@pytest.mark.parametrize(
    ("sight", "offered"),
    [
        (NINE_AND_TWO, True),
        (Sight(240.0, 120.0), True),
        (Sight(239.0, 120.0), False),  # less than two minutes
        (Sight(600.0, 301.0), False),  # less than half
        (Sight(600.0, 300.0), True),
        (Sight(None, 10.0), False),
        (Sight(600.0, None), False),
        (Sight(120.0, 540.0), False),
        (replace(NINE_AND_TWO, online_serves=False), False),
        (replace(NINE_AND_TWO, class_="vip"), False),
        (Sight(None, 900.0, phone_serves=False), True),
        (Sight(None, 900.0, phone_serves=False, class_="vip"), True),
        (Sight(None, None, phone_serves=False), False),
    ],
)
def test_it_is_offered_only_where_it_is_really_faster_or_the_phone_cannot_serve(
    sight: Sight, offered: bool
) -> None:
    assert (offer_to(RULES, sight, 0.0) is not None) == offered


@given(SIGHTS, st.floats(0, 1e5))
def test_nobody_is_offered_a_worse_wait(sight: Sight, now: float) -> None:
    offer = offer_to(RULES, sight, now)
    if offer:
        assert sight.online_serves and offer.online == sight.online
        assert (offer.phone is None) == (not sight.phone_serves)
        if offer.phone is not None:
            gain = offer.phone - offer.online
            assert gain >= LEAST_GAIN and gain >= LEAST_SHARE * offer.phone
            assert sight.class_ != "vip"


@given(st.lists(st.tuples(st.floats(0, 400), SIGHTS), max_size=40))
def test_nobody_is_asked_too_soon_or_too_often(story: list[tuple[float, Sight]]) -> None:
    now, before, asked = 0.0, None, list[float]()
    for later, sight in story:
        now += later
        if offer := offer_to(RULES, sight, now, before):
            before = offer
            asked.append(now)
    assert len(asked) <= MOST_TIMES
    assert all(b - a >= AGAIN_SECONDS for a, b in pairwise(asked))


def test_a_wait_that_comes_true_as_it_was_said_is_no_reason_to_ask_again() -> None:
    first = offer_to(RULES, NINE_AND_TWO, 0.0)
    for now in range(180, 540, 10):
        assert offer_to(RULES, Sight(540.0 - now, 0.0), float(now), first) is None


def test_a_wait_that_has_grown_is_said_again() -> None:
    first = offer_to(RULES, NINE_AND_TWO, 0.0)
    assert first
    again = offer_to(RULES, Sight(540.0, 120.0), AGAIN_SECONDS, first)
    assert again == Offer("webchat", 540.0, 120.0, AGAIN_SECONDS, times=2)
    assert offer_to(RULES, Sight(539.0, 120.0), AGAIN_SECONDS, first) is None
    assert offer_to(RULES, Sight(540.0, 120.0), AGAIN_SECONDS - 1, first) is None


def test_who_was_told_that_the_phone_cannot_serve_is_not_told_again() -> None:
    closed = Sight(None, 60.0, phone_serves=False)
    first = offer_to(RULES, closed, 0.0)
    assert first and offer_to(RULES, closed, 3600.0, first) is None
    open_before = offer_to(RULES, NINE_AND_TWO, 0.0)
    assert offer_to(RULES, closed, AGAIN_SECONDS, open_before)


UNTOLD = Sight(None, 0.0)
"""Somebody is there in the chat at once; how long the telephone takes nobody can tell yet."""


def test_where_the_phones_wait_is_not_known_only_the_queues_own_rule_lets_callers_be_asked() -> (
    None
):
    wanted = replace(RULES, wanted=True)
    assert offer_to(RULES, UNTOLD, 0.0) is None
    offer = offer_to(wanted, UNTOLD, 0.0)
    assert offer == Offer("webchat", None, 0.0, 0.0, serves=True)
    assert offer_to(wanted, replace(UNTOLD, online=30.0), 0.0) is None, "an estimate: not certain"
    assert offer_to(wanted, replace(UNTOLD, class_="vip"), 0.0) is None
    assert offer_to(wanted, Sight(60.0, 0.0), 0.0) is None, "known, and not worth it"
    english, chinese = words_of(offer, "en", "our chat"), words_of(offer, "zh", "网页聊天")
    assert "cannot tell yet" in english and "In our chat it is about one minute" in english
    assert "还无法估计" in chinese and "网页聊天等待大约一分钟" in chinese and "请按1" in chinese


def test_who_was_asked_before_the_wait_was_known_is_asked_again_once_both_can_be_said() -> None:
    wanted = replace(RULES, wanted=True)
    first = offer_to(wanted, UNTOLD, 0.0)
    assert first and offer_to(wanted, UNTOLD, 600.0, first) is None
    assert offer_to(wanted, NINE_AND_TWO, AGAIN_SECONDS - 1, first) is None
    again = offer_to(wanted, NINE_AND_TWO, AGAIN_SECONDS, first)
    assert again and (again.phone, again.serves, again.times) == (540.0, False, 2)
    assert offer_to(wanted, Sight(None, 60.0, phone_serves=False), AGAIN_SECONDS, first)


def test_both_waits_are_said_in_words_and_the_way_to_stay() -> None:
    offer = Offer("webchat", 540.0, 100.0, 0.0)
    english = words_of(offer, "en", "our chat")
    assert "about ten minutes on the phone, and about two minutes in our chat" in english
    assert "press 1" in english and "stay on the phone" in english
    chinese = words_of(offer, "zh", "网页聊天")
    assert "电话等待大约十分钟，网页聊天等待大约两分钟" in chinese and "请按1" in chinese
    alone = words_of(replace(offer, phone=None), "en", "our chat")
    assert "cannot serve you on the phone" in alone and "stay on the line" in alone


@given(sight=SIGHTS)
def test_whatever_is_offered_was_recorded_beforehand(sight: Sight) -> None:
    """Who joins a queue waits for no recording."""
    if offer := offer_to(RULES, sight, 0.0):
        for language, channel in CHANNEL.items():
            assert words_of(offer, language, channel) in EVERY[language]


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_what_is_recorded_beforehand_is_nobodys_own_and_in_a_language_that_we_have(
    language: str,
) -> None:
    made = list(spoken_online([language, language]))
    assert made and not any(prompt.personal or "{" in prompt.text for prompt in made)
    assert {prompt.language for prompt in made} == {tongue(language)}
    assert len(made) == len(set(made))

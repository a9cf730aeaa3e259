"""What written words mean as an answer, and what of them is kept."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.flow import AskStep, ListenStep, MenuStep, SurveyStep
from ivr.text_answers import SKIP, UNCLEAR, asks_for_a_person, keys_of, question_of
from ivr.text_secrets import DOTS, is_lost, kept, without_cards
from tests.unit.test_chat_pages import WORDS

SAID = {"zh": {"text": "？"}, "en": {"text": "?"}}
ENDS = {"silence": "a", "no_match": "a"}


def asked(kind: type[Any], language: str = "en", **fields: Any) -> Any:
    step = kind.model_validate({"do": kind.__name__[:-4].lower(), "say": SAID, **fields})
    most = step.keys.most if kind is ListenStep else 1
    return question_of("1.1", step, language, most, secret=getattr(step, "secret", False))


def listen(form: str, least: int, most: int, /, **more: Any) -> Any:
    keys = {"least": least, "most": most}
    then = {"done": "a", **ENDS}
    return asked(ListenStep, into="value", form=form, keys=keys, then=then, **more)


MENU = asked(
    MenuStep, then={"1": "a", "0": "a", "#": "a", **ENDS},
    buttons={"1": {"zh": "查订单", "en": "My order"}, "0": {"zh": "人工", "en": "A person"}},
)  # fmt: skip
SURE = asked(AskStep, key_for_yes="7", then={"yes": "a", "no": "a", **ENDS})


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("1", "1"), (" １。", "1"), ("My order", "1"), ("MY  ORDER!", "1"), ("查订单", "1"),
        ("#", "#"), ("a person", "0"), ("2", UNCLEAR), ("order", UNCLEAR), ("11", UNCLEAR),
    ],
)  # fmt: skip
def test_a_choice_is_its_key_or_what_stands_on_its_button(words: str, keys: str) -> None:
    assert keys_of(MENU, words) == keys


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("7", "7"), ("2", "2"), ("Yes", "7"), ("是的", "7"), ("好的。", "7"), ("ok", "7"),
        ("No.", "2"), ("不用", "2"), ("否", "2"), ("1", UNCLEAR), ("yes but no", UNCLEAR),
    ],
)  # fmt: skip
def test_yes_and_no_are_what_people_write(words: str, keys: str) -> None:
    assert keys_of(SURE, words) == keys


def test_buttons_are_in_the_order_of_the_flow_and_show_their_key_where_they_have_no_label() -> None:
    assert [(one.key, one.label) for one in MENU.options] == [
        ("1", "My order"), ("0", "A person"), ("#", "#"),
    ]  # fmt: skip
    assert [one.label for one in SURE.options] == ["Yes", "No"]
    own = asked(AskStep, "zh", then={"yes": "a", "no": "a", **ENDS},
                buttons={"yes": {"zh": "没错", "en": "Right"}})  # fmt: skip
    assert [one.label for one in own.options] == ["没错", "否"]
    scores = asked(SurveyStep, highest=3, then={"done": "a", "silence": "a"})
    assert [one.key for one in scores.options] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("form", "keys", "words", "value"),
    [
        ("digits", (4, 12), "4711", "4711"),
        ("digits", (4, 12), "47-11 22", "471122"),
        ("digits", (4, 12), "４７１１＃", "4711"),
        ("digits", (4, 12), "47", None),
        ("digits", (4, 12), "order 4711", None),
        ("date", (8, 8), "20260305", "2026-03-05"),
        ("date", (8, 8), "2026-3-5", "2026-03-05"),
        ("date", (8, 8), "2026年3月5日", "2026-03-05"),
        ("date", (8, 8), "2026/03/05", "2026-03-05"),
        ("date", (8, 8), "2026-02-30", None),
        ("date", (8, 8), "tomorrow", None),
        ("amount", (1, 9), "12.50", "12.50 CNY"),
        ("amount", (1, 9), "¥12.5", "12.50 CNY"),
        ("amount", (1, 9), "1,200元", "1200 CNY"),
        ("amount", (1, 9), "12*5", "12.50 CNY"),
        ("amount", (1, 9), "a lot", None),
        ("amount", (1, 9), ".", None),
    ],
)
def test_what_is_typed_becomes_the_value_that_keys_would_have(
    form: str, keys: tuple[int, int], words: str, value: str | None
) -> None:
    question = listen(form, *keys, **({"currency": "CNY"} if form == "amount" else {}))
    found = keys_of(question, words)
    assert (question.grammar.value(found) if found else None) == value
    assert (found == UNCLEAR) == (value is None)


@pytest.mark.parametrize("words", ["I have none", "没有，跳过", "i have none."])
def test_who_has_nothing_to_type_may_say_so(words: str) -> None:
    assert keys_of(listen("digits", 4, 4), words) == SKIP


@pytest.mark.parametrize("words", ["人工", "转人工！", "a person, ", "Talk to a person", "AGENT"])
def test_a_person_is_asked_for_in_a_few_words(words: str) -> None:
    assert asks_for_a_person(words)


@pytest.mark.parametrize("words", ["personal data", "the agent was rude", "人工智能", "", "0"])
def test_words_that_only_speak_of_people_ask_for_nobody(words: str) -> None:
    assert not asks_for_a_person(words)


def test_the_button_of_the_page_asks_for_a_person_in_each_language() -> None:
    assert all(asks_for_a_person(words["person"]) for words in WORDS.values())


# ---------------------------------------------------------------- secrets

CARD = "4111 1111-1111 1111"
SECRET = listen("digits", 12, 19, secret=True)


@pytest.mark.parametrize("words", [CARD, "4111", "i do not know", "12 34"])
def test_a_secret_is_dots_whatever_was_written(words: str) -> None:
    assert kept(words, SECRET) == DOTS and is_lost(DOTS)


@pytest.mark.parametrize("words", ["a person", "I have none"])
def test_a_way_on_is_no_secret(words: str) -> None:
    assert kept(words, SECRET) == words


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (f"my card: {CARD}!", "my card: •••• 1111!"),
        ("5500000000000004 and 340000000000009", "•••• 0004 and •••• 0009"),
        ("order 4111111111111112", "order 4111111111111112"),  # no card: its check digit is wrong
        ("13800138000", "13800138000"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("2026-03-05 12:30", "2026-03-05 12:30"),
    ],
)
def test_a_card_is_kept_by_its_last_figures(words: str, left: str) -> None:
    assert without_cards(words) == kept(words, None) == kept(words, MENU) == left


def test_what_was_asked_for_and_is_no_secret_is_kept_as_it_is() -> None:
    question = listen("digits", 16, 16)
    assert kept("4111111111111111", question) == "4111111111111111"
    assert kept(f"{CARD} or so", question) == "•••• 1111 or so"

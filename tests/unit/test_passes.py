"""Passes as tables and pure functions: who may redeem what, and what a secret looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.model import ContactId
from acd.states import ForbiddenMove
from ivr.pass_guesses import MOST_WRONG, WITHIN_SECONDS, Guesses
from ivr.pass_secrets import CODE_DIGITS, Secret, new_secret, read
from ivr.passes import (
    AFTER_SECONDS,
    CODE_SECONDS,
    PASS_MOVES,
    SENTENCES,
    Form,
    Pass,
    PassId,
    PassState,
    Refusal,
    Standing,
    Stands,
    level_in,
    refusal_of,
)
from ivr.values import LEVELS

MADE_AT = 1000.0
A_PASS = Pass(PassId("pas_1"), ContactId("c-1"), "webchat", Form.LINK, MADE_AT)
A_CODE = replace(A_PASS, form=Form.CODE, until=MADE_AT + CODE_SECONDS)
WAITS = Standing(Stands.WAITS)
TIMES = st.floats(0, 1e6)
STANDINGS = st.builds(Standing, st.sampled_from(Stands), TIMES)
PASSES = st.builds(
    Pass, st.just(PassId("pas_1")), st.just(ContactId("c-1")), st.sampled_from(["webchat", "sms"]),
    st.sampled_from(Form), TIMES, st.none() | TIMES, state=st.sampled_from(PassState),
)  # fmt: skip


# ---------------------------------------------------------------- states


def test_a_pass_that_is_closed_never_opens_again() -> None:
    for state in PassState:
        for move in ("redeem", "void", "expire"):
            one = replace(A_PASS, state=state)
            if (state, move) in PASS_MOVES:
                assert one.moved(move, 5.0).state is not PassState.OPEN
                assert one.moved(move, 5.0).closed_at == 5.0
            else:
                with pytest.raises(ForbiddenMove, match=f"{state} cannot {move}"):
                    one.moved(move, 5.0)
    assert {state for state, _ in PASS_MOVES} == {PassState.OPEN}


# ---------------------------------------------------------------- who may redeem what


@pytest.mark.parametrize(
    ("known", "standing", "channel", "now", "why"),
    [
        (A_PASS, WAITS, "webchat", MADE_AT, None),
        (A_PASS, WAITS, "webchat", MADE_AT + 1e6, None),  # as long as it waits
        (A_PASS, WAITS, "sms", MADE_AT, Refusal.WRONG_CHANNEL),
        (A_PASS, Standing(Stands.TALKS), "webchat", MADE_AT, Refusal.TALKING),
        (A_PASS, Standing(Stands.OVER), "webchat", MADE_AT, Refusal.OVER),
        (A_PASS, Standing(Stands.AWAY, 2000.0), "webchat", 2000.0 + AFTER_SECONDS - 0.001, None),
        (A_PASS, Standing(Stands.AWAY, 2000.0), "webchat", 2000.0 + AFTER_SECONDS, Refusal.EXPIRED),
        (A_CODE, WAITS, "webchat", MADE_AT + CODE_SECONDS - 0.001, None),
        (A_CODE, WAITS, "webchat", MADE_AT + CODE_SECONDS, Refusal.EXPIRED),
        (replace(A_PASS, state=PassState.REDEEMED), WAITS, "webchat", MADE_AT, Refusal.USED),
        (replace(A_PASS, state=PassState.VOID), WAITS, "webchat", MADE_AT, Refusal.VOID),
        (replace(A_PASS, state=PassState.EXPIRED), WAITS, "webchat", MADE_AT, Refusal.EXPIRED),
    ],
)
def test_a_pass_leads_into_its_channel_in_its_time(
    known: Pass, standing: Standing, channel: str, now: float, why: Refusal | None
) -> None:
    assert refusal_of(known, standing, channel, now) is why


@given(PASSES, STANDINGS, st.sampled_from(["webchat", "sms", "app"]), TIMES)
def test_only_an_open_pass_of_a_contact_without_an_agent_is_ever_redeemed(
    known: Pass, standing: Standing, channel: str, now: float
) -> None:
    if refusal_of(known, standing, channel, now) is None:
        assert known.state is PassState.OPEN and known.channel == channel
        assert known.until is None or now < known.until
        left_for = now - standing.since if standing.where is Stands.AWAY else 0.0
        assert standing.where in (Stands.WAITS, Stands.AWAY) and left_for < AFTER_SECONDS


@given(PASSES, STANDINGS, TIMES, TIMES)
def test_a_pass_that_is_refused_for_its_age_is_refused_later_too(
    known: Pass, standing: Standing, now: float, more: float
) -> None:
    if refusal_of(known, standing, known.channel, now) is Refusal.EXPIRED:
        assert refusal_of(known, standing, known.channel, now + more) is Refusal.EXPIRED


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_nothing_counts_as_proved_that_the_contact_or_the_channel_has_not_proved(
    level: str, most: str
) -> None:
    rank = LEVELS.index(level_in(level, most))
    assert rank <= LEVELS.index(level) and rank <= LEVELS.index(most)
    assert rank in (LEVELS.index(level), LEVELS.index(most)), "and no less is taken along"


def test_every_refusal_is_one_sentence_in_both_languages() -> None:
    assert set(SENTENCES) == set(Refusal)
    for words in SENTENCES.values():
        assert set(words) == {"en", "zh"}
        assert words["en"].count(".") == 1 and words["en"].endswith(".")
        assert words["zh"].count("。") == 1 and words["zh"].endswith("。")
    assert len({words["en"] for words in SENTENCES.values()}) == len(Refusal)


# ---------------------------------------------------------------- secrets


@given(st.sampled_from(Form))
def test_a_secret_is_read_as_it_was_made(form: Form) -> None:
    secret = new_secret(form)
    assert read(secret.text) == secret
    assert read(f"  {secret.text}\n") == secret


@pytest.mark.parametrize(
    "typed", ["402 771 905", "402-771-905", "402.771.905", " 402771905 ", "４０２　７７１　９０５"]
)
def test_a_code_is_read_however_people_group_it(typed: str) -> None:
    assert read(typed) == Secret(Form.CODE, "402771905")


@given(st.text(max_size=60))
def test_anything_at_all_may_be_typed(typed: str) -> None:
    secret = read(typed)
    assert secret is None or read(secret.text) == secret


@pytest.mark.parametrize(
    "typed",
    ["", "40277190", "4027719055", "40277190a", "A" * 21, "A" * 21 + "/", "A" * 23, "4" * 100_000],
)
def test_what_can_be_no_secret_is_none(typed: str) -> None:
    assert read(typed) is None


def test_secrets_do_not_repeat_and_links_have_128_bits() -> None:
    links = {new_secret(Form.LINK).text for _ in range(20_000)}
    assert len(links) == 20_000 and {len(text) for text in links} == {22}
    codes = {new_secret(Form.CODE).text for _ in range(2_000)}
    assert len(codes) > 1_990 and {len(text) for text in codes} == {CODE_DIGITS}
    assert any(text.startswith("0") for text in codes), "codes with a leading nought are codes"


def test_a_secret_shows_itself_in_no_repr_and_its_digest_needs_the_key() -> None:
    secret = Secret(Form.CODE, "402771905")
    assert "402771905" not in repr(secret)
    assert secret.groups == "402 771 905"
    assert secret.digest("one") != secret.digest("other")
    assert secret.digest("one") != Secret(Form.LINK, "402771905").digest("one")
    assert "402771905" not in secret.digest("one")


# ---------------------------------------------------------------- guessing by many


def test_codes_are_refused_for_a_while_after_too_many_wrong_ones() -> None:
    guesses = Guesses()
    said = [guesses.wrong(at) for at in (float(n) for n in range(MOST_WRONG))]
    assert said.count(True) == 1 and said[-1], "the alarm is given once"
    assert guesses.are_too_many(MOST_WRONG)
    assert not guesses.wrong(MOST_WRONG), "and not again while it lasts"
    assert not guesses.are_too_many(MOST_WRONG + WITHIN_SECONDS)


@given(st.lists(st.floats(0, 2000), max_size=60))
def test_no_more_are_counted_than_came_in_time(times: list[float]) -> None:
    guesses = Guesses(most=5, within=100.0)
    for number, at in enumerate(sorted(times)):
        guesses.wrong(at)
        recent = [t for t in sorted(times)[: number + 1] if t > at - 100.0]
        assert guesses.are_too_many(at) == (len(recent) >= 5)

"""What every channel promises: in memory, the generic webhook, SMS, and whatever comes later."""

from __future__ import annotations

import pytest

from ivr.channel_ports import (
    TOLERANCE,
    Became,
    Because,
    Delivery,
    NotBelieved,
    NotNow,
    NotUnderstood,
    Received,
    Refused,
    State,
    Text,
    TextId,
    Why,
)
from tests.channel_hands import NOW, SMS, WEBHOOK
from tests.fakes_channel import NOT_NOW, REFUSES, FarEnd, MemoryFarEnd, WebhookFarEnd

TEXT = Text(TextId("txt_1"), "+8613800138000", "hello")


@pytest.fixture(params=["memory", "webhook", "sms"])
def far(request: pytest.FixtureRequest) -> FarEnd:
    """The other side of one channel."""
    if request.param == "memory":
        return MemoryFarEnd()
    return WebhookFarEnd(WEBHOOK if request.param == "webhook" else SMS)


def refusal(far: FarEnd, delivery: Delivery, now: float = NOW) -> Why:
    with pytest.raises(NotBelieved) as refused:
        far.channel.check(delivery, now)
    return refused.value.why


def test_what_a_customer_writes_is_read_as_it_was_written(far: FarEnd) -> None:
    words = '你好 <b>"hello"</b>\n\u2028{"type": 1}'
    read = far.channel.read(far.channel.check(far.writes(words), NOW))
    assert isinstance(read, Received) and read.words == words and read.sender


def test_what_became_of_a_text_is_told_by_the_id_that_it_was_sent_under(far: FarEnd) -> None:
    for became, why in ((Became.DELIVERED, ""), (Became.FAILED, "blocked")):
        read = far.channel.read(far.channel.check(far.tells("txt_1", became, why), NOW))
        assert isinstance(read, State) and (read.text, read.became) == ("txt_1", became)
        assert became is Became.DELIVERED or read.why is Because.BLOCKED


def test_a_reason_in_words_of_its_own_is_not_passed_on(far: FarEnd) -> None:
    told = far.tells("txt_1", Became.FAILED, "no such number +8613800138000")
    read = far.channel.read(far.channel.check(told, NOW))
    assert isinstance(read, State) and read.why is Because.OTHER


def test_nothing_that_somebody_without_a_secret_has_changed_is_believed(far: FarEnd) -> None:
    forged = list(far.forged(far.writes("hello")))
    assert len(forged) > 3
    assert {refusal(far, each) for each in forged} <= {Why.FORGED, Why.UNSIGNED}


def test_a_delivery_is_believed_for_five_minutes_before_and_after(far: FarEnd) -> None:
    true = far.writes("hello", at=NOW)
    for off in (-TOLERANCE, 0, TOLERANCE):
        assert far.channel.check(true, NOW + off).at == NOW
    for off in (-TOLERANCE - 1, TOLERANCE + 1, 86_400):
        assert refusal(far, true, NOW + off) is Why.LATE


def test_what_is_sent_again_has_the_same_id_and_a_later_time(far: FarEnd) -> None:
    first, again = (far.channel.check(far.writes("hello", at=at), NOW) for at in (NOW, NOW + 9))
    assert (first.id, again.id, again.at - first.at) == ("m1", "m1", 9)


def test_more_than_fits_is_not_even_checked(far: FarEnd) -> None:
    most = far.channel.capabilities.most_bytes
    refusal(far, far.writes("x" * most))


def test_what_is_signed_and_makes_no_sense_is_refused_without_its_words(far: FarEnd) -> None:
    for odd in far.nonsense():
        checked = far.channel.check(odd, NOW)
        with pytest.raises(NotUnderstood) as refused:
            far.channel.read(checked)
        assert "yyy" not in str(refused.value)


async def test_a_text_is_handed_over_with_its_id_and_again_with_the_same(far: FarEnd) -> None:
    for _ in range(2):
        await far.channel.send(TEXT)
    assert far.got == [("txt_1", TEXT.to, "hello")] * 2


async def test_what_is_refused_for_good_and_what_may_come_again_are_told_apart(far: FarEnd) -> None:
    far.mood = REFUSES
    with pytest.raises(Refused):
        await far.channel.send(TEXT)
    far.mood = NOT_NOW
    with pytest.raises(NotNow) as refused:
        await far.channel.send(TEXT)
    assert refused.value.wait == 7.0 and far.got == []


async def test_a_text_that_is_too_long_never_leaves(far: FarEnd) -> None:
    longer = "x" * (far.channel.capabilities.most_characters + 1)
    with pytest.raises(Refused):
        await far.channel.send(Text(TEXT.id, TEXT.to, longer))
    assert far.got == []


def test_neither_words_nor_addresses_show_where_values_are_shown(far: FarEnd) -> None:
    true = far.writes("canary-1f")
    read = far.channel.read(far.channel.check(true, NOW))
    assert "canary-1f" not in f"{true!r} {far.channel.check(true, NOW)!r} {read!r} {TEXT!r}"
    assert TEXT.to not in repr(TEXT)

"""Signatures in and out, by the vectors of the specification and by hands other than ours."""

from __future__ import annotations

import base64
import json

import pytest
from pydantic import ValidationError

from adapters.channels import signature
from ivr.channel_ports import Delivery, NotBelieved, Text, TextId, Why
from ivr.channel_settings import ChannelEntry, key_of
from tests.channel_hands import KEY, NOW, OLD_KEY, SMS, STRANGE_KEY, WEBHOOK, delivery, secret, sign
from tests.fakes_channel import WebhookFarEnd

BODY = b'{"test": 2432232314}'


def refused(given: Delivery) -> Why:
    with pytest.raises(NotBelieved) as refusal:
        signature.checked([KEY, OLD_KEY], given, NOW)
    return refusal.value.why


def test_the_example_of_the_specification_comes_out() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature.signed([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
def test_any_secret_of_the_channel_signs_what_comes_in(key: bytes) -> None:
    assert signature.checked([KEY, OLD_KEY], delivery(BODY, key=key), NOW).body == BODY


def test_of_several_signatures_one_must_fit() -> None:
    strange = sign(STRANGE_KEY, "msg_1", str(int(NOW)), BODY)
    right = sign(KEY, "msg_1", str(int(NOW)), BODY)
    both = f"v1a,c29tZXRoaW5n {strange} {right}"
    assert signature.checked([KEY], delivery(BODY, signature=both), NOW).id == "msg_1"
    assert refused(delivery(BODY, signature=strange)) is Why.FORGED
    assert refused(delivery(BODY, signature=" ".join([right] * 9))) is Why.UNSIGNED


@pytest.mark.parametrize("given", ["", "v1,", "v2," + "A" * 43 + "=", "v1", "v1,\u00e9", "v1,?"])
def test_what_is_no_signature_fits_nothing(given: str) -> None:
    assert refused(delivery(BODY, signature=given)) in (Why.FORGED, Why.UNSIGNED)


def test_a_signature_must_be_spelt_as_it_is_made() -> None:
    """Base64 has several spellings of one value: only one is ours."""
    right = sign(KEY, "msg_1", str(int(NOW)), BODY)
    for other in (right.rstrip("="), right + "=", right.replace("v1,", "v1, "), right.lower()):
        assert refused(delivery(BODY, signature=other)) in (Why.FORGED, Why.UNSIGNED)


@pytest.mark.parametrize("id_", ["", "a.b", "a b", "a\n", "\u00e9", "x" * 256])
def test_an_id_that_could_be_read_in_two_ways_is_refused(id_: str) -> None:
    assert refused(delivery(BODY, id_=id_)) is Why.UNSIGNED


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "1_800_000_000", "\u0661", "1800000000.0",
                                       " 1800000000", "9" * 13])  # fmt: skip
def test_a_timestamp_has_digits_alone(timestamp: str) -> None:
    headers = (("webhook-id", "m"), ("webhook-timestamp", timestamp),
               ("webhook-signature", sign(KEY, "m", timestamp, BODY)))  # fmt: skip
    assert refused(Delivery(headers, BODY)) is Why.UNSIGNED


def test_parts_cannot_be_moved_from_one_to_the_next() -> None:
    at = str(int(NOW))
    right = sign(KEY, "m", at, b"1800000000.{}")
    shifted = (("webhook-id", f"m.{at}"), ("webhook-timestamp", "1800000000"),
               ("webhook-signature", right))  # fmt: skip
    assert refused(Delivery(shifted, b"{}")) is Why.UNSIGNED


async def test_what_goes_out_is_signed_by_every_secret_so_that_both_sides_can_change_it() -> None:
    far = WebhookFarEnd(WEBHOOK)
    await far.channel.send(Text(TextId("txt_1"), "u-1", "hello"))
    [sent] = far.sent
    told = dict(sent.headers)
    expected = [sign(key, "txt_1", told["webhook-timestamp"], sent.body) for key in (KEY, OLD_KEY)]
    assert told["webhook-signature"].split(" ") == expected
    assert json.loads(sent.body)["type"] == "text.send"


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"secrets": ["${file}"]}, "./hotline channel secret"),
     ({"secrets": [secret(b"k" * 23)]}, "24 to 64 bytes"),
     ({"secrets": [secret(b"k" * 65)]}, "24 to 64 bytes"),
     ({"secrets": [base64.b64encode(KEY).decode()]}, "whsec_"), ({"secrets": []}, "at least 1"),
     ({"secrets": None}, "Field required"),
     ({"url": "http://example.org"}, "in the clear"), ({"url": "HTTP://example.org"}, "clear"),
     ({"url": "ftp://example.org"}, "is an address"), ({"url": "https://a@b.org"}, "passwords"),
     ({"allow": []}, "`allow` names"), ({"kind": "webhook"}, "for `kind: sms`"),
     ({"most_bytes": 1_000_000}, "less than or equal"), ({"odd": 1}, "Extra inputs")],
)  # fmt: skip
def test_settings_that_would_not_be_safe_are_refused_with_the_way_out(
    settings: dict[str, object], why: str
) -> None:
    with pytest.raises(ValidationError, match=why) as fault:
        ChannelEntry.model_validate({**SMS, **settings})
    told = [(each["loc"], each["msg"]) for each in fault.value.errors()]
    assert base64.b64encode(KEY).decode() not in str(told)

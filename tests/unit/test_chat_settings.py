"""Chat in the site file."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ivr.channel_settings import ChannelEntry, Kind
from ivr.chat_settings import ChatSettings, chat_faults

SECRET = "whsec_" + "A" * 32


def sms(url: str | None) -> ChannelEntry:
    return ChannelEntry(kind=Kind.SMS, secrets=(SECRET,), url=url, allow=("+86",))


def test_a_link_has_the_secret_where_browsers_send_it_to_nobody() -> None:
    chat = ChatSettings(url="https://help.example.com/")
    assert chat.link("k3Jw0Qm5SxO1nTzv9bYh2A") == (
        "https://help.example.com/chat#k3Jw0Qm5SxO1nTzv9bYh2A"
    )


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"url": "http://help.example.com"}, "in the clear"),
        ({"origins": ["https://www.example.com/shop"]}, "scheme, host and port only"),
        ({"title": {"en": "<b>"}}, "pattern"),
        ({"away_seconds": 1}, "greater than or equal to 5"),
    ],
)
def test_what_cannot_be_is_refused(more: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ChatSettings.model_validate({"url": "https://help.example.com", **more})


def test_queue_and_carrier_of_links_are_named_elsewhere_in_the_settings() -> None:
    chat = ChatSettings(url="https://help.example.com", queue="suport", text_by="sms")
    assert list(chat_faults(chat, {}, ["support"], {})) == [
        "site.yaml: chat.queue: there is no queue 'suport'; did you mean 'support'?",
        "site.yaml: chat.text_by: no channel 'sms' sends SMS",
    ]
    assert list(chat_faults(chat, {"sms": sms(None)}, ["suport"], {})) == [
        "site.yaml: chat.text_by: no channel 'sms' sends SMS"
    ]
    whole = {"sms": sms("https://sms.example.com")}
    assert list(chat_faults(chat, whole, ["suport"], {})) == []
    assert list(chat_faults(None, {}, [], {})) == []


def test_what_no_agent_of_the_chats_queue_can_do_is_not_asked_for() -> None:
    chat = ChatSettings(url="https://help.example.com", skills={"typing": 5})
    able = {"support": [{"typing": 3}], "sales": [{"typing": 9}]}
    assert list(chat_faults(chat, {}, ["support"], able)) == [
        "site.yaml: chat.skills.typing: no agent of this queue has more than 3"
    ]
    assert list(chat_faults(chat, {}, ["support"], {"support": [{"typing": 5}]})) == []

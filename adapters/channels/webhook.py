"""A channel over HTTP: the generic webhook and SMS, `ivr.channel_ports.Channel` by configuration.

Both sides speak JSON in envelopes `{"type", "timestamp", "data"}`, signed as `signature` says:

    in   text.received   {"from", "text"}
    in   text.delivered  {"id"}
    in   text.failed     {"id", "why"}
    out  text.send       {"id", "to", "text"}
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from acd.model import Seconds
from adapters.channels import signature
from ivr.channel_ports import (
    LONGEST_ADDRESS,
    LONGEST_TEXT,
    Became,
    Because,
    Capabilities,
    Checked,
    Delivery,
    NotBelieved,
    NotNow,
    NotUnderstood,
    Received,
    Refused,
    State,
    Text,
    Why,
    because,
)
from ivr.channel_settings import ChannelEntry, key_of

NEVER = frozenset({400, 413, 415, 422})
"""Statuses by which the text itself is refused. Others say something of the channel."""
TAKEN_BEFORE = 409
LONGEST_NUMBER = 64
MOST_WAIT: Seconds = 3600.0


class Post(Protocol):
    """How a signed body gets out."""

    async def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str]]:
        """The status and headers of the answer; raises `NotNow` when there is none in time."""


class WebhookChannel:
    """One entry of `channels` in the site file."""

    def __init__(
        self, name: str, entry: ChannelEntry, post: Post, utc: Callable[[], Seconds]
    ) -> None:
        self.name = name
        self.capabilities: Capabilities = entry.capabilities
        self._keys = [key_of(secret) for secret in entry.secrets]
        self._url = entry.url
        self._post = post
        self._utc = utc

    def check(self, delivery: Delivery, now: Seconds) -> Checked:
        if len(delivery.body) > self.capabilities.most_bytes:
            raise NotBelieved(Why.UNSIGNED)
        return signature.checked(self._keys, delivery, now)

    def read(self, checked: Checked) -> Received | State:
        envelope = _object(checked.body)
        kind, data = envelope.get("type"), envelope.get("data")
        if not isinstance(data, dict):
            raise NotUnderstood("`data` is not an object")
        if kind == "text.received":
            longest = LONGEST_NUMBER if self.capabilities.numbers else LONGEST_ADDRESS
            return Received(
                _words(data, "from", longest).strip(), _words(data, "text", LONGEST_TEXT)
            )
        if kind == "text.delivered":
            return State(_words(data, "id", LONGEST_ADDRESS), Became.DELIVERED)
        if kind == "text.failed":
            why = data.get("why")
            reason = because(why) if isinstance(why, str) else Because.OTHER
            return State(_words(data, "id", LONGEST_ADDRESS), Became.FAILED, reason)
        raise NotUnderstood("`type` is none of text.received, text.delivered, text.failed")

    async def send(self, text: Text) -> None:
        if not self._url:
            raise Refused("this channel only receives")
        if len(text.words) > self.capabilities.most_characters:
            raise Refused("longer than this channel sends")
        now = self._utc()
        stamp = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"
        data = {"id": text.id, "to": text.to, "text": text.words}
        envelope = {"type": "text.send", "timestamp": stamp, "data": data}
        body = json.dumps(envelope, ensure_ascii=False).encode("utf-8", "replace")
        headers = signature.signed(self._keys, text.id, now, body)
        status, answered = await self._post(self._url, headers, body)
        if status in NEVER:
            raise Refused(f"status {status}")
        if not 200 <= status < 300 and status != TAKEN_BEFORE:
            raise NotNow(f"status {status}", _wait(answered.get("retry-after", "")))


def _wait(asked: str) -> Seconds:
    """Seconds that the channel asks for; dates, which clocks may disagree on, are left alone."""
    return min(float(asked), MOST_WAIT) if asked.isascii() and asked.isdigit() else 0.0


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotUnderstood("the body is not JSON") from None
    if not isinstance(found, dict):
        raise NotUnderstood("the body is not an object")
    return found


def _words(data: Mapping[str, Any], name: str, most: int) -> str:
    """A text without signs that no text has: they would act on whoever shows it."""
    value = data.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise NotUnderstood(f"`data.{name}` is not a text of {most} characters at most")
    plain = "".join(
        c for c in value.replace("\r\n", "\n")
        if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")
    )  # fmt: skip
    if not plain.strip():
        raise NotUnderstood(f"`data.{name}` is empty")
    return plain

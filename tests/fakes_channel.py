"""A channel in memory, and the far ends of channels, as the contract needs them.

A later channel gets a far end of its own here, and is held to the same promises.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from adapters.channels.webhook import WebhookChannel
from ivr.channel_ports import (
    TOLERANCE,
    Became,
    Because,
    Capabilities,
    Channel,
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
from ivr.channel_settings import ChannelEntry
from tests.channel_hands import NOW, STRANGE_KEY, delivery, envelope

TAKES, REFUSES, NOT_NOW = "takes", "refuses", "not now"


class FarEnd(Protocol):
    """Whoever is on the other side of a channel."""

    channel: Channel
    got: list[tuple[str, str, str]]
    """Id, address and words of each text that has come."""
    mood: str
    """What it does with texts."""

    def writes(self, words: str, id_: str = "m1", at: float = NOW) -> Delivery:
        """A customer's words, rightly signed."""

    def tells(self, text: str, became: Became, why: str = "") -> Delivery:
        """What became of a text, rightly signed."""

    def nonsense(self) -> Iterator[Delivery]:
        """Rightly signed, and nothing that can be understood."""

    def forged(self, true: Delivery) -> Iterator[Delivery]:
        """The same, changed by somebody without a secret."""


@dataclass
class MemoryChannel:
    """A channel without a network: the least that keeps the contract."""

    far: MemoryFarEnd
    name: str = "memory"
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(True, True, True, False, 2000, 100)
    )

    def check(self, delivery: Delivery, now: float) -> Checked:
        told = dict(delivery.headers)
        if len(told) < 3 or len(delivery.body) > self.capabilities.most_bytes:
            raise NotBelieved(Why.UNSIGNED)
        if told["by"] != _mark(told["id"], told["at"], delivery.body):
            raise NotBelieved(Why.FORGED)
        if abs(now - float(told["at"])) > TOLERANCE:
            raise NotBelieved(Why.LATE)
        return Checked(told["id"], float(told["at"]), delivery.body)

    def read(self, checked: Checked) -> Received | State:
        try:
            told = json.loads(checked.body)
            if "words" in told:
                return Received(told["from"], told["words"])
            return State(told["text"], Became(told["became"]), because(told["why"]))
        except (ValueError, KeyError, TypeError):
            raise NotUnderstood("neither words nor news") from None

    async def send(self, text: Text) -> None:
        if len(text.words) > self.capabilities.most_characters or self.far.mood == REFUSES:
            raise Refused("no")
        if self.far.mood == NOT_NOW:
            raise NotNow("later", 7.0)
        self.far.got.append((text.id, text.to, text.words))


def _mark(id_: str, at: str, body: bytes) -> str:
    return hashlib.sha256(b"shared" + f"{id_} {at} ".encode() + body).hexdigest()


@dataclass
class MemoryFarEnd:
    """Of the channel in memory."""

    got: list[tuple[str, str, str]] = field(default_factory=list)
    mood: str = TAKES
    channel: Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = MemoryChannel(self)

    def writes(self, words: str, id_: str = "m1", at: float = NOW) -> Delivery:
        return self._signed({"from": "u-1", "words": words}, id_, at)

    def tells(self, text: str, became: Became, why: str = "") -> Delivery:
        return self._signed({"text": text, "became": became, "why": why}, "m1", NOW)

    def nonsense(self) -> Iterator[Delivery]:
        yield self._signed({}, "m1", NOW)

    def forged(self, true: Delivery) -> Iterator[Delivery]:
        yield replace(true, body=true.body + b" ")
        for name, _ in true.headers:
            yield replace(true, headers=[each for each in true.headers if each[0] != name])

    def _signed(self, told: Mapping[str, str], id_: str, at: float) -> Delivery:
        body = json.dumps(told).encode()
        headers = (("id", id_), ("at", str(at)), ("by", _mark(id_, str(at), body)))
        return Delivery(headers, body)


STATUSES = {TAKES: 202, REFUSES: 422, NOT_NOW: 503}


class WebhookFarEnd:
    """Of a channel by configuration. Stands where the HTTP client stands."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        self.got: list[tuple[str, str, str]] = []
        self.mood = TAKES
        self.sent: list[Delivery] = []
        entry = ChannelEntry.model_validate(settings)
        self.channel: Channel = WebhookChannel("far", entry, self.post, lambda: NOW)

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str]]:
        self.sent.append(Delivery([(name.lower(), told) for name, told in headers.items()], body))
        if self.mood == TAKES:
            data = json.loads(body)["data"]
            self.got.append((data["id"], data["to"], data["text"]))
        return STATUSES[self.mood], {"retry-after": "7"}

    def writes(self, words: str, id_: str = "m1", at: float = NOW) -> Delivery:
        body = envelope("text.received", **{"from": "+8613800138000", "text": words})
        return delivery(body, id_, at)

    def tells(self, text: str, became: Became, why: str = "") -> Delivery:
        return delivery(envelope(f"text.{became}", id=text, why=why or Because.OTHER))

    def nonsense(self) -> Iterator[Delivery]:
        deep = b"[" * 60_000
        for body in (b"", b"{", b"5", b"[]", b"{}", b"\xff", deep, b'{"type": "text.received"}'):
            yield delivery(body)
        for data in ({}, {"from": "x"}, {"from": 5, "text": "x"}, {"from": "x", "text": "\x00 "},
                     {"from": "x", "text": "y" * 4001},
                     {"from": "z" * 201, "text": "y"}):  # fmt: skip
            yield delivery(envelope("text.received", **data))
        yield delivery(envelope("text.send", id="txt_1", to="x", text="y"))

    def forged(self, true: Delivery) -> Iterator[Delivery]:
        yield replace(true, body=true.body + b" ")
        told = dict(true.headers)
        yield delivery(true.body, told["webhook-id"], key=STRANGE_KEY)
        for name, given in true.headers:
            rest = [each for each in true.headers if each[0] != name]
            yield replace(true, headers=rest)
            yield replace(true, headers=[*true.headers, (name, given)])
            yield replace(true, headers=[*rest, (name, given[:-1])])

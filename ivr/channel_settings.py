"""Channels as the site file names them (`channels`): nothing else may write to us or is written to.

A channel is ready when it has a secret and, to send, an address. The file is the allow-list: no
address comes from a customer, and none from what a channel says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from acd.model import CALLED_BACK, CALLED_OUT, CALLS, CHATS
from ivr.channel_ports import LONGEST_TEXT, Capabilities
from ivr.faults import meant
from ivr.keys import Keys, Name
from ivr.outbound import Prefix
from ivr.services import Address, goes_in_the_clear

SECRET_BEGINS = "whsec_"  # noqa: S105
LEAST_KEY, MOST_KEY = 24, 64
"""Bytes of a secret, by Standard Webhooks."""
IN_THE_CLEAR = (
    "what customers and agents write would go out in the clear: use https, or write "
    "`plain: true` for a network that you trust"
)
LARGEST_DELIVERY = 128 * 1024
"""What the web service takes in at most."""


class Kind(StrEnum):
    """What a channel is like."""

    WEBHOOK = "webhook"
    """Customers have names of the channel's own."""
    SMS = "sms"
    """Customers have telephone numbers; every text costs money."""


def key_of(secret: str) -> bytes:
    """The key in a secret; ValueError says what is wrong, without it."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_BEGINS), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_BEGINS) or not LEAST_KEY <= len(key) <= MOST_KEY:
        raise ValueError(
            f"a secret is {SECRET_BEGINS} and {LEAST_KEY} to {MOST_KEY} bytes in base64; "
            "./hotline channel secret NAME makes one"
        )
    return key


def _is_secret(secret: str) -> str:
    key_of(secret)
    return secret


Secret = Annotated[str, AfterValidator(_is_secret)]


class ChannelEntry(Keys):
    """One channel."""

    kind: Kind = Kind.WEBHOOK
    secrets: Annotated[tuple[Secret, ...], Field(min_length=1, max_length=4, repr=False)]
    """Any of them signs what comes in; what goes out is signed by each. Two while one is changed
    for another."""
    url: Address | None = None
    """Where texts are sent; None: the channel only receives."""
    plain: bool = False
    """Whether an address outside this machine may be written to without encryption."""
    queue: Name = "support"
    """Whose work its texts are."""
    most_bytes: Annotated[int, Field(ge=1024, le=LARGEST_DELIVERY)] = 65_536
    """Of one delivery."""
    most_characters: Annotated[int, Field(ge=1, le=LONGEST_TEXT)] | None = None
    """Of one text that is sent; None: 500 for SMS, else 4000."""
    per_second: Annotated[float, Field(ge=0.1, le=1000)] = 20.0
    """So many deliveries are taken a second; who sends more is asked to wait."""
    allow: tuple[Prefix, ...] = ()
    """SMS go only to numbers that begin so."""
    per_hour: Annotated[int, Field(ge=1, le=1000)] = 3
    """So many texts to one customer an hour."""
    per_day: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """So many texts in all a day."""
    try_minutes: Annotated[float, Field(ge=1, le=4320)] = 60.0
    """From then on a text that nobody takes is given up."""
    failures: Annotated[int, Field(ge=1, le=100)] = 5
    """So many failures in a row, and it is left alone for a while."""
    rest: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """For so many seconds."""
    or_callback: bool = False
    """Whether a customer is promised a callback when a text fails (SMS only)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.url and goes_in_the_clear(self.url) and not self.plain:
            raise ValueError(IN_THE_CLEAR)
        if self.kind is Kind.SMS and self.url and not self.allow:
            raise ValueError("nothing could be sent: `allow` names how numbers begin, like +86")
        if self.kind is not Kind.SMS and (self.allow or self.or_callback):
            raise ValueError("`allow` and `or_callback` are for `kind: sms`: only there customers "
                             "have telephone numbers")  # fmt: skip
        return self

    @property
    def capabilities(self) -> Capabilities:
        sms = self.kind is Kind.SMS
        most = self.most_characters or (500 if sms else LONGEST_TEXT)
        return Capabilities(
            receives=True, sends=self.url is not None, reports=self.url is not None, numbers=sms,
            most_bytes=self.most_bytes, most_characters=most,
        )  # fmt: skip


def channel_faults(channels: Mapping[str, ChannelEntry], queues: Collection[str]) -> Iterator[str]:
    """What the rest of the settings does not know, a sentence each."""
    whose: dict[str, str] = {}
    for name, entry in channels.items():
        here = f"site.yaml: channels.{name}"
        if name in (CALLS, CALLED_BACK, CALLED_OUT, CHATS):
            yield f"{here}: this name is our own: choose another"
        if entry.queue not in queues:
            yield f"{here}.queue: there is no queue {entry.queue!r}{meant(entry.queue, queues)}"
        for secret in entry.secrets:
            if whose.setdefault(secret, name) != name:
                yield (
                    f"{here}.secrets: {whose[secret]} has the same: what is signed for one would "
                    "be believed by the other; ./hotline channel secret NAME makes one"
                )

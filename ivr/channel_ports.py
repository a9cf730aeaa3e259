"""What a channel beside the telephone must do, whatever is behind it.

Five promises, which `tests/contract/test_channels.py` holds every channel to:

1. What comes in is believed only when it is signed, and it is not parsed before: `read` takes a
   `Checked` delivery, which nothing but `check` makes.
2. It says what it can (`Capabilities`), and refuses more than that.
3. Each delivery carries an id of the sender's, so that what comes twice is noticed.
4. `send` says of each text whether it was taken, refused for good, or may be tried again; the same
   text sent again has the same id.
5. What becomes of a text that was sent is told by a `State`, with the id that it was sent under.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol

from acd.model import Seconds

TextId = NewType("TextId", str)
"""A text that we send: `txt_` and 26 hexadecimal digits."""
Headers = Sequence[tuple[str, str]]
"""Names in lower case, with their values; a name may be there twice."""

TOLERANCE: Seconds = 300.0
"""So far a delivery's time may be from ours, before and after."""
LONGEST_TEXT = 4000
"""Characters, in and out: with the longest spelling of each it fits a line to the core."""
LONGEST_ADDRESS = 200


class Why(StrEnum):
    """Why a delivery is not believed."""

    UNSIGNED = "unsigned"
    """A header of the signature is missing, there twice, or makes no sense."""
    FORGED = "forged"
    """No secret of the channel makes this signature."""
    LATE = "late"
    """Signed by a secret of the channel, but not now."""
    REPLAYED = "replayed"
    """This very delivery was taken before."""


class NotBelieved(Exception):
    """A delivery that nothing may come of."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class NotUnderstood(Exception):
    """A delivery that is signed and says nothing that a channel can say; tells what is wrong,
    without the words of it."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do, and how much of it."""

    receives: bool
    sends: bool
    reports: bool
    """Whether it tells what became of texts."""
    numbers: bool
    """Whether its customers are telephone numbers: then they are the callers with these numbers."""
    most_bytes: int
    """Of one delivery."""
    most_characters: int
    """Of one text that is sent."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in, as it came."""

    headers: Headers
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """A delivery that is signed by a secret of the channel, at about this time. Not parsed yet."""

    id: str
    """The sender's; the same again is the same delivery."""
    at: Seconds
    """When it was signed (UTC). Sent again later it has a later one."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Received:
    """A customer has written."""

    sender: str = field(repr=False)
    """Their address in the channel: a claim of the channel's, never a proof. Personal."""
    words: str = field(repr=False)


class Became(StrEnum):
    """What can become of a text that was taken."""

    DELIVERED = "delivered"
    FAILED = "failed"


class Because(StrEnum):
    """Why a text failed. Words of the channel's own are not kept: they may be personal."""

    REFUSED = "refused"
    """The channel takes no such text."""
    TOO_OLD = "too_old"
    """It was not taken in time."""
    NOBODY = "nobody"
    """Its customer has no address any more: they are erased."""
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    """The customer, or their network, wants no texts of ours."""
    EXPIRED = "expired"
    """The network has tried long enough."""
    OTHER = "other"


def because(word: str) -> Because:
    """The reason of this name; `other` for any other word."""
    return Because(word) if word in set(Because) else Because.OTHER


@dataclass(frozen=True, slots=True)
class State:
    """The channel tells what has become of a text."""

    text: str
    """The id under which we sent it, as the channel says."""
    became: Became
    why: Because = Because.OTHER


@dataclass(frozen=True, slots=True)
class Text:
    """What is to be sent."""

    id: TextId
    to: str = field(repr=False)
    words: str = field(repr=False)


class Refused(Exception):
    """The channel will never take this text; says why."""


class NotNow(Exception):
    """The channel does not take it now: slow, away, or asks us to wait. Safe to send again."""

    def __init__(self, why: str, wait: Seconds = 0.0) -> None:
        super().__init__(why)
        self.wait = wait
        """How long the channel asks us to wait at least."""


class Channel(Protocol):
    """One channel of the house."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def check(self, delivery: Delivery, now: Seconds) -> Checked:
        """Who sent it, before anything of it is read; `NotBelieved`. `now`: UTC."""

    def read(self, checked: Checked) -> Received | State:
        """What it says; `NotUnderstood`."""

    async def send(self, text: Text) -> None:
        """Hand a text over. Returns when it was taken; raises `Refused` or `NotNow`, within the
        deadline of the channel."""

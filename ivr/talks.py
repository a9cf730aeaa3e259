"""What can be done to a talk from outside: recording, and who listens. The port to the telephones.

A talk is named by its contact. `adapters.asterisk.talks` does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from acd.model import ContactId, OfferId


class Listening(StrEnum):
    """How a supervisor takes part in a talk."""

    LISTEN = "listen"
    """Hears both, is heard by nobody."""
    WHISPER = "whisper"
    """Hears both, is heard by the agent."""
    BARGE = "barge"
    """Hears both, is heard by both."""


@dataclass(frozen=True, slots=True)
class TalkSeen:
    """How it stands with a caller's recording, as the telephone side has it."""

    part: str
    """The part that is being recorded; empty: none."""
    paused: bool
    """Marked as paused: it may not be so yet, while `pause` is at work or where it failed."""
    bridged: bool
    """Whether the caller is connected with somebody."""
    whole: bool = False
    """Whether a pause was confirmed in all its parts, and nobody has begun to end it since."""


@dataclass(frozen=True, slots=True)
class ListenerCall:
    """A supervisor's telephone that is to be rung, for one talk of one agent."""

    id: str
    phone: str
    contact: ContactId
    offer: OfferId
    """That of the agent's talk: nothing else can be heard."""
    how: Listening
    heir: OfferId | None = None
    """As whose leg it may take the talk over; None: the phone is no agent's, and may not."""


class Talks(Protocol):
    """All raise `PhonesFailed` when the telephone side is away or says no."""

    async def look(self, contact: ContactId) -> TalkSeen | None:
        """None: there is no such caller any more."""

    async def pause(self, contact: ContactId) -> None:
        """When this returns nothing of the talk is recorded, told in events or heard by listeners
        (they are hung up on): speech and keys. Whatever a pause before left undone is done."""

    async def resume(self, contact: ContactId) -> None:
        """Record again, and take keys again."""

    async def stop(self, contact: ContactId) -> None:
        """Record nothing more of this talk."""

    async def ring(self, listener: ListenerCall) -> None:
        """Ring the supervisor's telephone; the talk is heard when it is answered."""

    async def listener(self, contact: ContactId, phone: str) -> OfferId | None:
        """As whose leg this telephone, which listens to the talk, may take it over; None: it does
        not listen to it, or is no agent's."""

    async def take_over(self, contact: ContactId, offer: OfferId, heir: OfferId) -> None:
        """The agent's leg (of `offer`) is let go, and the one that listens has the caller; where
        that cannot be any more the talk goes on."""

"""What Asterisk's event log says of recording, in the words of the house. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from acd.model import ContactId
from ivr.ports import Note

RESUMED = "RecordingResumed"


def began(contact: str, part: str, policy: str, consent: str, *_: str) -> list[Note]:
    """The recorder is ready: every talk from here on is in this part."""
    data = {"part": int(part) if part.isdigit() else 0, "policy": policy, "consent": consent}
    return [Note(ContactId(contact), "RecordingBegan", data)]


def not_recorded(contact: str, why: str, *_: str) -> list[Note]:
    """The talks to come are not recorded, though the queue's are."""
    return [Note(ContactId(contact), "NotRecorded", {"why": why})]


def pause_over(contact: str, *_: str) -> list[Note]:
    """The talk ended in a pause, and the pause with it."""
    data = {"who": "hotline", "why": "the talk is over"}
    return [Note(ContactId(contact), RESUMED, data)]


RECORDED_ROWS: Mapping[str, Callable[..., list[Note]]] = MappingProxyType({
    "ACD_RECORD": began,
    "ACD_NO_RECORD": not_recorded,
    "ACD_PAUSE_END": pause_over,
})  # fmt: skip
"""By the kind of row. `ACD_RECORD_END` tells nobody anything: the files do."""

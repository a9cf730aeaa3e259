"""What a customer who has left a message is told by a text, in their language."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.model import Seconds

CHINESE = "zh"


def confirmation(language: str, until: Seconds, zone: ZoneInfo | None) -> str:
    """One short text. `zone`: that of the queue's hours; None: this machine's."""
    at = datetime.fromtimestamp(until, UTC).astimezone(zone)
    if language == CHINESE:
        return f"我们已收到您的留言，将在{at.month}月{at.day}日 {at:%H:%M} 之前答复您。"
    return f"We have your message and will answer it by {at:%H:%M on} {at.day} {at:%B}."

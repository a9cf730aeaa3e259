"""What a notice of a message says: ids and figures, in the language of the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from acd.model import Seconds
from ivr.ports import EffectKey, Outgoing

CHINESE = "zh"


class NotANotice(Exception):
    """An entry that says nothing that a notice could be made of; tells why."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A caller has left a message."""

    key: EffectKey
    queue: str
    at: Seconds
    """When (UTC)."""
    contact: str
    recording: str
    seconds: Seconds

    @property
    def when(self) -> datetime:
        """As the clock of this machine shows it."""
        return datetime.fromtimestamp(self.at, UTC).astimezone()


def notice_of(outgoing: Outgoing, put_at: Seconds) -> Notice:
    """Out of an entry of the outbox; `NotANotice`."""
    data = outgoing.data
    try:
        return Notice(
            outgoing.key, str(data["queue"]), float(data.get("at", put_at)), str(data["contact"]),
            str(data["recording"]), float(data["seconds"]),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError, AttributeError) as fault:
        raise NotANotice("not understood") from fault


def subject(notice: Notice, language: str) -> str:
    """One line."""
    if language == CHINESE:
        return f"{notice.queue} 有一条新留言"
    return f"A message for {notice.queue}"


def body(notice: Notice, language: str) -> str:
    """The rest."""
    when = notice.when.isoformat(" ", "minutes")
    hear = f'./hotline messages {notice.recording} --save message.wav --why "..."'
    if language == CHINESE:
        return (
            f"一位来电者给队列 {notice.queue} 留了言。\n\n"
            f"时间：{when}\n时长：{notice.seconds:.0f} 秒\n接触：{notice.contact}\n\n"
            f"收听：\n{hear}\n\n谁在何时为何收听，记入审计。本邮件由系统发出，请勿回复。\n"
        )
    return (
        f"A caller has left a message for the queue {notice.queue}.\n\n"
        f"Time:    {when}\nLength:  {notice.seconds:.0f} seconds\nContact: {notice.contact}\n\n"
        f"To hear it:\n{hear}\n\n"
        "Who hears it, when and why is in the audit. Sent by a machine: answers are not read.\n"
    )

"""The lines of chats as the journal tells them: what an agent's page and a customer's show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.model import ContactId, Seconds
from ivr.chat_files import FileId
from ivr.chats import SAID, field_of_chat
from ivr.ports import PersonId, Record


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line; its words lie in the vault, unless it is a phrase of the house's own."""

    contact: ContactId
    number: int
    """1, 2, 3 ... within the contact, whoever writes."""
    at: Seconds
    who: str
    """`customer`, `agent` or `house`."""
    agent: str = ""
    person: PersonId | None = None
    """Under whom the words are sealed."""
    effect: str = ""
    phrase: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    file: FileId | None = None
    """What was sent in place of words; its name lies where they would."""
    type: str = ""
    bytes: int = 0

    @property
    def place(self) -> str | None:
        """The field of the person's in which the words lie; None: there are none."""
        return field_of_chat(self.effect) if self.person and not self.phrase else None


def line_of(record: Record) -> ChatLine | None:
    """The line that a record tells of; None for any other record."""
    if record.kind != SAID or record.contact is None:
        return None
    data, file = record.data, record.data.get("file") or {}
    return ChatLine(
        record.contact, int(data["number"]), record.at, str(data["who"]),
        str(data.get("agent") or ""), data.get("person"), str(data["effect"]),
        data.get("phrase"), dict(data.get("values") or {}),
        file.get("id"), str(file.get("type", "")), int(file.get("bytes", 0)),
    )  # fmt: skip

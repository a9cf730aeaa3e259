"""Files of chats in the core: whether one may be sent, its line, and what becomes of leftovers.

Who sends stores the content first and asks for the line then: a line always has its file. What dies
between the two leaves a file without a line, which is removed a while later.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd.model import AgentId, ContactId, Seconds
from ivr.chat_desk import id_of, told
from ivr.chat_files import (
    CONTACT_DIGITS,
    LONGEST_NAME,
    PREFIX,
    FileId,
    FileLimits,
    FileShelf,
    KeptFile,
    Unfit,
    Why,
    file_id,
    files_of,
)
from ivr.chat_lines import ChatLines, Writer, effect_of
from ivr.chat_presence import Presence
from ivr.chats import Chat, ChatState, Who, field_of_chat, state_of
from ivr.file_kinds import FileKind
from ivr.ports import CoreRefused

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
ORPHAN_SECONDS: Seconds = 3600.0
"""A file for so long without a line will have none: uploads take minutes at most."""


class ChatSending:
    """Answers by name (`known`). What a sender can mend is answered as `refused`, with its `Why`;
    all else is `CoreRefused`."""

    def __init__(
        self, lines: ChatLines, presence: Presence, serves: Callable[[Fields], Chat],
        shelf: FileShelf, limits: FileLimits,
    ) -> None:  # fmt: skip
        """`serves`: the chat that an agent serves, or `CoreRefused`."""
        self._lines = lines
        self._presence = presence
        self._serves = serves
        self._shelf = shelf
        self._limits = limits

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name: of a customer (`by`), or of an agent (`agent`, `contact`)."""
        asked = {"look": self._look, "send": self._send}
        return {f"chat file {name}": told(deed) for name, deed in asked.items()}

    async def _look(self, fields: Fields) -> Fields:
        """Whether this file may be sent, and what it will be called; or its line, if it was."""
        chat, writer = self._sender(fields)
        if self._lines.written(chat, writer):
            return await self._line(chat, writer)
        try:
            self._check(chat, writer)
        except Unfit as unfit:
            return {"refused": unfit.why}
        id_ = file_id(chat.contact, effect_of(chat, writer))
        return {"contact": chat.contact, "person": chat.person, "file": {"id": id_}}

    async def _send(self, fields: Fields) -> Fields:
        """The line of a file that is stored."""
        chat, writer = self._sender(fields)
        name, data = _name(fields), self._described(fields)
        data["id"] = id_ = file_id(chat.contact, effect_of(chat, writer))

        async def check() -> None:
            self._check(chat, writer)
            if not await self._shelf.has(chat.person, id_):
                raise Unfit(Why.AGAIN)

        try:
            if not self._lines.written(chat, writer):
                self._check(chat, writer)
            await self._lines.say(chat, writer, name, {"file": data}, check)
        except Unfit as unfit:
            return {"refused": unfit.why}
        return await self._line(chat, writer)

    def _check(self, chat: Chat, writer: Writer) -> None:
        contact = self._lines.distributor.engine.contacts.get(chat.contact)
        if state_of(chat, contact) is ChatState.OVER:
            raise Unfit(Why.OVER)
        if sum(file.who == writer.who for file in chat.files.values()) >= self._limits.a_chat:
            raise Unfit(Why.MANY)

    async def _line(self, chat: Chat, writer: Writer) -> Fields:
        """As it was written, however often it is asked for."""
        effect = effect_of(chat, writer)
        said, file = chat.lines[effect], chat.files[file_id(chat.contact, effect)]
        name = await self._lines.vault.open(chat.person, field_of_chat(effect))
        told = {"id": file.id, "name": name, "type": file.type, "bytes": file.bytes}
        return {"contact": chat.contact, "number": said.number, "at": said.at, "file": told}

    def _sender(self, fields: Fields) -> tuple[Chat, Writer]:
        own_id = f"file {id_of(fields)}"
        if "agent" not in fields:
            chat = self._lines.book.of(str(fields.get("by") or ""))
            if chat is None:
                raise CoreRefused("there is no such chat")
            self._presence.asks(chat.contact)
            return chat, Writer(Who.CUSTOMER, own_id)
        agent = AgentId(str(fields["agent"]))
        self._presence.works(agent)
        writer = Writer(Who.AGENT, own_id, agent)
        known = self._lines.book.chats.get(ContactId(str(fields.get("contact") or "")))
        is_written = known and self._lines.written(known, writer)
        return (known if known and is_written else self._serves(fields)), writer

    def _described(self, fields: Fields) -> dict[str, Any]:
        size = fields.get("bytes")
        if fields.get("type") not in list(FileKind):
            raise CoreRefused("say what the file is: type=..., one of the kinds that are taken")
        if not isinstance(size, int) or not 0 < size <= self._limits.bytes:
            raise CoreRefused(f"bytes=...: a file may have {self._limits.bytes} at most")
        return {"type": str(fields["type"]), "bytes": size}

    # ---------------------------------------------------------------- leftovers

    async def tidy(self, now: Seconds) -> None:
        """Remove files that have no line and will have none. Only of chats that are known: a file
        of any other is not ours to judge. Raises `StoreFailed`."""
        chats = {files_of(chat.contact): chat for chat in self._lines.book.chats.values()}
        for file in await self._shelf.kept():
            if now - file.at < ORPHAN_SECONDS:
                continue
            if file.id.startswith("."):  # begun to be written, and not finished
                await self._shelf.drop(file)
            elif chat := chats.get(file.id[: len(PREFIX) + CONTACT_DIGITS]):
                await self._drop_orphan(chat, file)

    async def _drop_orphan(self, chat: Chat, file: KeptFile) -> None:
        async with self._lines.turn(chat.contact):
            if FileId(file.id) not in chat.files:
                await self._shelf.drop(file)
                log.info("file without a line removed", extra={"file": file.id})


def _name(fields: Fields) -> str:
    name = fields.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise CoreRefused(f"name the file: name=..., at most {LONGEST_NAME} characters")
    return name

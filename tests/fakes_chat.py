"""Chats in memory, as core, hub and lines know them, in front of the customer's pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from acd.model import CHATS, ContactId
from ivr.chat_files import FileId, file_id
from ivr.pass_secrets import Secret, read
from ivr.passes import SENTENCES, Refusal
from ivr.ports import CoreAway, CoreRefused, EffectKey, PersonId
from tests.fakes_files import MemoryFiles

LINK, CODE = "k3Jw0Qm5SxO1nTzv9bYh2A", "402771905"
"""Passes of `phone-1`, who waits on the telephone."""
START = 1_800_000_000.0
UNTIL = START + 3 * 86_400.0
PERSON = PersonId("per_01KAKJ0RDT6B7C8D9E0F1G2H3J")


@dataclass
class FakeChat:
    """One chat."""

    contact: str
    language: str = "zh"
    queue: str = "support"
    name: str = ""
    state: str = "waiting"
    how: str = ""
    agent: str = ""
    wait: tuple[float, float] | None = (60.0, 180.0)
    origin: str = CHATS
    skipped: bool = True
    rated: int = 0
    number: str = ""
    form: dict[str, Any] | None = None
    """What the house says of a message that can be left."""
    message: dict[str, Any] | None = None
    left: list[dict[str, Any]] = field(default_factory=list)
    """Messages that were left, each time that it was asked."""
    lines: list[dict[str, Any]] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    """What a flow asks, once it stands `asked`."""
    answers: list[tuple[str, str]] = field(default_factory=list)
    """What was written to which question."""

    def line(self, number: int) -> Mapping[str, Any]:
        """What is answered of a file that was sent."""
        told = {name: self.lines[number - 1][name] for name in ("number", "at", "file")}
        return {"contact": self.contact, **told}


@dataclass
class ChatHouse:
    """A core that has chats, the hub, and the lines. While `away`, the core answers nothing."""

    away: bool = False
    chats: dict[str, FakeChat] = field(default_factory=dict)
    """By who asks (`by`)."""
    asked: list[str] = field(default_factory=list)
    used_by: str = ""
    """Who has redeemed the pass of `phone-1`."""
    read_by: dict[tuple[str, str], int] = field(default_factory=dict)
    typists: set[tuple[str, str]] = field(default_factory=set)
    closed: bool = False
    """Nobody is there: messages can be left."""
    faults: list[str] = field(default_factory=list)
    """What the next forms are sent back with."""
    files: MemoryFiles = field(default_factory=lambda: MemoryFiles(lambda: START))
    loses: int = 0
    """So many answers are lost: the deed is done, and nobody hears of it."""
    _news: dict[str, asyncio.Event] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    # ---------------------------------------------------------------- the core

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        self.asked.append(what)
        if self.away:
            raise CoreAway("the core does not answer")
        answer = await getattr(self, "_" + what.replace(" ", "_"))(fields)
        if self.loses and what not in ("chat state", "chat here", "chat away"):
            self.loses -= 1
            raise CoreAway("the core does not answer in time")
        return dict(answer)

    async def _chat_begin(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        by = fields["by"]
        if new := by not in self.chats:
            self.chats[by] = FakeChat(
                f"chat-{next(self._numbers)}", fields["language"], fields["queue"] or "support",
                fields["name"],
            )  # fmt: skip
            if self.closed:
                self.chats[by].form, self.chats[by].wait = {"until": UNTIL, "texts": True}, None
                self.house_says(self.chats[by], "absent")
            else:
                self.house_says(self.chats[by], "waiting", wait=[60, 180])
        return {"contact": self.chats[by].contact, "new": new}

    async def _chat_join(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        by = fields["by"]
        if self.used_by not in ("", by):
            return {"refused": "used", "say": SENTENCES[Refusal.USED]}
        again, self.used_by = self.used_by == by, by
        self.chats.setdefault(by, FakeChat("phone-1", origin="phone", wait=(30.0, 60.0)))
        return {"contact": "phone-1", "level": "no", "again": again, "answered": False}

    async def _chat_state(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat = self._of(fields)
        last = chat.lines[-1]["number"] if chat.lines else 0
        return {
            "contact": chat.contact, "state": chat.state, "how": chat.how, "agent": chat.agent,
            "language": chat.language, "queue": chat.queue, "wait": chat.wait, "last": last,
            "origin": chat.origin, "skipped": chat.skipped, "form": chat.form,
            "message": chat.message,
            **({"asked": chat.asked} if chat.state == "asked" else {}),
        }  # fmt: skip

    async def _chat_here(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        self._of(fields).skipped = False
        return {"state": self._of(fields).state}

    async def _chat_away(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        self._of(fields).skipped = True
        return {"state": self._of(fields).state}

    async def _chat_write(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat, id_ = self._of(fields), fields["id"]
        if chat.state == "over":
            raise CoreRefused("this chat is over")
        if new := id_ not in chat.ids:
            if fields.get("answers") not in (None, chat.asked.get("id")):
                raise CoreRefused("this was answered already")
            chat.answers.append((fields.get("answers", ""), fields["words"]))
            kept = "••••••" if chat.asked.get("secret") else fields["words"]
            chat.ids[id_] = self._line(chat, "customer", words=kept)
        number = chat.ids[id_]
        line = chat.lines[number - 1]
        return {
            "contact": chat.contact, "number": number, "at": line["at"], "new": new,
            **({} if line["words"] == fields["words"] else {"words": line["words"]}),
        }  # fmt: skip

    async def _chat_leave(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat = self._of(fields)
        if self.faults:
            return {"refused": self.faults.pop(0)}
        chat.left.append({name: value for name, value in fields.items() if name != "by"})
        if new := chat.message is None:
            self.house_says(chat, "kept", until=UNTIL)
            chat.message = {"until": UNTIL, "state": "waiting", "live": False}
            chat.state, chat.how, chat.form = "over", "message", None
        return {"until": UNTIL, "new": new}

    async def _chat_live(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat = self._of(fields)
        if self.closed:
            raise CoreRefused("nobody is here to chat just now")
        if chat.origin != "message":
            self.chats[fields["by"]] = chat = FakeChat("message-1", chat.language, origin="message")
            self.house_says(chat, "waiting", wait=[60, 180])
        return {"contact": chat.contact}

    async def _chat_file_look(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat, id_ = self._of(fields), f"file {fields['id']}"
        if id_ in chat.ids:
            return chat.line(chat.ids[id_])
        if chat.state == "over":
            return {"refused": "over"}
        if sum(line["who"] == "customer" and bool(line.get("file")) for line in chat.lines) >= 10:
            return {"refused": "many"}
        return {"contact": chat.contact, "person": PERSON, "file": {"id": _file(chat, id_)}}

    async def _chat_file_send(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat, id_ = self._of(fields), f"file {fields['id']}"
        if id_ not in chat.ids:
            file = {name: fields[name] for name in ("name", "type", "bytes")}
            chat.ids[id_] = self._line(
                chat, "customer", file={"id": _file(chat, id_), **file}
            )  # fmt: skip
        return chat.line(chat.ids[id_])

    async def _chat_end(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat = self._of(fields)
        chat.state, chat.how = "over", "served" if chat.agent else "abandoned"
        return {"state": chat.state}

    async def _chat_rate(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat = self._of(fields)
        new, chat.rated = not chat.rated, chat.rated or fields["value"]
        return {"new": new}

    async def _chat_call_me(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        chat = self._of(fields)
        if fields["number"].startswith("+99"):
            raise CoreRefused("this number cannot be called from here")
        chat.number = fields["number"]
        return {"promised": True}

    async def _pass_look(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        seen = {
            "id": "pas_01KAKJ2B7C8D9E0F1G2H3J4K5M", "channel": CHATS, "form": "link",
            "state": "redeemed" if self.used_by else "open", "made_at": START, "until": None,
        }  # fmt: skip
        used = {"refused": "used", "say": SENTENCES[Refusal.USED]} if self.used_by else {}
        return {**seen, **used}

    def _of(self, fields: Mapping[str, Any]) -> FakeChat:
        if fields["by"] not in self.chats:
            raise CoreRefused("there is no such chat")
        return self.chats[fields["by"]]

    async def knows(self, secret: Secret) -> bool:
        return secret in (read(LINK), read(CODE))

    # ---------------------------------------------------------------- the hub, and lines

    def listen(self, contact: ContactId) -> asyncio.Event:
        return self._news.setdefault(contact, asyncio.Event())

    def told(self, contact: ContactId) -> None:
        if event := self._news.pop(contact, None):
            event.set()

    def typing(self, contact: ContactId, who: str, on: bool) -> None:
        (self.typists.add if on else self.typists.discard)((contact, who))
        self.told(contact)

    def typing_of(self, contact: ContactId) -> Sequence[str]:
        return [who for where, who in self.typists if where == contact]

    def read(self, contact: ContactId, who: str, number: int) -> None:
        self.read_by[contact, who] = number
        self.told(contact)

    def read_of(self, contact: ContactId, who: str) -> int:
        return self.read_by.get((contact, who), 0)

    async def lines(self, contact: ContactId, after: int) -> Sequence[Mapping[str, Any]]:
        found = [chat for chat in self.chats.values() if chat.contact == contact]
        return found[0].lines[after : after + 3] if found else []  # more come with the next

    async def file(self, id_: FileId, contact: ContactId) -> tuple[str, bytes] | None:
        for chat in self.chats.values():
            for line in chat.lines if chat.contact == contact else ():
                if (line.get("file") or {}).get("id") == id_:
                    content = await self.files.open(PERSON, id_)
                    return (line["file"]["name"], content) if content is not None else None
        return None

    # ---------------------------------------------------------------- the other side

    @property
    def chat(self) -> FakeChat:
        """The only one."""
        [one] = self.chats.values()
        return one

    def agent_takes(self, agent: str = "Ann") -> None:
        self.chat.state, self.chat.agent, self.chat.wait = "served", agent, None
        self.house_says(self.chat, "joined", agent=agent)

    def agent_says(self, words: str) -> None:
        self._line(self.chat, "agent", agent=self.chat.agent, words=words)

    async def agent_sends(self, name: str, content: bytes, type_: str = "text/plain") -> str:
        """The id of the file."""
        id_ = _file(self.chat, f"agent {len(self.chat.lines)}")
        await self.files.keep(PERSON, id_, content)
        file = {"id": id_, "name": name, "type": type_, "bytes": len(content)}
        self._line(self.chat, "agent", agent=self.chat.agent, file=file)
        return id_

    def flow_asks(self, words: str, id_: str, *options: str, secret: bool = False) -> None:
        """A flow says this in the chat, and asks it; without an id it asks nothing."""
        keyed = [{"key": str(key), "label": label} for key, label in enumerate(options)]
        question = {"id": id_, "options": keyed, "secret": secret}
        self.chat.state, self.chat.asked = "asked", question if id_ else {}
        self._line(self.chat, "house", words=words)

    def house_says(self, chat: FakeChat, phrase: str, **values: Any) -> None:
        self._line(chat, "house", phrase=phrase, values=values)

    def _line(self, chat: FakeChat, who: str, **more: Any) -> int:
        number = len(chat.lines) + 1
        line = {"number": number, "who": who, "at": START + number, "agent": "", "words": None}
        chat.lines.append({**line, **more})
        self.told(ContactId(chat.contact))
        return number


def _file(chat: FakeChat, id_: str) -> FileId:
    contact = ContactId(chat.contact)
    return file_id(contact, EffectKey(f"{contact}/{id_}"))

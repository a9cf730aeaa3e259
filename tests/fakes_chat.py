"""Chats in memory, as core, hub and lines know them, in front of the customer's pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from acd.model import CHATS, ContactId
from ivr.pass_secrets import Secret, read
from ivr.passes import SENTENCES, Refusal
from ivr.ports import CoreAway, CoreRefused

LINK, CODE = "k3Jw0Qm5SxO1nTzv9bYh2A", "402771905"
"""Passes of `phone-1`, who waits on the telephone."""
START = 1_800_000_000.0


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
    lines: list[dict[str, Any]] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    """What a flow asks, once it stands `asked`."""
    answers: list[tuple[str, str]] = field(default_factory=list)
    """What was written to which question."""


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
            "origin": chat.origin, "skipped": chat.skipped,
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

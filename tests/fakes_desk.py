"""What an agent's page is told by the API, with nobody behind it: one agent, chats and calls that a
test makes, and live events that can be held back. `tests.desk_stage` serves it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ivr.chat_files import Unfit, Why, safe_name
from ivr.file_kinds import NotKnown, recognised
from ivr.ports import CoreAway, CoreRefused

SUPPORT = "support"
Json = dict[str, Any]
ABOUT = {
    "queue": SUPPORT, "language": "en", "customer": "per_1", "name": "Li Lei", "origin": "phone",
}  # fmt: skip


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class FakeDesk:
    """What the page is told, and what it has asked for. Every change is told as a live event."""

    state: str = "logged off"
    reason: str = ""
    queues: list[str] = field(default_factory=list)
    works: list[Json] = field(default_factory=list)
    offers: list[Json] = field(default_factory=list)
    chats: dict[str, Json] = field(default_factory=dict)
    messages: dict[str, Json] = field(default_factory=dict)
    lines: dict[str, list[Json]] = field(default_factory=dict)
    stories: dict[str, list[Json]] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    """From which contact each goes on."""
    asked: list[tuple[str, Json]] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    page_open: bool = False
    types: bool = False
    """The customer, just now."""
    seen: int = 0
    """The last line that the customer has seen."""
    needs_disposition: bool = False
    away: bool = False
    """The core does not answer."""
    cut: bool = False
    """Live events are cut off, and refused."""
    refuses: str = ""
    since: float = field(default_factory=time.time)

    takes: Json | None = field(default_factory=lambda: {"bytes": 5 << 20, "a_chat": 10})
    """What may be sent beside words."""
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Names and contents, by id."""
    full: bool = False
    """No file is taken, for want of room."""
    sent: dict[str, Json] = field(default_factory=dict)

    # ---- what happens outside

    def chat_comes(self, contact: str, **more: Any) -> None:
        """A chat rings at the agent."""
        offer = f"1.{len(self.events)}.1"
        self.offers.append({
            "offer": offer, "contact": contact, "rings_until": moment(time.time() + 30),
            "why": "order", **ABOUT,
        })  # fmt: skip
        self.works.append(_work(contact, offer, "ringing", "chat", **more))
        self.tell("offered", contact, offer=offer, agent="ann")

    def message_comes(self, contact: str, promised_by: float, **said: Any) -> None:
        """A message rings at the agent."""
        offer = f"3.{len(self.events)}.1"
        self.messages[contact] = {
            "contact": contact, "offer": offer, "of": "chat-9", "queue": SUPPORT, "language": "en",
            "customer": "per_1", "left_at": moment(time.time()), "rings": True, "answered": False,
            "promised_by": moment(promised_by), "rings_until": moment(time.time() + 30),
            "name": None, "number": None, "mail": None, "words": None, "ways": [], "says": said,
        }  # fmt: skip
        due = {"promised_by": moment(promised_by)}
        self.works.append(_work(contact, offer, "ringing", "message", **due))
        self.tell("offered", contact, offer=offer, agent="ann")

    def read(self, contact: str) -> None:
        """The agent has accepted it."""
        message = self.messages[contact]
        message |= {
            "rings": False, "rings_until": None, "ways": ["text", "call", "note"],
            "name": "", "number": "", "mail": "", "words": "?", **message["says"],
        }  # fmt: skip
        due = {"promised_by": message["promised_by"]}
        self.works.append(_work(contact, message["offer"], "talking", "message", **due))
        self.become("talking")

    def call_comes(self, contact: str) -> None:
        """A call rings at the agent's phone."""
        self.works.append(_work(contact, "2.1.1", "ringing", "voice"))
        self.tell("offered", contact, offer="2.1.1", agent="ann")

    def write(self, contact: str, who: str, words: str | None, **more: Any) -> int:
        """A line of the chat; its number."""
        written = self.lines.setdefault(contact, [])
        line = {"number": len(written) + 1, "who": who, "agent": "", "at": moment(time.time()),
                "words": words, "phrase": None, "values": {}, **more}  # fmt: skip
        written.append(line)
        if contact in self.chats:
            self.chats[contact]["last"] = line["number"]
        self.tell("chat_said", contact, number=line["number"], who=who)
        return len(written)

    def write_file(self, contact: str, who: str, name: str, content: bytes, **more: Any) -> Json:
        """A line that is a file."""
        id_ = f"fil_{len(self.files):032x}"
        self.files[id_] = (name, content)
        file = {"id": id_, "name": name, "type": "text/plain", "bytes": len(content)}
        self.write(contact, who, None, file=file, **more)
        return self.lines[contact][-1]

    def send(self, contact: str, own_id: str, name: str, content: bytes) -> Json:
        """As the API takes a file of ann's: once by its id, and of known kinds."""
        if self.full:
            raise Unfit(Why.FULL)
        try:
            kind, whole = recognised(content)
        except NotKnown:
            raise Unfit(Why.TYPE) from None
        if own_id not in self.sent:
            name = safe_name(name, kind)
            self.sent[own_id] = self.write_file(contact, "agent", name, whole, agent="ann")
        return self.sent[own_id]

    def tell(self, kind: str, contact: str | None = None, **data: Any) -> None:
        """A live event."""
        self.events.append({
            "v": 1, "seq": len(self.events) + 1, "at": moment(time.time()), "kind": kind,
            "who": "hotline", "contact": con(contact) if contact else None, "ticket": None,
            "data": data, "text": None,
        })  # fmt: skip

    def was(self, contact: str, kind: str, text: str | None = None, **data: Any) -> None:
        """Something that happened to the contact before."""
        told = sum(map(len, self.stories.values()))
        self.stories.setdefault(contact, []).append({
            "seq": -1000 + told, "at": moment(time.time()), "kind": kind, "who": "customer",
            "contact": con(contact), "ticket": None, "data": data, "text": text,
        })  # fmt: skip

    # ---- what the page asks for

    def deeds(self) -> list[str]:
        return [what for what, _ in self.asked]

    def take(self, what: str, body: Json) -> None:
        if self.away:
            raise CoreAway("the core does not answer")
        if self.refuses:
            raise CoreRefused(self.refuses)
        self.asked.append((what, body))

    def become(self, state: str, reason: str = "") -> Json:
        self.state, self.reason, self.since = state, reason, time.time()
        self.tell("agent_ready", agent="ann")
        return self.agent()

    def agent(self) -> Json:
        return {
            "id": "ann", "state": self.state, "since": moment(self.since), "reason": self.reason,
            "phone": "reachable", "queues": self.queues, "reference": None,
        }  # fmt: skip

    def accept(self, offer: str) -> str:
        contact = self._over(offer)
        if contact in self.messages:
            self.read(contact)
            return contact
        self.chats[contact] = {
            "contact": contact, "state": "served", **ABOUT,
            "last": len(self.lines.get(contact, [])), "since": moment(time.time()), "offer": offer,
        }  # fmt: skip
        self.works.append(_work(contact, offer, "talking", "chat"))
        self.become("talking")
        return contact

    def decline(self, offer: str) -> str:
        contact = self._over(offer)
        self.messages.pop(contact, None)
        self.tell("offer_ended", contact, offer=offer, how="declined")
        return contact

    def end(self, contact: str) -> None:
        """Wrap-up follows."""
        self.chats.pop(contact, None)
        self.messages.pop(contact, None)
        mine = [work for work in self.works if work["reference"] == contact]
        for work in mine:
            work |= {"state": "wrap-up", "until": moment(time.time() + 45), "owes": True}
        self.become("wrap-up")

    def _over(self, offer: str) -> str:
        known = [*self.offers, *self.messages.values()]
        [contact] = [one["contact"] for one in known if one["offer"] == offer]
        self.offers = [one for one in self.offers if one["offer"] != offer]
        self.works = [one for one in self.works if one["offer"] != offer]
        return str(contact)


def con(contact: str) -> str:
    """The name that the timeline has for it."""
    return f"con_{contact}"


def _work(contact: str, offer: str, state: str, channel: str, **more: Any) -> Json:
    now = time.time()
    return {
        "id": con(contact), "reference": contact, "offer": offer, "state": state,
        "channel": channel, "queue": SUPPORT, "class": "vip", "language": "en",
        "since": moment(now), "rings_until": moment(now + 30) if state == "ringing" else None,
        "waited": 192.0, "credit": 90.0, "rule": "order",
        "why": "", "until": None, "owes": False, "promised_by": None, **more,
    }  # fmt: skip

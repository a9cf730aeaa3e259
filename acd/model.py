"""The nouns of call distribution: contacts, agents, offers, and the key that orders contacts.

All times are seconds of centre time (UTC, whole milliseconds); all lengths of time are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from acd.states import AgentState, ContactState

ContactId = NewType("ContactId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
OfferId = NewType("OfferId", str)
"""`epoch.seq.n`: the engine's epoch, the contact's number in the journal, the n-th offer of it."""

Seconds = float
OrderKey = tuple[Seconds, int]


class Medium(StrEnum):
    """What a contact takes of an agent's attention; each channel belongs to one medium."""

    VOICE = "voice"
    CHAT = "chat"
    MAIL = "mail"


class Lane(StrEnum):
    """Live contacts have somebody there; deferred ones have a promised time."""

    LIVE = "live"
    DEFERRED = "deferred"


class Rule(StrEnum):
    """By which rule a contact was offered to an agent."""

    ORDER = "order"  # first of those whom this agent may serve
    PREFERRED = "preferred"  # held for this agent
    ELSEWHERE = "elsewhere"  # rang too long at another agent
    PICKED_UP = "picked up"  # taken by this agent from a colleague at whom it rang
    HANDED_OVER = "handed over"  # to this agent, by a supervisor, out of order
    OUTGOING = "outgoing"  # the agent calls this customer
    CONSULT = "consult"  # asked for by the agent who has the contact
    SENT_BACK = "sent back"  # handed on by this agent, and nobody answered


CALLS, CALLED_BACK, CALLED_OUT, CHATS = "voice", "callback", "outgoing", "chat"
MESSAGES = "message"
"""Channels: the customer is on the telephone, is to be called as was promised, is called by an
agent of their own accord, or chats on a page; has left a message, which is to be answered."""
COLLEAGUE = "colleague"
"""The channel of a stand-in: an agent waits, for a colleague."""
MEDIA: Mapping[str, Medium] = {
    COLLEAGUE: Medium.VOICE,
    CALLS: Medium.VOICE,
    CALLED_BACK: Medium.VOICE,
    CALLED_OUT: Medium.VOICE,
    "email": Medium.MAIL,
    MESSAGES: Medium.MAIL,
    "ticket": Medium.MAIL,
}
"""The medium of a channel; channels that are not named here are chats."""
CHAT, DEFERRED = Medium.CHAT, Lane.DEFERRED  # enums are slow to look into on Python 3.11


def medium_of(channel: str) -> Medium:
    """What a contact in this channel takes of an agent's attention."""
    return MEDIA.get(channel, CHAT)


@dataclass(slots=True)
class Contact:
    """One request for service. `entered_at` and `seq` never change; `credit` only by a regrade."""

    id: ContactId
    queue: QueueId
    entered_at: Seconds
    seq: int
    channel: str = "voice"
    class_: str = "standard"
    urgency: str = ""
    credit: Seconds = 0.0
    language: str = "zh"
    skills: dict[str, int] = field(default_factory=dict)
    lane: Lane = Lane.LIVE
    due_at: Seconds = 0.0
    """When a deferred contact was promised to be served."""
    preferred: AgentId | None = None
    """The agent who knows this customer; the queue may hold the contact for them."""
    state: ContactState = ContactState.ARRIVING
    offer: OfferId | None = None
    """The offer that rings or talks now; None otherwise."""
    offers_made: int = 0
    talked: OfferId | None = None
    """The offer of the last talk."""
    talked_with: AgentId | None = None
    """The agent of the last talk."""
    talked_by: str = ""
    """The version of the rules by which that talk began."""
    taken: list[OfferId] = field(default_factory=list)
    """Legs of supervisors who have taken it over: what is told of them again is no news."""
    moves: int = 0
    """The number of the last hold or resume of that talk."""
    rests: dict[AgentId, Seconds] = field(default_factory=dict)
    """Agents who declined this contact, and until when they are not offered it again."""
    parked_until: Seconds | None = None
    """When a parked contact waits again by itself: a callback that is due then."""
    parked_at: Seconds = 0.0
    park_limit: Seconds | None = None
    """How long it may be parked this time; None: as its queue says."""
    overflowed: int = 0
    """So many of the queue's overflow rules have spoken for this contact."""
    stand_in: ContactId | None = None
    """While its agent waits for a colleague of some queue: what stands in line for that."""
    stands_for: ContactId | None = None
    """Of a stand-in: the contact that a colleague is to be consulted about."""
    resumes: ContactId | None = None
    """The contact whose place it has taken up."""

    @property
    def order_key(self) -> OrderKey:
        """Smaller is served first among the contacts that an agent may serve now."""
        if self.lane is DEFERRED:
            return (self.due_at, self.seq)
        return (self.entered_at - self.credit, self.seq)

    @property
    def medium(self) -> Medium:
        return MEDIA.get(self.channel, CHAT)


class Phase(StrEnum):
    """How far an agent is with one contact."""

    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap-up"


@dataclass(slots=True)
class Work:
    """One contact that takes of an agent's capacity, from its offer to the end of its wrap-up."""

    medium: Medium
    phase: Phase = Phase.RINGING
    ends_at: Seconds = 0.0
    """When the wrap-up is over."""
    contact: ContactId = ContactId("")
    queue: QueueId = QueueId("")
    """Of the talk that is wrapped up."""
    usual_end: Seconds = 0.0
    """When the wrap-up is over once the talk has its disposition."""
    owes: bool = False
    """Whether the talk still needs a disposition."""


@dataclass(slots=True)
class Agent:
    """A person who serves contacts, in exactly one of the six agent states."""

    id: AgentId
    queues: dict[QueueId, Seconds]
    """The queues of this log-in, and how long their contacts wait before they come to the agent."""
    state: AgentState = AgentState.LOGGED_OFF
    since: Seconds = 0.0
    idle_since: Seconds = 0.0
    """When the agent last became free for work; the longest idle is chosen first."""
    reason: str = ""
    reachable: bool = False
    """Whether the agent's phone can be rung at all (registered, not busy with another call)."""
    desk: bool = True
    """Whether the agent's page is open: without it there is nowhere to read a chat."""
    pause_after: str | None = None
    """A break asked for while talking: taken when the talk and its wrap-up are over."""
    log_off_after: bool = False
    off_duty: bool = False
    """Has taken a talk over without having logged in: no queue counts on them meanwhile."""
    works: dict[OfferId, Work] = field(default_factory=dict)
    rests_until: Seconds = 0.0
    """After a busy or unreachable phone: no offers by telephone before this time."""
    kept_for: OfferId | None = None
    """A contact comes here as soon as this offer, withdrawn elsewhere, is confirmed gone."""
    answered: int = 0
    """Offers answered in this day of work, whatever breaks it has."""
    last_offer: int = 0
    """The number of the agent's last offer among all offers of the engine."""

    @property
    def offer(self) -> OfferId | None:
        """The offer that the agent has had for the longest time; None without any."""
        return next((id_ for id_, w in self.works.items() if w.phase is not Phase.WRAP_UP), None)

    @property
    def call(self) -> OfferId | None:
        """The same, of contacts on the telephone alone."""
        works = ((id_, w) for id_, w in self.works.items() if w.medium is Medium.VOICE)
        return next((id_ for id_, w in works if w.phase is not Phase.WRAP_UP), None)

    @property
    def wrap_up_ends(self) -> Seconds | None:
        """When the agent's wrap-up is over; None when the agent is not in wrap-up."""
        if self.state is not AgentState.WRAP_UP:
            return None
        return max((work.ends_at for work in self.works.values()), default=None)


@dataclass(slots=True)
class OfferMade:
    """A contact ringing at an agent (or talking, once answered)."""

    id: OfferId
    contact: ContactId
    agent: AgentId
    made_at: Seconds
    rings_until: Seconds
    """When to withdraw it; once withdrawn, when to ask again if its end is not confirmed."""
    answered_at: Seconds | None = None
    withdrawn: str = ""
    """Why the offer was taken back, while the end of its leg is still to be confirmed."""
    rule: Rule = Rule.ORDER
    queue: QueueId = QueueId("")
    class_: str = ""
    medium: Medium = Medium.VOICE
    disposition: str = ""
    """What the talk has come to, as its agent has said so far."""
    picked_up: bool = False
    """Whether the agent's phone was answered; the gate of its leg is still to come."""
    why: str = ""
    """One line for the agent; empty where nobody wanted it: see `acd.floor.Floor.explains`."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place in line of a contact that was cut off; it can be taken up again for a while."""

    entered_at: Seconds
    seq: int
    credit: Seconds
    offers_made: int
    left_at: Seconds
    queue: QueueId = QueueId("")
    """What the contact asked for when it left; empty: written down by an older version."""
    class_: str = "standard"
    urgency: str = ""
    language: str = "zh"
    skills: Mapping[str, int] = field(default_factory=dict)
    preferred: AgentId | None = None

    @classmethod
    def of(cls, contact: Contact, now: Seconds) -> Place:
        """The place that this contact leaves now."""
        return cls(
            contact.entered_at, contact.seq, contact.credit, contact.offers_made, now,
            contact.queue, contact.class_, contact.urgency, contact.language,
            dict(contact.skills), contact.preferred,
        )  # fmt: skip

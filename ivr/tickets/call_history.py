"""What a call was, in figures: how long it waited and talked, with whom, and how it came out. Pure.

Told record by record, like the rest of a contact's story; history, call records and the list of
lost calls are read from what is kept here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.commands import ContactEnd
from acd.model import Medium, Rule, Seconds, medium_of
from acd.states import ContactState
from ivr.chats import ENDED, How
from ivr.ports import PersonId, Record

if TYPE_CHECKING:
    from ivr.tickets.story import ContactStory

SERVED, PROMISED, LEFT = "served", "promised", "left"
ABANDONED, OVERFLOWED, EXPIRED, VANISHED, FAILED = LOST = (
    "abandoned", "overflowed", "expired", "lost", "failed",
)  # fmt: skip
"""How a call came out for a customer who got neither a person nor a promise."""
OUTCOMES = (SERVED, PROMISED, LEFT, *LOST)
FAULTS = frozenset({"34", "38", "41", "42", "44", "47", "102", "111"})
"""Hang-up causes (Q.850) that nobody asked for: the network, a time-out, no room."""
FALLBACK = "fallback"
"""Stands among the agents for the phones that ring without us."""
MOST_AGENTS = 400
"""Characters that the names of agents may take."""
_PROMISES = {"CallbackPromised": "callback", "MessageLeft": "message", "NumberLeft": "number"}
_ENDS = ("CallerLeft", "ContactEnded", "CallEnded")


def note(contact: ContactStory, record: Record) -> None:
    """What holds however the contact stands."""
    data, kind = record.data, record.kind
    if kind in _PROMISES:
        contact.promise = _PROMISES[kind]
        _has_waited(contact, record.at)
        contact.person = contact.person or _asked_by(record)
    elif kind == "CallbackFor":
        contact.person = contact.person or data["person"]
    elif kind == "LostCallTaken":
        contact.called_back = str(data["holds"])
    elif kind == ENDED and data["how"] == How.PHONE and contact.outcome == ABANDONED:
        contact.promise, contact.outcome = "place", PROMISED  # who called has taken it up
    elif kind == "Disposed":
        _disposed(contact, str(data["agent"]), str(data["code"]))
    elif kind == "Overflowed":
        contact.overflowed = str(data["to"])
    elif kind in ("Reached", "Transferred"):
        contact.overflowed = ""  # they wait on, or elsewhere
    elif kind == "Offered" and data.get("rule") == Rule.CONSULT:
        contact.consulted = str(data["agent"])
    elif kind == "PlainMenuMet":
        contact.fault = "menu"
    elif kind in ("DestinationEnded", "FallbackEnded"):
        _talked_elsewhere(contact, record)
    elif kind == "CallEnded" and contact.call_ended_at is None:
        contact.call_ended_at, contact.cause = record.at, str(data.get("cause", ""))
        if medium_of(contact.channel) is Medium.VOICE:  # else it goes on without the call
            contact.outcome = outcome_of(contact)


def count(contact: ContactStory, record: Record) -> None:
    """The times of talks; told after the contact has taken the record up."""
    kind, at = record.kind, record.at
    if kind == "OfferAnswered":
        _has_waited(contact, at)
        contact.talk_since = at if contact.talk_since is None else contact.talk_since
        _talks_with(contact, contact.agent)
    elif kind == "Held" and contact.state is ContactState.HELD:
        contact.held_since = at if contact.held_since is None else contact.held_since
    elif kind == "Resumed":
        _end_hold(contact, at)
    elif kind in ("TransferCompleted", "TakenOver"):
        _taken_over(contact, record)
    elif kind == "Transferred" and contact.talk_since is not None:
        contact.transfers += 1
        _end_talk(contact, at)
    elif kind in ("LegEnded", "Returned"):
        _end_talk(contact, at)
    elif kind in _ENDS:
        _end_talk(contact, at)
        _has_waited(contact, at)
        contact.outcome = outcome_of(contact)


def outcome_of(contact: ContactStory) -> str:
    """One of `OUTCOMES`."""
    if contact.how == ContactEnd.SERVED or contact.elsewhere:
        return SERVED
    if contact.how == ContactEnd.EXPIRED:
        return EXPIRED
    if contact.promise:
        return PROMISED
    if contact.how == ContactEnd.LOST:
        return VANISHED
    if contact.fault or contact.cause in FAULTS:
        return FAILED
    if contact.how == ContactEnd.ABANDONED:
        return OVERFLOWED if contact.overflowed else ABANDONED
    return LEFT


def _disposed(contact: ContactStory, agent: str, code: str) -> None:
    """The last word about each agent's talk holds."""
    given = dict(one.split("=", 1) for one in contact.dispositions.split())
    given[agent] = code
    joined = " ".join(f"{who}={what}" for who, what in given.items())
    contact.dispositions = joined if len(joined) <= MOST_AGENTS else contact.dispositions


def dispositions_of(contact: ContactStory) -> list[dict[str, str]]:
    """What each agent's talk came to: `agent` and `code`."""
    pairs = (one.split("=", 1) for one in contact.dispositions.split())
    return [{"agent": agent, "code": code} for agent, code in pairs]


def no_talk_with(contact: ContactStory, agent: str) -> str:
    """Why nothing can be said of this agent's talk; empty: it can."""
    there = contact.agents.split()
    if agent in there:
        return ""
    return f"{agent} did not talk in this call; who did: {', '.join(there) or 'nobody'}"


def _asked_by(record: Record) -> PersonId | None:
    who = record.data.get("person") or record.data.get("by")
    return PersonId(who) if who else None


def _talked_elsewhere(contact: ContactStory, record: Record) -> None:
    """With a telephone that is no agent's."""
    seconds: Seconds = record.data.get("seconds", 0)
    if record.data.get("how") != "done":
        return
    contact.elsewhere += max(seconds, 0.001)  # answered, if only for a moment
    if record.kind == "FallbackEnded":
        _talks_with(contact, FALLBACK)
    else:
        contact.transfers += 1
    _has_waited(contact, record.at - seconds)


def _talks_with(contact: ContactStory, agent: str | None) -> None:
    names = contact.agents.split()
    if agent and agent not in names[-1:]:
        joined = " ".join([*names, agent])
        contact.agents = joined if len(joined) <= MOST_AGENTS else contact.agents


def _taken_over(contact: ContactStory, record: Record) -> None:
    """By the agent who was asked, or handed on to; it may be told twice."""
    agent = record.data.get("agent") or contact.consulted or contact.agent
    contact.transfers += agent not in contact.agents.split()[-1:]
    contact.agent = agent
    contact.talk_since = record.at if contact.talk_since is None else contact.talk_since
    _talks_with(contact, agent)


def _has_waited(contact: ContactStory, at: Seconds) -> None:
    """Until the first person, promise or end: what comes later is another wait."""
    if contact.waited is None and contact.entered_at is not None:
        contact.waited = max(at - contact.entered_at, 0.0)


def _end_talk(contact: ContactStory, at: Seconds) -> None:
    _end_hold(contact, at)
    if contact.talk_since is not None:
        contact.talked += at - contact.talk_since
        contact.talk_since = None


def _end_hold(contact: ContactStory, at: Seconds) -> None:
    if contact.held_since is not None:
        contact.held += at - contact.held_since
        contact.held_since = None

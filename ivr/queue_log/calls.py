"""The calls' lines of a `queue_log`. Each stay in a queue is one entry with one end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from acd.model import CALLS, Medium, Rule, Seconds, medium_of
from ivr.ports import Record
from ivr.queue_log.line import NOBODY, FromEventLog, Line

NOT_ANSWERED = ("rang out", "declined", "busy", "unreachable")
NOBODY_THERE = "nobody is logged in"
"""What overflow rules say of a queue without agents."""


@dataclass(slots=True)
class _Talk:
    offer: str
    agent: str
    began: Seconds
    hold: int


@dataclass(slots=True)
class _Call:
    queue: str = ""
    channel: str = CALLS
    person: str = ""
    since: Seconds | None = None
    """When this stay in a queue began; None: it waits in none."""
    place: int = 0
    offers: dict[str, tuple[str, Seconds]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    """Offers of a chat, each with its agent: no call, but who lets one ring out is paused."""
    withdrawn: dict[str, str] = field(default_factory=dict)
    talk: _Talk | None = None
    overflow: str = ""
    over: bool = False


def _call(plain: Mapping[str, Any]) -> _Call:
    offers = {offer: (agent, at) for offer, (agent, at) in plain["offers"].items()}
    talk = _Talk(**plain["talk"]) if plain["talk"] else None
    return _Call(**{**plain, "offers": offers, "talk": talk})


class CallLines:
    """Told record by record; what is open is kept in memory, what is over is forgotten."""

    def __init__(
        self, told: FromEventLog, out: Callable[[Line], None],
        rang_out: Callable[[str, Seconds], None],
    ) -> None:  # fmt: skip
        """`rang_out` is told of agents who did not answer."""
        self._told = told
        self._put = out
        self._rang_out = rang_out
        self._calls: dict[str, _Call] = {}
        self._lines: dict[str, dict[str, None]] = {}
        """Who waits in each queue, in the order in which they came."""
        self._by_offer: dict[str, str] = {}

    def plain(self) -> dict[str, Any]:
        """All that is open, for `load`."""
        calls = {id_: asdict(call) for id_, call in self._calls.items()}
        lines = {queue: list(line) for queue, line in self._lines.items()}
        return {"calls": calls, "lines": lines, "by_offer": self._by_offer}

    def load(self, plain: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._calls = {id_: _call(call) for id_, call in plain["calls"].items()}
        self._lines = {queue: dict.fromkeys(line) for queue, line in plain["lines"].items()}
        self._by_offer = dict(plain["by_offer"])

    def take(self, record: Record) -> None:
        """Bring the call up to this record; some name nothing but the offer."""
        offer = str(record.data.get("offer", ""))
        id_ = record.contact or record.data.get("contact") or self._by_offer.get(offer)
        rule = _RULES.get(record.kind)
        if not id_ or not rule:
            return
        call = self._calls.setdefault(str(id_), _Call())
        rule(self, str(id_), call, record.at, record.data)
        if call.over and not call.talk and not call.offers:
            del self._calls[str(id_)]

    def _call_started(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        call.person = str(data.get("person") or "")

    def _arrived(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        call.queue, call.channel = str(data["queue"]), str(data.get("channel", CALLS))
        if data.get("waits"):
            self._enter(id_, call, at)

    def _waits(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        if call.talk:  # back from a talk whose end was not told
            self._complete(id_, call, at)
        self._enter(id_, call, at)

    def _moved(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        if medium_of(str(data["channel"])) is Medium.CHAT:  # they go on online, by a key
            self._exit(id_, call, at, "EXITWITHKEY", self._key(id_, at))
        self._leave(id_, call)
        call.channel = str(data["channel"])

    def _overflowed(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        why = str(data.get("why", ""))
        call.overflow = "EXITEMPTY" if NOBODY_THERE in why else "EXITWITHTIMEOUT"

    def _parked(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        if call.since is None:
            return
        if call.overflow:
            self._exit(id_, call, at, call.overflow)
        else:
            self._exit(id_, call, at, "EXITWITHKEY", self._key(id_, at))

    def _by_fallback(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        self._exit(id_, call, at, "EXITWITHTIMEOUT")

    def _transferred(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        queue, waited = str(data["queue"]), call.since is not None
        if call.talk:
            end = (queue, "queue", *self._times(call.talk, at), str(call.place))
            self._add(id_, call, at, "BLINDTRANSFER", end, call.talk.agent)
            call.talk, waited = None, True
        self._exit(id_, call, at, call.overflow or "EXITWITHTIMEOUT")
        call.queue = queue
        if waited:
            self._enter(id_, call, at)

    def _offered(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        offer = str(data["offer"])
        self._by_offer[offer] = id_
        if medium_of(call.channel) is not Medium.VOICE:
            call.pages[offer] = str(data["agent"])
        elif data.get("rule") != Rule.CONSULT:
            call.offers[offer] = (str(data["agent"]), at)

    def _withdrawn(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        call.withdrawn[str(data["offer"])] = str(data.get("reason", ""))

    def _offer_ended(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        offer = str(data["offer"])
        self._by_offer.pop(offer, None)
        how = call.withdrawn.get(offer, str(data.get("how", "")))
        page = call.pages.pop(offer, None)
        if page and how == "rang out":
            self._rang_out(page, at)
        if offer not in call.offers:
            return
        agent, since = call.offers.pop(offer)
        call.withdrawn.pop(offer, None)
        rang = str(round((at - since) * 1000))
        event = "RINGNOANSWER" if how in NOT_ANSWERED else "RINGCANCELED"
        self._add(id_, call, at, event, (rang,), agent)
        if how == "rang out":  # the house rings nobody again who did not answer
            self._rang_out(agent, at)

    def _answered(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        offer = str(data["offer"])
        if offer not in call.offers:
            return  # asked for advice, or from before we looked
        agent, since = call.offers.pop(offer)
        hold = int(at - call.since) if call.since is not None else 0
        told = (str(hold), f"acd-{offer}", str(int(at - since)))
        self._add(id_, call, at, "CONNECT", told, agent)
        self._leave(id_, call)
        call.talk = _Talk(offer, agent, at, hold)

    def _handed_over(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        if talk := call.talk:
            leg = f"acd-{data.get('offer', '')}"
            end = ("BRIDGE", leg, *self._times(talk, at), str(call.place))
            self._add(id_, call, at, "ATTENDEDTRANSFER", end, talk.agent)
            call.talk = None

    def _leg_ended(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        offer = str(data.get("offer", ""))
        self._by_offer.pop(offer, None)
        if call.talk and call.talk.offer == offer:
            self._complete(id_, call, at)

    def _ended(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        if call.since is not None and not call.talk:
            place, wait = self._place(id_, call), str(int(at - call.since))
            self._add(id_, call, at, "ABANDON", (place, str(call.place), wait))
        self._leave(id_, call)
        call.over = True

    def _call_ended(self, id_: str, call: _Call, at: Seconds, data: Mapping[str, Any]) -> None:
        """Who asked for nobody has no other end."""
        call.over |= not call.queue

    # ---------------------------------------------------------------- a stay in a queue

    def _enter(self, id_: str, call: _Call, at: Seconds) -> None:
        if call.since is not None or call.channel != CALLS or not call.queue:
            return
        line = self._lines.setdefault(call.queue, {})
        line[id_] = None
        call.since, call.place, call.overflow = at, len(line), ""
        told = ("", call.person, str(call.place))
        self._put(Line(at, id_, call.queue, NOBODY, "ENTERQUEUE", told, call.person))

    def _exit(self, id_: str, call: _Call, at: Seconds, event: str, key: str | None = None) -> None:
        if call.since is None:
            return
        told = (self._place(id_, call), str(call.place), str(int(at - call.since)))
        self._add(id_, call, at, event, told if key is None else (key, *told))
        self._leave(id_, call)

    def _complete(self, id_: str, call: _Call, at: Seconds) -> None:
        talk = call.talk
        if talk is None:
            return
        by_caller = self._told.caller_ended.get(talk.offer, call.over)
        event = "COMPLETECALLER" if by_caller else "COMPLETEAGENT"
        self._add(id_, call, at, event, (*self._times(talk, at), str(call.place)), talk.agent)
        call.talk = None

    def _times(self, talk: _Talk, at: Seconds) -> tuple[str, str]:
        return str(talk.hold), str(int(at - talk.began))

    def _place(self, id_: str, call: _Call) -> str:
        line = list(self._lines.get(call.queue, ()))
        return str(line.index(id_) + 1 if id_ in line else 1)

    def _key(self, id_: str, at: Seconds) -> str:
        keys = [key for when, key in self._told.keys.get(id_, ()) if when <= at + 1.0]
        return keys[-1] if keys else ""

    def _leave(self, id_: str, call: _Call) -> None:
        self._lines.get(call.queue, {}).pop(id_, None)
        call.since = None

    def _add(
        self, id_: str, call: _Call, at: Seconds, event: str, data: tuple[str, ...],
        agent: str = NOBODY,
    ) -> None:  # fmt: skip
        self._put(Line(at, id_, call.queue or NOBODY, agent, event, data))


_RULES: dict[str, Callable[[CallLines, str, _Call, Seconds, Mapping[str, Any]], None]] = {
    "CallStarted": CallLines._call_started,
    "Arrived": CallLines._arrived,
    "Reached": CallLines._waits,
    "Returned": CallLines._waits,
    "Moved": CallLines._moved,
    "Overflowed": CallLines._overflowed,
    "Parked": CallLines._parked,
    "TakenByFallback": CallLines._by_fallback,
    "Transferred": CallLines._transferred,
    "Offered": CallLines._offered,
    "Withdrawn": CallLines._withdrawn,
    "OfferEnded": CallLines._offer_ended,
    "OfferAnswered": CallLines._answered,
    "TransferCompleted": CallLines._handed_over,
    "TakenOver": CallLines._handed_over,
    "LegEnded": CallLines._leg_ended,
    "ContactEnded": CallLines._ended,
    "CallEnded": CallLines._call_ended,
}

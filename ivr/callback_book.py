"""What the journal says of callbacks: each with its state, and whose customer is on the line now.

Read forward only, from wherever it was last; a process that begins anew reads all of it once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from acd.model import ContactId, Seconds
from ivr import callback_states as states
from ivr.callback_states import Callback
from ivr.callbacks import promise_of
from ivr.ports import Journal, PersonId, Record
from ivr.promises import PROMISED
from ivr.recovery_book import STOPPED

LONGEST_CALL: Seconds = 4 * 3600.0
"""A call whose end was never told of counts as over after so long."""
CALL_KINDS = (
    "CallStarted", "CallEnded", "CallerLeft", "Arrived", "Transferred", "OfferAnswered",
)  # fmt: skip
RECORDED, NOT_RECORDED = "RecordingBegan", "NotRecorded"
"""Journal kinds: a part of the contact's talks is being recorded, or is not, and why."""
ANEW = "TelephonyAnew"
"""Journal kind: the telephone side is another process than before: of the calls that had begun by
`before` (centre time) those `there` are on the line, and no other."""
KINDS = (
    PROMISED, *states.TOLD_OF, *CALL_KINDS, RECORDED, NOT_RECORDED, "LinkChanged", STOPPED, ANEW,
)  # fmt: skip


@dataclass(slots=True)
class _OnLine:
    """A call that has begun and not ended."""

    person: PersonId
    at: Seconds
    queue: str = ""
    talked: bool = False
    parts: int = 0
    consent: str = ""


@dataclass(slots=True)
class CallbackBook:
    """`read` first, and again whenever something is to be decided."""

    open: dict[ContactId, Callback] = field(default_factory=dict)
    """Those for which something may still be dialled, the oldest first."""
    _calls: dict[ContactId, _OnLine] = field(default_factory=dict)
    _served: set[ContactId] = field(default_factory=set)
    """Open callbacks whose customers an agent has answered since, in a call of their own: it may be
    over before anybody looks."""
    _cut: Seconds = 0.0
    """When the telephone side was last lost from sight."""
    _seq: int = 0

    async def read(self, journal: Journal) -> None:
        """Take in what has been written since."""
        async for record in journal.read(self._seq, KINDS):
            self._seq = record.seq
            self.tell(record)

    def tell(self, record: Record) -> None:
        """Apply one record; one that is told twice changes nothing."""
        if record.kind == PROMISED:
            promise = promise_of(record)
            if not promise.joins and promise.contact not in self.open:
                self.open[promise.contact] = states.begun(promise)
                if call := self._calls.get(promise.contact):
                    self.open[promise.contact].parts = call.parts
                    self.open[promise.contact].consent = call.consent
        elif record.contact is not None and (known := self.open.get(record.contact)):
            states.tell(known, record)
            if known.state in states.OVER:
                del self.open[record.contact]
                self._served.discard(record.contact)
        if record.kind == "LinkChanged" and not record.data["up"]:
            self._cut = record.at
        elif record.kind == STOPPED:
            self._are_over(self._cut)
        elif record.kind == ANEW:
            self._are_over(record.data["before"], record.data["there"])
        if record.contact is None:
            return
        if record.kind in (RECORDED, NOT_RECORDED):
            self._recorded(record, record.contact)
        elif record.kind in CALL_KINDS:
            self._call(record, record.contact)

    def calls_us(self, callback: Callback, now: Seconds) -> bool:
        """Whether the customer, or whoever asked for the callback, is on the line already."""
        return any(
            call.person == callback.to or contact == callback.contact
            for contact, call in self._calls.items()
            if now - call.at < LONGEST_CALL
        )

    def was_talked_to(self, callback: Callback) -> bool:
        """Whether the customer has called in since, and an agent of that queue has answered."""
        return callback.contact in self._served or any(
            _serves(callback, contact, call) for contact, call in self._calls.items()
        )

    def _recorded(self, record: Record, contact: ContactId) -> None:
        """Where they are called back their parts are counted on, and what they said holds."""
        said = {"no consent": "no"}.get(record.data.get("why", ""), record.data.get("consent"))
        for one in (self.open.get(contact), self._calls.get(contact)):
            if one:
                one.parts = max(one.parts, record.data.get("part", 0))
                one.consent = said if said in ("yes", "no") else one.consent

    def _are_over(self, before: Seconds, there: Collection[str] = ()) -> None:
        """The telephone side has ended, and every call with it, but those of the next one: nobody
        will tell of their ends."""
        gone = [one for one, call in self._calls.items() if call.at <= before and one not in there]
        for contact in gone:
            del self._calls[contact]

    def _call(self, record: Record, contact: ContactId) -> None:
        call = self._calls.get(contact)
        if record.kind == "CallStarted" and (person := record.data.get("person")):
            self._calls.setdefault(contact, _OnLine(person, record.at))
        elif call is None:
            return
        elif record.kind in ("CallEnded", "CallerLeft"):
            if record.kind == "CallEnded" or _is_cut_off(record):
                del self._calls[contact]
        elif record.kind == "OfferAnswered":
            call.talked = True
            self._served |= {id_ for id_, one in self.open.items() if _serves(one, contact, call)}
        else:
            call.queue = record.data["queue"]


def _is_cut_off(record: Record) -> bool:
    """Whether the line was lost with the telephone side: nobody will tell of the call's end."""
    return bool(record.data.get("lost") or record.data.get("cut_off"))


def _serves(callback: Callback, contact: ContactId, call: _OnLine) -> bool:
    """Whether this other call of the customer has what was promised."""
    theirs = call.person == callback.to and call.queue == callback.promise.queue
    return theirs and call.talked and contact != callback.contact

"""Who is owed a recovery offer, and what was offered: as the journal tells it. Pure.

Owed is whoever waited on the telephone and was `lost`, found gone without a record of an end. What
stands in the journal as offered is not offered again, whoever asks and however often.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field, replace
from enum import StrEnum

from acd.commands import ContactEnd
from acd.model import ContactId, Seconds
from ivr.ports import PersonId, Record
from ivr.promises import MAKES_GOOD, PROMISED, TAKEN
from ivr.texts import FAILED, KEPT

OFFERED = "RecoveryOffered"
"""Journal kind: what a caller was offered whom the telephone side has lost; once for a contact, and
once more when the text of that offer has failed."""
STOPPED = "TelephonyStopped"
"""Journal kind: the telephone side's process has ended, perhaps after it had ended all calls."""
KINDS = (
    "Started", "LinkChanged", "CallStarted", "ContactEnded", "CallEnded", STOPPED,
    OFFERED, FAILED, PROMISED, MAKES_GOOD, TAKEN,
)  # fmt: skip
MINUTE: Seconds = 60.0
STOPPING: Seconds = 16.0
"""So long the telephone side waits for the calls that it ends before it ends itself."""
LATE: Seconds = 120.0
"""For so long it may take until it is known by whom a call was ended."""
NOBODY = ("", "0")
"""Causes of a call's end that is none of the caller's."""
MOST_OUTAGES = 20


class Way(StrEnum):
    """What is offered."""

    TEXT = "text"
    """A message with a pass into chat."""
    CALLBACK = "callback"
    PLACE = "place"
    """Nothing that would reach them: the place is kept for the grace time."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A caller to whom an offer is to be made."""

    contact: ContactId
    person: PersonId | None
    outage: int
    """The record that began it: the loss of the link, or our own start."""
    began: Seconds
    """When that was."""
    there: Seconds
    """When they were last known to wait."""
    number: int = 1
    """2: the text of the first offer has failed."""


@dataclass(slots=True)
class Outage:
    """One failure of the telephone side that has cut callers off."""

    id: int
    at: Seconds
    """When it was noticed."""
    offered: Counter[str] = field(default_factory=Counter)
    """How many contacts, by `Way`."""
    last: Seconds = 0.0
    """When the last of these offers was made."""


@dataclass(slots=True)
class _Made:
    owed: Owed
    way: str
    at: Seconds


class RecoveryBook:
    """Tell it every record of `KINDS` in order; twice does no harm."""

    def __init__(self) -> None:
        self.owed: dict[ContactId, Owed] = {}
        self.outages: OrderedDict[int, Outage] = OrderedDict()
        self._calls: dict[ContactId, tuple[PersonId, Seconds]] = {}
        """Of calls that are not over: whose, and since when."""
        self._left: OrderedDict[ContactId, Owed] = OrderedDict()
        """Callers who have just left the line: of their own accord, or hung up on by a stop."""
        self._hung_up: set[ContactId] = set()
        """Those of them who did not do it themselves."""
        self._stop: Record | None = None
        self._promised: dict[ContactId, PersonId] = {}
        self._made: OrderedDict[ContactId, _Made] = OrderedDict()
        self._texts: dict[str, ContactId] = {}
        self._sent: deque[Seconds] = deque()
        self._outage, self._began, self._there = 0, 0.0, 0.0
        self._newest: Seconds = 0.0

    def learn(self, record: Record) -> None:
        """Take one record in."""
        if record.kind == "Started" or (record.kind == "LinkChanged" and not record.data["up"]):
            # While we were away nobody saw them: the last word of before counts.
            self._there = self._newest if record.kind == "Started" else record.at
            self._outage, self._began = record.seq, record.at
        elif record.kind == STOPPED:
            self._stop = record
            self._look_who_stayed()
        elif record.kind == FAILED:
            self._text_failed(str(record.data.get("effect", "")))
        elif record.contact is not None:
            self._of_contact(record, record.contact)
        self._newest = max(self._newest, record.at)
        self._forget()

    def person_of(self, contact: ContactId) -> PersonId | None:
        """Whose call it is, or was."""
        call = self._calls.get(contact)
        return call[0] if call else self._promised.get(contact)

    def is_offered(self, contact: ContactId) -> bool:
        return contact in self._made

    def owes(self, contact: ContactId) -> Owed:
        """As if this contact, of whom nothing can be seen since the outage began, were lost."""
        _, since = self._calls.get(contact, (None, 0.0))
        there = max(self._there, since)
        return Owed(contact, self.person_of(contact), self._outage, self._began, there)

    def texts_since(self, since: Seconds) -> int:
        """How many were sent from then on."""
        return sum(at > since for at in self._sent)

    # ---------------------------------------------------------------- what a record says

    def _of_contact(self, record: Record, contact: ContactId) -> None:
        data = record.data
        if record.kind in ("CallStarted", MAKES_GOOD) and (person := data.get("person")):
            self._calls[contact] = (person, record.at)
        elif record.kind == PROMISED:
            self._promised[contact] = data["to"]
        elif record.kind == "ContactEnded":
            self._ended(contact, ContactEnd(data["how"]), record.at)
        elif record.kind == "CallEnded":
            self._calls.pop(contact, None)
            if data.get("cause") in NOBODY and contact in self._left:
                self._hung_up.add(contact)
                self._look_who_stayed()
        elif record.kind == TAKEN:
            self.owed.pop(contact, None)  # somebody has made it good already
        elif record.kind == OFFERED:
            self._offered(record, contact)

    def _ended(self, contact: ContactId, how: ContactEnd, at: Seconds) -> None:
        if how is ContactEnd.LOST and contact not in self._made:
            self.owed[contact] = self.owes(contact)
        elif how is ContactEnd.ABANDONED and contact in self._calls:
            self._left[contact] = replace(self.owes(contact), there=at)
        self._calls.pop(contact, None)
        self._promised.pop(contact, None)

    def _look_who_stayed(self) -> None:
        """Who was hung up on while the telephone side stopped, has not left."""
        stop = self._stop
        for contact in [*self._hung_up] if stop else ():
            left = self._left[contact]
            if stop and 0 <= stop.at - left.there <= STOPPING:
                del self._left[contact]
                self._hung_up.discard(contact)
                if contact not in self._made:
                    self.owed[contact] = replace(left, outage=self._outage, began=self._began)

    def _offered(self, record: Record, contact: ContactId) -> None:
        data = record.data
        before = self._made.get(contact)
        if before and before.owed.number >= data["number"]:
            return
        number, began = data["number"], data["began"]
        owed = Owed(contact, data["person"], data["outage"], began, record.at, number)
        self.owed.pop(contact, None)
        self._made[contact] = _Made(owed, data["way"], record.at)
        outage = self.outages.setdefault(owed.outage, Outage(owed.outage, began))
        if before:
            outage.offered[before.way] -= 1
        outage.offered[data["way"]] += 1
        outage.last = record.at
        if data["way"] == Way.TEXT:
            self._texts[data["text"]] = contact
            self._sent.append(record.at)

    def _text_failed(self, text: str) -> None:
        made = self._made.get(self._texts.get(text, ContactId("")))
        if made and made.way == Way.TEXT:
            self.owed[made.owed.contact] = replace(made.owed, there=made.at, number=2)

    def _forget(self) -> None:
        while self._left and self._newest - next(iter(self._left.values())).there > LATE:
            self._hung_up.discard(self._left.popitem(last=False)[0])
        while self._sent and self._newest - self._sent[0] > MINUTE:
            self._sent.popleft()
        while self._made and self._newest - next(iter(self._made.values())).at > KEPT:
            self._made.popitem(last=False)
        if len(self._texts) > 2 * len(self._made) + 100:
            self._texts = {text: one for text, one in self._texts.items() if one in self._made}
        while len(self.outages) > MOST_OUTAGES:
            self.outages.popitem(last=False)

"""What follows when the text does not come that is to lead a caller online: the next rung. Pure.

Who was promised a text and is still on the telephone hears a code in its place; who has hung up is
called back. What was done stands in the journal and is not done again, whichever process goes on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from acd.commands import ContactEnd
from acd.model import ContactId, Seconds
from ivr.passes import CODE_SECONDS
from ivr.ports import PersonId, Record
from ivr.promises import PROMISED, TAKEN
from ivr.recovery_book import OFFERED as RECOVERED
from ivr.texts import DELIVERED, FAILED, QUEUED, SENT

ACCEPTED = "OnlineAccepted"
"""Journal kind: by the key, a caller got a way online: `by` what, and of a `text` which one and
`to` whom. Written before the text is."""
HEARD = "OnlineHeard"
"""Journal kind: the code was spoken to its end."""
MADE_GOOD = "OnlineMadeGood"
"""Journal kind: a text has not come, its caller has hung up: what they got in its place."""
ANSWERED = ("OfferAnswered", "TakenByFallback")
NEWS = (SENT, DELIVERED, FAILED)
KINDS = (
    ACCEPTED, HEARD, MADE_GOOD, QUEUED, *NEWS, *ANSWERED, "ContactEnded", "PassRedeemed", PROMISED,
    TAKEN, RECOVERED,
)  # fmt: skip
LATE_SECONDS: Seconds = 30.0
"""A text that the channel has not taken by then is not waited for any longer."""
MOST_TEXTS = 10_000
"""Of so many texts it is remembered what became of them before it was known whose they are."""


class Rung(StrEnum):
    """Where it stands with the text of one caller; exactly one at a time."""

    TEXT = "text"
    """Promised; the channel has not taken it yet."""
    SENT = "sent"
    """The channel has it."""
    FAILED = "failed"
    CODE = "code"
    """Spoken in its place, and not heard to its end yet."""
    OVER = "over"


R = Rung

RUNGS: dict[tuple[Rung, str], Rung] = {
    (R.TEXT, "sent"): R.SENT,
    (R.TEXT, "failed"): R.FAILED,
    (R.TEXT, "code"): R.CODE,
    (R.SENT, "failed"): R.FAILED,
    (R.SENT, "code"): R.CODE,  # they wanted one
    (R.SENT, "heard"): R.OVER,
    (R.FAILED, "code"): R.CODE,
    (R.CODE, "sent"): R.SENT,  # late, and of use still: it leads to the same place
    (R.CODE, "code"): R.CODE,
    (R.CODE, "heard"): R.OVER,
    (R.CODE, "lost"): R.FAILED,  # the process that spoke it has died: nobody knows it any more
    **{(rung, "over"): R.OVER for rung in (R.TEXT, R.SENT, R.FAILED, R.CODE)},
}
"""What is not here changes nothing: channels tell late and twice."""
_MOVES = {SENT: "sent", DELIVERED: "sent", FAILED: "failed"}


class Next(StrEnum):
    """What is to be done for a caller now."""

    CODE = "code"
    CALLBACK = "callback"


@dataclass(slots=True)
class Climb:
    """One caller's way down the ladder."""

    contact: ContactId
    to: PersonId
    """Whose number the text is for: it may be keyed in."""
    at: Seconds
    """When the newest rung was reached."""
    rung: Rung = Rung.TEXT
    left: bool = False
    """Whether the caller has hung up."""

    def next(self, now: Seconds) -> Next | None:
        """What is due: while they wait a code, once they have hung up a callback."""
        if self.rung is R.CODE:  # who hangs up in the middle may have written it down already
            return Next.CALLBACK if self.left and now - self.at >= CODE_SECONDS else None
        late = self.rung is R.TEXT and now - self.at >= LATE_SECONDS
        if self.rung is not R.FAILED and not late:
            return None
        return Next.CALLBACK if self.left else Next.CODE


class LadderBook:
    """Tell it every record of `KINDS` in order; twice does no harm."""

    def __init__(self, lost_too: bool = False) -> None:
        """`lost_too`: whether callers whom the telephone side has lost are called back, too; else
        somebody else makes them an offer."""
        self._lost_too = lost_too
        self._climbs: dict[ContactId, Climb] = {}
        self._whose: dict[str, ContactId] = {}
        self._news: OrderedDict[str, str] = OrderedDict()
        """The newest of texts that carry links, by their id."""

    def of(self, contact: ContactId) -> Rung | None:
        """None: they were promised no text, or that is settled."""
        climb = self._climbs.get(contact)
        return climb.rung if climb else None

    def due(self, now: Seconds) -> list[tuple[Climb, Next]]:
        """What is to be done now."""
        return [(one, due) for one in self._climbs.values() if (due := one.next(now))]

    def restarted(self) -> None:
        """Codes that were being spoken are lost with the process that spoke them."""
        for climb in list(self._climbs.values()):
            self._move(climb.contact, "lost", climb.at)

    def forget(self, has_place: Callable[[ContactId], bool]) -> None:
        """Of who has left, and whose place is taken up or forgotten, nothing is owed any more."""
        for climb in [one for one in self._climbs.values() if one.left]:
            if not has_place(climb.contact):
                self.settle(climb.contact)

    def settle(self, contact: ContactId) -> None:
        """Nothing more is to be done for them."""
        self._move(contact, "over", 0.0)

    def learn(self, record: Record) -> None:
        """Take one record in."""
        if record.kind == QUEUED or record.kind in NEWS:
            self._text(record)
        elif record.contact is None:
            return
        elif record.kind == ACCEPTED:
            self._accepted(record, record.contact)
        elif record.kind == HEARD:
            self._move(record.contact, "heard", record.at)
        elif record.kind == "ContactEnded":
            self._ended(record.contact, ContactEnd(record.data["how"]))
        else:
            self.settle(ContactId(record.data.get("of") or record.contact))

    def _accepted(self, record: Record, contact: ContactId) -> None:
        text, to = str(record.data.get("text") or ""), record.data.get("to")
        if not text or not to:  # a code; or written by a version that did not say which text
            self._move(contact, "code", record.at)
            return
        if self._whose.get(text) == contact:
            return
        self.settle(contact)
        self._whose[text] = contact
        self._climbs[contact] = Climb(contact, PersonId(to), record.at)
        if news := self._news.get(text):
            self._move(contact, news, record.at)

    def _text(self, record: Record) -> None:
        text = str(record.data.get("effect") or "")
        if contact := self._whose.get(text):
            if record.kind in _MOVES:
                self._move(contact, _MOVES[record.kind], record.at)
        elif record.kind in _MOVES and text in self._news:
            self._news[text] = _MOVES[record.kind]
        elif record.kind == QUEUED and record.data.get("alone"):
            self._news[text] = "queued"
        while len(self._news) > MOST_TEXTS:
            self._news.popitem(last=False)

    def _ended(self, contact: ContactId, how: ContactEnd) -> None:
        climb = self._climbs.get(contact)
        kept = how is ContactEnd.ABANDONED or (how is ContactEnd.LOST and self._lost_too)
        if climb and kept:
            climb.left = True
        elif climb:
            self.settle(contact)

    def _move(self, contact: ContactId, move: str, at: Seconds) -> None:
        climb = self._climbs.get(contact)
        if climb is None or (climb.rung, move) not in RUNGS:
            return
        climb.rung, climb.at = RUNGS[climb.rung, move], at
        if climb.rung is R.OVER:
            del self._climbs[contact]
            self._whose = {text: one for text, one in self._whose.items() if one != contact}

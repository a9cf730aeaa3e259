"""How long a contact will wait: a range that holds the true wait as often as it says.

Pure: an estimate is told what happens in one queue, and asked at any time. `acd.prediction` says
what the wait should be, `acd.recalibration` makes a range of it from the waits that came true.

The true wait of a contact that left is the one it would have had: until an agent who could have
served it turns to a contact behind it, or to none. All times are seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from acd.model import ContactId, Seconds
from acd.place import Demand
from acd.prediction import Pace, Prediction, Standing
from acd.recalibration import Recalibration

OrderKey = tuple[Seconds, int]

Ghosts = tuple[Demand | None, Seconds]
"""What those who left have in common in one line: what they asked for, and their credit."""

MOST_NOTES = 5000
"""So many open predictions are kept for comparison; contacts beyond are estimated, not compared."""
LONGEST = 4 * 3600.0
"""A longer wait was ended by the house being closed, not by an agent: it is not compared."""


@dataclass(frozen=True, slots=True)
class Range:
    """0 <= low <= middle <= high. `few`: little is known yet, the range is wide and not proven."""

    low: Seconds
    middle: Seconds
    high: Seconds
    few: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """Of `known` waits that a range had been given for on arrival, `within` came out inside it."""

    known: int = 0
    within: int = 0


@dataclass(slots=True)
class _Note:
    """A range given at `at`, open until the wait is known."""

    at: Seconds
    key: OrderKey
    credit: Seconds
    demand: Demand | None
    predicted: Prediction
    low: Seconds
    high: Seconds
    left: bool = False


class Estimate:
    """The waits of one queue. What it keeps is bounded, and `plain` is all of it.

    Every `now` is not before that of the call before.
    """

    def __init__(self, coverage: float = 0.8, handle: Seconds = 180.0) -> None:
        """`coverage`: the share of waits that ranges shall hold; `handle`: supposed until known."""
        self.coverage = coverage
        self.measured = Measured()
        self._pace = Pace(handle)
        self._recalibration = Recalibration(coverage)
        self._notes: dict[ContactId, _Note] = {}
        self._ghosts: dict[Ghosts, list[tuple[OrderKey, ContactId]]] = {}
        self._waiting = 0

    # ---- what is asked

    @property
    def handle(self) -> Seconds:
        """What one of these contacts takes of an agent in the mean."""
        return self._pace.handle

    def range(self, standing: Standing) -> Range | None:
        """The wait from now on; None: unknown, for nobody is there who may serve the contact."""
        return self._range(standing, self._pace.predict(standing))

    def _range(self, standing: Standing, predicted: Prediction | None) -> Range | None:
        if predicted:
            return Range(*self._recalibration.range(predicted), few=self._pace.knows_little)
        return Range(0.0, 0.0, 0.0) if standing.able > 0 else None

    # ---- what is told

    def arrived(
        self,
        contact: ContactId,
        key: OrderKey,
        credit: Seconds,
        standing: Standing,
        now: Seconds,
        demand: Demand | None = None,
    ) -> Range | None:
        """A contact asked for a person. Answers as `range`, and compares it with what comes true.

        `demand`: what the contact asks for, see `passed`.
        """
        self._advance(now)
        self._pace.arrived(credit)
        self._close(contact)
        predicted = self._pace.predict(standing)
        answer = self._range(standing, predicted)
        if answer and predicted and self._has_room(now):
            note = _Note(now, key, credit, demand, predicted, answer.low, answer.high)
            self._notes[contact] = note
            self._waiting += 1
        return answer

    def started(self, contact: ContactId, now: Seconds) -> None:
        """The contact and an agent talk."""
        self._advance(now)
        self._compare(self._close(contact), now)

    def abandoned(self, contact: ContactId, now: Seconds) -> None:
        """The customer left; the wait that would have been becomes known by `passed`."""
        self._advance(now)
        note = self._notes.get(contact)
        if note and not note.left:
            note.left = True
            self._waiting -= 1
            self._pace.departed()
            self._haunt(note, contact)

    def _haunt(self, note: _Note, contact: ContactId) -> None:
        """Whoever comes first in one of these lines also has waited longest."""
        line = self._ghosts.setdefault((note.demand, note.credit), [])
        heapq.heappush(line, (note.key, contact))

    def forget(self, contact: ContactId) -> None:
        """The house ended the wait (overflow, transfer, closing): its true length stays unknown."""
        self._close(contact)

    def passed(
        self, key: OrderKey | None, now: Seconds, need: Callable[[Demand], Seconds] | None = None
    ) -> None:
        """An agent turned to the contact with this key; None: to nobody, and is free.

        `need`: from which wait on the agent may serve a demand; None: any, at once.
        """
        for name in list(self._ghosts):
            demand, credit = name
            line = self._ghosts[name]
            after = credit + (need(demand) if need and demand else 0.0)
            while line and line[0][0][0] + after <= now and (key is None or line[0][0] < key):
                _, contact = heapq.heappop(line)
                if contact in self._notes and self._notes[contact].left:
                    self._compare(self._close(contact), now)
            if not line:
                del self._ghosts[name]

    def served(self, handle: Seconds, now: Seconds) -> None:
        """An agent of this queue is free again, `handle` seconds after an offer began to ring.

        Ringing, talk and wrap-up count, whatever queue the contact was of.
        """
        self._advance(now)
        self._pace.handled(handle)

    # ---- the comparison

    def _advance(self, now: Seconds) -> None:
        self._pace.passes(now, self._waiting)

    def _has_room(self, now: Seconds) -> bool:
        oldest = next(iter(self._notes), None)
        if oldest is not None and self._notes[oldest].at < now - LONGEST:
            self._close(oldest)
        return len(self._notes) < MOST_NOTES

    def _close(self, contact: ContactId) -> _Note | None:
        note = self._notes.pop(contact, None)
        if note and not note.left:
            self._waiting -= 1
        return note

    def _compare(self, note: _Note | None, now: Seconds) -> None:
        wait = now - note.at if note else 0.0
        if note and wait <= LONGEST:
            self._recalibration.learn(note.predicted, wait)
            within = note.low <= wait <= note.high
            self.measured = Measured(self.measured.known + 1, self.measured.within + within)

    # ---- plain data

    def plain(self) -> dict[str, Any]:
        """The whole state as plain data (JSON) that `from_plain` understands."""
        return {
            "coverage": self.coverage,
            "measured": asdict(self.measured),
            "pace": self._pace.plain(),
            "edges": self._recalibration.plain(),
            "notes": [[contact, asdict(note)] for contact, note in self._notes.items()],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Estimate:
        estimate = cls(plain["coverage"])
        estimate.measured = Measured(**plain["measured"])
        estimate._pace = Pace.from_plain(plain["pace"])
        estimate._recalibration.restore(plain["edges"])
        for contact, kept in plain["notes"]:
            if "credit" not in kept:
                continue  # by an older version, which did not write down what was asked for
            note = estimate._notes[contact] = _note(kept)
            if note.left:
                estimate._haunt(note, contact)
            else:
                estimate._waiting += 1
        return estimate


def _note(plain: Mapping[str, Any]) -> _Note:
    predicted, key = Prediction(**plain["predicted"]), tuple(plain["key"])
    demand = Demand.from_plain(plain["demand"]) if plain["demand"] else None
    return _Note(**{**plain, "predicted": predicted, "key": key, "demand": demand})

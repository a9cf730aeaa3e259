"""What a contact's wait should be, from place, staffing, handling times, departures, arrivals.

Agents get free at the rate of those who are logged in now, over the mean of recent handling times.
Those ahead thin out at the rate at which waiting contacts have been leaving. Later arrivals with a
larger credit come in between at the rate at which such contacts have been arriving. All times are
seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acd.model import Seconds

MEMORY_HANDLES = 200
"""A handling time counts for so many contacts after it, fading."""
MEMORY_SECONDS = 1800.0
"""Arrivals and departures count for so long, fading."""
SUPPOSED_HANDLES = 3
"""How many contacts the handling time that was supposed at the start counts for."""
SUPPOSED_PATIENCE = 300.0
"""Seconds of waiting without a departure that are supposed at the start."""
VARIATION = 2.25
"""Squared coefficient of variation of handling times, as call centres have it: with their number
it says how well the mean is known."""
CROWDING = 1.35
"""Variance of the time until so many agents got free, in parts of that of independent events."""
LARGEST_SPREAD = 2.0
FEW = 30
"""With fewer handling times than this, little is known."""
MOST_CREDITS = 32


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a contact stands when its wait is asked for."""

    place: int
    """1 + the number ahead that compete for the same agents, as `acd.place` counts it."""
    able: float
    """Agents logged in who may serve it sooner or later, busy or not; none who are on a break or
    about to leave. Of a chat: how many chats they have at once."""
    phases: tuple[tuple[Seconds, float, float], ...] = ()
    """From when on (from now) how many agents may serve it, and its place as `acd.place` weighs it
    by who shares which agents. More may later: a second queue, skills that relax. Empty: `able`
    and the place itself."""
    free: int = 0
    """Those of them who are free now."""
    head: Seconds = 0.0
    """Now less the first part of the order key: time waited, and credit."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is expected before recalibration. `spread` is the variance over the squared mean."""

    mean: Seconds
    spread: float
    place: int

    def score(self, wait: Seconds) -> float:
        """How far off a wait was, in units in which waits at any place look alike.

        The cube root of a sum of random times is nearly normal (Wilson and Hilferty).
        """
        root: float = (max(wait, 0.0) / self.mean) ** (1 / 3)
        return (root - 1 + self.spread / 9) * 3 / math.sqrt(self.spread)

    def wait(self, score: float) -> Seconds:
        """The wait that has this score, or 0 if none is so low."""
        root = 1 - self.spread / 9 + score * math.sqrt(self.spread) / 3
        return self.mean * max(root, 0.0) ** 3


class Pace:
    """How fast a queue moves, as seen lately. Every `now` is not before that of the call before."""

    def __init__(self, handle: Seconds) -> None:
        """`handle`: the handling time that is supposed until some are known."""
        self._supposed = handle
        self._handles = self._handled = 0.0
        self._clock: Seconds | None = None
        self._observed = self._exposed = self._departed = 0.0
        self._credits: dict[Seconds, float] = {}

    def handled(self, handle: Seconds) -> None:
        fade = 1 - 1 / MEMORY_HANDLES
        self._handles = self._handles * fade + 1
        self._handled = self._handled * fade + max(handle, 0.0)

    def passes(self, now: Seconds, waiting: int) -> None:
        """So many have been waiting since the call before; what was seen fades."""
        span = max(0.0, now - (now if self._clock is None else self._clock))
        fade = math.exp(-span / MEMORY_SECONDS)
        self._clock = now
        self._observed = self._observed * fade + span
        self._exposed = self._exposed * fade + span * waiting
        self._departed *= fade
        for credit in self._credits:
            self._credits[credit] *= fade

    def arrived(self, credit: Seconds) -> None:
        self._credits[credit] = self._credits.get(credit, 0.0) + 1
        if len(self._credits) > MOST_CREDITS:
            del self._credits[min(self._credits, key=self._credits.__getitem__)]

    def departed(self) -> None:
        self._departed += 1

    @property
    def knows_little(self) -> bool:
        return self._handles < FEW

    @property
    def handle(self) -> Seconds:
        """What a contact takes of an agent in the mean, as far as is known."""
        handles = self._handles + SUPPOSED_HANDLES
        return max((self._handled + SUPPOSED_HANDLES * self._supposed) / handles, 1.0)

    def predict(self, standing: Standing) -> Prediction | None:
        """None: there is nobody to wait for, or nobody to come."""
        place = standing.place - standing.free
        if standing.able <= 0 or place <= 0:
            return None
        handles = self._handles + SUPPOSED_HANDLES
        load, rate = _pull(standing, self.handle)
        leaving = self._departed / (self._exposed + SUPPOSED_PATIENCE)
        mean, variance = clearing(load, rate, leaving)
        for _ in range(3):
            between = self._overtaking(standing.head, mean)
            mean, variance = clearing(load + between, rate, leaving)
        spread = CROWDING * variance / mean**2 + VARIATION / handles
        return Prediction(mean, min(spread, LARGEST_SPREAD), place)

    def _overtaking(self, head: Seconds, wait: Seconds) -> float:
        """How many will come within `wait` and stand before a contact with this head start."""
        observed = max(self._observed, 0.05 * MEMORY_SECONDS)
        return sum(
            count / observed * min(wait, max(0.0, credit - head))
            for credit, count in self._credits.items()
        )

    def plain(self) -> dict[str, Any]:
        return {name.lstrip("_"): value for name, value in vars(self).items()} | {
            "credits": list(self._credits.items())
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Pace:
        pace = cls(plain["supposed"])
        vars(pace).update({f"_{name}": value for name, value in plain.items()})
        pace._credits = dict(plain["credits"])
        return pace


def _pull(standing: Standing, handle: Seconds) -> tuple[float, float]:
    """The place, and how many a second are taken, as the mean of all phases until its turn."""
    phases = standing.phases or ((0.0, standing.able, standing.place),)
    at, able, load, left = 0.0, 0.0, 0.5, 1.0
    for begins, more, place in phases:
        done = (begins - at) * able / (load * handle)
        if done >= left:
            break
        at, able, load, left = begins, more, max(place - standing.free, 0.5), left - done
    return load, load / (at + left * load * handle / able)


def clearing(place: float, rate: float, leaving: float) -> tuple[Seconds, float]:
    """Mean and variance of the time until the contact at `place` is taken.

    Agents take `rate` a second, each contact ahead leaves at `leaving` a second: a sum of
    exponential times with rates `rate + j * leaving` for j < place, in closed form.
    """
    first = max(rate - leaving / 2, rate / 2)
    last = first + place * leaving
    growth = place * leaving / first
    mean = place / first if growth < 1e-6 else math.log1p(growth) / leaving
    return mean, place / (first * last)

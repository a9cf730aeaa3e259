"""What a burst of real calls came to, from the journal alone. All times are UTC seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acd.commands import ContactEnd
from acd.model import Seconds
from ivr.ports import Record
from tests.bench.burst_figures import lengths, most, rounded, seconds_until, usual
from tests.bench.burst_house import PROMISE, VIP
from tests.bench.figures import percentile

KINDS = ("Arrived", "OfferAnswered", "Parked", "ContactEnded", "OnlineOffered")
SETTLED = 0.5
"""Of the time before the burst the second part is what is usual: at first nobody was there."""


@dataclass(slots=True)
class Caller:
    """One contact in the queue."""

    class_: str
    at: Seconds
    answered: Seconds | None = None
    out: Seconds | None = None
    """Answered, led out of the line, or gone."""
    offered: Seconds | None = None
    """First asked whether to go on online."""
    how: str = ""


def callers(records: Sequence[Record]) -> dict[str, Caller]:
    """Everybody who came to the queue."""
    found: dict[str, Caller] = {}
    for record in records:
        id_ = record.contact or ""
        if record.kind == "Arrived":
            found[id_] = Caller(record.data["class_"], record.at)
        elif id_ in found:
            _note(found[id_], record)
    return found


def _note(caller: Caller, record: Record) -> None:
    if record.kind == "OnlineOffered":
        caller.offered = caller.offered or record.at
        return
    caller.out = caller.out or record.at
    if record.kind == "OfferAnswered":
        caller.answered = caller.answered or record.at
    elif record.kind == "ContactEnded":
        caller.how = record.data["how"]


def figures_of(records: Sequence[Record], begins: Seconds, ends: Seconds) -> dict[str, Any]:
    """The figures of a burst that lasted from `begins` to `ends`."""
    known = list(callers(records).values())
    vips = [one for one in known if one.class_ == VIP and begins <= one.at < ends]
    kept = sum(one.answered is not None and one.answered - one.at <= PROMISE for one in vips)
    line = lengths([(one.at, one.out) for one in known if one.out and one.out > one.at])
    first = min((one.at for one in known), default=begins)
    since = first + SETTLED * (begins - first)
    offers = [one.offered - one.at for one in known if one.offered is not None]
    return {
        "arrived": len(known),
        "arrived_in_burst": sum(begins <= one.at < ends for one in known),
        "answered": sum(one.answered is not None for one in known),
        "ended": dict(Counter(one.how or "not at all" for one in known)),
        "lost": sum(one.how in ("", ContactEnd.LOST) for one in known),
        "vips_in_burst": len(vips),
        "vip_within_promise": round(kept / len(vips), 3) if vips else None,
        "offers": {
            "n": len(offers),
            "seconds": {f"p{p}": rounded(percentile(offers, p)) for p in (50, 95, 100)},
        },
        "most_waiting": most(line),
        "usual_line": usual(line, since, begins),
        "seconds_to_usual_line": rounded(seconds_until(line, usual(line, since, begins), ends)),
    }

"""What Asterisk says of a telephone that a flow has rung, in the words of the house. Pure.

The dialplan keeps it on the call and writes it into the event log, as
`key~name~status~cause~seconds`; the last three only when it is over.
"""

from __future__ import annotations

from acd.model import ContactId, Seconds
from ivr.ports import Note
from ivr.transfers import LONGEST_TALK, Ringing, Rung

CONTEXT = "acd-transfer"
"""The subroutine of the dialplan that rings."""
RUNG = "RUNG"
"""The variable of the call."""
LEFT = "left"
"""The caller hung up while it rang: no step learns of it."""
DECLINED = "21"
"""The hang-up cause (Q.850) of a telephone that said no."""
DEAD_SECONDS: Seconds = 4.0
"""So long a silent trunk may hold the next one up."""
_ENDS = {"ANSWER": Rung.DONE, "BUSY": Rung.BUSY, "NOANSWER": Rung.NO_ANSWER, "CANCEL": LEFT}


def arguments(ringing: Ringing) -> str:
    """What the subroutine is given."""
    times = f"{ringing.seconds:g},{LONGEST_TALK:.0f}"
    return f"{ringing.key},{ringing.name},{ringing.phone},{times}"


def longest_ring(ringing: Ringing) -> Seconds:
    """The trunks are tried in turn, each for its time and some seconds for being dead."""
    tries = max(1, len(ringing.routes))
    return tries * (ringing.seconds + DEAD_SECONDS)


def rung(kept: str, key: str) -> Rung | None:
    """How what was rung under this key has ended; None: nothing was, so far. One that never came
    to its end was not reached."""
    of, *rest = kept.split("~")
    if of != key:
        return None
    how, _ = _end(rest[1:])
    return how if isinstance(how, Rung) else Rung.UNREACHABLE


def _end(told: list[str]) -> tuple[str, int]:
    """How it ended, and for how many seconds they talked."""
    status, cause, seconds = [*told, "", "", ""][:3]
    how = _ENDS.get(status, Rung.UNREACHABLE)
    if how is Rung.UNREACHABLE and cause == DECLINED:
        how = Rung.BUSY
    return how, int(seconds) if seconds.isdecimal() else 0


def began(contact: str, kept: str, *_: str) -> list[Note]:
    """A row of the event log: a destination is rung."""
    key, name = [*kept.split("~"), ""][:2]
    return [Note(ContactId(contact), "DestinationRung", {"to": name, "effect": key})]


def ended(contact: str, kept: str, *_: str) -> list[Note]:
    """A row of the event log: that is over."""
    key, name, *told = [*kept.split("~"), ""]
    how, seconds = _end(told)
    data = {"to": name, "how": str(how), "seconds": seconds, "effect": key}
    return [Note(ContactId(contact), "DestinationEnded", data)]

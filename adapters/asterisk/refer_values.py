"""Where an agent's telephone may send a caller by itself (REFER), and whom it may ask in a talk, as
contexts of the dialplan.

They know the names of agents, destinations and queues, and the hotline's own numbers; numbers
outside are only asked for, of the core. New rules reach them by `adapters.asterisk.refers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from acd.config import Centre
from ivr.site_file import SiteFile
from ivr.talk_outside import OUTSIDE_SECONDS
from ivr.transfers import Destination

SPECIAL = frozenset("aehiostT")
"""Extensions that mean something else to Asterisk: a place of such a name cannot be sent to."""
DIGITS, DIGITS_AFTER_PLUS = range(3, 19), range(6, 16)
"""How long a number outside is, as a telephone dials it. Patterns of digits alone: nothing else
that a telephone can send matches."""


def values(site: SiteFile, centre: Centre) -> dict[str, str]:
    """What stands for `@REFERS@` and `@COLLEAGUES@`. One name is one place: an agent goes before a
    destination, a destination before a queue."""
    places: dict[str, tuple[str, Mapping[str, str]]] = {}
    for name, kind, variables in _places(site, centre):
        if name not in SPECIAL:
            places.setdefault(name, (kind, variables))
    return {
        "REFERS": "\n".join(_entry(name, *place) for name, place in places.items()),
        "COLLEAGUES": "\n".join(_colleagues(site, centre)),
    }


def _colleagues(site: SiteFile, centre: Centre) -> Iterator[str]:
    """Agents and destinations whom a telephone may call, and numbers outside where there is a trunk
    for them; a number of the hotline is that, whoever has its name."""
    taken = SPECIAL | site.numbers.keys()
    asked = {name: _destination(name, to) for name, to in site.destinations.items()}
    asked |= {agent: {"TO": agent, "TO_KIND": "agent"} for agent in centre.agents}
    for name, variables in asked.items():
        if name not in taken:
            yield _second(name, variables)
    if site.outbound.order(site.trunks):
        outside = {"TO": "${EXTEN}", "TO_KIND": "number", "TO_SECONDS": f"{OUTSIDE_SECONDS:g}"}
        yield from (_second(f"_{'X' * count}", outside) for count in DIGITS)
        yield from (_second(f"_+{'X' * count}", outside) for count in DIGITS_AFTER_PLUS)


def _destination(name: str, to: Destination) -> dict[str, str]:
    """A telephone of the house, or (`outside`) a number that the core looks up."""
    kind = {"TO_KIND": "destination", "TO_PHONE": to.phone} if to.phone else {"TO_KIND": "outside"}
    return {"TO": name, **kind, "TO_SECONDS": f"{to.seconds:g}"}


def _second(extension: str, variables: Mapping[str, str]) -> str:
    sets = [f"Set({variable}={value})" for variable, value in variables.items()]
    return "\n same => n,".join([f"exten => {extension},1,NoOp()", *sets, "Goto(acd-second,s,1)"])


def _places(site: SiteFile, centre: Centre) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for agent in centre.agents:
        yield agent, "agent", {"SENT_AGENT": agent}
    for name, to in site.destinations.items():
        if not to.phone:  # the ways outside are the core's to say, for each call anew
            continue
        where = {"SENT_NAME": name, "SENT_PHONE": to.phone, "SENT_SECONDS": f"{to.seconds:g}"}
        yield name, "dest", where
    for queue in centre.queues:
        yield queue, "queue", {"SENT_QUEUE": queue}
    for number, entry in site.numbers.items():
        yield number, "queue", {"SENT_QUEUE": entry.queue}


def _entry(name: str, kind: str, variables: Mapping[str, str]) -> str:
    sets = [f" same => n,Set({variable}={value})" for variable, value in variables.items()]
    # No caller: a consulted agent's leg, or what Asterisk makes to stand in for one of three.
    other = '$["${OFFER}" != "" | "${CONTACT}" = ""]'
    first = f"exten => {name},1,GotoIf({other}?acd-sent,leg,1)"
    return "\n".join([first, *sets, f" same => n,Goto(acd-sent,{kind},1)"])

"""Where an agent's telephone may send a caller by itself (REFER), and whom it may ask in a talk, as
contexts of the dialplan.

They know the names of agents, destinations and queues, and the hotline's own numbers, and nothing
outside. New rules reach them by `adapters.asterisk.refers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from acd.config import Centre
from ivr.site_file import SiteFile

SPECIAL = frozenset("aehiostT")
"""Extensions that mean something else to Asterisk: a place of such a name cannot be sent to."""


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
    """Agents and destinations whom a telephone may call; a number of the hotline is that, whoever
    has its name."""
    taken = SPECIAL | site.numbers.keys()
    asked: dict[str, Mapping[str, str]] = {}
    for name, to in site.destinations.items():
        if to.phone:
            asked[name] = {"TO": name, "TO_PHONE": to.phone, "TO_SECONDS": f"{to.seconds:g}"}
    asked |= {agent: {"TO": agent} for agent in centre.agents}
    for name, variables in asked.items():
        if name not in taken:
            sets = [f"Set({variable}={value})" for variable, value in variables.items()]
            yield "\n same => n,".join([f"exten => {name},1,NoOp()", *sets, "Goto(acd-second,s,1)"])


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

"""Which telephones may listen to whose talks, and what else (`listeners` in the site file).

A telephone stands for the supervisor whose it is. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator

from acd.config import Centre
from acd.model import AgentId, QueueId
from ivr.faults import meant
from ivr.keys import Keys, Name, OrNames, PhoneName, in_full

TAKE_OVER = "take_over"
Deed = Literal["listen", "whisper", "barge", "take_over"]


class ListenerEntry(Keys):
    """What one telephone may. Of `agents`, `teams` and `queues` each that is given must fit."""

    may: tuple[Deed, ...] = ("listen", "whisper", "barge")
    """What its supervisor may do. To take a talk over must be named."""
    agents: tuple[PhoneName, ...] = ()
    """Whose talks; none are named: everybody's."""
    teams: tuple[Name, ...] = ()
    """The teams of agents whose talks; none: all."""
    queues: tuple[Name, ...] = ()
    """The queues out of which the talks are; none: all."""


Listeners = Annotated[dict[PhoneName, ListenerEntry], BeforeValidator(in_full), OrNames()]


def refusal(
    listeners: Mapping[str, ListenerEntry], phone: str, deed: str, agent: AgentId, queue: QueueId,
    centre: Centre,
) -> str:  # fmt: skip
    """Why this telephone may not do this to the agent's talk; empty: it may."""
    entry = listeners.get(phone)
    if entry is None:
        return f"phone {phone!r} may not listen: `listeners` of site.yaml names who"
    words = deed.replace("_", " ")
    if deed not in entry.may:
        return f"phone {phone!r} may not {words}: `listeners.{phone}.may` of site.yaml says what"
    member = centre.agents.get(agent)
    asked = {"agents": agent, "teams": member.team if member else "", "queues": queue}
    for name, value in asked.items():
        allowed: Collection[str] = getattr(entry, name)
        if allowed and value not in allowed:
            return (
                f"phone {phone!r} may not {words} this talk: "
                f"`listeners.{phone}.{name}` of site.yaml says whose"
            )
    return ""


def listener_faults(
    listeners: Mapping[str, ListenerEntry],
    phones: Collection[str],
    known: Mapping[str, Collection[str]],
) -> Iterator[str]:
    """A sentence for each name of what there is not. `known`: agents, teams, queues."""
    for phone, entry in listeners.items():
        here = f"site.yaml: listeners.{phone}"
        if phone not in phones:
            yield f"site.yaml: listeners: there is no phone {phone!r}{meant(phone, phones)}"
        if TAKE_OVER in entry.may and phone not in known["agents"]:
            yield (
                f"{here}.may: take_over: only an agent can have a talk; give {phone} an entry in "
                "`agents` of centre.yaml (it needs no queues)"
            )
        for name, there in known.items():
            for one in getattr(entry, name):
                if one not in there:
                    what = name.removesuffix("s")
                    yield f"{here}.{name}: there is no {what} {one!r}{meant(one, there)}"

"""The internal directory: agents, queues and destinations with their numbers, and who is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from acd.engine import Engine
from acd.model import QueueId
from acd.states import AgentState
from ivr.house_numbers import HouseNumber
from ivr.seats import Seats
from ivr.site_file import SiteFile

Fields = Mapping[str, Any]


class Presence(StrEnum):
    """What is known of queues and of telephones that are no agents'; agents have their state."""

    STAFFED = "staffed"
    """An agent of the queue is logged in."""
    UNSTAFFED = "unstaffed"
    FREE = "free"
    IN_USE = "in use"
    AWAY = "away"
    """The telephone is not registered."""
    OUTSIDE = "outside"
    """A number of the public network: nobody knows."""


_PHONES = {"NOT_INUSE": Presence.FREE, "UNAVAILABLE": Presence.AWAY, "INVALID": Presence.AWAY}
"""By Asterisk's word for it; any other is in use."""


class Directory:
    """`known` is what the core can be asked."""

    def __init__(
        self, site: SiteFile, engine: Engine, phones: Mapping[str, str], seats: Seats
    ) -> None:
        """`phones`: Asterisk's word for the state of each telephone of the house."""
        self._site = site
        self._engine = engine
        self._phones = phones
        self._seats = seats

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"directory": self._list}

    def agent(self, number: str) -> str | None:
        """The agent whom this internal number reaches; their id will do for it."""
        entry = self._site.directory.get(number)
        if entry:
            return entry.agent
        return number if number in self._engine.agents else None

    async def _list(self, fields: Fields) -> Fields:
        return {"directory": [*self._agents(), *self._queues(), *self._destinations()]}

    def _agents(self) -> Iterator[Fields]:
        for id_, agent in self._engine.agents.items():
            yield {
                **self._named("agent", id_),
                "presence": agent.state,
                "phone": self._seats.phone_of(id_),
                "reachable": agent.reachable,
                "queues": list(agent.queues),
            }

    def _queues(self) -> Iterator[Fields]:
        agents = self._engine.agents.values()
        waiting = [contact.queue for contact in self._engine.waiting()]
        for queue in self._engine.centre.queues:
            here = [a for a in agents if queue in a.queues and a.state is not AgentState.LOGGED_OFF]
            presence = Presence.STAFFED if here else Presence.UNSTAFFED
            count = waiting.count(QueueId(queue))
            yield {**self._named("queue", queue), "presence": presence, "waiting": count}

    def _destinations(self) -> Iterator[Fields]:
        for name, to in self._site.destinations.items():
            presence = Presence.OUTSIDE
            if to.phone:
                presence = _PHONES.get(self._phones.get(to.phone, "INVALID"), Presence.IN_USE)
            yield {**self._named("destination", name), "presence": presence}

    def _named(self, kind: str, name: str) -> Fields:
        numbers = [n for n, entry in self._site.directory.items() if _is(entry, kind, name)]
        return {"kind": kind, "name": name, "numbers": numbers}


def _is(entry: HouseNumber, kind: str, name: str) -> bool:
    return (entry.kind, entry.name) == (kind, name)

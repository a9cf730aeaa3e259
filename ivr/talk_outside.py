"""Numbers outside that an agent has dialled out of a talk: by the rules, and counted before.

The customer is handed on to one (`ivr.talk`), or the agent asks there first by a second line.
"""

from __future__ import annotations

from acd.model import OfferMade, Seconds
from ivr.dialling import Route, Routing
from ivr.dialling_rules import HANDED_ON
from ivr.distributor import Distributor
from ivr.ports import Note

OUTSIDE_SECONDS: Seconds = 40.0
"""So long a number rings that an agent has named."""
SOMEBODY_OUTSIDE = "outside number"
"""What the record calls it; no destination has such a name."""


async def ways_outside(
    distributor: Distributor, routing: Routing, talk: OfferMade, number: str, name: str, effect: str
) -> tuple[Route, ...]:
    """The ways to this number, the first first, with the caller ID of the talk's queue. On the
    record by its `name`, not its number, once for each `effect`. Raises `NotDialled`,
    `StoreFailed` and `StoreRefused`: nothing may ring then."""
    contact = distributor.engine.contacts[talk.contact]
    async with routing.counted(number, queue=contact.queue, agent=talk.agent) as ways:
        data = {"to": name, **ways[0].noted, "agent": talk.agent, "effect": effect}
        await distributor.record(Note(talk.contact, HANDED_ON, data))
    return ways

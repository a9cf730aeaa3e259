"""What the journal holds is enough to explain every offer again."""

from __future__ import annotations

from dataclasses import replace

from acd import events
from acd.commands import Offer
from acd.config import Centre, Class
from acd.engine import Engine
from acd.events import Event, to_plain
from acd.model import AgentId, ContactId, QueueId
from ivr.explain import offers_of
from ivr.ports import Record
from tests.centres import centre
from tests.fakes_stores import MemoryJournal

Q, ANN, ONE = QueueId("q"), AgentId("ann"), ContactId("one")
RULES = centre({}, {"standard": 0, "vip": 60}, {ANN: [Q]})
DAY: list[tuple[float, Event]] = [
    (0.0, events.Started(1)),
    (0.0, events.LinkChanged(up=True)),
    (5.0, events.Arrived(ContactId("two"), Q, 5.0, waits=True)),
    (30.0, events.Arrived(ONE, Q, 30.0, class_="vip", waits=True)),
    (40.0, events.PhoneChanged(ANN, reachable=True)),
    (50.0, events.AgentLoggedIn(ANN)),
]


async def journal_of(rules: Centre) -> MemoryJournal:
    """The journal of this day, as the distributor writes it."""
    engine, journal = Engine(rules), MemoryJournal()
    for at, event in DAY:
        commands = engine.handle(event, at)
        kind, version, data = to_plain(event)
        records = [Record(at, kind, data, data.get("contact"), version)]
        for command in commands:
            if isinstance(command, Offer):
                made = {"offer": command.offer, "agent": command.agent}
                records.append(Record(at, "Offered", made, command.contact))
        await journal.append(records)
    return journal


async def test_every_offer_is_explained_from_the_journal() -> None:
    (offer,) = await offers_of(await journal_of(RULES), RULES, ONE)
    assert offer.why and offer.agent == ANN and offer.at == 50.0
    assert offer.why.line().startswith("first in order: waited 0:20, vip head start 1:00; ann")
    assert [one.contact for one in offer.why.contacts] == [ONE, "two"]


async def test_an_offer_that_other_rules_would_not_make_is_said_to_be_such() -> None:
    others = replace(RULES, classes={"vip": Class()})
    (offer,) = await offers_of(await journal_of(RULES), others, ONE)
    assert offer.why is None

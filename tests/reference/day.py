"""A random day of a contact centre: customers, phones, agents and an outside that is late.

The day is the truth; the engine learns of it by facts, of which some come late, twice or in
another order. It is asked for nothing impossible: no leg talks whose caller is elsewhere, no offer
of an older epoch is answered, and a withdrawn leg may still win until the withdrawal is carried
out. `Day.act(name, dice)` does one thing; `tests.reference.invariants` looks after each event.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from acd import events, requests, snapshot
from acd.commands import Close, Command, Offer, Overflow, Withdraw
from acd.config import Centre
from acd.engine import Engine
from acd.events import Event, OfferEnd
from acd.model import AgentId, ContactId, OfferId, Rule
from acd.states import AgentState, ForbiddenMove
from acd.waits import Waits
from tests.reference.centres import CARDS, CLASSES, DESK, LOANS, RICH

QUEUES = (CARDS, LOANS, DESK)
T = TypeVar("T")


def one_of(dice: Random, some: Sequence[T]) -> T | None:
    return dice.choice(some) if some else None


def of_weight(commands: list[Command]) -> Counter[Command]:
    """What a restored engine must say too. When exactly it speaks of overflow is left open."""
    return Counter(command for command in commands if not isinstance(command, Overflow))


@dataclass
class Leg:
    """What Asterisk knows of an offer."""

    contact: ContactId
    agent: AgentId
    rule: Rule
    talks: bool = False


@dataclass
class Told:
    """One event, and what became of it."""

    event: Event
    now: float
    commands: list[Command] = field(default_factory=list)
    refused: bool = False
    changed: bool = False
    states_before: dict[AgentId, AgentState] = field(default_factory=dict)


class Day:
    """`where` each customer is: coming, loop, away (parked), talk, after, gone."""

    def __init__(self, watch: Callable[[Day, Told], None]) -> None:
        self.now, self.epoch, self.arrived, self.called = 1024.0, 0, 0, 0
        self.centre: Centre = RICH
        self.engine, self.twin = Engine(RICH), Engine(RICH)
        self.engine.waits = Waits(RICH)
        """The twin has none: what is estimated changes nothing that is decided."""
        self.watch = watch
        self.log: list[tuple[float, Event]] = []
        self.where: dict[ContactId, str] = {}
        self.channel: dict[ContactId, str] = {}
        self.unsure: set[ContactId] = set()
        """Who moved while a phone rang for them: it may win, and they are on the phone again."""
        self.legs: dict[OfferId, Leg] = {}
        self.withdrawals: list[OfferId] = []
        self.late: list[Event] = []
        self.closed: list[ContactId] = []
        self.notes: dict[str, dict[Any, Any]] = {}
        """What the invariants remember from one event to the next."""

    # ---- telling

    def tell(self, *facts: Event) -> Told:
        """Also to the twin, which reads the journal: what changed nothing is not in it. Several are
        of one instant; the last of them is the event that is remembered."""
        event = facts[-1]
        told = Told(event, self.now)
        told.states_before = {a.id: a.state for a in self.engine.agents.values()}
        asks = isinstance(event, requests.Request)
        before = json.dumps(snapshot.dump(self.engine)) if asks else ""
        self.log += [(self.now, fact) for fact in facts]
        try:
            told.commands = self.engine.handle_all(facts, self.now)
            told.changed = self.engine.changed
        except ForbiddenMove:
            assert asks, f"a fact was refused: {event}"
            assert json.dumps(snapshot.dump(self.engine)) == before, "refused, yet changed"
            told.refused = True
        if told.changed:
            plain = json.loads(json.dumps([events.to_plain(fact) for fact in facts]))
            again = [events.from_plain(kind, version, data) for kind, version, data in plain]
            commands = self.twin.handle_all(again, self.now)
            said = f"the journal says {commands}, not {told.commands}"
            assert of_weight(commands) == of_weight(told.commands), said
        else:
            assert told.commands == [], "commands that the journal does not explain"
        for command in told.commands:
            self._carry_out(command)
        self.watch(self, told)
        return told

    def _carry_out(self, command: Command) -> None:
        match command:
            case Offer():
                self.called += command.rule is Rule.OUTGOING
                self.legs[command.offer] = Leg(command.contact, command.agent, command.rule)
            case Withdraw():
                self.withdrawals.append(command.offer)
            case Close():
                self.closed.append(command.contact)
            case Overflow():
                self.notes.setdefault("overflow", {})[command.contact] = command.to

    def news(self, event: Event, dice: Random) -> None:
        """A fact: told now, later, or now and again later."""
        chance = dice.random()
        if chance > 0.8:
            self.late.append(event)
        if chance <= 0.9:
            self.tell(event)

    # ---- choosing

    def act(self, name: str, dice: Random) -> None:
        getattr(self, name)(dice)

    def customer(self, dice: Random, *where: str) -> ContactId | None:
        return one_of(dice, [c for c, w in self.where.items() if w in where])

    def leg(self, dice: Random, talks: bool) -> OfferId | None:
        return one_of(dice, [o for o, leg in self.legs.items() if leg.talks is talks])

    def is_served(self, leg: Leg) -> bool:
        """Whether this leg that has ended was the last one of a caller who is still there."""
        others = [o for o in self.legs.values() if o.contact == leg.contact and o.talks]
        return leg.rule is not Rule.CONSULT and not others and self.where[leg.contact] == "talk"

    def is_main(self, offer: OfferId) -> bool:
        return self.legs[offer].rule is not Rule.CONSULT

    # ---- customers

    def a_contact_arrives(self, dice: Random) -> None:
        live = sum(where != "gone" for where in self.where.values())
        if live > 9:
            return
        self.arrived += 1
        id_ = ContactId(f"c{self.arrived}")
        channel = dice.choice(["voice", "voice", "voice", "web chat", "web chat", "email"])
        waits = channel != "voice" or dice.random() < 0.7
        due = self.now + dice.choice([-16.0, 4.0, 64.0]) if channel == "email" else None
        skills = {"billing": dice.choice([2, 5, 8]), "english": dice.choice([4, 5, 9])}
        self.where[id_], self.channel[id_] = "loop" if waits else "coming", channel
        self.tell(
            events.Arrived(
                id_,
                dice.choice(QUEUES),
                self.now - dice.choice([0.0, 0.0, 1.0, 8.0, 32.0]),
                channel,
                dice.choice([*CLASSES, "standard", "unknown"]),
                skills={s: n for s, n in skills.items() if dice.random() < 0.4},
                waits=waits,
                urgency=dice.choice(["", "", "", "card loss"]),
                repeat=dice.random() < 0.2,
                preferred=one_of(dice, sorted(self.engine.agents)) if dice.random() < 0.2 else None,
                due_at=due,
                resumes=one_of(dice, self.closed) if dice.random() < 0.2 else None,
            )
        )

    def a_contact_reports_from_the_loop(self, dice: Random) -> None:
        if contact := self.customer(dice, "coming", "coming", "away", "loop"):
            self.where[contact] = "loop"
            self.news(events.Reached(contact), dice)

    def a_caller_leaves(self, dice: Random) -> None:
        if contact := self.customer(dice, "coming", "loop", "away", "talk", "after", "handed"):
            self.where[contact] = "gone"
            for offer in [o for o, leg in self.legs.items() if leg.contact == contact]:
                self._leg_ends(offer, dice)
            named = dice.random() < 0.5 and contact not in self.unsure
            channel = self.channel[contact] if named else ""
            self.news(events.CallerLeft(contact, dice.random() < 0.1, channel), dice)

    def _leg_ends(self, offer: OfferId, dice: Random, how: OfferEnd = OfferEnd.RELEASED) -> None:
        leg = self.legs.pop(offer)
        if self.where[leg.contact] == "out":
            self.where[leg.contact] = "gone"  # called by an agent, and not reached
        if leg.talks:
            self.news(events.LegEnded(leg.contact, offer), dice)
        else:
            self.news(events.OfferEnded(offer, how), dice)

    def a_contact_moves(self, dice: Random) -> None:
        if contact := self.customer(dice, "loop", "away"):
            old, new = self.channel[contact], dice.choice(["voice", "callback", "web chat", "sms"])
            self.channel[contact] = new
            if any(leg.contact == contact for leg in self.legs.values()):
                self.unsure.add(contact)
            self.tell(events.Moved(contact, new))
            if old != new:
                assert not self.tell(events.CallerLeft(contact, channel=old)).changed

    def a_contact_is_parked(self, dice: Random) -> None:
        if contact := self.customer(dice, "loop"):
            self.where[contact] = "away"
            until = dice.choice([None, self.now + 4.0, self.now + 32.0])
            self.tell(events.Parked(contact, until))

    def a_deferred_contact_becomes_live(self, dice: Random) -> None:
        if contact := self.customer(dice, "loop", "away"):
            self.news(events.BecameLive(contact), dice)

    def a_waiting_contact_is_transferred(self, dice: Random) -> None:
        if contact := self.customer(dice, "loop", "after"):
            self.where[contact] = "loop"
            skills = dice.choice([None, {}, {"billing": 5}])
            self.tell(events.Transferred(contact, dice.choice(QUEUES), skills))

    def a_fallback_phone_takes_a_contact(self, dice: Random) -> None:
        contact = self.customer(dice, "loop")
        if contact and all(leg.contact != contact for leg in self.legs.values()):
            self.where[contact] = "after"
            self.news(events.TakenByFallback(contact), dice)

    def a_contact_returns(self, dice: Random) -> None:
        if contact := self.customer(dice, "after"):
            self.where[contact] = "loop"
            back: list[Event] = [events.Returned(contact), events.Reached(contact)]
            self.tell(dice.choice(back))

    # ---- phones

    def a_leg_is_answered(self, dice: Random) -> None:
        offer = self.leg(dice, talks=False)
        if offer is None or not offer.startswith(f"{self.epoch}."):
            return
        leg = self.legs[offer]
        if self.where[leg.contact] in (("loop", "away") if self.is_main(offer) else ("talk",)):
            leg.talks, self.where[leg.contact] = True, "talk"
            self.news(events.OfferAnswered(leg.contact, offer), dice)

    def a_ringing_leg_ends(self, dice: Random) -> None:
        if offer := self.leg(dice, talks=False):
            self._leg_ends(offer, dice, dice.choice(list(OfferEnd)))

    def a_withdrawal_is_carried_out(self, dice: Random) -> None:
        if offer := one_of(dice, self.withdrawals):
            self.withdrawals.remove(offer)
            if offer not in self.legs:
                self.news(events.OfferEnded(offer, OfferEnd.RELEASED), dice)
            elif not self.legs[offer].talks:
                self._leg_ends(offer, dice)

    def a_talk_ends(self, dice: Random) -> None:
        if offer := self.leg(dice, talks=True):
            contact, main = self.legs[offer].contact, self.is_main(offer)
            self._leg_ends(offer, dice)
            if main and self.where[contact] == "talk":
                self._goes_on(contact, offer, dice)

    def _goes_on(self, contact: ContactId, offer: OfferId, dice: Random) -> None:
        """The agent's leg is gone: goodbye, back to the queue by the network's fault, or on."""
        for consult in [o for o, leg in self.legs.items() if leg.contact == contact]:
            self._leg_ends(consult, dice)
        next_ = dice.choice(["after", "gone", "loop", "transfer"])
        self.where[contact] = "loop" if next_ == "transfer" else next_
        if next_ == "gone":
            self.news(events.CallerLeft(contact), dice)
        elif next_ == "loop":
            self.news(events.Returned(contact, offer), dice)
        elif next_ == "transfer":
            self.tell(events.Transferred(contact, dice.choice(QUEUES)))

    def a_caller_is_put_on_hold(self, dice: Random) -> None:
        if contact := self.customer(dice, "talk"):
            held: list[Event] = [
                events.Held(contact),
                events.Held(contact),
                events.Resumed(contact),
            ]
            self.news(dice.choice(held), dice)

"""The rest of a random day: what agents and supervisors ask, and what befalls machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from acd import events, requests, snapshot
from acd.model import ContactId, Rule
from tests.reference import promises
from tests.reference.centres import OTHER, RICH
from tests.reference.day import QUEUES, Day, Told, one_of
from tests.reference.talks import Talks

WEIGHTS = {
    "a_contact_arrives": 8,
    "a_contact_reports_from_the_loop": 3,
    "a_caller_leaves": 2,
    "a_contact_moves": 2,
    "a_contact_is_parked": 2,
    "a_deferred_contact_becomes_live": 1,
    "a_waiting_contact_is_transferred": 1,
    "a_fallback_phone_takes_a_contact": 1,
    "a_contact_returns": 2,
    "a_leg_is_answered": 6,
    "a_ringing_leg_ends": 3,
    "a_withdrawal_is_carried_out": 4,
    "a_talk_ends": 4,
    "a_caller_is_put_on_hold": 1,
    "an_agent_logs_in": 5,
    "an_agent_asks": 3,
    "a_phone_changes": 2,
    "a_desk_changes": 2,
    "a_contact_is_regraded": 1,
    "a_contact_is_picked_up": 1,
    "a_consultation_is_asked_for": 2,
    "a_colleague_is_asked_for": 2,
    "a_transfer_is_completed": 2,
    "a_phone_is_picked_up": 3,
    "what_rings_at_a_colleague_is_taken": 2,
    "a_consultation_is_dropped": 1,
    "a_wait_for_a_colleague_is_dropped": 1,
    "a_talk_is_handed_on": 1,
    "who_was_handed_on_goes_on": 2,
    "a_consulted_agent_takes_over": 1,
    "a_supervisor_takes_over": 1,
    "an_agent_calls_somebody": 1,
    "who_is_called_is_reached": 2,
    "a_talk_has_a_disposition": 4,
    "talks_end_together": 1,
    "the_link_changes": 1,
    "the_trunks_change": 1,
    "late_news_comes": 6,
    "old_news_comes_again": 1,
    "time_passes": 8,
    "the_rules_are_swapped": 1,
    "a_snapshot_is_restored": 1,
    "the_core_restarts": 1,
}
"""What may happen, and how often beside the rest."""


class Shift(Talks):
    """A whole day: everything in `WEIGHTS`."""

    def __init__(self, watch: Callable[[Day, Told], None]) -> None:
        super().__init__(watch)
        self.asked = 0
        self.the_core_restarts(Random(0))
        for agent in sorted(RICH.agents):
            self.tell(events.PhoneChanged(agent, True))

    # ---- agents and supervisors

    def an_agent_logs_in(self, dice: Random) -> None:
        agent = self.agent(dice)
        member = self.centre.agents.get(agent)
        some = tuple(q for q in member.queues if dice.random() < 0.5) if member else QUEUES
        asked = requests.AgentLoggedIn(agent, some if dice.random() < 0.3 else ())
        if self.tell(asked).refused and agent in self.engine.agents:
            self.tell(requests.AgentReady(agent))

    def an_agent_asks(self, dice: Random) -> None:
        kinds = [requests.AgentPaused, requests.AgentReady, requests.AgentReady]
        self.tell(dice.choice([*kinds, requests.AgentLoggedOff])(self.agent(dice)))

    def a_phone_changes(self, dice: Random) -> None:
        self.news(events.PhoneChanged(self.agent(dice), dice.random() < 0.75), dice)

    def a_desk_changes(self, dice: Random) -> None:
        self.news(events.DeskChanged(self.agent(dice), dice.random() < 0.75), dice)

    def a_contact_is_regraded(self, dice: Random) -> None:
        if contact := one_of(dice, list(self.engine.contacts)):
            credit = dice.choice([0.0, 32.0, 96.0, 256.0])
            who, why = dice.choice([(requests.AUTOMATIC, ""), ("sue", "promised")])
            self.tell(requests.Regraded(contact, credit, who, why))

    def a_contact_is_picked_up(self, dice: Random) -> None:
        if contact := self.customer(dice, "loop"):
            self.tell(requests.PickedUp(contact, self.agent(dice), "sue", "knows her"))

    def a_consultation_is_asked_for(self, dice: Random) -> None:
        if contact := self.customer(dice, "talk"):
            self.tell(requests.ConsultAsked(contact, self.agent(dice)))

    def a_colleague_is_asked_for(self, dice: Random) -> None:
        """Whoever of a queue is next: something stands in line for them, beside the contact."""
        if contact := self.customer(dice, "talk"):
            self.asked += 1
            wait = ContactId(f"w{self.asked}")
            self.tell(requests.ColleagueAsked(contact, dice.choice(QUEUES), wait))

    def a_transfer_is_completed(self, dice: Random) -> None:
        """The consulted leg takes the caller; the leg of the agent who asked ends."""
        consults = [o for o, leg in self.legs.items() if leg.talks and leg.rule is Rule.CONSULT]
        if offer := one_of(dice, consults):
            contact = self.legs[offer].contact
            if not self.tell(requests.TransferCompleted(contact, offer)).refused:
                old = [o for o, leg in self.legs.items() if leg.contact == contact and o != offer]
                for other in old:
                    self._leg_ends(other, dice)
                self.legs[offer].rule = Rule.ORDER

    # ---- machines

    def the_link_changes(self, dice: Random) -> None:
        self.news(events.LinkChanged(dice.random() < 0.7), dice)

    def the_trunks_change(self, dice: Random) -> None:
        self.news(events.TrunksChanged(dice.random() < 0.5), dice)

    def late_news_comes(self, dice: Random) -> None:
        """In any order: a fact may be overtaken by those that happened after it."""
        if self.late:
            self.tell(self.late.pop(dice.randrange(len(self.late))))

    def old_news_comes_again(self, dice: Random) -> None:
        """What was told within the last minute, of contacts that are over."""
        recent = [
            event
            for at, event in self.log[-200:]
            if self.now - at < 60.0 and getattr(event, "contact", None) in self.engine.ended
        ]
        facts = [event for event in recent if not isinstance(event, requests.Request)]
        if event := one_of(dice, facts):
            assert not self.tell(event).changed, "a contact that is over came back"

    def time_passes(self, dice: Random) -> None:
        deadline = self.engine.next_deadline()
        jumps = [self.now + s for s in (0.0, 0.5, 1.0, 4.0, 16.0, 64.0)]
        self.now = dice.choice([*jumps, *([max(deadline, self.now)] * 6 if deadline else ())])
        self.tell(events.TimePassed())

    def the_rules_are_swapped(self, dice: Random) -> None:
        if dice.random() < 0.5:
            self.use(OTHER if self.centre is RICH else RICH)

    def use(self, centre: object) -> None:
        self.centre = OTHER if centre is OTHER else RICH
        self.engine.use(self.centre, self.now)
        self.twin.use(self.centre, self.now)
        self.tell(events.TimePassed())

    def a_snapshot_is_restored(self, dice: Random) -> None:
        """Nobody may notice: the twin goes on without.

        Left out while somebody may be held: whether a contact is, is decided when it begins to
        wait, by whether its preferred agent is there.
        """
        hold = max(queue.hold_for_preferred for queue in self.centre.queues.values())
        contacts = self.engine.contacts.values()
        if any(c.preferred and self.now - c.entered_at < hold for c in contacts):
            return
        plain = json.loads(json.dumps(snapshot.dump(self.engine)))
        said = promises.told_waits(self)
        self.engine = snapshot.load(self.centre, plain, self.now)
        assert json.loads(json.dumps(snapshot.dump(self.engine))) == plain
        assert promises.told_waits(self) == said, "callers are told something else"

    def the_core_restarts(self, dice: Random) -> None:
        """A new epoch: the gate refuses what still rings from the old one."""
        self.epoch += 1
        self.tell(events.Started(self.epoch, desks=dice.random() < 0.5))
        self.tell(events.LinkChanged(dice.random() < 0.9))

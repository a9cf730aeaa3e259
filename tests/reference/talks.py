"""More of a random day: what telephones and agents do with calls that they have, or want.

Each deed is told as the adapters tell it: `adapters/asterisk/talk_facts.py` for telephones,
`ivr/pickups.py`, `outgoing_calls.py`, `dispositions.py`, `take_over.py` for what is asked of us.
"""

from __future__ import annotations

from random import Random

from acd import events, requests
from acd.consults import listening_offer
from acd.model import CALLS, AgentId, ContactId, Medium, OfferId, QueueId, Rule
from acd.states import ContactState
from tests.reference.centres import CARDS, DESK, LOANS, RICH
from tests.reference.day import Day, Leg, one_of

CODES = ("solved", "open")


class Talks(Day):
    """`where` a customer may be, too: out (called by an agent, not reached), handed (on)."""

    listeners = 0

    def agent(self, dice: Random) -> AgentId:
        return dice.choice(sorted({*RICH.agents, *self.engine.agents}))

    # ---- telephones that ring

    def a_phone_is_picked_up(self, dice: Random) -> None:
        """Before the gate of a call the agent is told what it is about, or asked."""
        if offer := self.leg(dice, talks=False):
            known = self.engine.offers.get(offer)
            if known is not None and known.medium is Medium.VOICE:
                seconds = dice.choice([4.0, 20.0])
                self.news(events.PhoneAnswered(self.legs[offer].contact, offer, seconds), dice)

    def what_rings_at_a_colleague_is_taken(self, dice: Random) -> None:
        if contact := self.customer(dice, "loop"):
            agent = self.agent(dice)
            self.tell(requests.RingingTaken(contact, agent, dice.choice([agent, "sue"])))

    # ---- consultations

    def a_consultation_is_dropped(self, dice: Random) -> None:
        """Whoever asked hangs up on the agent who rings; also while that one answers."""
        asked = [o for o, leg in self.legs.items() if leg.rule is Rule.CONSULT and not leg.talks]
        offer = one_of(dice, asked)
        if offer and self.where[self.legs[offer].contact] == "talk":
            self.news(events.ConsultDropped(self.legs[offer].contact, offer), dice)

    def a_wait_for_a_colleague_is_dropped(self, dice: Random) -> None:
        """By the name of what stands in line, whether somebody rings by now or not."""
        wanted = [c for c in self.engine.contacts.values() if c.stand_in]
        if contact := one_of(dice, wanted):
            self.news(events.ConsultDropped(contact.id, OfferId(contact.stand_in or "")), dice)

    def a_talk_is_handed_on(self, dice: Random) -> None:
        """The agent sends the caller to another, and is out of it at once."""
        if contact := self.customer(dice, "talk"):
            main = self._main_leg(contact)
            asked = requests.ConsultAsked(contact, self.agent(dice), leaves=True)
            if main and not self.tell(asked).refused:
                self.where[contact] = "handed"
                self.notes.setdefault("handed", {})[contact] = main
                self._leg_ends(main, dice)

    def _main_leg(self, contact: ContactId) -> OfferId | None:
        legs = [o for o, leg in self.legs.items() if leg.contact == contact and leg.talks]
        return next((offer for offer in legs if self.is_main(offer)), None)

    def who_was_handed_on_goes_on(self, dice: Random) -> None:
        """Answered, and theirs; or not, and back in line, with the news in whichever order."""
        if contact := self.customer(dice, "handed"):
            legs = [o for o, leg in self.legs.items() if leg.contact == contact]
            offer = one_of(dice, legs)
            now = f"{self.epoch}."
            if offer and offer.startswith(now) and dice.random() < 0.6:
                self._is_taken_over(contact, offer, dice)
                return
            talked = self.notes.setdefault("handed", {}).get(contact)
            self.where[contact] = "loop"
            self.news(events.Returned(contact, talked, nobody=True), dice)
            for rings in legs:
                self._leg_ends(rings, dice)

    def a_consulted_agent_takes_over(self, dice: Random) -> None:
        """Told by the telephone, before or after the end of the other leg."""
        consults = [o for o, leg in self.legs.items() if leg.talks and leg.rule is Rule.CONSULT]
        if offer := one_of(dice, consults):
            self._is_taken_over(self.legs[offer].contact, offer, dice)

    def _is_taken_over(self, contact: ContactId, offer: OfferId, dice: Random) -> None:
        leg, main = self.legs[offer], self._main_leg(contact)
        if not leg.talks and dice.random() < 0.5:
            self.news(events.OfferAnswered(contact, offer), dice)
        self.where[contact] = "talk"
        self._has_it(main, leg, offer, dice)

    def a_supervisor_takes_over(self, dice: Random) -> None:
        """Who listened has the caller, whatever they were before: on a break, logged off."""
        contact = self.customer(dice, "talk")
        known = self.engine.contacts.get(contact) if contact else None
        if known is None or known.state not in (ContactState.TALKING, ContactState.HELD):
            return  # nobody may listen whom we do not know to talk
        agent, main = one_of(dice, sorted(self.engine.agents)), self._main_leg(known.id)
        if agent is None or main is None or any(leg.agent == agent for leg in self.legs.values()):
            return
        self.listeners += 1
        offer = listening_offer(self.epoch, known.seq, str(self.listeners))
        self.legs[offer] = leg = Leg(known.id, agent, Rule.CONSULT, talks=True)
        self._has_it(main, leg, offer, dice)

    def _has_it(self, main: OfferId | None, leg: Leg, offer: OfferId, dice: Random) -> None:
        """This leg has the caller. Never told only after its end: both are read in one order."""
        ends_first = dice.random() < 0.5
        if main and ends_first:
            self._leg_ends(main, dice)
        leg.talks = True
        taken = events.TakenOver(leg.contact, offer, leg.agent)
        if dice.random() < 0.2:
            self.late.append(taken)
        self.tell(taken)
        if main and not ends_first:
            self._leg_ends(main, dice)
        leg.rule = Rule.ORDER

    # ---- calls of agents' own

    def an_agent_calls_somebody(self, dice: Random) -> None:
        contact = ContactId(f"o{len(self.where) + 1}")
        queue = dice.choice([CARDS, LOANS, DESK, QueueId("unknown")])
        self.where[contact], self.channel[contact] = "out", CALLS
        if self.tell(requests.CalledOut(contact, self.agent(dice), queue)).refused:
            del self.where[contact], self.channel[contact]

    def who_is_called_is_reached(self, dice: Random) -> None:
        """The agent has picked up, and then whoever they call has."""
        legs = [o for o, leg in self.legs.items() if leg.rule is Rule.OUTGOING and not leg.talks]
        offer = one_of(dice, legs)
        if offer and offer.startswith(f"{self.epoch}."):
            leg = self.legs[offer]
            leg.talks = True
            self.news(events.OfferAnswered(leg.contact, offer), dice)
            if dice.random() < 0.8:
                self.where[leg.contact] = "talk"
                self.tell(events.Moved(leg.contact, CALLS))

    # ---- what it came to

    def a_talk_has_a_disposition(self, dice: Random) -> None:
        """Said during the talk or in the wrap-up; or long after, by somebody else."""
        talks = [(leg.contact, leg.agent, o) for o, leg in self.legs.items() if leg.talks]
        for agent in self.engine.agents.values():
            talks += [(w.contact, agent.id, o) for o, w in agent.works.items() if w.contact]
        if found := one_of(dice, talks):
            contact, agent_id, offer = found
            code = dice.choice(CODES)
            named = offer if dice.random() < 0.9 else OfferId("")
            self.tell(
                requests.Disposed(contact, agent_id, dice.choice([CARDS, LOANS]), code, named)
            )

    # ---- at one instant

    def talks_end_together(self, dice: Random) -> None:
        """Facts of one instant: whoever becomes free by them does so together."""
        talks = [o for o, leg in self.legs.items() if leg.talks and self.is_main(o)]
        some = [o for o in talks if self.where[self.legs[o].contact] == "talk"]
        facts: list[events.Event] = []
        for offer in some:
            leg = self.legs.pop(offer)
            facts.append(events.LegEnded(leg.contact, offer))
            self.where[leg.contact] = "after"
        if facts:
            self.tell(*facts)

"""How it stands for waiting callers, here and online: what an offer to go on there is made of.

Pure; reads the engine. Both waits are the engine's own: the one as it is, the other as for a chat
with the same key (`acd.as_chats`).
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.as_chats import AsChats, Coming
from acd.config import Queue
from acd.engine import Engine
from acd.estimate import Range
from acd.lines import DemandTerms, demand_terms
from acd.match import NEVER
from acd.model import CHATS, AgentId, Contact, Medium, Seconds
from ivr.online_offer import Rules, Sight

LOOKS_A_SECOND = 400
"""A look at one caller takes a tenth of a millisecond."""


def rules_of(engine: Engine, contact: Contact) -> Rules | None:
    """What the queue of this caller says of offers; None: that nobody is asked, or not yet.

    A queue with overflow rules that lead to chat asks nobody before one of them has spoken.
    """
    queue = engine.queue(contact.queue)
    to_chat = [number for number, rule in enumerate(queue.overflow) if rule.to == CHATS]
    spoken = any(contact.overflowed >> number & 1 for number in to_chat)
    if not (spoken if to_chat else queue.online):
        return None
    return Rules(CHATS, queue.online.never if queue.online else frozenset(), wanted=spoken)


def offers_chat(queue: Queue) -> bool:
    """Whether callers of this queue may ever be asked."""
    return queue.online is not None or any(rule.to == CHATS for rule in queue.overflow)


class OneLook:
    """The engine as it is now; what all callers share is found out once."""

    def __init__(self, engine: Engine, now: Seconds, coming: Iterable[Contact] = ()) -> None:
        """`coming`: callers with a pass for the chat in hand, who may be there before others."""
        self._engine = engine
        self._now = now
        ahead = [Coming(contact.queue, contact.order_key) for contact in coming]
        self._as_chats = AsChats(engine, now, ahead)
        self._talks: dict[DemandTerms, bool] = {}

    def pause(self, usual: Seconds) -> Seconds:
        """Until this caller is looked at again: longer, the more there are, so that a second of
        looks takes no more however many wait."""
        return max(usual, len(self._engine.contacts) / LOOKS_A_SECOND)

    def sight_of(self, contact: Contact) -> Sight:
        """How it stands for this caller; a wait of which little is known is not told. Of the
        telephone the middle, of the chat the long end: the gain is not made to look larger. Where
        nobody can tell of the chat, nothing is compared."""
        waits, there = self._engine.waits, known(self._as_chats.range(contact))
        compared = waits.range(self._engine, contact, self._now) if waits and there else None
        here = known(compared)
        return Sight(
            here.middle if here else None, there.high if there else None,
            self._serves(contact), there is not None, contact.class_,
        )  # fmt: skip

    def _serves(self, contact: Contact) -> bool:
        """Whether somebody is logged in who may talk with this caller, sooner or later."""
        terms = demand_terms(contact)
        if terms not in self._talks:
            demands = self._engine.demands
            demand = demands.named(terms)
            self._talks[terms] = any(
                demands.need(id_, demand) < NEVER and self._speaks(id_) for id_ in demand.trade.able
            )
        return self._talks[terms]

    def _speaks(self, id_: AgentId) -> bool:
        """Whether calls may come to this agent. A phone that talks may count as out of reach."""
        agent, capacity = self._engine.agents[id_], self._engine.member(id_).capacity
        talks = any(work.medium is Medium.VOICE for work in agent.works.values())
        return capacity.voice > 0 and (agent.reachable or talks)


def known(wait: Range | None) -> Range | None:
    """What may be told."""
    return wait if wait and not wait.few else None

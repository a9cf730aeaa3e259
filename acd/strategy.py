"""Which of the agents who may serve a contact gets it: pure functions, smaller ranks first.

The first term of every rank is the number of contacts that the agent has already, the last is the
agent's id, so that no two ranks are equal and the same events always choose the same agent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b

from acd.config import Centre, Member, Strategy
from acd.model import Agent, AgentId, Contact, Seconds

Rank = tuple[int, float, Seconds, AgentId]


def longest_idle(agent: Agent, member: Member, centre: Centre) -> Rank:
    return (len(agent.works), agent.idle_since, 0.0, agent.id)


def fewest_skills(agent: Agent, member: Member, centre: Centre) -> Rank:
    """Who can do least goes first: those who can do much stay free for what only they can do."""
    return (len(agent.works), len(member.skills), agent.idle_since, agent.id)


def fewest_contacts(agent: Agent, member: Member, centre: Centre) -> Rank:
    return (len(agent.works), agent.answered, agent.idle_since, agent.id)


def round_robin(agent: Agent, member: Member, centre: Centre) -> Rank:
    return (len(agent.works), agent.last_offer, 0.0, agent.id)


def by_lot(agent: Agent, centre: Centre, contact: Contact) -> Rank:
    """New lots for every offer of a contact: whoever lost before is as likely to win as others."""
    terms = f"{centre.seed} {agent.id} {contact.seq} {contact.offers_made}"
    drawn = blake2b(terms.encode(), digest_size=6)
    return (len(agent.works), int.from_bytes(drawn.digest()), 0.0, agent.id)


def level(agent: Agent, member: Member, asked: Mapping[str, int]) -> Rank:
    """The highest sum of levels in the skills asked for."""
    sum_of_levels = sum(member.skills.get(skill, 0) for skill in asked)
    return (len(agent.works), -sum_of_levels, agent.idle_since, agent.id)


RANKS: Mapping[Strategy, Callable[[Agent, Member, Centre], Rank]] = {
    Strategy.LONGEST_IDLE: longest_idle,
    Strategy.FEWEST_SKILLS: fewest_skills,
    Strategy.FEWEST_CONTACTS: fewest_contacts,
    Strategy.ROUND_ROBIN: round_robin,
}
"""Strategies whose rank does not depend on the contact: open agents are kept in their order."""


def after_one_more(strategy: Strategy, rank: Rank, offers_made: int) -> Rank:
    """The rank that the agent will have with one more offer, when there have been so many."""
    works, term, tie, id_ = rank
    if strategy is Strategy.ROUND_ROBIN:
        term += offers_made + 1  # later than all, and in the same order among themselves
    return (works + 1, term, tie, id_)

"""Which agent may serve which contact, and how long the contact must have waited for it.

All that depends on time in "may serve" is one number for an agent and a demand: the wait from
which on the agent may serve it. 0 is an exact match; skills that relax, a second queue and a
partner team come later; NEVER is never.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.config import Centre, Member, Queue
from acd.lines import Demand, Stage
from acd.model import Agent, Medium, QueueId, Seconds

NEVER: Seconds = float("inf")


def queue_of(centre: Centre, queue: QueueId) -> Queue:
    """The queue's rules; a queue that is no longer in the rules has those of a new one."""
    return centre.queues.get(queue) or Queue(queue)


def stages_of(skills: tuple[tuple[str, int], ...], queue: Queue) -> list[Stage]:
    """What is asked for, and how that relaxes with time; skills of level 0 are left out."""
    asked = dict(skills)
    stages: list[Stage] = [(0.0, skills)]
    for step in queue.relax:
        eased = asked | {skill: level for skill, level in step.skills.items() if skill in asked}
        if eased != asked:
            asked = eased
            stages.append((step.after, tuple((s, level) for s, level in asked.items() if level)))
    return stages


def wait_needed(agent: Agent, member: Member, demand: Demand, centre: Centre) -> Seconds:
    """From which wait on this agent may serve this demand."""
    after = agent.queues.get(demand.queue, NEVER)
    if after == NEVER:
        return NEVER
    if centre.is_partner(member):
        after = max(after, queue_of(centre, demand.queue).partner_after)
    has = member.skills
    for skilled_after, asked in demand.stages:
        for skill, level in asked:
            if has.get(skill, 0) < level:
                break
        else:
            return max(after, skilled_after)
    return NEVER


def room_for(agent: Agent, member: Member, medium: Medium) -> bool:
    """Whether the agent's capacity leaves room for one more contact of this medium."""
    capacity, held = member.capacity, _held(agent)
    if held.get(medium, 0) >= capacity.of(medium):
        return False
    others = held.keys() - {medium} - capacity.interruptible
    return capacity.mix or not others


def _held(agent: Agent) -> Mapping[Medium, int]:
    held: dict[Medium, int] = {}
    for work in agent.works.values():
        held[work.medium] = held.get(work.medium, 0) + 1
    return held

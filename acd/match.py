"""Which agent may serve which contact, and how long the contact must have waited for it.

All that depends on time in "may serve" is one number for an agent and a demand: the wait from
which on the agent may serve it. 0 is an exact match; skills that relax, a second queue and a
partner team come later; NEVER is never.
"""

from __future__ import annotations

from acd.config import Centre, Member, Queue
from acd.lines import Demand, Stage
from acd.model import Agent, Medium, QueueId, Seconds
from acd.states import AgentState

NEVER: Seconds = float("inf")


def queue_of(centre: Centre, queue: QueueId) -> Queue:
    """The queue's rules; a queue that is no longer in the rules has those of a new one."""
    return centre.queues.get(queue) or Queue(queue)


def stages_of(skills: tuple[tuple[str, int], ...], queue: Queue) -> list[Stage]:
    """What is asked for, and how that relaxes with time: no stage asks for more than the last.

    A skill that is asked for at level 0 is not asked for.
    """
    asked = {skill: level for skill, level in skills if level}
    stages: list[Stage] = [(0.0, tuple(asked.items()))]
    for step in queue.relax:
        levels = {s: min(level, step.skills.get(s, level)) for s, level in asked.items()}
        eased = {skill: level for skill, level in levels.items() if level}
        if eased != asked:
            asked = eased
            stages.append((step.after, tuple(asked.items())))
    return stages


def wait_needed(agent: Agent, member: Member, demand: Demand, centre: Centre) -> Seconds:
    """From which wait on this agent may serve this demand."""
    after = agent.queues.get(demand.trade.queue, NEVER)
    if demand.partner_after and centre.is_partner(member):
        after = max(after, demand.partner_after)
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
    capacity, works = member.capacity, agent.works.values()
    room = capacity.of(medium)
    if not works:
        return room > 0
    media = [work.medium for work in works]
    if media.count(medium) >= room:
        return False
    return capacity.mix or not set(media) - {medium} - capacity.interruptible


AT_WORK = (AgentState.READY, AgentState.OFFERED, AgentState.TALKING)


def takes_contacts(agent: Agent) -> bool:
    """Whether the agent may get another contact, as far as there is room."""
    leaves = agent.pause_after is not None or agent.log_off_after
    return agent.state in AT_WORK and agent.kept_for is None and not leaves

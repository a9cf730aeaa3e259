"""Which agent may serve which contact, and how long the contact must have waited for it.

All that depends on time in "may serve" is one number for an agent and a demand: the wait from
which on the agent may serve it. 0 is an exact match; skills that relax, a second queue and a
partner team come later; NEVER is never.
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.config import Capacity, Centre, Member, Queue, Skills
from acd.lines import Demand, Levels, Stage, Trade
from acd.model import Agent, AgentId, Medium, QueueId, Seconds
from acd.states import AgentState

NEVER: Seconds = float("inf")
VOICE = Medium.VOICE  # enums are slow to look into on Python 3.11


def queue_of(centre: Centre, queue: QueueId) -> Queue:
    """The queue's rules; a queue that is no longer in the rules has those of a new one."""
    return centre.queues.get(queue) or Queue(queue)


def member_of(centre: Centre, agent: AgentId) -> Member:
    """The agent's skills and capacity; an agent who is no longer in the rules has none."""
    return centre.agents.get(agent) or Member(agent)


def stages_of(skills: Levels, queue: Queue) -> list[Stage]:
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


def trade_after(agent: Agent, trade: Trade, centre: Centre) -> Seconds:
    """From which wait on contacts of this trade come to this agent, if the levels will do."""
    member = member_of(centre, agent.id)
    after = agent.queues.get(trade.queue, NEVER)
    if not member.skills.keys() >= trade.skills:
        return NEVER
    if centre.is_partner(member):
        return max(after, queue_of(centre, trade.queue).partner_after)
    return after


def wait_needed(has: Skills, demand: Demand) -> Seconds:
    """From which wait on these levels are enough for this demand."""
    for after, asked in demand.stages:
        if all(has.get(skill, 0) >= level for skill, level in asked):
            return after
    return NEVER


def suffice(has: Skills, demand: Demand, entered_at: Seconds, now: Seconds) -> bool:
    """Whether these levels are enough by now for a contact of this demand."""
    for after, asked in reversed(demand.stages):
        if entered_at + after <= now:
            for skill, level in asked:  # noqa: SIM110 - at every step of a search: twice as quick
                if has.get(skill, 0) < level:
                    return False
            return True
    return False


def room_for(agent: Agent, member: Member, medium: Medium) -> bool:
    """Whether the agent's capacity leaves room for one more contact of this medium."""
    if not agent.works:
        return member.capacity.of(medium) > 0
    return leaves_room(member.capacity, [work.medium for work in agent.works.values()], medium)


def leaves_room(capacity: Capacity, held: Iterable[Medium], medium: Medium) -> bool:
    """The same for what an agent holds."""
    room = capacity.of(medium)
    for other in held:
        if other is medium:
            room -= 1
        elif not capacity.mix and other not in capacity.interruptible:
            return False
    return room > 0


def can_reach(agent: Agent, medium: Medium, linked: bool, now: Seconds) -> bool:
    """Whether there is a way to the agent: a telephone that can be rung, an open desk for all that
    is written."""
    if medium is not VOICE:
        return agent.desk
    return linked and agent.reachable and agent.rests_until <= now


AT_WORK = (AgentState.READY, AgentState.OFFERED, AgentState.TALKING)


def takes_contacts(agent: Agent) -> bool:
    """Whether the agent may get another contact, as far as there is room."""
    return (
        agent.state in AT_WORK
        and agent.kept_for is None
        and agent.pause_after is None
        and not agent.log_off_after
    )

"""What keeps an idle agent and a waiting contact apart for a while: the hold rules.

Skills that relax later, a second queue and a partner team are one number, the wait that the agent
needs (`match`); a preferred agent has the contact in a line of their own (`floor`). Here: agents
who declined, and agents reserved for a class.
"""

from __future__ import annotations

from acd.config import Skills
from acd.floor import Floor
from acd.lines import Demand, Line
from acd.match import suffice
from acd.model import AgentId, QueueId, Seconds
from acd.states import AgentState


def may_serve_head(
    floor: Floor, line: Line, agent: AgentId, skills: Skills, after: Seconds, now: Seconds
) -> bool:
    """Whether this agent may serve the head of this line, after this wait, with these skills."""
    entered_at = line.head.entered_at
    return (
        entered_at + after <= now
        and suffice(skills, line.demand, entered_at, now)
        and not (line.barred and line.barred.get(agent, 0.0) > now)
        and not (floor.reserves and is_reserved(floor, line.demand, line.class_))
    )


def is_reserved(floor: Floor, demand: Demand, class_: str) -> bool:
    """Whether the queue's free agents must stay free of this class for another one's reserve.

    So many are free or with that other class before others get the rest; but never the last agent
    of a queue, so that no class is shut out.
    """
    reserves = floor.reserves
    return bool(reserves) and any(
        name != class_ and _free_or_with(floor, demand, name) - 1 < _kept(floor, demand, number)
        for name, number in reserves.items()
    )


def _free_or_with(floor: Floor, demand: Demand, class_: str) -> int:
    queue, openings = demand.trade.queue, floor.openings[demand.trade.medium]
    free = sum(queue in floor.agents[id_].queues for id_ in openings.agents)
    return free + sum(o.queue == queue and o.class_ == class_ for o in floor.offers.values())


def _kept(floor: Floor, demand: Demand, number: int) -> int:
    return min(number, _logged_in(floor, demand.trade.queue) - 1)


def _logged_in(floor: Floor, queue: QueueId) -> int:
    agents = floor.agents.values()
    return sum(queue in a.queues and a.state is not AgentState.LOGGED_OFF for a in agents)

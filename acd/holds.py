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
from acd.model import AgentId, Seconds


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
    """Whether the queue's free agents must stay free of this class for another one's reserve."""
    reserves, trade = floor.reserves, demand.trade
    return bool(reserves) and reserves.keep_back(trade.queue, trade.medium, class_)

"""Small centres for tests of the routing engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acd.config import Centre, Class, Member, Queue
from acd.model import AgentId, QueueId


def centre(
    queues: Mapping[QueueId, Queue],
    credits: Mapping[str, float],
    agents: Mapping[AgentId, Sequence[QueueId]],
) -> Centre:
    """A centre of agents without skills, whose classes have nothing but a credit."""
    return Centre(
        queues=queues,
        classes={name: Class(credit=credit) for name, credit in credits.items()},
        agents={id_: Member(id_, dict.fromkeys(its, 0.0)) for id_, its in agents.items()},
    )

"""Whether somebody can do what a step asks for: a contact that nobody may serve waits for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ivr.centre_keys import CentreKeys
from ivr.faults import meant

Able = Mapping[str, Sequence[Mapping[str, int]]]
"""By queue: the skills of each of its agents."""


def able_in(rules: CentreKeys) -> Able:
    """Who can do what in each queue of these rules."""
    agents = rules.agents.values()
    return {name: [one.skills for one in agents if name in one.queues] for name in rules.queues}


def faults_of(
    asked: Mapping[str, int], queue: str | None, known: Able
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What no agent of this queue can do, or of any if the queue is not known: the skill, where it
    is about one, and what is wrong."""
    agents = [has for name, few in known.items() if queue in (None, name) for has in few]
    whose = "no agent of this queue" if queue else "no agent"
    alone = True
    for skill, level in asked.items():
        best = max((has.get(skill, 0) for has in agents), default=0)
        if best < level:
            alone = False
            lack = f"has more than {best}" if best else f"has the skill {skill!r}"
            yield (skill,), f"{whose} {lack}{'' if best else _meant(skill, agents)}"
    if alone and asked and not any(_suffice(has, asked) for has in agents):
        yield (), f"{whose} has all of these; ask for less, or name another queue"


def _suffice(has: Mapping[str, int], asked: Mapping[str, int]) -> bool:
    return all(has.get(skill, 0) >= level for skill, level in asked.items())


def _meant(skill: str, agents: Collection[Mapping[str, int]]) -> str:
    return meant(skill, {name for has in agents for name in has})

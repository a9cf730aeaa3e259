"""What happens to one agent: log in, break, offer, talk, wrap-up. Each move goes by the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from acd.config import Centre, Member
from acd.events import OfferEnd
from acd.model import Agent, Medium, OfferId, OfferMade, Phase, Seconds, Work
from acd.requests import AgentLoggedIn, AgentLoggedOff, AgentPaused, AgentReady
from acd.states import AgentState, ForbiddenMove, after_agent

OFFERED, TALKING, WRAP_UP = AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP
BUSY_STATES = (OFFERED, TALKING)
MAY_NOT_STOP = (OFFERED, TALKING, WRAP_UP)
WRAPS_UP = Phase.WRAP_UP
NO_ANSWER = "no answer"
NO_DISPOSITION = "no disposition"


class WrapUp(NamedTuple):
    """How long wrap-up takes after a talk."""

    usual: Seconds
    limit: Seconds | None = None
    """Until the talk has a disposition it goes on, at most so long; None: it needs none."""


OFFER_OVER_MOVES = {
    OfferEnd.DECLINED: "decline",
    OfferEnd.BUSY: "unreachable",
    OfferEnd.UNREACHABLE: "unreachable",
    OfferEnd.RANG_OUT: "ring out",
    OfferEnd.RELEASED: "released",
}
NEXT_SHIFT: Seconds = 4 * 3600.0
"""Who logs in after so long an absence begins a new day of work; before that it is a lunch."""


# ---------------------------------------------------------------- what people ask for


def log_in(agent: Agent, event: AgentLoggedIn, centre: Centre, now: Seconds) -> None:
    """Log in to the given queues (else those of the centre file), ready at once if asked."""
    unknown = [queue for queue in event.queues if queue not in centre.queues]
    if unknown:
        raise ForbiddenMove(f"there is no queue {unknown[0]}")
    if agent.id not in centre.agents:
        raise ForbiddenMove(f"there is no agent {agent.id} any more")
    away = now - agent.since
    _move(agent, "log in", now)
    if away >= NEXT_SHIFT:
        agent.answered = 0
    own = centre.agents[agent.id].queues
    agent.queues = {id_: own.get(id_, 0.0) for id_ in event.queues} or dict(own)
    agent.reason, agent.pause_after, agent.log_off_after = "", None, False
    if event.ready:
        _become_ready(agent, "ready", now)


def pause(agent: Agent, event: AgentPaused, centre: Centre, now: Seconds) -> None:
    """A break, now or after the talk."""
    if agent.state in BUSY_STATES:
        agent.pause_after = event.reason
    else:
        _pause_now(agent, event.reason, now)


def ready(agent: Agent, event: AgentReady, centre: Centre, now: Seconds) -> None:
    """Back from a break, done with wrap-up, or no break after this talk after all."""
    if agent.state in BUSY_STATES and agent.pause_after is not None:
        agent.pause_after = None
    elif agent.state is AgentState.WRAP_UP:
        if any(work.owes for work in agent.works.values()):
            raise ForbiddenMove(f"the talk of agent {agent.id} needs a disposition first")
        agent.works.clear()
        agent.pause_after = None
        _become_ready(agent, "done", now)
        _take_what_was_asked(agent, now)
    else:
        _become_ready(agent, "ready", now)
        agent.pause_after, agent.log_off_after = None, False


def log_off(agent: Agent, event: AgentLoggedOff, centre: Centre, now: Seconds) -> None:
    """Log off, now or after the talk."""
    if agent.state in BUSY_STATES:
        agent.log_off_after = True
    else:
        _log_off_now(agent, now)


REQUESTS: dict[type, Callable[[Agent, Any, Centre, Seconds], None]] = {
    AgentLoggedIn: log_in,
    AgentPaused: pause,
    AgentReady: ready,
    AgentLoggedOff: log_off,
}

# ---------------------------------------------------------------- what happens to them


def offered(agent: Agent, offer: OfferId, medium: Medium, now: Seconds) -> None:
    _move(agent, "offer", now)
    agent.works[offer] = Work(medium)


def answered(agent: Agent, offer: OfferId, medium: Medium, now: Seconds) -> None:
    """The agent talks. A fact, whatever we thought of the agent before: a wrap-up of the same
    medium ends by it, unless its talk still needs a disposition."""
    if agent.state is not AgentState.TALKING:
        _move(agent, "accept", now)
    agent.works = {
        id_: work for id_, work in agent.works.items()
        if work.medium is not medium or _on(work) or work.owes
    }  # fmt: skip
    agent.works[offer] = Work(medium, Phase.TALKING)
    agent.answered += 1


def offer_over(
    agent: Agent, offer: OfferId, how: OfferEnd, now: Seconds, rest_until: Seconds
) -> None:
    """The offer ended without a talk. Idle time goes on, but for an agent who let it ring."""
    if agent.works.pop(offer, None) is None:
        return
    if how in (OfferEnd.BUSY, OfferEnd.UNREACHABLE):
        agent.rests_until = rest_until
    if agent.state in BUSY_STATES and any(map(_on, agent.works.values())):
        if how is OfferEnd.RANG_OUT and agent.pause_after is None:
            agent.pause_after = NO_ANSWER  # who never answers must not be rung again
        _go_on(agent, now)
    elif agent.state in BUSY_STATES:
        talks = agent.state is AgentState.TALKING
        wraps_up, is_free = ("hang up", "released") if talks else ("wrap up", OFFER_OVER_MOVES[how])
        _move(agent, wraps_up if agent.works else is_free, now)
        if agent.state is AgentState.NOT_READY:
            agent.reason = NO_ANSWER
    _take_what_was_asked(agent, now)


def talk_over(
    agent: Agent, offer: OfferMade, now: Seconds, wrap_up: WrapUp
) -> Mapping[OfferId, Work]:
    """The agent's leg is gone: wrap-up, for this long. Returns what `wrap_up_over` does."""
    work = agent.works.get(offer.id)
    if work is None:
        return {}
    work.phase, work.contact, work.queue = WRAPS_UP, offer.contact, offer.queue
    work.usual_end, work.owes = now + wrap_up.usual, wrap_up.limit is not None
    work.ends_at = now + (wrap_up.usual if wrap_up.limit is None else wrap_up.limit)
    if any(map(_on, agent.works.values())):
        _go_on(agent, now)
    elif agent.state is TALKING:
        _move(agent, "hang up", now)
    elif agent.state is OFFERED:
        _move(agent, "wrap up", now)
    return wrap_up_over(agent, now) if work.ends_at <= now else {}


def wrap_up_over(agent: Agent, now: Seconds) -> Mapping[OfferId, Work]:
    """What was wrapped up by now is done: free again, or on the break that was asked for. Whose
    talk still needs a disposition is not ready; what is over without one is returned."""
    over = {i: w for i, w in agent.works.items() if w.phase is WRAPS_UP and w.ends_at <= now}
    for id_ in over:
        del agent.works[id_]
    undisposed = {id_: work for id_, work in over.items() if work.owes}
    if undisposed and agent.pause_after is None:
        agent.pause_after = NO_DISPOSITION
    if agent.state is WRAP_UP and not agent.works:
        _become_ready(agent, "done", now)
        _take_what_was_asked(agent, now)
    return undisposed


def disposed(agent: Agent, work: Work, now: Seconds, *, ends: bool) -> Mapping[OfferId, Work]:
    """The talk that is wrapped up has its disposition, which may end the wrap-up. Returns what
    `wrap_up_over` does."""
    work.owes = False
    work.ends_at = now if ends else max(now, work.usual_end)
    return wrap_up_over(agent, now) if work.ends_at <= now else {}


def follow(agent: Agent, before: Member | None, centre: Centre) -> None:
    """Queues under new rules: all of the agent's own, or what is left of a choice of them."""
    member = centre.agents.get(agent.id)
    if member and before and agent.queues == before.queues:
        agent.queues = dict(member.queues)
    elif member:
        agent.queues = {id_: member.queues[id_] for id_ in agent.queues if id_ in member.queues}


def _on(work: Work) -> bool:
    return work.phase is not WRAPS_UP


def _go_on(agent: Agent, now: Seconds) -> None:
    talks = any(work.phase is Phase.TALKING for work in agent.works.values())
    _move(agent, "talk on" if talks else "ring on", now)


def _take_what_was_asked(agent: Agent, now: Seconds) -> None:
    if agent.state in MAY_NOT_STOP:
        return
    if agent.log_off_after:
        agent.log_off_after, agent.pause_after = False, None
        _log_off_now(agent, now)
    elif agent.pause_after is not None:
        reason, agent.pause_after = agent.pause_after, None
        _pause_now(agent, reason, now)


def _pause_now(agent: Agent, reason: str, now: Seconds) -> None:
    _move(agent, "pause", now)
    agent.reason = reason
    agent.works.clear()


def _log_off_now(agent: Agent, now: Seconds) -> None:
    _move(agent, "log off", now)
    agent.reason, agent.off_duty = "", False
    agent.works.clear()


def _become_ready(agent: Agent, move: str, now: Seconds) -> None:
    _move(agent, move, now)
    agent.idle_since, agent.reason = now, ""


def _move(agent: Agent, move: str, now: Seconds) -> None:
    state = after_agent(agent.state, move)
    if state is not agent.state:
        agent.since = now
    agent.state = state

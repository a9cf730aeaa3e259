"""What happens to one agent: log in, break, offer, talk, wrap-up. Each move goes by the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.events import AgentLoggedIn, AgentLoggedOff, AgentPaused, AgentReady, OfferEnd
from acd.model import Agent, Centre, OfferId, Seconds
from acd.states import AgentState, ForbiddenMove, after_agent

BUSY_STATES = (AgentState.OFFERED, AgentState.TALKING)

OFFER_OVER_MOVES = {
    OfferEnd.DECLINED: "decline",
    OfferEnd.BUSY: "unreachable",
    OfferEnd.UNREACHABLE: "unreachable",
    OfferEnd.RANG_OUT: "ring out",
    OfferEnd.RELEASED: "released",
}


# ---------------------------------------------------------------- what people ask for


def log_in(agent: Agent, event: AgentLoggedIn, centre: Centre, now: Seconds) -> None:
    """Log in to the given queues (else those of the centre file), ready at once if asked."""
    unknown = [queue for queue in event.queues if queue not in centre.queues]
    if unknown:
        raise ForbiddenMove(f"there is no queue {unknown[0]}")
    _move(agent, "log in", now)
    agent.queues = event.queues or centre.agents[agent.id]
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
        wrap_up_over(agent, now)
    else:
        _become_ready(agent, "ready", now)


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


def offered(agent: Agent, offer: OfferId, now: Seconds) -> None:
    _move(agent, "offer", now)
    agent.offer = offer


def answered(agent: Agent, offer: OfferId, now: Seconds) -> None:
    """The agent talks. A fact, whatever we thought of the agent before."""
    if agent.state is not AgentState.TALKING:
        _move(agent, "accept", now)
    agent.offer, agent.wrap_up_ends = offer, None


def offer_over(
    agent: Agent, offer: OfferId, how: OfferEnd, now: Seconds, rest_until: Seconds
) -> None:
    """The offer ended without a talk. Idle time goes on, but for an agent who let it ring."""
    if agent.offer != offer:
        return
    agent.offer = None
    if how in (OfferEnd.BUSY, OfferEnd.UNREACHABLE):
        agent.rests_until = rest_until
    if agent.state in BUSY_STATES:
        move = "released" if agent.state is AgentState.TALKING else OFFER_OVER_MOVES[how]
        _move(agent, move, now)
    if agent.state is AgentState.NOT_READY:
        agent.reason = "no answer"
    _take_what_was_asked(agent, now)


def talk_over(agent: Agent, offer: OfferId, now: Seconds, wrap_up_seconds: Seconds) -> None:
    """The agent's leg is gone: wrap-up, for this long."""
    if agent.offer != offer:
        return
    agent.offer = None
    _move(agent, "hang up", now)
    agent.wrap_up_ends = now + wrap_up_seconds


def wrap_up_over(agent: Agent, now: Seconds) -> None:
    """Free again, or on the break that was asked for during the talk."""
    agent.wrap_up_ends = None
    _become_ready(agent, "done", now)
    _take_what_was_asked(agent, now)


def _take_what_was_asked(agent: Agent, now: Seconds) -> None:
    if agent.log_off_after:
        agent.log_off_after, agent.pause_after = False, None
        _log_off_now(agent, now)
    elif agent.pause_after is not None:
        reason, agent.pause_after = agent.pause_after, None
        _pause_now(agent, reason, now)


def _pause_now(agent: Agent, reason: str, now: Seconds) -> None:
    _move(agent, "pause", now)
    agent.reason, agent.wrap_up_ends = reason, None


def _log_off_now(agent: Agent, now: Seconds) -> None:
    _move(agent, "log off", now)
    agent.reason, agent.wrap_up_ends = "", None


def _become_ready(agent: Agent, move: str, now: Seconds) -> None:
    _move(agent, move, now)
    agent.idle_since, agent.reason = now, ""


def _move(agent: Agent, move: str, now: Seconds) -> None:
    agent.state = after_agent(agent.state, move)
    agent.since = now

"""The states of agents and contacts, as tables. What is not in the table is refused.

`docs/states.md` is drawn from these tables; a test compares the two.
"""

from __future__ import annotations

from enum import StrEnum


class ForbiddenMove(Exception):
    """A move that the table does not allow. Nothing has changed."""


class AgentState(StrEnum):
    """Where an agent stands; exactly one at a time."""

    LOGGED_OFF = "logged off"
    NOT_READY = "not ready"
    READY = "ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap-up"


class ContactState(StrEnum):
    """Where a contact stands; exactly one at a time."""

    ARRIVING = "arriving"  # recorded, not yet in the waiting loop
    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"  # on hold: with the agent, hearing music
    PARKED = "parked"  # cannot be reached just now: skipped, key kept
    AFTER = "after"  # the agent's leg has ended; the caller's dialplan decides what comes next
    ENDED = "ended"


A, C = AgentState, ContactState

AGENT_MOVES: dict[tuple[AgentState, str], AgentState] = {
    (A.LOGGED_OFF, "log in"): A.NOT_READY,
    (A.NOT_READY, "ready"): A.READY,
    (A.NOT_READY, "accept"): A.TALKING,  # a talk that was learned late is a fact
    (A.LOGGED_OFF, "accept"): A.TALKING,
    (A.READY, "accept"): A.TALKING,
    (A.WRAP_UP, "accept"): A.TALKING,
    (A.NOT_READY, "pause"): A.NOT_READY,
    (A.NOT_READY, "log off"): A.LOGGED_OFF,
    (A.READY, "pause"): A.NOT_READY,
    (A.READY, "log off"): A.LOGGED_OFF,
    (A.READY, "offer"): A.OFFERED,
    (A.OFFERED, "offer"): A.OFFERED,  # another contact, as far as the capacity goes
    (A.TALKING, "offer"): A.TALKING,
    (A.OFFERED, "ring on"): A.OFFERED,  # one contact is over, another still rings
    (A.TALKING, "ring on"): A.OFFERED,
    (A.OFFERED, "talk on"): A.TALKING,  # one contact is over, with another the agent still talks
    (A.TALKING, "talk on"): A.TALKING,
    (
        A.OFFERED,
        "wrap up",
    ): A.WRAP_UP,  # an earlier contact still wants its wrap-up
    (A.OFFERED, "accept"): A.TALKING,
    (A.OFFERED, "released"): A.READY,  # the offer was withdrawn, or the caller left
    (A.OFFERED, "decline"): A.READY,
    (A.OFFERED, "ring out"): A.NOT_READY,  # who never answers must not be rung again
    (A.OFFERED, "unreachable"): A.READY,  # the phone is at fault: `reachable` keeps it from offers
    (A.TALKING, "hang up"): A.WRAP_UP,
    (A.TALKING, "released"): A.READY,  # answered, but the caller never came to the bridge
    (A.WRAP_UP, "done"): A.READY,
    (A.WRAP_UP, "pause"): A.NOT_READY,
    (A.WRAP_UP, "log off"): A.LOGGED_OFF,
}

CONTACT_MOVES: dict[tuple[ContactState, str], ContactState] = {
    (C.ARRIVING, "reach"): C.WAITING,
    (C.WAITING, "offer"): C.RINGING,
    (C.RINGING, "offer over"): C.WAITING,
    (C.RINGING, "answer"): C.TALKING,
    (C.WAITING, "answer"): C.TALKING,  # a claim that was learned late: the talk is a fact
    (C.TALKING, "hold"): C.HELD,
    (C.HELD, "resume"): C.TALKING,
    (C.HELD, "leg ended"): C.AFTER,
    (C.HELD, "back"): C.WAITING,
    (C.HELD, "leave"): C.ENDED,
    (C.ARRIVING, "park"): C.PARKED,  # asked to be called back instead of waiting
    (C.WAITING, "park"): C.PARKED,
    (C.RINGING, "park"): C.PARKED,  # the offer is withdrawn
    (C.PARKED, "park"): C.PARKED,  # for as long as a promise says, instead of a dialogue
    (C.TALKING, "park"): C.PARKED,  # the agent was there, the customer who was called was not
    (C.AFTER, "park"): C.PARKED,
    (C.PARKED, "transfer"): C.PARKED,
    (C.PARKED, "reach"): C.WAITING,
    (C.PARKED, "ring on"): C.RINGING,  # there again before the end of the old leg was confirmed
    (C.PARKED, "answer"): C.TALKING,  # the phone that rang when it was parked has won
    (C.PARKED, "leave"): C.ENDED,
    (C.WAITING, "transfer"): C.WAITING,  # to another queue, with the same key
    (C.TALKING, "transfer"): C.WAITING,
    (C.HELD, "transfer"): C.WAITING,
    (C.AFTER, "transfer"): C.WAITING,
    (C.TALKING, "leg ended"): C.AFTER,
    (C.TALKING, "back"): C.WAITING,
    (C.AFTER, "back"): C.WAITING,
    (C.AFTER, "answer"): C.TALKING,  # handed on, and the other agent has answered
    (C.ARRIVING, "leave"): C.ENDED,
    (C.WAITING, "leave"): C.ENDED,
    (C.RINGING, "leave"): C.ENDED,
    (C.TALKING, "leave"): C.ENDED,
    (C.AFTER, "leave"): C.ENDED,
}


def after_agent(state: AgentState, move: str) -> AgentState:
    """The agent's next state, or `ForbiddenMove` naming move and state."""
    try:
        return AGENT_MOVES[state, move]
    except KeyError:
        raise ForbiddenMove(f"an agent who is {state} cannot {move}") from None


def after_contact(state: ContactState, move: str) -> ContactState:
    """The contact's next state, or `ForbiddenMove` naming move and state."""
    try:
        return CONTACT_MOVES[state, move]
    except KeyError:
        raise ForbiddenMove(f"a contact that is {state} cannot {move}") from None

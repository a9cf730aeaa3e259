"""Draws docs/states.md from the tables of states: `.hotline/venv/bin/python -m docs.draw_states`.

The tables are the rule (`acd/states.py`, `ivr/callback_states.py`, `ivr/tickets/life.py`,
`ivr/passes.py`); this page only shows them. A test compares the page with the tables, and asks for
a sentence about every state and every move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from acd.offers import DECLINE_REST, PHONE_REST
from acd.states import AGENT_MOVES, CONTACT_MOVES, AgentState, ContactState
from ivr.callback_states import CALLBACK_MOVES, CallbackState
from ivr.chats import STANDS
from ivr.passes import AFTER_SECONDS, CODE_SECONDS, PASS_MOVES, PassState
from ivr.tickets.life import JOIN_SECONDS, TICKET_MOVES, TicketState

PAGE = Path(__file__).with_name("states.md")

HEAD = """\
# States

Drawn from the tables in `acd/states.py`, `ivr/callback_states.py`, `ivr/tickets/life.py` and
`ivr/passes.py` by `docs/draw_states.py`; do not edit this page by hand. A move that is not in a
table is refused and changes nothing.
"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One table of states, and what people should know about it."""

    title: str
    about: str
    start: StrEnum
    moves: Mapping[Any, StrEnum]
    states: Mapping[StrEnum, str]
    causes: Mapping[str, str]
    end: StrEnum | None = None

    def text(self) -> str:
        """The section of the page: a diagram, the states, the moves."""
        return "\n\n".join(
            (f"## {self.title}", self.about, self._diagram(), self._states(), self._moves())
        )

    def _diagram(self) -> str:
        lines = [f"    {_id(state)} : {state}" for state in self.states]
        lines.append(f"    [*] --> {_id(self.start)}")
        lines += [f"    {_id(a)} --> {_id(b)} : {move}" for (a, move), b in self.moves.items()]
        if self.end:
            lines.append(f"    {_id(self.end)} --> [*]")
        return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])

    def _states(self) -> str:
        rows = [f"| {state} | {what} |" for state, what in self.states.items()]
        return "\n".join(["| state | meaning |", "| --- | --- |", *rows])

    def _moves(self) -> str:
        found: dict[tuple[str, str], list[str]] = {}
        for (before, move), after in self.moves.items():
            found.setdefault((move, after), []).append(before)
        rows = [
            f"| {move} | {', '.join(before)} | {after} | {self.causes[move]} |"
            for (move, after), before in found.items()
        ]
        return "\n".join(
            ["| move | from | to | what causes it |", "| --- | --- | --- | --- |", *rows]
        )


def _id(state: StrEnum) -> str:
    return state.replace(" ", "_").replace("-", "_")


AGENT = Drawing(
    title="Agent",
    about=(
        "Exactly one state at a time. Beside it stands whether the agent's phone can be rung:\n"
        "an agent who is ready, but whose phone is not registered or is in another call, is\n"
        "offered no calls. And whether the agent's page, the desk, is open: chats are offered\n"
        "only there, also while the telephone side cannot be commanded."
    ),
    start=AgentState.LOGGED_OFF,
    moves=AGENT_MOVES,
    states={
        AgentState.LOGGED_OFF: "Away.",
        AgentState.NOT_READY: "Here, but taking nothing: a break, or after a call rang unanswered.",
        AgentState.READY: "Waiting for a contact; whoever has been ready longest is next.",
        AgentState.OFFERED: "A contact rings at the agent's phone.",
        AgentState.TALKING: "Connected with a customer.",
        AgentState.WRAP_UP: "Finishing notes after a talk; ready again when the time is over.",
    },
    causes={
        "log in": "The agent, or a supervisor for them.",
        "ready": "The agent: back from a break, or logged in to work at once.",
        "pause": "The agent asks for a break; asked for during a talk, it begins after the talk.",
        "log off": "The agent; asked for during a talk, it happens after the talk.",
        "offer": "The engine: this contact is the first that this agent may serve.",
        "accept": (
            "The agent picked up and the gate let the leg pass. From any other state than offered:"
            " the talk was learned late, and is a fact."
        ),
        "released": (
            "The offer was withdrawn, or the caller left, or answered but the caller never came to"
            " the bridge. Idle time goes on."
        ),
        "decline": (
            "The agent pressed reject; this contact is not offered to them again for"
            f" {DECLINE_REST:g} s."
        ),
        "ring out": "Nobody picked up in time: such an agent is not rung again before `ready`.",
        "unreachable": (
            "The phone was busy or out of reach; the agent is offered no calls for"
            f" {PHONE_REST:g} s."
        ),
        "hang up": "The agent's leg ended, whoever hung up.",
        "ring on": "One of several contacts is over; another still rings.",
        "talk on": "One of several contacts is over; with another the agent still talks.",
        "wrap up": "The offer is over, and an earlier contact still wants its wrap-up.",
        "done": "The wrap-up time is over, or the agent ended it before.",
    },
)  # fmt: skip

CONTACT = Drawing(
    title="Contact",
    about=(
        "From the moment a customer asks for a person. The order key is given with the first\n"
        "state and stays the same whatever happens here."
    ),
    start=ContactState.ARRIVING,
    moves=CONTACT_MOVES,
    states={
        ContactState.ARRIVING: "Recorded, with its key; not yet in the waiting loop.",
        ContactState.WAITING: "Waits with music and announcements; may be offered.",
        ContactState.RINGING: "Waits on, while it rings at one agent.",
        ContactState.TALKING: "Connected with an agent.",
        ContactState.HELD: "With an agent, who has put the caller on hold.",
        ContactState.PARKED: (
            "The customer cannot be reached just now, or asked to be called back: skipped in the"
            " order, key kept."
        ),
        ContactState.AFTER: "The agent's leg has ended; the dialplan decides what comes next.",
        ContactState.ENDED: "Over: served, abandoned, left, lost or expired.",
    },
    causes={
        "reach": "The dialplan reports the caller from the waiting loop; or a callback is due.",
        "park": (
            "The customer cannot be reached, asked to be called back, or talks with the flow; an"
            " offer that rings is withdrawn."
        ),
        "ring on": "Reachable again before the end of the withdrawn offer was confirmed.",
        "hold": "The agent put the caller on hold.",
        "resume": "The agent speaks with the caller again, or whoever takes the contact over does.",
        "transfer": "The contact goes to another queue, with the same key.",
        "offer": "The engine rings an agent for it.",
        "offer over": "Declined, rung out, busy, out of reach or withdrawn: it keeps its key.",
        "answer": (
            "The agent's leg passed the gate. From waiting or parked: learned late, or a fallback"
            " phone took the caller. From after: another agent, to whom it was handed on."
        ),
        "leg ended": "The agent's leg is gone.",
        "back": (
            "The talk ended in a way that the agent did not ask for, or nobody took what was handed"
            " on: it waits again, same key."
        ),
        "leave": "The caller's channel is gone.",
    },
    end=ContactState.ENDED,
)

TICKET = Drawing(
    title="Ticket",
    about="The work that outlives the contact.",
    start=TicketState.OPEN,
    moves=TICKET_MOVES,
    states={
        TicketState.OPEN: (
            "There is work left. A further call of the same number joins it until"
            f" {JOIN_SECONDS / 3600:g} hours after its opening."
        ),
        TicketState.CLOSED: "The work is done; the customer's next call opens a new ticket.",
    },
    causes={
        "close": "An operator, by the API.",
        "reopen": "An operator, by the API; never a call.",
    },
)

CALLBACK = Drawing(
    title="Callback",
    about=(
        "A promise to call somebody back. Its contact has states of its own; from `kept` on they"
        " alone count: the customer waits or talks like any other."
    ),
    start=CallbackState.PROMISED,
    moves=CALLBACK_MOVES,
    states={
        CallbackState.PROMISED: "Waits for its time: the plan's minutes, the hours, a free line.",
        CallbackState.DUE: "Agent first: in line, to be offered by its key.",
        CallbackState.DIALLING: "The customer's telephone rings, or is about to.",
        CallbackState.ASKED: "Picked up; whoever it is has been asked to press 1.",
        CallbackState.KEPT: "A person is on the line, or has called in and was talked to.",
        CallbackState.GIVEN_UP: "Nobody was reached in all attempts, or it was too old.",
        CallbackState.CANCELLED: "Somebody of the house ended it.",
    },
    causes={
        "come due": "Its time has come, the hours are open, and it may be dialled.",
        "put off": (
            "Out of the line again: quiet hours began, the customer called, the dialling rules"
            " refuse, the agent hung up first; or somebody wants it tried at once."
        ),
        "dial": "Agent first: an agent has accepted. Customer first: an agent is about to be free.",
        "answer": "Somebody or something has picked up.",
        "confirm": "The key was pressed. From dialling: learned late.",
        "fail": "Busy, no answer, no key, hung up, no trunk, or nobody can say: the plan goes on.",
        "give up": "That was the last attempt, or it is too old.",
        "call in": "The customer was quicker, or waits after all.",
        "cancel": "Somebody of the house; not once it has been picked up.",
    },
)

PASS = Drawing(
    title="Pass",
    about=(
        "What carries a contact's place into another channel. All passes of a contact close with\n"
        "the first that is redeemed; a new one can be made afterwards."
    ),
    start=PassState.OPEN,
    moves=PASS_MOVES,
    states={
        PassState.OPEN: "May be redeemed, once, in its own channel.",
        PassState.REDEEMED: "The contact goes on there.",
        PassState.VOID: "Another pass has taken its place.",
        PassState.EXPIRED: "Its time is over.",
    },
    causes={
        "redeem": "Who holds it has asked for it, by its secret; looking at it moves nothing.",
        "void": "Another pass of the contact was redeemed; for a code: a newer one was made.",
        "expire": (
            f"A code is older than {CODE_SECONDS / 60:g} minutes; the contact left more than"
            f" {AFTER_SECONDS / 60:g} minutes ago; or it is over."
        ),
    },
)

DRAWINGS = (AGENT, CONTACT, CALLBACK, TICKET, PASS)

CHAT = """\
## Chat

A chat has no states of its own: it is a contact whose channel is `chat`, and its customer's page is
told where the contact stands, in fewer words. A contact that goes on in another channel is a chat
that is over (`ivr/chats.py`).

| the contact is | the chat is |
| --- | --- |
"""


def _chat() -> str:
    return CHAT + "\n".join(f"| {contact} | {chat} |" for contact, chat in STANDS.items())


def page() -> str:
    """The whole page."""
    drawn = [HEAD.strip(), *(drawing.text() for drawing in DRAWINGS), _chat()]
    return "\n\n".join(drawn) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

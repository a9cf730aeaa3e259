"""What Asterisk says of the state of an agent's telephone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping

from acd.events import PhoneChanged
from acd.model import AgentId

REACHABLE_STATES = frozenset({"NOT_INUSE", "RINGING", "INUSE", "BUSY", "RINGINUSE", "ONHOLD"})
OWN_CALL_STATES = frozenset({"INUSE", "BUSY", "ONHOLD"})


class PhoneStates:
    """The telephones of the house as they were last told of."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        """Asterisk's word for each, by the account's name."""
        self.agent_at: Callable[[str], AgentId | None] = AgentId
        """Who is rung at a telephone; None: its own agent sits elsewhere."""

    def reachable(self, phone: str) -> bool:
        """Whether it can be rung, as far as is known."""
        state = self.known.get(phone, "")
        return state in REACHABLE_STATES and state not in OWN_CALL_STATES

    def changed(
        self, event: Mapping[str, str], with_legs: Container[AgentId]
    ) -> PhoneChanged | None:
        """What a telephone's new state means, if it is one. `with_legs`: agents whom we ring or
        have talk ourselves; any other who is in a call has one of their own, and is not rung."""
        technology, _, name = event.get("Device", "").partition("/")
        if technology != "PJSIP":
            return None
        agent, state = self.agent_at(name), event.get("State", "")
        self.known[name] = state
        if agent is None:
            return None
        own_call = state in OWN_CALL_STATES and agent not in with_legs
        return PhoneChanged(agent, state in REACHABLE_STATES and not own_call)

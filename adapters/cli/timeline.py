"""The live timeline: what the API's events say, as lines for people and as a state of the stage.

`Scene` only listens; it knows nothing of how the calls were made. `stage_view` draws it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.cli.demo_words import Words

LiveEvent = Mapping[str, Any]
LINES_KEPT = 40

OFFER_ENDS = {"declined": "ready", "busy": "ready", "unreachable": "ready", "rang out": "not ready",
              "released": "ready"}  # fmt: skip
"""How an offer ended, and the agent's state after it."""
STEPS = dict.fromkeys("0123456789*#", "pressed") | {"silence": "silent"}
"""What the outcome of a step of the menu says of the caller."""


def moment(event: LiveEvent) -> float:
    """When it happened: UTC seconds."""
    return datetime.fromisoformat(event["at"]).timestamp()


@dataclass(slots=True)
class CallerSeen:
    """A caller as the events tell of them."""

    number: int
    state: str = "menu"
    agent: str = ""
    entered_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    how: str = ""

    def waited(self, now: float) -> float:
        """Seconds in line up to the answer, the end, or now."""
        until = self.answered_at or self.ended_at or now
        return max(0.0, until - self.entered_at) if self.entered_at else 0.0


@dataclass(slots=True)
class AgentSeen:
    """An agent as the events tell of them."""

    state: str = "logged off"
    since: float = 0.0
    caller: int = 0


@dataclass(slots=True)
class Scene:
    """Everybody on the stage. Give it the events in their order."""

    words: Words
    wrap_up: float = 0.0
    """The end of wrap-up is no event; it comes after so many seconds."""
    callers: dict[str, CallerSeen] = field(default_factory=dict)
    agents: dict[str, AgentSeen] = field(default_factory=dict)
    lines: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    began: float = 0.0

    def take(self, event: LiveEvent) -> str | None:
        """Apply an event; the line that tells people of it, if any."""
        at, data = moment(event), event["data"]
        self.began = self.began or at
        caller = self._caller_of(event)
        if caller is None:
            self._agent_event(event["kind"], str(event["who"]), data, at)
            return None
        name, agent = self._call_event(event["kind"], caller, data, at)
        if not name:
            return None
        line = self.words(
            name, caller=self.caller_name(caller.number), agent=self.agent_name(agent),
            s=f"{caller.waited(at):.0f}", key=data.get("outcome"), dialled=data.get("dialled"),
        )  # fmt: skip
        self.lines.append((at, line))
        return line

    def caller_name(self, number: int) -> str:
        return self.words("caller", n=number)

    def agent_name(self, agent: str) -> str:
        return self.words("agent", n=agent.rpartition("-")[2])

    def over(self, calls: int) -> bool:
        """Whether so many calls have come and all of them are over."""
        return len(self.callers) >= calls and all(c.ended_at for c in self.callers.values())

    def agent_state(self, agent: AgentSeen, now: float) -> str:
        done = agent.state == "wrap-up" and now - agent.since >= self.wrap_up
        return "ready" if done else agent.state

    def _caller_of(self, event: LiveEvent) -> CallerSeen | None:
        contact = event.get("contact")
        if not contact:
            return None
        if contact not in self.callers:
            self.callers[contact] = CallerSeen(len(self.callers) + 1)
        return self.callers[contact]

    def _call_event(
        self, kind: str, caller: CallerSeen, data: Mapping[str, Any], at: float
    ) -> tuple[str, str]:
        """Change caller and agent; the name of the line to tell, and the agent it is about."""
        agent = str(data.get("agent") or caller.agent)
        match kind:
            case "call_started" | "said":
                return kind, agent
            case "step_taken":
                return STEPS.get(str(data.get("outcome")), ""), agent
            case "arrived" if caller.entered_at is None:
                caller.state, caller.entered_at = "arriving", at
            case "arrived" | "reached":  # told again, and again, once the caller is in line
                caller.state = "waiting" if caller.state == "arriving" else caller.state
                return "", agent
            case "returned":
                caller.state, caller.answered_at = "waiting", None
            case "offered":
                caller.state, caller.agent = "ringing", agent
                self._move(agent, "offered", at, caller.number)
                return "offer made", agent
            case "offer_ended":
                return self._offer_ended(caller, str(data.get("how")), at), agent
            case "offer_answered":
                caller.state, caller.answered_at = "talking", caller.answered_at or at
                self._move(agent, "busy", at, caller.number)
            case "leg_ended":
                caller.state = "after"
                self._move(agent, "wrap-up", at, caller.number)
            case "contact_ended":
                caller.state, caller.ended_at = str(data.get("how")), at
                caller.how = caller.state
                return caller.how if caller.how != "served" else "", agent
            case "call_ended" if caller.ended_at is None and caller.entered_at is None:
                caller.state = caller.how = "left"
                caller.ended_at = at
                return "left", agent
            case _:
                return "", agent
        return kind, agent

    def _offer_ended(self, caller: CallerSeen, how: str, at: float) -> str:
        self._move(caller.agent, OFFER_ENDS.get(how, "ready"), at, 0)
        if caller.state == "ringing":
            caller.state = "waiting"
        return "busy phone" if how == "busy" else how

    def _agent_event(self, kind: str, who: str, data: Mapping[str, Any], at: float) -> None:
        if kind == "agent_logged_in":
            self._move(who, "ready" if data.get("ready", True) else "not ready", at, 0)
        elif kind in ("agent_ready", "agent_paused", "agent_logged_off"):
            state = kind.removeprefix("agent_").replace("paused", "not ready")
            self._move(who, state.replace("_", " "), at, 0)

    def _move(self, agent: str, state: str, at: float, caller: int) -> None:
        self.agents[agent] = AgentSeen(state, at, caller)

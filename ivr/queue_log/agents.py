"""The agents' lines of a `queue_log`: who serves which queue, and who is on a break."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acd.agents import NO_DISPOSITION
from acd.model import Seconds
from ivr.queue_log.line import NOBODY, Line

AUTO_PAUSE = "Auto-Pause"


class AgentLines:
    """Told record by record; lines go to `out`."""

    def __init__(self, queues_of: Mapping[str, Sequence[str]], out: Callable[[Line], None]) -> None:
        self._queues_of = queues_of
        self._put = out
        self._agents: dict[str, tuple[str, ...]] = {}
        self._paused: set[str] = set()

    def plain(self) -> dict[str, Any]:
        """Who is logged in, and on a break; for `load`."""
        agents = {agent: list(queues) for agent, queues in self._agents.items()}
        return {"agents": agents, "paused": sorted(self._paused)}

    def load(self, plain: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._agents = {agent: tuple(queues) for agent, queues in plain["agents"].items()}
        self._paused = set(plain["paused"])

    def take(self, kind: str, at: Seconds, data: Mapping[str, Any]) -> bool:
        """Whether a record of this kind is about agents."""
        rule = _RULES.get(kind)
        if rule:
            rule(self, at, data)
        return rule is not None

    def rang_out(self, agent: str, at: Seconds) -> None:
        """The house offers nothing more to who did not answer, until they are ready again."""
        self._pause(at, {"agent": agent, "reason": AUTO_PAUSE})

    def _started(self, at: Seconds, data: Mapping[str, Any]) -> None:
        self._put(Line(at, NOBODY, NOBODY, NOBODY, "QUEUESTART"))

    def _log_in(self, at: Seconds, data: Mapping[str, Any]) -> None:
        agent = str(data["agent"])
        ready = data.get("ready", True)
        before = self._agents.get(agent, ())
        queues = tuple(data.get("queues") or self._queues_of.get(agent, ()))
        self._agents[agent] = queues
        told = () if ready else ("PAUSED",)
        self._each(at, agent, "ADDMEMBER", told, [q for q in queues if q not in before])
        self._each(at, agent, "REMOVEMEMBER", (), [q for q in before if q not in queues])
        (self._paused.discard if ready else self._paused.add)(agent)

    def _pause(self, at: Seconds, data: Mapping[str, Any]) -> None:
        agent = str(data["agent"])
        self._each(at, agent, "PAUSE", (str(data.get("reason", "")),), self._own(agent))
        self._paused.add(agent)

    def _ready(self, at: Seconds, data: Mapping[str, Any]) -> None:
        agent = str(data["agent"])
        if agent in self._paused:  # else it ended a wrap-up
            self._each(at, agent, "UNPAUSE", ("",), self._own(agent))
            self._paused.discard(agent)

    def _log_off(self, at: Seconds, data: Mapping[str, Any]) -> None:
        agent = str(data["agent"])
        self._each(at, agent, "REMOVEMEMBER", (), self._own(agent))
        self._agents.pop(agent, None)
        self._paused.discard(agent)

    def _disposed(self, at: Seconds, data: Mapping[str, Any]) -> None:
        """Not in Asterisk's own files; reporting tools take such a line for a talk's code."""
        call, queue, agent = (str(data[name]) for name in ("contact", "queue", "agent"))
        self._put(Line(at, call, queue, agent, "CALLSTATUS", (str(data["code"]),)))

    def _undisposed(self, at: Seconds, data: Mapping[str, Any]) -> None:
        """Not ready until they say so; who has taken a break or gone home was told of before."""
        agent = str(data["agent"])
        if agent in self._agents and agent not in self._paused:
            self._pause(at, {"agent": agent, "reason": NO_DISPOSITION})

    def _own(self, agent: str) -> Sequence[str]:
        return self._agents.get(agent) or self._queues_of.get(agent, ())

    def _each(
        self, at: Seconds, agent: str, event: str, data: tuple[str, ...], queues: Sequence[str]
    ) -> None:
        for queue in queues:
            self._put(Line(at, NOBODY, queue, agent, event, data))


_RULES: dict[str, Callable[[AgentLines, Seconds, Mapping[str, Any]], None]] = {
    "Started": AgentLines._started,
    "AgentLoggedIn": AgentLines._log_in,
    "AgentPaused": AgentLines._pause,
    "AgentReady": AgentLines._ready,
    "AgentLoggedOff": AgentLines._log_off,
    "Disposed": AgentLines._disposed,
    "DispositionMissing": AgentLines._undisposed,
}

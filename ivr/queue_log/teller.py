"""Records in, lines out; and all that is open in between, as plain data, so that another process
goes on where one has stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ivr.ports import Record
from ivr.queue_log.agents import AgentLines
from ivr.queue_log.calls import CallLines
from ivr.queue_log.line import FromEventLog, Line

RULES_CHANGED = "RulesChanged"
STORY = (
    "Started", "CallStarted", "Arrived", "Reached", "Returned", "TakenByFallback", "Moved",
    "Parked", "Transferred", "TransferCompleted", "TakenOver", "Overflowed", "Offered", "Withdrawn",
    "OfferAnswered", "OfferEnded", "LegEnded", "ContactEnded", "CallEnded", "AgentLoggedIn",
    "AgentPaused", "AgentReady", "AgentLoggedOff", "Disposed", "DispositionMissing", RULES_CHANGED,
)  # fmt: skip
"""The kinds of record that lines are made of."""


class Teller:
    """Told record by record, in the order of the journal."""

    def __init__(self, queues_of: Mapping[str, Sequence[str]], told: FromEventLog) -> None:
        """`queues_of`: an agent's queues by the rules, for log-ins that name none."""
        self._lines: list[Line] = []
        self._queues_of = {agent: tuple(queues) for agent, queues in queues_of.items()}
        self._agents = AgentLines(self._queues_of, self._lines.append)
        self._calls = CallLines(told, self._lines.append, self._agents.rang_out)

    def take(self, record: Record) -> list[Line]:
        """The lines that follow from this record."""
        if record.kind == RULES_CHANGED:
            self._go_by(record.data["rules"])
        elif not self._agents.take(record.kind, record.at, record.data):
            self._calls.take(record)
        lines = self._lines.copy()
        self._lines.clear()
        return lines

    def plain(self) -> dict[str, Any]:
        """All that is open, for `load`."""
        return {
            "queues_of": {agent: list(queues) for agent, queues in self._queues_of.items()},
            "agents": self._agents.plain(),
            "calls": self._calls.plain(),
        }

    def load(self, plain: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._queues_of.clear()
        self._queues_of.update({a: tuple(queues) for a, queues in plain["queues_of"].items()})
        self._agents.load(plain["agents"])
        self._calls.load(plain["calls"])

    def _go_by(self, rules: Mapping[str, Any]) -> None:
        agents = rules.get("agents", {})
        self._queues_of.clear()
        self._queues_of.update({a: tuple(entry.get("queues", ())) for a, entry in agents.items()})

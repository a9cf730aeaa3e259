"""What the engine has decided, as the journal keeps it. Pure."""

from __future__ import annotations

from acd.commands import Command, Offer, Overflow, Undisposed, Withdraw
from acd.engine import Engine
from acd.model import Seconds
from ivr.ports import Record


def record_of(engine: Engine, command: Command, now: Seconds) -> Record:
    """The record of one decision, made now."""
    if isinstance(command, Offer):
        waited = now - engine.contacts[command.contact].entered_at
        data = {
            "offer": command.offer,
            "agent": command.agent,
            "waited": round(waited, 3),
            "rule": command.rule,
        }
        return Record(now, "Offered", data, command.contact)
    if isinstance(command, Withdraw):
        data = {"offer": command.offer, "agent": command.agent, "reason": command.reason}
        return Record(now, "Withdrawn", data, command.contact)
    if isinstance(command, Overflow):
        return Record(now, "Overflowed", {"to": command.to, "why": command.why}, command.contact)
    if isinstance(command, Undisposed):
        data = {"agent": command.agent, "offer": command.offer, "queue": command.queue}
        return Record(now, "DispositionMissing", data, command.contact)
    return Record(now, "ContactEnded", {"how": command.how}, command.contact)

"""What the engine is told of what contacts reach agents by: trunks, links, telephones, desks.

`acd.events` has them, too: whoever needs an event looks there.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import AgentId


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """Whether the telephone side can be commanded. Without it nothing is offered, but for chats at
    desks that are told of (`Started`)."""

    up: bool


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """Whether an agent's phone can be rung."""

    agent: AgentId
    reachable: bool


@dataclass(frozen=True, slots=True)
class DeskChanged:
    """Whether an agent's page is open, on which chats are offered and served."""

    agent: AgentId
    open: bool


@dataclass(frozen=True, slots=True)
class TrunksChanged:
    """Whether every trunk that takes calls has all its channels in use. Until somebody tells
    otherwise none is."""

    busy: bool

"""The engine's whole state as plain data and back: a restart need not replay all history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from acd.engine import Engine
from acd.model import Agent, Centre, Contact, OfferMade
from acd.states import AgentState, ContactState

SNAPSHOT_VERSION = 1


def dump(engine: Engine) -> dict[str, Any]:
    """Plain data (JSON) that `load` understands."""
    return {
        "epoch": engine.epoch,
        "seq": engine.seq,
        "link_up": engine.link_up,
        "contacts": [asdict(contact) for contact in engine.contacts.values()],
        "offers": [asdict(offer) for offer in engine.offers.values()],
        "agents": [asdict(agent) for agent in engine.agents.values()],
        "ended": dict(engine.ended),
    }


def load(centre: Centre, state: Mapping[str, Any]) -> Engine:
    """An engine with this state under today's rules.

    Agents who are no longer in the centre file stay only while an offer holds them.
    """
    engine = Engine(centre)
    engine.epoch, engine.seq, engine.link_up = state["epoch"], state["seq"], state["link_up"]
    engine.ended = dict(state["ended"])
    for plain in state["contacts"]:
        contact = Contact(**{**plain, "state": ContactState(plain["state"])})
        engine.contacts[contact.id] = contact
    for plain in state["offers"]:
        offer = OfferMade(**plain)
        engine.offers[offer.id] = offer
    for plain in state["agents"]:
        values = {"state": AgentState(plain["state"]), "queues": tuple(plain["queues"])}
        agent = Agent(**{**plain, **values})
        if agent.id in centre.agents or agent.offer:
            engine.agents[agent.id] = agent
    return engine

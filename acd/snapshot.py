"""The engine's whole state as plain data and back: a restart need not replay all history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.config import Centre
from acd.engine import Engine
from acd.model import Agent, Contact, Lane, Medium, OfferMade, Phase, Place, Rule, Work
from acd.plain import as_plain
from acd.states import AgentState, ContactState
from acd.waits import Waits

SNAPSHOT_VERSION = 2


def dump(engine: Engine) -> dict[str, Any]:
    """Plain data (JSON) that `load` understands."""
    return {
        "epoch": engine.epoch,
        "seq": engine.seq,
        "offers_made": engine.offers_made,
        "link_up": engine.link_up,
        "desks": engine.desks,
        "trunks_busy": engine.trunks_busy,
        "contacts": [as_plain(contact) for contact in engine.contacts.values()],
        "offers": [as_plain(offer) for offer in engine.offers.values()],
        "agents": [_agent_and_works(agent) for agent in engine.agents.values()],
        "ended": dict(engine.ended),
        "places": {id_: as_plain(place) for id_, place in engine.places.items()},
        "kept": dict(engine.kept),
        "waits": engine.waits.plain() if engine.waits else None,
    }


def _agent_and_works(agent: Agent) -> dict[str, Any]:
    works = {id_: as_plain(work) for id_, work in agent.works.items()}
    return as_plain(agent) | {"works": works}


def load(centre: Centre, state: Mapping[str, Any], now: float) -> Engine:
    """An engine with this state under today's rules.

    Agents who are no longer in the centre file stay only while an offer holds them.
    """
    engine = Engine(centre)
    engine.epoch, engine.seq, engine.link_up = state["epoch"], state["seq"], state["link_up"]
    engine.offers_made, engine.desks = state.get("offers_made", 0), state.get("desks", True)
    engine.trunks_busy = state.get("trunks_busy", False)
    engine.ended, engine.kept = dict(state["ended"]), dict(state.get("kept", {}))
    engine.places = {id_: Place(**place) for id_, place in state.get("places", {}).items()}
    engine.contacts = {plain["id"]: _contact(plain) for plain in state["contacts"]}
    engine.offers = {plain["id"]: _offer(plain) for plain in state["offers"]}
    for plain in state["agents"]:
        agent = _agent(plain, engine.offers)
        if agent.id in centre.agents or agent.works:
            engine.agents[agent.id] = agent
    engine.index(now)
    if state.get("waits"):
        engine.waits = Waits.from_plain(state["waits"], engine)
    return engine


def _contact(plain: Mapping[str, Any]) -> Contact:
    lane = Lane(plain.get("lane", Lane.LIVE))
    return Contact(**{**plain, "state": ContactState(plain["state"]), "lane": lane})


def _offer(plain: Mapping[str, Any]) -> OfferMade:
    kinds = {
        "rule": Rule(plain.get("rule", Rule.ORDER)),
        "medium": Medium(plain.get("medium", Medium.VOICE)),
    }
    return OfferMade(**{**plain, **kinds})


def _agent(plain: Mapping[str, Any], offers: Mapping[Any, OfferMade]) -> Agent:
    values = dict(plain, state=AgentState(plain["state"]))
    if "works" not in plain:  # version 1: one contact an agent
        values = _first_version(values, offers)
    values["works"] = {
        id_: Work(**{**work, "medium": Medium(work["medium"]), "phase": Phase(work["phase"])})
        for id_, work in values["works"].items()
    }
    return Agent(**values)


def _first_version(values: dict[str, Any], offers: Mapping[Any, OfferMade]) -> dict[str, Any]:
    offer, ends = values.pop("offer"), values.pop("wrap_up_ends")
    answered = offer in offers and offers[offer].answered_at is not None
    phase = Phase.TALKING if answered else Phase.RINGING
    works = {offer: (phase, 0.0)} if offer else {}
    if ends is not None:
        works = {"earlier": (Phase.WRAP_UP, ends)}
    values["works"] = {
        id_: {"medium": Medium.VOICE, "phase": phase, "ends_at": at}
        for id_, (phase, at) in works.items()
    }
    values["queues"] = dict.fromkeys(values["queues"], 0.0)
    return values

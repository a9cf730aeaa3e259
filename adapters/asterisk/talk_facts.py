"""What Asterisk says of a talk: hold, consultation, hand-over, in the words of the engine. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acd import events
from acd.events import Event
from acd.model import AgentId, ContactId, OfferId, QueueId

ALONE = "talk"
"""The state of an agent's leg that speaks with the caller and needs nobody else."""


def held(contact: str, offer: str, _state: str = "", number: str = "", *_: str) -> list[Event]:
    """The agent's leg has left the caller to the music."""
    return [events.Held(ContactId(contact), OfferId(offer), _number(number))]


def resumed(contact: str, offer: str, state: str = "", number: str = "", *_: str) -> list[Event]:
    """The agent's leg is with the caller again."""
    id_, alone = ContactId(contact), state == ALONE
    return [events.Resumed(id_, OfferId(offer), _number(number), alone)]


def consulted(contact: str, offer: str, *_: str) -> list[Event]:
    """The leg of an agent who is asked has passed its gate."""
    return [events.OfferAnswered(ContactId(contact), OfferId(offer))]


def taken(contact: str, offer: str, _of: str = "", agent: str = "", *_: str) -> list[Event]:
    """That leg has the caller now."""
    who = AgentId(agent) if agent else None
    return [events.TakenOver(ContactId(contact), OfferId(offer), who)]


def sent(contact: str, offer: str, queue: str = "", *_: str) -> list[Event]:
    """The caller goes to another queue."""
    return [events.Transferred(ContactId(contact), QueueId(queue), offer=OfferId(offer))]


def asked(contact: str, _offer: str, agent: str = "", *_: str) -> list[Event]:
    """The agent's telephone has sent the caller to another agent; told once, by AMI alone."""
    return [events.ConsultAsked(ContactId(contact), AgentId(agent), leaves=True)]


def ahead(contact: str, offer: str, seconds: str = "", *_: str) -> list[Event]:
    """The agent's phone was answered; the leg is still to come to its gate."""
    return [events.PhoneAnswered(ContactId(contact), OfferId(offer), float(_number(seconds)))]


def dropped(contact: str, offer: str, *_: str) -> list[Event]:
    """The telephone that asked for this agent has hung up on them before they answered."""
    return [events.ConsultDropped(ContactId(contact), OfferId(offer))]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


Rule = Callable[..., list[Event]]


def _from_headers(rule: Rule, *names: str) -> Callable[[Mapping[str, str]], list[Event]]:
    headers = ("Contact", "Offer", *names)
    return lambda event: rule(*(event.get(name, "") for name in headers))


AMI: Mapping[str, Callable[[Mapping[str, str]], list[Event]]] = {
    "AcdAhead": _from_headers(ahead, "Seconds"),
    "AcdHeld": _from_headers(held, "State", "Number"),
    "AcdResumed": _from_headers(resumed, "State", "Number"),
    "AcdConsulted": _from_headers(consulted),
    "AcdTaken": _from_headers(taken, "Of", "Agent"),
    "AcdSent": _from_headers(sent, "Queue"),
    "AcdAsked": _from_headers(asked, "Agent"),
    "AcdSecond": lambda event: [],
    "AcdSecondEnd": _from_headers(dropped),
}
"""By user event. `AcdSecond` is a question, for `SecondLines`."""
CEL: Mapping[str, Rule] = {
    "ACD_AHEAD": ahead,
    "ACD_HELD": held,
    "ACD_RESUMED": resumed,
    "ACD_CONSULTED": consulted,
    "ACD_TAKEN": taken,
    "ACD_SENT": sent,
    "ACD_SECOND_END": dropped,
}
"""By kind of row; given its fields."""

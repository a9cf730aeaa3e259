"""The legs of supervisors who listen, as commands to Asterisk. Pure.

One that may take its talk over has the id of an agent's leg from the start, because a channel keeps
its id: as an agent's leg it counts once the dialplan has said so (`acd-take`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from acd.consults import listens
from acd.model import ContactId
from adapters.asterisk.facts import LEG_PREFIX, offer_of, variables_of
from ivr.talks import ListenerCall, Listening

LISTENER_PREFIX = "listen-"
CONTEXT = "acd-listen"
LISTENED_TO = "LISTENS_TO"
"""The variable of a leg that listens: to whose talk. Empty once it has taken it over."""
RING_MS = 30_000
OPTIONS = {Listening.LISTEN: "", Listening.WHISPER: "w", Listening.BARGE: "B"}
"""Of `ChanSpy`."""
Action = Mapping[str, str | Sequence[str]]
Rows = Iterable[Mapping[str, str]]
LOOK: Action = {"Action": "Status", "Variables": LISTENED_TO, "AllVariables": "false"}
"""Asks for the rows in which listeners are found."""


def originate(listener: ListenerCall, line: str, caller: str) -> Action:
    """Ring the supervisor; `line`: the caller's unique id, `caller`: the name of their channel."""
    variables = [
        f"SPIED={LEG_PREFIX}{listener.offer}",
        f"TALK_OF={line}",
        f"HOW={OPTIONS[listener.how]}",
        f"{LISTENED_TO}={listener.contact}",
    ]
    leg = f"{LISTENER_PREFIX}{listener.contact}-{listener.id}"
    if listener.heir:
        leg = LEG_PREFIX + listener.heir
        variables += [f"CALLER={caller}", f"OFFER={listener.heir}", f"OF={listener.offer}"]
        variables.append(f"AGENT={listener.phone}")
    return {
        "Action": "Originate",
        "ActionID": leg,
        "Channel": f"PJSIP/{listener.phone}",
        "ChannelId": leg,
        "Context": CONTEXT,
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(RING_MS),
        "Async": "true",
        "Variable": variables,
    }


def listeners(rows: Rows, contact: ContactId) -> Iterator[Mapping[str, str]]:
    """Of these channels those that listen to this contact's talk, ringing or listening."""
    for row in rows:
        if is_listener(row) and variables_of(row).get(LISTENED_TO) == contact:
            yield row


def is_listener(row: Mapping[str, str]) -> bool:
    """Whether this channel's leg was made to listen."""
    id_ = row.get("Uniqueid", "")
    offer = offer_of(id_)
    return id_.startswith(LISTENER_PREFIX) or (offer is not None and listens(offer))

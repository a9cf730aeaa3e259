"""Calls whose script died with another process of ours: sent back to where the dialplan runs it.

Asterisk itself notices a dead script only when the application that it runs for it returns: a
question takes as long as its prompt and the caller's silence.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.call_facts import SCRIPT, THIS_PROCESS
from adapters.asterisk.facts import variables_of

log = logging.getLogger(__name__)

ENTRY = "acd-entry"
"""The context that runs the script, at the label `try` of the dialled number."""
AFTER, FLOW = "acd-after", "flow"
"""The context of who has been talked to, and its extension that runs the script, by that label."""
ON_THEIR_OWN = ("AGI", "Wait")
"""Applications of a call whose script is just beginning, has been missed already, or is tried
again within a second."""
MOST_TRIES = 3
"""Who has been sent back so often in one call takes the way of the dialplan: the plain menu is at
its end, should it be the flow that ends our processes."""
AT_ONCE = 20
"""So many are sent back together: Asterisk's answers to all must come in time."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A call that runs the script of a process which is no more."""

    channel: str
    exten: str
    tries: int
    context: str = ENTRY


def orphans(channels: Sequence[Mapping[str, str]]) -> list[Orphan]:
    """Those among the rows of a look at all channels. Pure."""
    found: list[Orphan] = []
    for row in channels:
        variables = variables_of(row)
        tried = variables.get("TRY", "")
        tries = int(tried) if tried.isdecimal() else MOST_TRIES  # the plain menu has it
        context, exten = row.get("Context", ""), row.get("Exten", "")
        in_a_step = variables.get("STEP") and (
            context == ENTRY or (context, exten) == (AFTER, FLOW)
        )
        ours = variables.get(SCRIPT) == THIS_PROCESS
        alone = row.get("Application") in ON_THEIR_OWN or tries >= MOST_TRIES
        if in_a_step and not ours and not alone:
            found.append(Orphan(row.get("Channel", ""), exten, tries, context))
    return found


async def take_back(ami: Ami, channels: Sequence[Mapping[str, str]]) -> None:
    """Let them begin their scripts anew, now that there is somebody to run them."""
    await _set(ami, {}, "GLOBAL(AGI_NEXT)", "0")  # nobody need wait for the next try
    found = orphans(channels)
    for first in range(0, len(found), AT_ONCE):
        some = found[first : first + AT_ONCE]
        await asyncio.gather(*(_send_back(ami, orphan) for orphan in some))
    if found:
        log.info("calls taken back", extra={"calls": len(found)})


async def _send_back(ami: Ami, orphan: Orphan) -> None:
    """One that cannot be sent back has left, or is found by the dialplan a little later."""
    channel = {"Channel": orphan.channel}
    where = {"Context": orphan.context, "Exten": orphan.exten, "Priority": "try"}
    try:
        await _set(ami, channel, "TRY", str(orphan.tries + 1))
        await ami.send({"Action": "Redirect", **channel, **where})
    except (AmiAway, AmiRefused, AmiSlow) as error:
        log.info("call not taken back", extra={"why": str(error)})


async def _set(ami: Ami, channel: Mapping[str, str], name: str, value: str) -> None:
    await ami.send({"Action": "Setvar", **channel, "Variable": name, "Value": value})

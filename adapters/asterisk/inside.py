"""What agents do among themselves, put together: directory, codes of their phones, hot desks."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from acd.model import AgentId
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.feature_codes import FeatureCodes
from adapters.asterisk.house_values import SEAT
from adapters.asterisk.phone_states import PhoneStates
from adapters.asterisk.telephony import Telephony
from ivr.answers import Answer
from ivr.directory import Directory
from ivr.hot_desks import HotDesks
from ivr.pickups import Pickups
from ivr.pins import VaultPins
from ivr.ports import Audit, Clock, Vault
from ivr.seats import Seats
from ivr.site_file import SiteFile

log = logging.getLogger(__name__)


class SeatLines:
    """`ivr.hot_desks.Telephones` of a real Asterisk."""

    def __init__(self, ami: Ami, states: PhoneStates) -> None:
        self._ami = ami
        self._states = states

    def reachable(self, phone: str) -> bool:
        """Whether this telephone can be rung, as far as is known."""
        return self._states.reachable(phone)

    async def tell(self, agent: AgentId, phone: str) -> None:
        """By a global variable that the dialplan looks at; a lost link tells it again later."""
        variable = f"GLOBAL({SEAT.format(agent)})"
        try:
            action = {"Action": "Setvar", "Variable": variable, "Value": phone}
            await self._ami.send(action)
        except (AmiAway, AmiRefused, AmiSlow) as error:
            log.info("seat not told", extra={"agent": agent, "why": str(error)})


def inside(
    site: SiteFile, side: Telephony, vault: Vault, audit: Audit, pins: VaultPins, clock: Clock,
    seats: Seats,
) -> tuple[dict[str, Answer], Coroutine[Any, Any, None]]:  # fmt: skip
    """What the core can be asked about it, by name, and the work on seats that never ends. From now
    on the codes are heard, and telephones are those of the agents who sit there."""
    states, distributor = side.switchboard.phones, side.distributor
    states.agent_at = seats.agent_at
    directory = Directory(site, distributor.engine, states.known, seats)
    pickups = Pickups(distributor, audit, clock)
    desks = [name for name, phone in site.phones.items() if not phone.number]
    lines = SeatLines(side.ami, states)
    hot = HotDesks(distributor, seats, directory, pins, vault, audit, clock, desks, lines)
    side.ears.append(FeatureCodes(side.ami, directory, pickups.by_phone, seats, hot).hear)
    return {**directory.known, **pickups.known}, hot.run()

"""What agents do with a talk, as commands to Asterisk. Only the agent's own leg is ever moved."""

from __future__ import annotations

from collections.abc import Sequence

from acd.model import ContactId, OfferId, Seconds
from adapters.asterisk import routes
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.legs import to_desk
from adapters.asterisk.phone_holds import PhoneHolds
from adapters.asterisk.switchboard import Switchboard
from ivr.dialling import Route
from ivr.ports import PhonesFailed
from ivr.talk import Place
from ivr.transfers import Destination


class TalkDesk:
    """Carries out what `ivr.talk` has checked."""

    def __init__(self, ami: Ami, switchboard: Switchboard, holds: PhoneHolds) -> None:
        self._ami = ami
        self._switchboard = switchboard
        self._holds = holds

    def held_by_phone(self, offer: OfferId) -> bool:
        """Whether the agent's telephone holds the caller by itself."""
        return self._holds.holds(offer)

    async def move(self, offer: OfferId, to: Place) -> None:
        """Send the agent's leg to this place of the desk; `PhonesFailed` if it is not there."""
        try:
            await self._ami.send(to_desk(offer, to))
        except AmiRefused as refused:
            raise PhonesFailed(f"the agent's line is gone ({refused})") from refused
        except (AmiAway, AmiSlow) as error:
            raise PhonesFailed(str(error)) from error

    async def send_to_queue(self, contact: ContactId, offer: OfferId, queue: str) -> None:
        """The caller waits for this queue, and the agent's leg ends."""
        await self._switchboard.set_on(contact, {"SENT_QUEUE": queue})
        await self.move(offer, Place.QUEUE)

    async def send_to_destination(
        self, contact: ContactId, offer: OfferId, name: str, to: Destination
    ) -> None:
        """This telephone rings for the caller, and the agent's leg ends."""
        where = {"SENT_NAME": name, "SENT_PHONE": to.phone, "SENT_SECONDS": f"{to.seconds:g}"}
        await self._switchboard.set_on(contact, where)
        await self.move(offer, Place.DESTINATION)

    async def send_outside(
        self, contact: ContactId, offer: OfferId, name: str, seconds: Seconds,
        ways: Sequence[Route],
    ) -> None:  # fmt: skip
        """A number is dialled for the caller by these ways, and the agent's leg ends."""
        where = {"SENT_NAME": name, "SENT_PHONE": "", "SENT_SECONDS": f"{seconds:g}"}
        await self._switchboard.set_on(contact, where | routes.variables(ways))
        await self.move(offer, Place.DESTINATION)

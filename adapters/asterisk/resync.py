"""After every login to AMI: catch up with what happened meanwhile, then let the engine offer again.

First the calls whose script died, then the event log (CEL), one look at all channels, the phones.
In between the event log is followed all the time: it is the only source of the calls' stories.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from acd import events
from acd.config import Centre
from acd.model import AgentId, ContactId, OfferId, QueueId, Seconds
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.call_facts import SCRIPT
from adapters.asterisk.cel import NotReadable
from adapters.asterisk.event_log import EventLog
from adapters.asterisk.facts import caller, milliseconds, offer_of, variables_of
from adapters.asterisk.listening import is_listener
from adapters.asterisk.orphans import take_back
from adapters.asterisk.outward_facts import FAR_HALF
from adapters.asterisk.phone_holds import PhoneHolds
from adapters.asterisk.site_values import credits_of
from adapters.asterisk.switchboard import Switchboard, WaitingCaller
from ivr.callback_book import ANEW
from ivr.distributor import Distributor
from ivr.ports import Note, Origin, StoreFailed, StoreRefused
from ivr.reconcile import CallerSeen, Seen, reconcile
from ivr.recovery_book import STOPPED

log = logging.getLogger(__name__)

ALIVE_SECONDS: Seconds = 5.0
FOLLOW_SECONDS: Seconds = 0.5
RETRY_SECONDS: Seconds = 1.0
NOT_YET = "could not catch up with asterisk, trying again"

PRESENTATION = "CALLERID(num-pres)"
STATUS_VARIABLES = (
    "CONTACT", "QENTER", "QUEUE", "CLASS", "LANG", "DIALLED", "STEP", "FLOW", "BUSY", PRESENTATION,
    "TRY", SCRIPT,
)  # fmt: skip
WAITING_CONTEXT = "acd-wait"
EPOCH = "GLOBAL(ACD_EPOCH)"
"""What a core has told this process of Asterisk; it forgets that only when it ends."""


class Resync:
    """Keeps engine and telephone side in step."""

    def __init__(
        self,
        ami: Ami,
        event_log: EventLog,
        switchboard: Switchboard,
        distributor: Distributor,
        holds: PhoneHolds,
        refers: Callable[[Centre], Awaitable[None]],
    ) -> None:
        """`refers`: tells the telephones by which rules they may transfer by themselves."""
        self._ami = ami
        self._log = event_log
        self._switchboard = switchboard
        self._distributor = distributor
        self._holds = holds
        self._refers = refers
        self._task: asyncio.Task[None] | None = None
        self._in_step = asyncio.Event()
        """Set once a login has caught up: what the log tells before that waits for its turn."""

    # ---------------------------------------------------------------- the link

    def link_changed(self, up: bool) -> None:
        """Called by the AMI guard: once a loss, and after each login."""
        if self._task:
            self._task.cancel()
            self._task = None
        if up:
            self._task = asyncio.create_task(self._come_back())
        else:
            log.warning("link to asterisk lost")
            self._in_step.clear()
            self._distributor.post(events.LinkChanged(up=False))

    async def _come_back(self) -> None:
        """Until it has worked: nobody is offered to before, so no fault may end this. While one
        lasts the dialplan has no sign of life, and after a minute the fallback phones ring."""
        while True:
            try:
                await self._caught_up()
                break
            except AmiAway:
                break  # the next login starts anew
            except (AmiRefused, AmiSlow, StoreFailed, StoreRefused) as fault:
                log.warning(NOT_YET, extra={"why": str(fault)})
            except Exception:  # the top of the task: it must outlive any mistake
                log.exception(NOT_YET)
            await asyncio.sleep(RETRY_SECONDS)

    async def _caught_up(self) -> None:
        asked = self._distributor.clock.now()
        channels, is_anew = await self._channels(), not await self._told_epoch()
        await take_back(self._ami, channels)
        await self._refers(self._distributor.engine.centre)
        if not is_anew:
            await self._tell_epoch()
        await self._announce_credits()
        await self._introduce(channels)
        await self._log.read_to_here()
        if is_anew:  # an end that nobody saw: perhaps we had ended with it
            there = [seen.contact for row in channels if (seen := _caller(row))]
            await self._distributor.record(Note(None, ANEW, {"before": asked, "there": there}))
            await self._tell_epoch()  # not before: it says that this is written
        await self._look()
        await self._distributor.record(events.LinkChanged(up=True))
        self._in_step.set()
        log.info("link to asterisk is up", extra={"cel_row": self._distributor.cel_row})
        with suppress(AmiAway, AmiRefused, AmiSlow):  # it is said again
            await self._give_sign()

    async def read_log(self) -> None:
        """Apply what the event log has: while nobody writes it, all there will be."""
        await self._log.read_to_here()

    async def ended(self) -> None:
        """The Asterisk that the link led to has ended: whom it hung up on has not left."""
        await self._distributor.record(Note(None, STOPPED, {}))

    async def all_gone(self) -> None:
        """Asterisk has ended, so there is no channel, as the next look would find."""
        self._switchboard.know({}, {})
        await self._distributor.record(*reconcile(self._distributor.engine, Seen()).events)

    async def _announce_credits(self) -> None:
        """By these the dialplan orders callers while the core is away."""
        for name, credit in credits_of(self._distributor.engine.centre).items():
            await self._set_global(name, credit)

    async def rules_changed(self) -> None:
        """Tell what the dialplan keeps of the rules; look at the phones of new agents.

        Without a link nothing is lost: the next login does the same.
        """
        await self._refers(self._distributor.engine.centre)  # it sets the credits back, too
        try:
            await self._announce_credits()
            await self._look_at_phones()
        except (AmiAway, AmiRefused, AmiSlow) as error:
            log.warning("asterisk not told of the rules", extra={"why": str(error)})

    async def keep_alive(self, pause: Callable[[Seconds], Awaitable[None]] = asyncio.sleep) -> None:
        """Tell the dialplan that the core lives, until cancelled; else the fallback phones ring.
        It lives for the callers only while they can be offered: in step, and with a journal."""
        while True:
            await pause(ALIVE_SECONDS)
            try:
                if self._in_step.is_set() and self._distributor.writes:
                    await self._give_sign()
            except (AmiAway, AmiRefused, AmiSlow) as error:
                log.info("no sign of life given", extra={"why": str(error)})

    async def _give_sign(self) -> None:
        await self._set_global("ACD_ALIVE", str(time.time_ns()))

    async def _told_epoch(self) -> str:
        """Empty: no core was ever linked with this process of Asterisk."""
        return (await self._ami.send({"Action": "Getvar", "Variable": EPOCH})).get("Value", "")

    async def _tell_epoch(self) -> None:
        await self._set_global("ACD_EPOCH", str(self._distributor.engine.epoch))

    async def _set_global(self, name: str, value: str) -> None:
        await self._ami.send({"Action": "Setvar", "Variable": f"GLOBAL({name})", "Value": value})

    # ---------------------------------------------------------------- the event log

    async def follow(self) -> None:
        """Apply new rows of the event log as they come, until cancelled."""
        while True:
            await self._in_step.wait()
            try:
                await self._log.read_once()
            except NotReadable as fault:
                log.info("event log not readable yet", extra={"why": str(fault)})
            except (StoreFailed, StoreRefused) as fault:
                log.error("event log not applied, trying again", extra={"why": str(fault)})
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:  # the top of the task: calls go on without the rest of their story
                log.exception("event log not applied, trying again")
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(FOLLOW_SECONDS)

    # ---------------------------------------------------------------- one look at all channels

    async def _channels(self) -> Sequence[Mapping[str, str]]:
        variables = ",".join(STATUS_VARIABLES)
        rows = await self._ami.ask_list(
            {"Action": "Status", "Variables": variables, "AllVariables": "false"}
        )
        return [row for row in rows if row.get("Event") == "Status"]

    async def _introduce(self, channels: Sequence[Mapping[str, str]]) -> None:
        """Who came while we were away, before the event log tells what they did."""
        engine = self._distributor.engine
        for row in channels:
            seen = _caller(row)
            if seen and seen.waits and seen.contact not in engine.contacts:
                variables = variables_of(row)
                named = {**row, "Contact": seen.contact, "Lang": seen.language}
                shown = variables.get(PRESENTATION, "")
                who = caller(named, seen.channel, variables.get("DIALLED", ""), shown)
                await self._distributor.introduce(who)

    async def _look(self) -> None:
        channels = await self._channels()
        callers = tuple(caller for row in channels if (caller := _caller(row)))
        legs = {
            self._agent_of(offer, row): offer
            for row in channels
            if (offer := offer_of(row.get("Uniqueid", "")))
            and (offer in self._distributor.engine.offers or not is_listener(row))
        }
        known = {
            caller.contact: WaitingCaller(caller.channel, _origin(row))
            for row in channels
            if (caller := _caller(row))
        }
        self._switchboard.know(known, legs)
        # Not those of `legs`: telephones outside all have the same name there.
        found = (offer_of(row.get("Uniqueid", "")) for row in channels)
        seen = Seen(callers, frozenset(offer for offer in found if offer))
        difference = reconcile(self._distributor.engine, seen)
        await self._distributor.record(*difference.events)
        for offer in difference.strays:
            log.warning("leg that nobody knows is ended", extra={"offer": offer})
            await self._switchboard.end_leg(offer)
        await self._holds.look(self._switchboard.channels)
        await self._look_at_phones()

    def _agent_of(self, offer: OfferId, row: Mapping[str, str]) -> AgentId:
        """Whose leg it is: agents need not sit at their own telephones."""
        made = self._distributor.engine.offers.get(offer)
        return made.agent if made else AgentId(_phone(row))

    async def _look_at_phones(self) -> None:
        for row in await self._ami.ask_list({"Action": "DeviceStateList"}):
            if row.get("Event") == "DeviceStateChange":
                self._switchboard.device_changed(row)


def _caller(row: Mapping[str, str]) -> CallerSeen | None:
    variables = variables_of(row)
    contact, id_ = variables.get("CONTACT"), row.get("Uniqueid", "")
    if not contact or offer_of(id_) or id_.endswith(FAR_HALF):
        return None
    # Who was pulled into a bridge has the context still; it may be with a destination, and no leg.
    in_loop = row.get("Context") == WAITING_CONTEXT and not row.get("BridgeID")
    return CallerSeen(
        contact=ContactId(contact),
        channel=row.get("Channel", ""),
        waits=in_loop and not variables.get("BUSY"),
        entered_at=milliseconds(variables.get("QENTER", "")),
        queue=QueueId(variables.get("QUEUE", "")),
        class_=variables.get("CLASS") or "standard",
        language=variables.get("LANG") or "zh",
    )


def _origin(row: Mapping[str, str]) -> Origin:
    variables = variables_of(row)
    return Origin(*(variables.get(name, "") for name in ("DIALLED", "STEP", "FLOW")))


def _phone(row: Mapping[str, str]) -> str:
    """`agent-1001` from `PJSIP/agent-1001-0000002a`."""
    return row.get("Channel", "").partition("/")[2].rpartition("-")[0]

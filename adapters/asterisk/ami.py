"""AMI, Asterisk's control link: panoramisk's `Manager` behind one guard.

The library speaks the protocol; the guard gives every action a deadline, sends nothing twice,
notices a peer that has fallen silent, and connects anew at a growing, jittered pace. What a caller
of this module sees: `up`, answers or one of three exceptions, and events in the order of arrival.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar, cast

from panoramisk.actions import Action
from panoramisk.manager import Manager
from panoramisk.message import Message

from adapters.asterisk.ami_wire import (
    AmiAway,
    AmiRefused,
    AmiSlow,
    Header,
    Wire,
    checked,
    plain,
)

__all__ = ["Ami", "AmiAway", "AmiRefused", "AmiSlow"]

log = logging.getLogger(__name__)
T = TypeVar("T")
silent = logging.getLogger(f"{__name__}.panoramisk")
silent.disabled = True  # the library logs whole actions, personal data and all

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
NOT_US = "Authentication failed"
REFUSED_PAUSE = 10.0
"""Seconds between tries while Asterisk refuses our login: each try is a line in its log."""
CONNECT_SECONDS = 2.0
BOOT_SECONDS = 30.0
"""How long after the login a boot may last before it is worth a word."""
MOST_UNSENT = 262_144
"""Bytes that may wait for a peer that does not read."""
NEVER = 10**9


class Ami:
    """The link to one Asterisk. `on_event` and `on_link` must not block; what they raise is logged.

    `on_link(True)` follows login and full boot, `on_link(False)` comes once a loss; events between
    the two are all there, before and after it some may be missing: read the state anew after True.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        on_event: Callable[[Mapping[str, str]], None],
        on_link: Callable[[bool], None],
        ping_seconds: float = 1.0,
        dead_seconds: float = 3.0,
    ) -> None:
        self.up = False
        self._host, self._port = host, port
        self._login = {"Action": "Login", "Username": user, "Secret": secret, "Events": "on"}
        self._on_event, self._on_link = on_event, on_link
        self._ping_seconds, self._pong_seconds = ping_seconds, dead_seconds - ping_seconds
        self._lost = asyncio.Event()
        self._complaint = ""
        self._tries = 0
        # No user name: the library's own login has no deadline. Its pinger has none either.
        self._manager = Manager(log=silent, ping_delay=NEVER)
        self._manager.callbacks.clear()  # what it would send again after a boot
        self._manager.patterns.clear()
        self._manager.register_event("*", self._heard)

    async def run(self) -> None:
        """Connect, keep the link, connect again, until cancelled."""
        while True:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._tries, 10))
            self._tries += 1
            try:
                await self._one_link()
            except AmiRefused as refused:
                if str(refused) == NOT_US:  # else it is on its way down, or up
                    pause = REFUSED_PAUSE
                self._complain(f"asterisk refuses us: {refused}")
            except (OSError, AmiAway, AmiSlow) as error:
                self._complain(str(error) or "asterisk does not accept the connection in time")
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # not a secret

    async def send(self, action: Mapping[str, Header], deadline: float = 2.0) -> Mapping[str, str]:
        """The answer to one action. Sent once at most: after `AmiAway` and `AmiSlow` look first."""
        self._check_up()
        answer = await self._exchange(checked(action), deadline, as_list=False)
        return plain(answer[0])

    async def ask_list(
        self, action: Mapping[str, Header], deadline: float = 5.0
    ) -> list[Mapping[str, str]]:
        """The events of a list answer, without the answer before and the mark after them."""
        self._check_up()
        answers = await self._exchange(checked(action), deadline, as_list=None)
        return [plain(event) for event in answers[1:-1]]

    # ---- one link

    async def _one_link(self) -> None:
        """Open a link and keep it; returns by raising why it was lost."""
        wire = await self._open()
        try:
            await self._exchange(self._login, CONNECT_SECONDS, as_list=False)
            await self._keep()
        finally:
            wire.close()

    async def _open(self) -> Wire:
        loop = self._manager.loop = asyncio.get_running_loop()
        self._lost.clear()
        async with asyncio.timeout(CONNECT_SECONDS):
            opening = loop.create_task(
                loop.create_connection(lambda: Wire(self._fell), self._host, self._port)
            )
            await opening
        self._manager.connection_made(opening)
        self._manager.pinger.cancel()
        return cast(Wire, self._manager.protocol)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        late = loop.call_later(BOOT_SECONDS, self._wonder)
        try:
            while not self._lost.is_set():
                await self._exchange({"Action": "Ping"}, self._pong_seconds, as_list=False)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._lost.wait(), self._ping_seconds)
        finally:
            late.cancel()
        raise AmiAway("the link was lost")

    async def _exchange(
        self, fields: Mapping[str, object], deadline: float, *, as_list: bool | None
    ) -> list[Message]:
        """Send one action; its answer, and with `as_list=None` the list that an answer begins."""
        wire = cast(Wire, self._manager.protocol)
        if wire.closed:
            raise AmiAway("no link to asterisk")
        if wire.transport.get_write_buffer_size() > MOST_UNSENT:
            raise AmiSlow("asterisk does not read what is sent to it")
        action = Action(fields)
        try:
            await asyncio.wait({self._manager.send_action(action, as_list)}, timeout=deadline)
        finally:
            wire.responses.pop(action.id, None)
        if not action.future.done():
            raise AmiSlow(f"asterisk did not answer {fields['Action']} in {deadline:g} s")
        result = action.future.result()
        answers: list[Message] = result if isinstance(result, list) else [result]
        if not answers[0].success:
            raise AmiRefused(answers[0].message)
        return answers

    # ---- what comes in

    def _heard(self, _manager: Manager, message: Message) -> None:
        if message.event == "FullyBooted" and not self.up:
            self.up, self._complaint, self._tries = True, "", 0
            log.info("asterisk link is up")
            _tell(self._on_link, True)
        if self.up:
            _tell(self._on_event, plain(message))

    def _fell(self) -> None:
        self._lost.set()
        if self.up:
            self.up = False
            _tell(self._on_link, False)

    def _check_up(self) -> None:
        if not self.up:
            raise AmiAway("no link to asterisk")

    def _wonder(self) -> None:
        if not self.up:
            log.warning("asterisk is still booting, or its AMI user lacks read=system")

    def _complain(self, complaint: str) -> None:
        """Once a complaint, however often it is tried again."""
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("asterisk link is down", extra={"reason": complaint})


def _tell(listener: Callable[[T], None], news: T) -> None:
    try:
        listener(news)
    except Exception:  # inside the library's callback it would end the link
        log.exception("a listener of the asterisk link failed")

"""The channels of an installation, put together: what the web process serves and runs for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from adapters.channels.intake import Intake
from adapters.channels.patience import Shelf
from adapters.channels.post import HttpPost
from adapters.channels.sender import Opens, Sender
from adapters.channels.tables import Database
from adapters.channels.taken import Taken
from adapters.channels.webhook import WebhookChannel
from ivr.channel_ports import Channel
from ivr.channel_settings import ChannelEntry
from ivr.ports import Core


class ChannelSide:
    """`intake` takes deliveries; inside `running` texts are sent."""

    def __init__(
        self, entries: Mapping[str, ChannelEntry], database: Database, shelf: Shelf, vault: Opens,
        core: Core,
    ) -> None:  # fmt: skip
        self._post = HttpPost()
        self._taken = Taken(database)
        self._channels: dict[str, Channel] = {
            name: WebhookChannel(name, entry, self._post, time.time)
            for name, entry in entries.items()
        }
        self._sends = any(entry.url for entry in entries.values())
        self._sender = Sender(self._channels, entries, shelf, vault, core)
        paces = {name: entry.per_second for name, entry in entries.items()}
        self.intake = Intake(self._channels, paces, self._taken, core)

    async def begin(self) -> None:
        """Know what was taken before."""
        await self._taken.begin()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The sender runs inside, if there is a channel that sends."""
        if not self._sends:
            yield
            return
        async with self._post:
            task = asyncio.create_task(self._sender.run())
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait([task])

"""Tells the core at the start of the web process that customers' pages have to come back."""

from __future__ import annotations

import logging

from ivr.ports import Core, CoreAway, CoreRefused

log = logging.getLogger(__name__)


class PagesGone:
    """Sockets end with the process that held them: who was there is away until they say so again.
    A core that is away needs not be told, it begins in the same way."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def run(self) -> None:
        try:
            await self._core.ask("chat pages gone")
        except (CoreAway, CoreRefused) as away:
            log.info("core not told that pages are gone", extra={"why": str(away)})

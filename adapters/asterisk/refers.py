"""New rules reach the telephones' own transfers: the names are written, the dialplan read again.

No call is touched by it: Asterisk goes on with the new text at each call's next step.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from acd.config import Centre
from adapters.asterisk import refer_values
from adapters.asterisk.config import Folders, put, user_of
from adapters.asterisk.instance import AsteriskFailed, Instance
from adapters.asterisk.site_values import BadPlace
from ivr.settings import Settings

log = logging.getLogger(__name__)

FILE = "refers.conf"
PENDING = "refers.pending"
"""Is there while the file is newer than what Asterisk has read: whoever died in between is made up
for by the next."""
READ_AGAIN = "dialplan reload"


class Refers:
    """Keeps the private Asterisk's list in step with the rules in force."""

    def __init__(self, settings: Settings, command: Callable[[str], object] | None = None) -> None:
        """`command`: has a line carried out on Asterisk's own console."""
        self._settings = settings
        self._command = command or Instance(settings).command
        self._folders = Folders.of(settings)
        self._one_at_a_time = asyncio.Lock()

    async def follow(self, centre: Centre) -> None:
        """Have the telephones send callers by these rules. What fails is logged, and tried again
        at the next login: transfers by the core go by the rules in any case."""
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._follow, centre)
            except (OSError, BadPlace, AsteriskFailed) as fault:
                log.warning("telephones transfer by old rules", extra={"why": str(fault)})

    def _follow(self, centre: Centre) -> None:
        pending, file = self._folders.run / PENDING, self._folders.run / "etc" / FILE
        known = pending.exists()
        pending.touch()
        values = refer_values.values(self._settings.site, centre)
        if put(self._folders, FILE, values) or known:
            if user := user_of(self._settings):
                os.chown(file, user.uid, user.gid)
            self._command(READ_AGAIN)
            log.info("telephones transfer by new rules", extra={"version": centre.version})
        pending.unlink()

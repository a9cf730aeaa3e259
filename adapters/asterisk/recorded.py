"""Recording, listening and taking over, put together for the core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from adapters.asterisk.config import Folders
from adapters.asterisk.talk_files import RecordedFiles
from adapters.asterisk.telephony import Telephony
from ivr.permission import Permission
from ivr.ports import Audit, Clock, Journal, Recordings, Vault
from ivr.recording_control import RecordingControl
from ivr.recording_keeper import RecordingKeeper
from ivr.settings import Settings
from ivr.take_over import TakeOverRequests

Answer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


def recorded(
    settings: Settings, side: Telephony, sealed: Recordings, vault: Vault, journal: Journal,
    audit: Audit, clock: Clock,
) -> tuple[dict[str, Answer], Coroutine[Any, Any, None]]:  # fmt: skip
    """What can be asked of talks, and the sealing of what was recorded. Where nothing is recorded,
    nobody watches the disk for it."""
    site = settings.site
    talks, told = side.talks, side.distributor
    permission = Permission(site.listeners, told.engine, audit, clock)
    control = RecordingControl(talks, told, audit, clock, permission)
    requests = control.known | TakeOverRequests(talks, told, audit, clock, permission).known
    files = RecordedFiles(Folders.of(settings).talks, side.ami)
    least = site.recording.least_free_bytes
    keeper = RecordingKeeper(files, sealed, vault, journal, told, least)
    return requests, keeper.run()

"""What `./hotline doctor` looks at of the channels beside the telephone."""

from __future__ import annotations

import time
from collections.abc import Iterator

from acd.model import Seconds
from adapters.asterisk.findings import Finding, Level
from adapters.stores.outbox import TEXTS, FileOutbox
from ivr.ports import StoreRefused
from ivr.services import goes_in_the_clear
from ivr.settings import Settings

LONG: Seconds = 600.0
"""A text that waits for so long is worth a word."""


def of_channels(settings: Settings, now: Seconds | None = None) -> list[Finding]:
    """The faults of the channels, or one word that they are well; nothing where there is none."""
    if not settings.site.channels:
        return []
    found = [*_in_the_clear(settings), *_waiting(settings, time.time() if now is None else now)]
    return found or [Finding(Level.OK, "channels")]


def _in_the_clear(settings: Settings) -> Iterator[Finding]:
    for name, entry in settings.site.channels.items():
        if entry.url and goes_in_the_clear(entry.url):
            yield Finding(
                Level.WARN, f"texts by {name} go out in the clear",
                f"Write an address with https into `channels.{name}.url` of site.yaml.",
            )  # fmt: skip


def _waiting(settings: Settings, now: Seconds) -> Iterator[Finding]:
    try:
        waits = list(FileOutbox(settings.data, TEXTS).waiting())
    except (OSError, StoreRefused) as fault:
        yield Finding(Level.FAIL, f"texts cannot be sent: {fault}", "Put that file aside.")
        return
    for name, entry in settings.site.channels.items():
        mine = [one.at for one in waits if one.outgoing.data.get("channel") == name]
        if mine and now - min(mine) > LONG:
            minutes = round((now - min(mine)) / 60)
            yield Finding(
                Level.WARN, f"{len(mine)} texts wait for {name}, the oldest for {minutes} minutes",
                f"Look whether {entry.url or 'the channel'} answers, and whether the web service "
                "runs; its log says `channel left alone`.",
            )  # fmt: skip
    gone = {str(one.outgoing.data.get("channel")) for one in waits} - set(settings.site.channels)
    for name in sorted(gone):
        yield Finding(
            Level.WARN, f"texts wait for {name}, which is not in site.yaml",
            f"Put `channels.{name}` back, or remove the files in data/{TEXTS}.",
        )  # fmt: skip

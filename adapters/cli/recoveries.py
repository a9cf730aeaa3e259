"""What `./hotline status` and `./hotline doctor` say of callers who were cut off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

from acd.model import Seconds
from adapters.asterisk.findings import Finding, Level
from adapters.cli.callers import shown
from adapters.cli.exports import common_zone
from adapters.control.client import CoreClient
from ivr.ports import CoreAway, CoreRefused
from ivr.recovery_book import Way
from ivr.settings import Settings

RECENT: Seconds = 24 * 3600.0
WORDS: Mapping[str, str] = {Way.TEXT: "texts", Way.CALLBACK: "callbacks", Way.PLACE: "places kept"}


def summary(told: Mapping[str, Any], zone: str) -> str:
    """The newest failure in one line."""
    if not told["outages"]:
        return "nobody was cut off"
    newest = told["outages"][0]
    ways = ", ".join(f"{newest[way]} {words}" for way, words in WORDS.items() if newest.get(way))
    owed = f", {told['owed']} still owed" if told["owed"] else ""
    return f"{shown(newest['at'], zone)}: {ways or 'nothing offered'}{owed}"


def of_recovery(settings: Settings, now: Seconds | None = None) -> list[Finding]:
    """Whether callers could be offered a way back, and whether they had to be of late."""
    found = [*_no_way(settings), *_of_late(settings, time.time() if now is None else now)]
    return found or [Finding(Level.OK, "callers who are cut off are offered a way back")]


def _no_way(settings: Settings) -> Iterator[Finding]:
    site = settings.site
    by_text = site.chat is not None and site.chat.text_by is not None
    by_call = bool(site.trunks and site.outbound.allow)
    if site.recovery.offer and site.trunks and not (by_text or by_call):
        yield Finding(
            Level.WARN, "callers who are cut off are offered nothing: their place is kept alone",
            "Set `chat` with `text_by`, or `outbound.allow` for callbacks, in site.yaml.",
        )  # fmt: skip


def _of_late(settings: Settings, now: Seconds) -> Iterator[Finding]:
    try:
        told = asyncio.run(CoreClient(settings.core_socket).ask("recovery"))
    except (CoreAway, CoreRefused):
        return
    if told["outages"] and now - told["outages"][0]["at"] < RECENT:
        yield Finding(
            Level.WARN, f"the telephone side failed: {summary(told, common_zone(settings))}",
            f"Look why: Asterisk's log is {settings.run / 'log' / 'messages'}.",
        )  # fmt: skip

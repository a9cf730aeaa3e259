"""What `./hotline doctor` looks at of notices by e-mail."""

from __future__ import annotations

import time
from collections.abc import Iterator

from acd.model import Seconds
from adapters.asterisk.findings import Finding, Level
from adapters.stores.outbox import FAILED, FileOutbox
from ivr.ports import EMAIL, StoreRefused
from ivr.settings import Settings

LONG: Seconds = 600.0
"""A notice that waits for so long is worth a word."""


def of_mail(settings: Settings, now: Seconds | None = None) -> list[Finding]:
    """What keeps notices from their readers, or one word that nothing does; nothing where no
    queue is told by e-mail."""
    if not settings.site.email:
        return []
    found = [*_server(settings), *_entries(settings, time.time() if now is None else now)]
    return found or [Finding(Level.OK, "e-mail")]


def _server(settings: Settings) -> Iterator[Finding]:
    smtp = settings.site.smtp
    if smtp is None:
        yield Finding(
            Level.WARN, "nobody is told of messages: site.yaml has `email`, and no `smtp`",
            "Name the mail server under `smtp` in site.yaml, or remove `email`.",
        )  # fmt: skip
    elif smtp.in_the_clear:
        yield Finding(
            Level.WARN, "notices by e-mail go out in the clear",
            "Write `security: starttls` or `tls` under `smtp` in site.yaml.",
        )  # fmt: skip


def _entries(settings: Settings, now: Seconds) -> Iterator[Finding]:
    try:
        waits = [
            one.at for one in FileOutbox(settings.data).waiting() if one.outgoing.kind == EMAIL
        ]
        failed = list(FileOutbox(settings.data, FAILED).waiting())
    except (OSError, StoreRefused) as fault:
        yield Finding(Level.FAIL, f"notices cannot be sent: {fault}", "Put that file aside.")
        return
    if settings.site.smtp and waits and now - min(waits) > LONG:
        minutes = round((now - min(waits)) / 60)
        yield Finding(
            Level.WARN, f"{len(waits)} notices wait, the oldest for {minutes} minutes",
            f"Look whether {settings.site.smtp.host} answers and lets us in, and whether the web "
            "service runs; its log says `notice not taken`, and why.",
        )  # fmt: skip
    if failed:
        yield Finding(
            Level.WARN, f"{len(failed)} notices were given up",
            "`./hotline outbox` says why; `--again` tries them again, `--drop` removes them.",
        )  # fmt: skip

"""Puts together what callers are offered when the telephone side fails, with the texts that it goes
out by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ivr.distributor import Distributor
from ivr.outward_parts import OutwardParts
from ivr.pass_desk import PassDesk
from ivr.ports import Audit, Clock, Journal, Outbox, Vault
from ivr.recovery_desk import Link, Means, RecoveryDesk
from ivr.recovery_requests import RecoveryRequests
from ivr.site_file import SiteFile
from ivr.text_parts import of_texts

Fields = Mapping[str, Any]
Known = dict[str, Callable[[Fields], Awaitable[Fields]]]


def of_texts_and_recovery(
    site: SiteFile, distributor: Distributor, vault: Vault, audit: Audit, journal: Journal,
    outbox: Outbox, clock: Clock, outward: OutwardParts, passes: PassDesk, link: Link,
) -> tuple[Known, RecoveryDesk]:  # fmt: skip
    """What can be asked about both, by name, and the desk that is to run."""
    texts = of_texts(site, distributor, vault, audit, journal, outbox, clock, outward.desk)
    means = Means(site.chat, texts, passes, outward.desk, outward.routing)
    desk = RecoveryDesk(
        site.recovery, means, distributor, journal, vault, audit, clock, link
    )  # fmt: skip
    return texts | RecoveryRequests(desk.book).known, desk

"""Puts together what the core needs for texts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ivr.distributor import Distributor
from ivr.ports import Audit, Clock, Journal, Outbox, Vault
from ivr.promises import Callbacks
from ivr.site_file import SiteFile
from ivr.text_desk import TextDesk
from ivr.text_ladder import CallbackLadder
from ivr.text_rules import TextRules

Fields = Mapping[str, Any]


def of_texts(
    site: SiteFile, distributor: Distributor, vault: Vault, audit: Audit, journal: Journal,
    outbox: Outbox, clock: Clock, callbacks: Callbacks,
) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:  # fmt: skip
    """What can be asked about texts, by name."""
    ladder = CallbackLadder(callbacks, vault, site.languages[0])
    rules = TextRules(site.outbound, vault)
    desk = TextDesk(
        site.channels, rules, vault, audit, journal, distributor.record, outbox, clock, ladder
    )
    return desk.known

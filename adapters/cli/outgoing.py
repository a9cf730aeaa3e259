"""`./hotline outbox`: what waits to be sent out."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.cli.output import fail, table
from adapters.stores.outbox import FOLDER, TEXTS, FileOutbox
from ivr.ports import StoreRefused
from ivr.settings import Settings

COLUMNS = ("since", "kind", "to", "key")


def show_waiting(settings: Settings, as_json: bool) -> None:
    """Every entry, the oldest first."""
    try:
        shelves = [FileOutbox(settings.data, folder) for folder in (FOLDER, TEXTS)]
        entries = sorted((one for shelf in shelves for one in shelf.waiting()),
                         key=lambda one: one.at)  # fmt: skip
    except (OSError, StoreRefused) as fault:
        fail(str(fault))
    rows = [
        {
            "since": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds"),
            "kind": entry.outgoing.kind,
            "to": entry.outgoing.to,
            "key": entry.outgoing.key,
            "data": entry.outgoing.data,
        }
        for entry in entries
    ]
    if not rows and not as_json:
        print("nothing waits to be sent")
        return
    table(COLUMNS, rows, as_json=as_json)

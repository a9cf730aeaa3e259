"""`./hotline outbox`: what waits to be sent out, and what nobody takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from adapters.cli.output import fail, table
from adapters.stores.outbox import FAILED, FOLDER, TEXTS, FileOutbox, Waiting
from ivr.ports import EMAIL, Outgoing, StoreFailed, StoreRefused
from ivr.settings import Settings

COLUMNS = ("since", "kind", "state", "to", "key")
WAITS, UNSENT = "waits", "nobody sends it"


def show_waiting(settings: Settings, as_json: bool) -> None:
    """Every entry, the oldest first."""
    try:
        entries = sorted(_all(settings), key=lambda each: each[0].at)
    except (OSError, StoreRefused) as fault:
        fail(str(fault))
    rows = [
        {
            "since": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds"),
            "kind": entry.outgoing.kind,
            "state": state,
            "to": entry.outgoing.to,
            "key": entry.outgoing.key,
            "data": entry.outgoing.data,
        }
        for entry, state in entries
    ]
    if not rows and not as_json:
        print("nothing waits to be sent")
        return
    table(COLUMNS, rows, as_json=as_json)


def send_again(settings: Settings) -> None:
    """What failed waits anew, under the same keys."""
    shelf, failed = FileOutbox(settings.data), FileOutbox(settings.data, FAILED)

    async def back(entries: Sequence[Waiting]) -> int:
        moved = 0
        for one in entries:
            told = {name: value for name, value in one.outgoing.data.items() if name != "why"}
            entry = Outgoing(one.outgoing.key, one.outgoing.kind, one.outgoing.to, told)
            moved += await failed.move(entry, shelf)
        return moved

    try:
        print(f"{asyncio.run(back(list(failed.waiting())))} wait to be sent again")
    except (OSError, StoreFailed, StoreRefused) as fault:
        fail(str(fault))


def drop(settings: Settings) -> None:
    """What failed, and what nobody sends, goes. The messages themselves stay."""
    shelf, failed = FileOutbox(settings.data), FileOutbox(settings.data, FAILED)

    async def away() -> int:
        lost = list(failed.waiting())
        unsent = [one for one in shelf.waiting() if _unsent(one, settings)]
        for place, entries in ((failed, lost), (shelf, unsent)):
            for one in entries:
                await place.done(one.outgoing.key)
        return len(lost) + len(unsent)

    try:
        print(f"{asyncio.run(away())} removed")
    except (OSError, StoreFailed, StoreRefused) as fault:
        fail(str(fault))


def _all(settings: Settings) -> Iterator[tuple[Waiting, str]]:
    """Each entry with its state."""
    for one in FileOutbox(settings.data, FOLDER).waiting():
        yield one, UNSENT if _unsent(one, settings) else WAITS
    yield from ((one, WAITS) for one in FileOutbox(settings.data, TEXTS).waiting())
    for one in FileOutbox(settings.data, FAILED).waiting():
        yield one, f"failed: {one.outgoing.data.get('why', '')}"


def _unsent(one: Waiting, settings: Settings) -> bool:
    """Whether nobody here sends such a thing."""
    return one.outgoing.kind != EMAIL or settings.site.smtp is None

"""`./hotline messages`: what was left, in words or on the telephone; a recording as a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acd.model import CHATS
from adapters.cli.flow_publish import AuditOfStoppedCore, reason_or_fail
from adapters.cli.login import login
from adapters.cli.output import fail, table
from adapters.control.client import CoreClient
from adapters.stores.journal import JournalReader
from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from ivr.clock import CentreClock
from ivr.messages import ANSWERED, LEFT, OWED
from ivr.ports import (
    CoreAway,
    CoreRefused,
    CoreStopped,
    Record,
    RecordingId,
    StoreFailed,
    StoreRefused,
)
from ivr.recording_requests import opening_of
from ivr.settings import Settings

KINDS = (LEFT, "RecordingKept", OWED, ANSWERED)
COLUMNS = ("at", "recording", "seconds", "of", "queue", "contact", "answer")


def show_all(settings: Settings, as_json: bool) -> None:
    """Every message and every short recording, the oldest first: ids only. Of what was written,
    until when its answer was promised, or when it was given."""
    try:
        found = asyncio.run(records_of(settings, KINDS))
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))
    kept = [record for record in found if record.kind not in (OWED, ANSWERED)]
    rows = {record.data["effect"]: _row(record) for record in reversed(kept)}
    for record in found:
        if (row := rows.get(record.data.get("left", ""))) is not None:
            row["answer"] = _answer(record)
    messages = list(reversed(rows.values()))
    if as_json:
        table((), messages, as_json=True)
    for row in messages if not as_json else ():  # in whole, however narrow the screen: to be copied
        print("  ".join(str(row[name]) for name in COLUMNS if row[name] is not None))
    if not rows and not as_json:
        print("nobody has left a message")


def save(settings: Settings, recording: str, target: Path, why: str, who: str | None) -> None:
    """Write one as a WAV file, once the audit has it."""
    reason = reason_or_fail(why)
    if target.exists():
        fail(f"{target} is there already: name a file that is not")
    try:
        sound = asyncio.run(_opened(settings, RecordingId(recording), who or login(), reason))
    except CoreRefused as refusal:
        fail(str(refusal))
    except (CoreAway, StoreFailed, StoreRefused, OSError) as fault:
        fail(f"nothing was opened: {fault}")
    if sound is None:
        fail(f"there is no recording {recording}, or its person is erased")
    _write(target, sound)
    print(f"written: {target} (personal: delete it when you have heard it)")


async def records_of(settings: Settings, kinds: Sequence[str]) -> Sequence[Record]:
    """What the journal has of these kinds, the oldest first."""
    database = await open_database(settings.database_url("core"), "core", read_only=True)
    try:
        return [record async for record in JournalReader(database).read(0, kinds)]
    finally:
        await database.close()


def _row(record: Record) -> dict[str, Any]:
    shown = {name: record.data.get(name) for name in ("seconds", "recording")}
    is_written = record.data.get("origin") == CHATS
    of = "written" if is_written else record.data.get("of", "message")
    return {"at": _moment(record.at), "of": of, "queue": record.data.get("queue", "-"), **shown,
            "contact": record.contact, "answer": None}  # fmt: skip


def _answer(record: Record) -> str:
    """What is last known of the answer to a message."""
    if record.kind == ANSWERED:
        return f"answered {_moment(record.at)} by {record.data['agent']} ({record.data['how']})"
    return f"promised by {_moment(record.data['until'])}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


async def _opened(settings: Settings, recording: RecordingId, who: str, why: str) -> bytes | None:
    database = await open_database(settings.database_url("core"), "core", read_only=True)
    try:
        recordings = SealedRecordings(database, KeyRing(settings.secrets), settings.data)
        if not await recordings.has(recording):
            return None
        await _announce(settings, recording, who, why)
        return await recordings.open(recording)
    finally:
        await database.close()


async def _announce(settings: Settings, recording: str, who: str, why: str) -> None:
    """Into the audit of the core, before anything is opened."""
    told = {"recording": recording, "who": who, "why": why}
    try:
        await CoreClient(settings.core_socket).ask("recording announce", **told)
    except CoreStopped:
        await AuditOfStoppedCore(settings).write(opening_of(CentreClock().now(), **told))


def _write(target: Path, sound: bytes) -> None:
    from voice.recorded import as_wav

    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(as_wav(sound))
    except OSError as error:
        fail(f"{target}: {error.strerror}")

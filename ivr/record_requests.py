"""What the running core is asked about lost calls, recordings and numbers of calls."""

from __future__ import annotations

from collections.abc import Sequence

from acd.engine import Engine
from ivr.answers import Answer
from ivr.callbacks import CallbackDesk
from ivr.export_requests import ExportRequests
from ivr.lost_call_requests import LostCallRequests
from ivr.ports import Audit, Clock, Journal, Vault
from ivr.recording_requests import RecordingRequests


def of_records(
    desk: CallbackDesk, vault: Vault, audit: Audit, journal: Journal, clock: Clock, engine: Engine,
    languages: Sequence[str],
) -> dict[str, Answer]:  # fmt: skip
    """All of it, by name."""
    return {
        **LostCallRequests(desk, vault, audit, journal, engine, languages).known,
        **RecordingRequests(audit, clock).known,
        **ExportRequests(audit, clock).known,
    }

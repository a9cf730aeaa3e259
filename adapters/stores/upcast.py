"""Reading old records: each rule lifts one kind of record from one version to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ivr.ports import Record

Upcasts = Mapping[tuple[str, int], Callable[[Mapping[str, Any]], Mapping[str, Any]]]
"""(kind, version) -> what turns that version's data into the next version's."""


def lifted(record: Record, upcasts: Upcasts) -> Record:
    """The record in the newest version that the rules lead to; without a rule, as written."""
    while rule := upcasts.get((record.kind, record.version)):
        record = replace(record, data=rule(record.data), version=record.version + 1)
    return record

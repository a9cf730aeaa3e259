"""`./hotline flow versions`: what has been published, by whom and why, and what was otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.cli.flow_publish import differences
from adapters.cli.output import fail, settings_or_fail, table
from ivr.faults import BadFlow
from ivr.flow_versions import FlowVersions, Version
from ivr.flows_in_force import changed_drafts

COLUMNS = ("version", "published", "who", "why", "difference")


def show_versions(flow: str, as_json: bool) -> None:
    """Every version of this flow, the newest first: that is the one in force."""
    settings = settings_or_fail()
    try:
        versions = FlowVersions(settings.data).history(flow)
        changed = flow in changed_drafts(settings)
    except BadFlow as bad:
        fail("\n".join(bad.faults))
    if not versions:
        fail(f"the flow {flow!r} was never published; ./hotline flow check names the flows")
    rows = [_row(version) for version in reversed(versions)]
    if as_json:
        table((), [version.model_dump() for version in reversed(versions)], as_json=True)
        return
    table(COLUMNS, rows, as_json=False)
    if changed:
        print("its draft says something else: ./hotline flow publish puts it into force")


def _row(version: Version) -> dict[str, Any]:
    at = datetime.fromtimestamp(version.at, UTC)
    back = [f"back to version {version.back_to}"] if version.back_to else []
    return {
        "version": version.number,
        "published": at.strftime("%Y-%m-%d %H:%M UTC"),
        "who": version.who,
        "why": version.why,
        "difference": "\n".join([*back, *differences(version.number, version.difference)]),
    }

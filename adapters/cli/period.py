"""The period that a command is about, as the options of several commands name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.exports import common_zone
from adapters.cli.flow_show import Period, period_of
from adapters.cli.output import fail

if TYPE_CHECKING:
    from ivr.settings import Settings

Day = Annotated[str | None, typer.Option("--day", help="Of this day, like 2026-10-01.")]
Since = Annotated[
    str | None,
    typer.Option("--since", help="From then: 2026-10-01, 2026-10-01T09:00, 90m, 2h, 7d."),
]
Until = Annotated[str | None, typer.Option("--until", help="Until then; default: now.")]
Zone = Annotated[
    str | None,
    typer.Option("--zone", help="Of these times; default: that of all opening hours, or UTC."),
]


def named(
    settings: Settings, day: str | None, since: str | None, until: str | None, zone: str | None
) -> Period | None:
    """The period of these options; None: none is given."""
    return period_of(day, since, until, zone or common_zone(settings))


def named_or_fail(
    settings: Settings, day: str | None, since: str | None, until: str | None, zone: str | None
) -> Period:
    """The same, for commands that need one."""
    return named(settings, day, since, until, zone) or fail("name a day, or since when")

"""A second user of the manager interface, who is told every event: the core is told a few."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.asterisk.config import Folders
from ivr.settings import Settings

WATCH = "watch"


def let_watch(settings: Settings, only: Sequence[str] = ()) -> None:
    """Give the installation that user, with the core's secret; before its Asterisk starts.

    `only`: the names of the events to be told; none: all.
    """
    path = Folders.of(settings).conf.with_name("manager-watch.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[{WATCH}](account)\n{filters(only)}", encoding="utf-8")


def filters(only: Sequence[str]) -> str:
    """What to write below a user of the manager interface who is to be told only these events."""
    return "".join(f"eventfilter(action(include),name({name})) =\n" for name in only)

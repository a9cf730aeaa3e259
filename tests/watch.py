"""A second user of the manager interface, who is told every event: the core is told a few."""

from __future__ import annotations

from adapters.asterisk.config import Folders
from ivr.settings import Settings

WATCH = "watch"


def let_watch(settings: Settings) -> None:
    """Give the installation that user, with the core's secret; before its Asterisk starts."""
    path = Folders.of(settings).conf.with_name("manager-watch.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[{WATCH}](account)\n", encoding="utf-8")

"""The running core as other processes ask it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class CoreAway(Exception):
    """The core did not answer in time: it is starting, stopped, or busy. Safe to ask again."""


class CoreStopped(CoreAway):
    """The core does not run: nobody listens."""


class CoreRefused(Exception):
    """The core understood and said no; the message says why."""


class Core(Protocol):
    """The running core, asked from another process (web, command line)."""

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        """One question or request: `status`, `agents`, `queues`, `contacts`, and with `agent=`:
        `agent login`, `agent pause` (`reason=`), `agent ready`, `agent logout`; `rules apply`;
        with `flow=`: `flow announce` (`who=`, `why=`, `to=`), `flow take`; with `recording=`:
        `recording announce` (`who=`, `why=`); with `contact=`, `who=`, `why=`:
        `contact regrade` (`credit=`), `contact hand` (`agent=`)."""
